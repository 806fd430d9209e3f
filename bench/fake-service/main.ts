/**
 * The service that all tools are measured against, as its own process: like Creator, and as fast as `node:http` allows.
 *
 * `POST /mapData` → 202 with `Operation-Location` and `Retry-After`; `GET` of that → `Running`, and at the last of `polls` polls
 * `Succeeded` with `Resource-Location`. `POST /admin/reset` starts a new count, `GET /admin/counts` reads it. Plain and over TLS, the
 * operations are the same. Arguments: the PEM files of certificate and key.
 *
 * Keeps true:
 * - a poll is due when the answer before it is being sent plus its `Retry-After`, by this process's monotonic clock; the time is taken
 *   before, so that nobody is called early because this process was interrupted after it;
 * - an operation costs 12 bytes and a measured poll 4, so 100,000 operations fit easily;
 * - operations of an earlier count are answered 404 and counted as strays.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ON_TIME_MS } from '../limits';
import type { Counts, Settings } from './client';

const EARLY_TOLERANCE_MS = 1;
const STATUS_PREFIX = '/mapData/operations/';
const CREATED = '2021-05-06T07:55:19.5256829+00:00';

let generation = 0;
let settings: Settings = { polls: 3, retryAfterSeconds: 0, skippedPolls: 0 };
let pollsOf = new Int32Array(1024);
let dueAtMs = new Float64Array(1024);
let lateMs = new Float32Array(1024);
let posts = 0;
let polls = 0;
let succeeded = 0;
let afterEnd = 0;
let early = 0;
let strays = 0;
let measured = 0;
let measuredSinceMs = performance.now();
const origins = { plain: '', tls: '' };

function originOf({ socket }: IncomingMessage): string {
  return (socket as Partial<TLSSocket>).encrypted === true ? origins.tls : origins.plain;
}

function grown<T extends Int32Array | Float64Array | Float32Array>(array: T, index: number, make: (length: number) => T): T {
  if (index < array.length) return array;
  const larger = make(array.length * 2);
  larger.set(array);
  return larger;
}

function reset(changed: Partial<Settings>): void {
  settings = { polls: 3, retryAfterSeconds: 0, skippedPolls: 0, ...changed };
  generation += 1;
  posts = polls = succeeded = afterEnd = early = strays = 0;
  measure();
}

/** Starts to measure lateness anew, the operations stay. */
function measure(): void {
  measured = 0;
  measuredSinceMs = performance.now();
}

function counts(): Counts {
  const sorted = lateMs.slice(0, measured).sort();
  const at = (share: number): number => sorted[Math.min(measured - 1, Math.floor(share * measured))] ?? NaN;
  const seconds = (performance.now() - measuredSinceMs) / 1000;
  return {
    posts,
    polls,
    succeeded,
    afterEnd,
    early,
    strays,
    measuredPolls: measured,
    measuredSeconds: seconds,
    latenessMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    measuredLate: measured - sorted.findLastIndex((late) => late <= ON_TIME_MS) - 1,
  };
}

function submit(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once('end', () => {
    const index = posts++;
    pollsOf = grown(pollsOf, index, (length) => new Int32Array(length));
    dueAtMs = grown(dueAtMs, index, (length) => new Float64Array(length));
    pollsOf[index] = 0;
    const operationId = `${generation}-${index}`;
    const origin = originOf(request);
    const body = `{"operationId":"${operationId}","created":"${CREATED}","status":"NotStarted"}`;
    response.writeHead(202, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Operation-Location': `${origin}${STATUS_PREFIX}${operationId}?api-version=2.0`,
      'Retry-After': settings.retryAfterSeconds,
    });
    dueAtMs[index] = performance.now() + settings.retryAfterSeconds * 1000;
    response.end(body);
  });
}

function status(operationId: string, request: IncomingMessage, response: ServerResponse): void {
  const arrivedAtMs = performance.now();
  const [ofGeneration, indexText] = operationId.split('-');
  const index = Number(indexText);
  if (Number(ofGeneration) !== generation || !(index < posts)) {
    strays += 1;
    response.writeHead(404, { 'Content-Length': 0 });
    response.end();
    return;
  }
  const poll = (pollsOf[index] ?? 0) + 1;
  pollsOf[index] = poll;
  polls += 1;
  const late = arrivedAtMs - (dueAtMs[index] ?? NaN);
  if (late < -EARLY_TOLERANCE_MS) early += 1;
  if (poll > settings.skippedPolls) {
    lateMs = grown(lateMs, measured, (length) => new Float32Array(length));
    lateMs[measured++] = late;
  }
  if (poll === settings.polls) succeeded += 1;
  if (poll > settings.polls) afterEnd += 1;
  const ended = poll >= settings.polls;
  const body = `{"operationId":"${operationId}","created":"${CREATED}","status":"${ended ? 'Succeeded' : 'Running'}"}`;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    ...(ended ? { 'Resource-Location': `${originOf(request)}/mapData/${operationId}` } : { 'Retry-After': settings.retryAfterSeconds }),
  });
  dueAtMs[index] = performance.now() + settings.retryAfterSeconds * 1000;
  response.end(body);
}

function administer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', originOf(request));
  request.resume();
  if (request.method === 'POST' && url.pathname === '/admin/reset') {
    reset(Object.fromEntries([...url.searchParams].map(([name, value]) => [name, Number(value)])));
  } else if (request.method === 'POST' && url.pathname === '/admin/measure') {
    measure();
  }
  const body = JSON.stringify(counts());
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '/';
  if (request.method === 'GET' && url.startsWith(STATUS_PREFIX)) {
    const queryAt = url.indexOf('?');
    status(url.slice(STATUS_PREFIX.length, queryAt === -1 ? undefined : queryAt), request, response);
  } else if (request.method === 'POST' && url.startsWith('/mapData')) {
    submit(request, response);
  } else {
    administer(request, response);
  }
}

function listen(server: Server): Promise<number> {
  // Idle connections are never closed: reconnecting is not what is measured.
  server.keepAliveTimeout = 3_600_000;
  server.requestTimeout = 0;
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port));
  });
}

async function main([certificate = '', key = '']: string[]): Promise<void> {
  origins.plain = `http://127.0.0.1:${await listen(createServer(answer))}`;
  const secure = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer);
  origins.tls = `https://127.0.0.1:${await listen(secure)}`;
  console.log(`fake service ready at ${origins.plain} ${origins.tls}`);
}

main(process.argv.slice(2)).catch((err: unknown) => {
  console.error(err);
  process.exit(1);
});
