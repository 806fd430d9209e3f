/**
 * A service that calls back: `POST /jobs?name=…` begins a job, `GET /status/<name>` tells where it stands.
 *
 * Keeps true: where it calls back is what it was told in query, header or body; every answer repeats all that it was told.
 */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CallbackJob {
  name: string;
  /** As it was told; undefined: nobody did. */
  callbackUrl: string | undefined;
  isDone: boolean;
  submits: number;
  polls: number;
  /** When it ended, and when that was asked for first, in milliseconds of `performance.now()`. */
  doneAtMs?: number;
  knownAtMs?: number;
  /** URL and headers of all polls. */
  seen: string[];
}

export class CallbackService {
  readonly jobs = new Map<string, CallbackJob>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: http.Server,
    /** `Retry-After` of every answer. */
    private readonly retryAfterSeconds: number,
  ) {}

  static async start(retryAfterSeconds = 3600): Promise<CallbackService> {
    const server = http.createServer();
    const service = new CallbackService(server, retryAfterSeconds);
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => service.answer(request, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when a job is there and was asked for so often. */
  until(name: string, polls: number): Promise<CallbackJob> {
    return new Promise((resolve) => {
      const look = (): void => {
        const job = this.jobs.get(name);
        if (job === undefined || job.polls < polls) return;
        this.waiting.delete(look);
        resolve(job);
      };
      this.waiting.add(look);
      look();
    });
  }

  /** The job has ended. */
  finish(name: string): CallbackJob {
    const job = this.jobs.get(name);
    if (job === undefined) throw new Error(`there is no job ${name}`);
    job.isDone = true;
    job.doneAtMs = performance.now();
    return job;
  }

  /** Calls back, as often as `times` says. @returns the codes of the answers */
  async callBack({ callbackUrl }: CallbackJob, times = 1): Promise<number[]> {
    if (callbackUrl === undefined) throw new Error('nobody told where to call back');
    const url = callbackUrl;
    const calls = Array.from({ length: times }, () => fetch(url, { method: 'POST', body: '{"status":"failed"}' }));
    return (await Promise.all(calls)).map(({ status }) => status);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer({ method, url = '', headers }: http.IncomingMessage, body: string, response: http.ServerResponse): void {
    const { pathname, searchParams } = new URL(url, this.url);
    const json = { 'content-type': 'application/json', 'retry-after': String(this.retryAfterSeconds) };
    if (method === 'POST') {
      const name = searchParams.get('name') ?? '';
      const told = body === '' ? {} : (JSON.parse(body) as { hooks?: { url: string }[] });
      const callbackUrl = searchParams.get('hook') ?? headers['x-hook']?.toString() ?? told.hooks?.[0]?.url;
      const before = this.jobs.get(name);
      const job = before ?? { name, callbackUrl, isDone: false, submits: 0, polls: 0, seen: [] };
      job.submits++;
      this.jobs.set(name, job);
      response.writeHead(202, { ...json, 'operation-location': `${this.url}/status/${name}`, 'x-echo': callbackUrl ?? '' });
      response.end(JSON.stringify({ hook: callbackUrl, told, form: encodeURIComponent(callbackUrl ?? '') }));
    } else {
      const job = this.jobs.get(pathname.split('/').pop() ?? '');
      if (job === undefined) return void response.writeHead(404).end();
      job.polls++;
      job.seen.push(`${url} ${JSON.stringify(headers)}`);
      if (job.isDone) job.knownAtMs ??= performance.now();
      response.writeHead(200, json);
      const echo = { hook: job.callbackUrl, base64: Buffer.from(job.callbackUrl ?? '').toString('base64') };
      response.end(
        JSON.stringify({ status: job.isDone ? 'Succeeded' : 'Running', operationId: job.name, properties: echo, warning: echo }),
      );
    }
    for (const look of [...this.waiting]) look();
  }
}
