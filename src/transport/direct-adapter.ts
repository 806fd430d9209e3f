/**
 * An adapter of axios for the requests that a worker sends thousands of times: without a body, or with one that is in memory. Axios' own
 * adapter spends most of their time on what these never need (redirects, proxies, progress, forms). Streams go through axios' own.
 *
 * Keeps true: the answer's body is a stream, decompressed; a signal that aborts ends the request, and the answer where it has begun.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { constants, createBrotliDecompress, createUnzip } from 'node:zlib';
import axios, { type AxiosAdapter, type AxiosPromise, type InternalAxiosRequestConfig } from 'axios';

/** What sends a request: node's `http` or `https`, or what stands in their place. */
interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest;
}

const ownAdapter = axios.getAdapter('http');

export const directAdapter: AxiosAdapter = (config) => {
  const { data, transport } = config as { data: unknown; transport?: Transport };
  const isDirect = transport !== undefined && (data === undefined || Buffer.isBuffer(data));
  return isDirect ? direct(config, transport, data) : ownAdapter(config);
};

function direct(config: InternalAxiosRequestConfig, transport: Transport, data: Buffer | undefined): AxiosPromise {
  return new Promise((resolve, reject) => {
    const { url = '', method = 'GET', signal } = config;
    const { httpAgent, httpsAgent } = config as { httpAgent?: Agent; httpsAgent?: Agent };
    const options = urlToHttpOptions(new URL(url)) as RequestOptions;
    const headers = config.headers.toJSON() as Record<string, string | number>;
    headers['accept-encoding'] ??= 'gzip, deflate, br';
    if (data !== undefined) headers['content-length'] = data.length;
    options.method = method.toUpperCase();
    options.headers = headers;
    options.agent = options.protocol === 'https:' ? httpsAgent : httpAgent;
    const request = transport.request(options, (response) => {
      const { statusCode: status = 0, statusMessage: statusText = '' } = response;
      resolve({ data: decompressed(response), status, statusText, headers: response.headers as never, config, request });
    });
    const abort = (): void => {
      request.destroy(new Error('aborted'));
    };
    signal?.addEventListener?.('abort', abort);
    request.once('close', () => void signal?.removeEventListener?.('abort', abort));
    // Stays: a request whose answer has begun may still fail, and its answer says so.
    request.on('error', reject);
    request.end(data);
  });
}

/** The body as it was before the service packed it. What is cut off ends as it is, and says so by its stream. */
function decompressed(response: IncomingMessage): Readable {
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase();
  const { statusCode } = response;
  if (encoding === '' || encoding === 'identity' || statusCode === 204) return response;
  const flush = constants.Z_SYNC_FLUSH;
  if (/^(x-)?(gzip|compress)$|^deflate$/.test(encoding)) return unpacked(response, createUnzip({ flush, finishFlush: flush }));
  const brotliFlush = constants.BROTLI_OPERATION_FLUSH;
  return encoding === 'br' ? unpacked(response, createBrotliDecompress({ flush: brotliFlush, finishFlush: brotliFlush })) : response;
}

function unpacked(response: IncomingMessage, unpack: Transform): Readable {
  return pipeline(response, unpack, () => undefined);
}
