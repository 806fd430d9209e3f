/**
 * A service that plays a script, with a port of its own.
 *
 * Keeps true: every request is counted when it arrives, by `METHOD /path`; an answer that is held waits until the test releases it; a
 * request that the script does not know is answered with 404 and counted like the others, so that no expectation overlooks it.
 */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../src/contract';

/** One answer. `{base}` in headers and body is the service's own URL. */
export interface ScriptedAnswer {
  /** Default 200. */
  httpStatus?: number;
  headers?: Record<string, string>;
  /** A text is sent as it is, all else as JSON. */
  body?: Json;
  /** Not sent before {@link ScriptedService.release}. */
  held?: boolean;
  /** Sent so many seconds after the request has arrived. */
  afterSeconds?: number;
  /** The connection is closed instead, after the request has arrived. */
  cut?: boolean;
}

/** `METHOD /path` → answers in order; the last one repeats. */
export type Script = Record<string, readonly ScriptedAnswer[]>;

export class ScriptedService {
  /** Requests by `METHOD /path`. */
  readonly requests: Record<string, number> = {};
  private readonly answered: Record<string, number> = {};
  private readonly listeners = new Set<() => void>();
  private isReleased = false;
  private server: http.Server | undefined;
  private port = 0;

  /** @param base where another server answers for it */
  private constructor(
    private readonly script: Script,
    private readonly base?: string,
  ) {}

  static async start(script: Script): Promise<ScriptedService> {
    const service = new ScriptedService(script);
    await service.listen();
    return service;
  }

  /** One that refuses connections until {@link listen}. */
  static async reserve(script: Script): Promise<ScriptedService> {
    const service = await ScriptedService.start(script);
    await service.close();
    return service;
  }

  /** One of many below a server of their own, which passes on what comes by {@link play}. */
  static below(base: string, script: Script): ScriptedService {
    return new ScriptedService(script, base);
  }

  get url(): string {
    return this.base ?? `http://127.0.0.1:${this.port}`;
  }

  /** Takes connections, at the same port as before. */
  async listen(): Promise<void> {
    const server = http.createServer((request, response) => {
      request.resume();
      request.on('error', () => undefined);
      request.on('end', () => void this.play(request.method ?? '', request.url ?? '', response));
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Sends the answers that are held, and holds none from now on. */
  release(): void {
    this.isReleased = true;
    this.changed();
  }

  /** Resolves when so many requests of this route have arrived, or were answered. */
  until(route: string, what: 'arrived' | 'answered', times = 1): Promise<void> {
    const counts = what === 'arrived' ? this.requests : this.answered;
    return this.when(() => (counts[route] ?? 0) >= times);
  }

  /** Answers a request. @param url below its own */
  async play(method: string, url: string, response: http.ServerResponse): Promise<void> {
    const route = `${method} ${url.split('?')[0] ?? ''}`;
    const count = (this.requests[route] ?? 0) + 1;
    this.requests[route] = count;
    this.changed();
    const answers: readonly ScriptedAnswer[] = this.script[route] ?? [
      { httpStatus: 404, body: { error: { code: 'NotScripted', message: route } } },
    ];
    const { httpStatus = 200, headers = {}, body, held, afterSeconds, cut } = answers[Math.min(count, answers.length) - 1] ?? {};
    if (held === true) await this.when(() => this.isReleased);
    if (afterSeconds !== undefined) await sleep(afterSeconds * 1000);
    if (cut === true) {
      response.destroy();
    } else {
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(httpStatus, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.filled(value)])));
      response.end(this.filled(text));
    }
    this.answered[route] = (this.answered[route] ?? 0) + 1;
    this.changed();
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  private filled(text: string): string {
    return text.replaceAll('{base}', this.url);
  }

  private when(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.listeners.delete(look);
        resolve();
      };
      this.listeners.add(look);
      look();
    });
  }

  private changed(): void {
    for (const look of [...this.listeners]) look();
  }
}
