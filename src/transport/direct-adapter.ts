/**
 * An adapter of axios for requests with a body that is in memory, or none. Axios' own adapter spends most of their time on what these never
 * need (redirects, proxies, progress, forms). Streams go through axios' own.
 */
import type { Agent } from 'node:http';
import axios, { type AxiosAdapter, type AxiosPromise, type InternalAxiosRequestConfig } from 'axios';
import { sendPlain, type Transport } from './plain-request';

const ownAdapter = axios.getAdapter('http');

export const directAdapter: AxiosAdapter = (config) => {
  const { data, transport } = config as { data: unknown; transport?: Transport };
  const isDirect = transport !== undefined && (data === undefined || Buffer.isBuffer(data));
  return isDirect ? direct(config, transport, data) : ownAdapter(config);
};

async function direct(config: InternalAxiosRequestConfig, transport: Transport, body: Buffer | undefined): AxiosPromise {
  const { url = '', method = 'GET', signal } = config;
  const { httpAgent, httpsAgent } = config as { httpAgent?: Agent; httpsAgent?: Agent };
  const headers = config.headers.toJSON() as Record<string, string | number>;
  const agents = { http: httpAgent, https: httpsAgent };
  const sent = await sendPlain({ method, url, headers, body, agents, transport, signal: signal });
  const { statusCode: status = 0, statusMessage: statusText = '', headers: answered } = sent.response;
  return { data: sent.body, status, statusText, headers: answered as never, config, request: sent.request };
}
