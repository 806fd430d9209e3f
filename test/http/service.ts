/** Small real services for one test each, and connections to them. Everything is closed after the file's tests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config';
import { openConnections, type Connection, type OpenOptions, type OutgoingRequest } from '../../src/http';
import type { Answer, Exchange } from '../../src/lro/answer';

/** Self-signed, for `localhost` and 127.0.0.1: for tests only. */
export const CERTIFICATE = readFileSync(join(__dirname, 'certificates', 'cert.pem'), 'utf8');
const KEY = readFileSync(join(__dirname, 'certificates', 'key.pem'), 'utf8');

const closers: (() => unknown)[] = [];
function atEnd(close: () => unknown): void {
  closers.push(close);
}
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export interface Seen {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export interface Service {
  url: string;
  port: number;
  /** Requests in the order of their arrival, bodies read. */
  seen: Seen[];
  server: http.Server;
}

type Handler = (request: Seen, response: http.ServerResponse, raw: http.IncomingMessage) => unknown;

/** A service that answers with `handler` once a request was read whole. */
export async function service(handler: Handler, secure = false): Promise<Service> {
  const seen: Seen[] = [];
  const listener: http.RequestListener = (raw, response) => {
    const chunks: Buffer[] = [];
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    raw.on('error', () => undefined);
    raw.on('end', () => {
      const request = { method: raw.method ?? '', url: raw.url ?? '', headers: raw.headers, body: Buffer.concat(chunks) };
      seen.push(request);
      handler(request, response, raw);
    });
  };
  const server = secure ? https.createServer({ key: KEY, cert: CERTIFICATE }, listener) : http.createServer(listener);
  const port = await listen(server);
  atEnd(() => server.closeAllConnections());
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`, port, seen, server };
}

/** A server that does with each socket what the test says. */
export async function socketServer(onSocket: (socket: net.Socket) => unknown): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  const port = await listen(server);
  atEnd(() => sockets.forEach((socket) => socket.destroy()));
  return `http://127.0.0.1:${port}`;
}

export async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** A port nobody listens on. */
export async function refusedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lro-http-'));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A connection as the worker's file would describe it (`settings` is the connection's part, `files` the file's). */
export function connectionTo(
  settings: Record<string, unknown>,
  options: OpenOptions = {},
  files: Record<string, unknown> = {},
): Connection {
  const path = join(folder(), 'lro.config.yaml');
  writeFileSync(path, JSON.stringify({ connections: { maps: settings }, files }));
  const connections = openConnections(loadConfig(path, options.env ?? {}), { env: {}, ...options });
  atEnd(() => connections.close());
  return connections.get('maps')!;
}

export const get = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  purpose: 'status',
  method: 'GET',
  url,
  ...more,
});
export const post = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  purpose: 'submit',
  method: 'POST',
  url,
  ...more,
});

/** The answer of an exchange that had one. */
export function answered(exchange: Exchange): Answer {
  if (exchange.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(exchange)}`);
  return exchange;
}
