/**
 * One request on Node's own http, without or with a body that is in memory: what a worker sends thousands of times. Status reads use it
 * directly, axios by its adapter (`direct-adapter.ts`).
 *
 * Keeps true: the answer's body is a stream, decompressed; a signal that aborts ends the request, and the answer where it has begun.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { constants, createBrotliDecompress, createUnzip } from 'node:zlib';

/** What sends a request: node's `http` or `https`, or what stands in their place. */
export interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest;
}

/** What ends a request early. */
export interface AbortSource {
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

export interface PlainRequest {
  method: string;
  url: string;
  /** Names in lower case; `accept-encoding` and `content-length` are added. */
  headers: Readonly<Record<string, string | number>>;
  body?: Buffer;
  agents: { http?: Agent; https?: Agent };
  transport: Transport;
  signal?: AbortSource;
}

/** An answer whose body is still to be read. */
export interface PlainResponse {
  request: ClientRequest;
  response: IncomingMessage;
  /** Decompressed. */
  body: Readable;
}

/** Sends a request; rejects when no answer has begun. An error of the body is the stream's. */
export function sendPlain({ method, url, headers, body, agents, transport, signal }: PlainRequest): Promise<PlainResponse> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = urlToHttpOptions(new URL(url));
    const sent: Record<string, string | number> = { ...headers };
    sent['accept-encoding'] ??= 'gzip, deflate, br';
    if (body !== undefined) sent['content-length'] = body.length;
    options.method = method.toUpperCase();
    options.headers = sent;
    options.agent = options.protocol === 'https:' ? agents.https : agents.http;
    const request = transport.request(options, (response) => resolve({ request, response, body: decompressed(response) }));
    const abort = (): void => {
      request.destroy(new Error('aborted'));
    };
    signal?.addEventListener?.('abort', abort);
    request.once('close', () => signal?.removeEventListener?.('abort', abort));
    // Stays: a request whose answer has begun may still fail, and its answer says so.
    request.on('error', reject);
    request.end(body);
  });
}

/** The body as it was before the service packed it. What is cut off ends as it is, and says so by its stream. */
export function decompressed(response: IncomingMessage): Readable {
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
