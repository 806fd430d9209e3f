/** A worker process whose log is read line by line, a service that a test scripts, and a wire to Temporal that can be cut. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import type { Child } from '../../src/devserver';
import { writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

export interface LogLine {
  level: string;
  time: string;
  msg: string;
  [field: string]: unknown;
}

/** The lines of a log that are objects. */
function linesOf(text: string): LogLine[] {
  return text.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []));
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type Script = (request: http.IncomingMessage & { origin: string }) => Answer | Promise<Answer>;

export interface Service {
  url: string;
  seen: http.IncomingMessage[];
  close(): void;
}

/** A service that answers what `script` says. */
export async function startService(script: Script, host = '127.0.0.1'): Promise<Service> {
  const seen: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request);
    request.resume().on('end', () => {
      void Promise.resolve(script(Object.assign(request, { origin: `http://${request.headers.host ?? ''}` }))).then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body)),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Accepts submits, and is done with the next poll. */
export const quickService: Script = ({ method, url = '', origin }): Answer =>
  method === 'POST'
    ? { status: 202, headers: { 'operation-location': `${origin}/operations/op-1`, 'retry-after': '0', 'x-ms-request-id': 'service-1' } }
    : {
        status: 200,
        headers: { 'x-ms-request-id': 'service-2' },
        body: { id: 'op-1', status: url.includes('op-1') ? 'Succeeded' : 'Failed' },
      };

/** A way to Temporal. While it is cut nobody is connected, and nobody can connect. */
export class Wire {
  private readonly sockets = new Set<net.Socket>();
  private server: net.Server | undefined;
  private port = 0;

  static async to(address: string): Promise<Wire> {
    const wire = new Wire(address);
    await wire.mend();
    return wire;
  }

  private constructor(private readonly target: string) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = new Promise<void>((done) => (server === undefined ? done() : server.close(() => done())));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    const [host = '', port = ''] = this.target.split(':');
    const server = net.createServer((socket) => {
      const upstream = net.connect(Number(port), host);
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        this.sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
    await new Promise<void>((listening) => server.listen(this.port, '127.0.0.1', listening));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }
}

/** A worker process with its own task queue. */
export class Watched {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly lro: LroClient;
  worker: Child | undefined;

  private constructor(
    private readonly temporal: Connection,
    readonly client: Client,
  ) {
    this.lro = new LroClient({ client, taskQueue: this.taskQueue });
  }

  static async open(client?: (connection: Connection) => Client): Promise<Watched> {
    const connection = await Connection.connect({ address: sharedAddress() });
    return new Watched(connection, client?.(connection) ?? new Client({ connection }));
  }

  async startWorker(
    connections: Parameters<typeof writeConfig>[0],
    env: NodeJS.ProcessEnv = {},
    { address = sharedAddress(), more = {} }: { address?: string; more?: Record<string, unknown> } = {},
  ): Promise<Child> {
    this.worker = await startWorkerProcess({ configPath: writeConfig(connections, more), address, taskQueue: this.taskQueue, env });
    return this.worker;
  }

  get lines(): LogLine[] {
    return linesOf(this.worker?.output() ?? '');
  }

  /** The first line whose message begins so. */
  async line(begins: string, is: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const found = await eventually(
      () => this.lines.find((line) => line.msg.startsWith(begins) && is(line)),
      (line) => line !== undefined,
      60,
    );
    if (found === undefined) throw new Error('not there');
    return found;
  }

  async close(): Promise<void> {
    await this.worker?.kill();
    await this.temporal.close();
  }
}
