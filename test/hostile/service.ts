/**
 * A service that answers as a test says, byte by byte where it wants, and remembers what it was asked.
 *
 * Keeps true: every request is remembered when it has arrived whole, answered or not; one that the test does not answer gets a 404.
 */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  /** Path and query. */
  url: string;
}

export type Answering = (asked: Asked, response: http.ServerResponse, base: string) => unknown;

export class HostileService {
  readonly asked: Asked[] = [];
  private readonly server: http.Server;
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly answer: Answering) {
    this.server = http.createServer({ maxHeaderSize: 262_144 }, (request, response) => {
      request.resume();
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      request.on('end', () => {
        const asked = { method: request.method ?? '', url: request.url ?? '' };
        this.asked.push(asked);
        for (const look of [...this.waiting]) look();
        this.answer(asked, response, this.url);
      });
    });
  }

  static async start(answer: Answering): Promise<HostileService> {
    const service = new HostileService(answer);
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests by `METHOD /path`, without their queries. */
  counts(method: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const asked of this.asked) {
      if (asked.method !== method) continue;
      const path = asked.url.split('?')[0] ?? '';
      counts[path] = (counts[path] ?? 0) + 1;
    }
    return counts;
  }

  /** Resolves when so many such requests have arrived. */
  until(method: string, isSuch: (asked: Asked) => boolean, times: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.asked.filter((asked) => asked.method === method && isSuch(asked)).length < times) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
