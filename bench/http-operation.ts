/**
 * Submit and poll on Node's own http over keep-alive connections, as many at once as the worker of this project is allowed: the client that
 * this project's polls use too, with nothing around it. All tools that leave their HTTP to their user have it.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { CONCURRENT_REQUESTS } from './limits';

const POOL = { keepAlive: true, maxSockets: CONCURRENT_REQUESTS };
const agents = { 'http:': new http.Agent(POOL), 'https:': new https.Agent(POOL) };
const TIMEOUT_MS = 30_000;

/** The 202. */
export interface Accepted {
  statusUrl: string;
  waitSeconds: number;
}

/** A status answer. */
export interface StatusAnswer {
  status: string;
  waitSeconds: number;
  resourceLocation?: string;
}

/** An answer, whole. Header names are in lower case. */
export interface HttpAnswer {
  httpStatus: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** One exchange. @param body JSON @throws when there is no whole answer */
export function exchange(method: string, url: string, body?: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const isSecure = protocol === 'https:';
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const agent = isSecure ? agents['https:'] : agents['http:'];
    const options = { method, hostname, port, path: pathname + search, headers, agent, timeout: TIMEOUT_MS };
    const request = (isSecure ? https : http).request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = (chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)).toString();
        resolve({ httpStatus: response.statusCode ?? 0, headers: response.headers, text });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.end(body);
  });
}

function header(headers: http.IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

export async function submit(url: string, body: unknown): Promise<Accepted> {
  const { httpStatus, headers } = await exchange('POST', url, JSON.stringify(body));
  const statusUrl = header(headers, 'operation-location');
  if (httpStatus !== 202 || statusUrl === undefined) throw new Error(`a submit was answered ${httpStatus}, without Operation-Location`);
  return { statusUrl, waitSeconds: Number(header(headers, 'retry-after') ?? 5) };
}

export async function poll(statusUrl: string): Promise<StatusAnswer> {
  const { httpStatus, headers, text } = await exchange('GET', statusUrl);
  if (httpStatus !== 200) throw new Error(`a poll was answered ${httpStatus}`);
  const { status } = JSON.parse(text) as { status: string };
  return { status, waitSeconds: Number(header(headers, 'retry-after') ?? 5), resourceLocation: header(headers, 'resource-location') };
}

/** The resource's URL when it has succeeded, nothing while it runs. Throws when it has failed. */
export function resourceOf(answer: StatusAnswer): string | undefined {
  if (answer.status === 'Succeeded') return answer.resourceLocation ?? '';
  if (answer.status !== 'Running' && answer.status !== 'NotStarted') throw new Error(`the operation ended as ${answer.status}`);
  return undefined;
}
