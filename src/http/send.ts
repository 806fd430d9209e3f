/**
 * One HTTP request on the wire, and what came of it.
 *
 * Keeps true:
 * 1. No error of the network, the service or axios is thrown: axios errors hold the request with its credentials.
 * 2. `maybeSent` is false only when the request never had a socket (see `transport/agents.ts`).
 * 3. No redirect is followed, no proxy asked, no body read beyond the limit unless somebody takes all of it.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import type { AxiosInstance } from 'axios';
import { isRefusedAddress } from '../transport/addresses';
import type { Agents } from '../transport/agents';
import { rootCause } from '../transport/axios-client';
import { decompressed, sendPlain } from '../transport/plain-request';
import { read, type ReadOutcome } from '../transport/read';
import { reasonOf } from '../transport/reasons';
import type { ExchangeTimeout } from './exchange-timeout';
import { textOf } from './charset';
import type { PlainTarget } from './plain-reads';
import { beginBody, type BegunBody, type ReadBody } from './read-body';

/** Headers of an answer, all together. Node's own limit of 16 KiB turns a thousand headers into an answer that cannot be read. */
const MAX_HEADER_BYTES = 1_048_576;

export interface WireRequest {
  method: string;
  /** With credentials. */
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body?: Buffer | Readable;
  agents: Agents;
  /** The time it has. */
  signal: Pick<ExchangeTimeout, 'aborted' | 'addEventListener' | 'removeEventListener'>;
  maxBodyBytes: number;
  /** Takes the body whole, however long it is, or does not read it. Never throws. */
  takeBody?(answer: WireAnswer, bytes: BegunBody['bytes']): Promise<void>;
}

export type WireAnswer = Extract<WireOutcome, { kind: 'answer' }>;

export type WireOutcome =
  | { kind: 'answer'; httpStatus: number; headers: Record<string, string>; setCookies: string[]; body: ReadBody }
  /** The host has an address of a network that this connection does not reach. Nothing was sent. */
  | { kind: 'refusedAddress'; reason: string }
  /** `staleSocket`: the other side had closed the kept socket that was used. `aborted`: `signal` ended it. */
  | { kind: 'failed'; maybeSent: boolean; reason: string; staleSocket: boolean; aborted: boolean };

/** What is seen of a request while it runs. */
interface Trace {
  hadSocket: boolean;
  request?: http.ClientRequest;
  response?: http.IncomingMessage;
}

/** Node's transport, watched. A class, which axios hands on as it is; it would copy a plain object. */
class WatchedTransport {
  constructor(private readonly trace: Trace) {}

  request(options: https.RequestOptions, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest {
    const { trace } = this;
    const { request } = options.protocol === 'https:' ? https : http;
    trace.request = request({ ...options, maxHeaderSize: MAX_HEADER_BYTES }, (response) => {
      trace.response = response;
      onResponse(response);
    });
    // By default node drops all headers after the first thousand without a word.
    trace.request.maxHeadersCount = 0;
    trace.request.once('socket', () => (trace.hadSocket = true));
    return trace.request;
  }
}

/** Sends `wire` once. */
export async function send(client: AxiosInstance, wire: WireRequest): Promise<WireOutcome> {
  const trace: Trace = { hadSocket: false };
  try {
    const { stream, httpStatus } = await begun(client, wire, new WatchedTransport(trace));
    const { text: body, bytes } = await beginBody(stream, wire.maxBodyBytes, trace.response?.headers['content-type']);
    await endUpload(wire, httpStatus, trace);
    const rawHeaders = trace.response?.rawHeaders ?? [];
    const setCookies = trace.response?.headers['set-cookie'] ?? [];
    const answer: WireAnswer = { kind: 'answer', httpStatus, headers: firstValues(rawHeaders), setCookies, body };
    await wire.takeBody?.(answer, bytes);
    // What was not read must not be read by the next request on this socket.
    if (body.cutBy !== undefined) trace.request?.destroy();
    return answer;
  } catch (error) {
    trace.request?.destroy();
    return failed(error, { ...trace, reusedSocket: trace.request?.reusedSocket === true }, new URL(wire.url).host, wire.signal.aborted);
  }
}

/** Sends a plain read once. */
export async function sendRead(target: PlainTarget, signal: WireRequest['signal'], maxBodyBytes: number): Promise<WireOutcome> {
  const outcome = await read({ ...target, signal, maxBodyBytes, maxHeaderBytes: MAX_HEADER_BYTES });
  if (outcome.kind === 'failed') return failed(outcome.error, outcome, target.headers[1] ?? target.hostname, signal.aborted);
  const { response } = outcome;
  const headers = firstValues(response.rawHeaders);
  const setCookies = headers['set-cookie'] === undefined ? [] : (response.headers['set-cookie'] ?? []);
  const body = outcome.kind === 'packed' ? await unpackedBody(outcome, signal, maxBodyBytes) : textOfRead(outcome, headers['content-type']);
  return { kind: 'answer', httpStatus: response.statusCode ?? 0, headers, setCookies, body };
}

async function unpackedBody(
  { response, request }: Extract<ReadOutcome, { kind: 'packed' }>,
  signal: WireRequest['signal'],
  maxBodyBytes: number,
): Promise<ReadBody> {
  const abort = (): void => void request.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort);
  const { text } = await beginBody(decompressed(response), maxBodyBytes, response.headers['content-type']);
  signal.removeEventListener('abort', abort);
  // What was not read must not be read by the next request on this socket.
  if (text.cutBy !== undefined) request.destroy();
  return text;
}

function textOfRead({ bytes, cutBy }: Extract<ReadOutcome, { kind: 'answer' }>, contentType: string | undefined): ReadBody {
  const text = textOf(bytes, contentType, cutBy !== undefined);
  return cutBy === undefined ? text : { ...text, cutBy };
}

/** Why no answer came. */
function failed(
  error: unknown,
  { hadSocket, reusedSocket }: { hadSocket: boolean; reusedSocket: boolean },
  host: string,
  aborted: boolean,
): WireOutcome {
  const cause = rootCause(error);
  if (isRefusedAddress(cause)) return { kind: 'refusedAddress', reason: cause.message };
  const { code } = error as Partial<NodeJS.ErrnoException>;
  const staleSocket = !aborted && reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
  return { kind: 'failed', maybeSent: hadSocket, reason: reasonOf(cause, host), staleSocket, aborted };
}

/** An answer whose body is still to be read. What streams no body does without axios, which takes more time than all the rest of a small request. */
async function begun(
  client: AxiosInstance,
  { method, url, headers, body, agents, signal }: WireRequest,
  transport: WatchedTransport,
): Promise<{ stream: Readable; httpStatus: number }> {
  if (body === undefined || Buffer.isBuffer(body)) {
    // Its time may have been over before it began.
    if (signal.aborted) throw new Error('aborted');
    const { response, body: stream } = await sendPlain({ method, url, headers, body, agents, transport, signal });
    return { stream, httpStatus: response.statusCode ?? 0 };
  }
  const response = await client.request<Readable>({
    method,
    url,
    headers: { ...headers },
    data: body,
    httpAgent: agents.http,
    httpsAgent: agents.https,
    signal,
    transport,
  });
  return { stream: response.data, httpStatus: response.status };
}

/**
 * An answer may come before the upload is over. When it is a refusal the rest is not sent; when it is none, the service may
 * still be reading, and stopping now would leave it half a file.
 */
async function endUpload({ body, signal }: WireRequest, httpStatus: number, trace: Trace): Promise<void> {
  if (body === undefined || Buffer.isBuffer(body)) return;
  const isGoingOn = () => !body.readableEnded && !body.destroyed && trace.request?.destroyed === false && !signal.aborted;
  if (httpStatus < 300 && isGoingOn()) {
    await new Promise<void>((resolve) => {
      const done = () => resolve();
      body.once('end', done).once('close', done);
      trace.request?.once('close', done);
      signal.addEventListener('abort', done);
    });
  }
  if (!body.readableEnded) trace.request?.destroy();
}

/** Names in lower case; of a repeated header the first value. */
function firstValues(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!Object.hasOwn(headers, name)) headers[name] = rawHeaders[index + 1] ?? '';
  }
  return headers;
}
