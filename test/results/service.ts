/**
 * A service whose operations end with bodies as long as a test wants. An operation is named in the submit's path, and its plan says how it
 * ends. Every request is counted by `METHOD /path`.
 */
import { createHash } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

export interface Plan {
  /**
   * Where the final body is: in the answer to the submit; in the answer of a `Location`; in that of a status monitor, whose body must say
   * `Succeeded`; or at the resource that the monitor names.
   */
  at: 'submit' | 'location' | 'monitor' | 'resource';
  body: () => Iterable<Buffer>;
  contentType?: string;
  /** Answers that break off after so many bytes, before one comes whole. */
  cuts?: number[];
  /** The body stops after so many bytes until `release`. */
  stopsAfter?: number;
}

export class ResultService {
  readonly requests: Record<string, number> = {};
  /** `accept` of the last request of each route. */
  readonly accepts: Record<string, string | undefined> = {};
  private readonly plans = new Map<string, Plan>();
  private readonly waiting = new Set<() => void>();
  private isReleased = false;

  private constructor(private readonly server: http.Server) {}

  static async start(): Promise<ResultService> {
    const server = http.createServer();
    const service = new ResultService(server);
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      request.resume().on('end', () => service.answer(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  plan(name: string, plan: Plan): void {
    this.plans.set(name, plan);
  }

  count(route: string): number {
    return this.requests[route] ?? 0;
  }

  /** Lets the bodies that have stopped go on, and stops none from now on. */
  release(): void {
    this.isReleased = true;
    for (const resume of this.waiting) resume();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer({ method = '', url = '', headers }: http.IncomingMessage, response: http.ServerResponse): void {
    const path = url.split('?')[0] ?? '';
    const route = `${method} ${path}`;
    this.requests[route] = this.count(route) + 1;
    this.accepts[route] = headers.accept;
    const [, place, name = ''] = path.split('/');
    const plan = this.plans.get(name);
    response.on('error', () => undefined);
    if (plan === undefined) return void response.writeHead(404).end();
    if (method === 'POST') return this.submitted(name, plan, response);
    if (place === 'status' && plan.at === 'resource') {
      const body = { status: 'Succeeded', operationId: name, resourceLocation: `${this.url}/resource/${name}` };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
    this.send(plan, response);
  }

  private submitted(name: string, plan: Plan, response: http.ServerResponse): void {
    if (plan.at === 'submit') return this.send(plan, response);
    const header = plan.at === 'location' ? 'Location' : 'Operation-Location';
    response.writeHead(202, { [header]: `${this.url}/status/${name}`, 'retry-after': '0' }).end();
  }

  private send({ body, contentType = 'application/json', cuts, stopsAfter = Infinity }: Plan, response: http.ServerResponse): void {
    const cutAfter = cuts?.shift() ?? Infinity;
    response.writeHead(200, { 'content-type': contentType });
    const pieces = async function* (this: ResultService): AsyncGenerator<Buffer> {
      let sent = 0;
      for (const piece of body()) {
        if (sent >= cutAfter) return void response.destroy();
        if (sent >= stopsAfter && !this.isReleased) await new Promise<void>((resolve) => this.waiting.add(resolve));
        yield piece;
        sent += piece.length;
      }
    };
    Readable.from(pieces.call(this)).pipe(response);
  }
}

/** So many mebibytes of which no two are alike. */
export function* mebibytes(count: number): Generator<Buffer> {
  for (let index = 0; index < count; index++) for (let part = 0; part < 16; part++) yield Buffer.alloc(65_536, `${index}.${part} `);
}

export function sha256(pieces: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
