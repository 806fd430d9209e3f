/**
 * One running system for all runbooks: the worker's process, the emulator, and small services whose limits and keys a test sets.
 *
 * Keeps true: connections have names of their own, so that the lists of the runbooks show nobody else's operations; the worker starts when a
 * runbook says so, or when the first test needs it.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient, type BatchHandle, type OperationHandle } from '../../src/client';
import type { BatchResult, SubmitInput } from '../../src/contract';
import { findFreePorts, type Child } from '../../src/devserver';
import { startEmulator, type Emulator, type OperationPlan } from '../../src/emulator';
import { service, type Seen, type Service } from '../http/service';
import { temporaryFolder, writeConfig, type ConnectionYaml } from '../support/config';
import { eventually } from '../support/eventually';
import { startWorkerProcess } from '../support/programs';
import { Runbook, type Variables } from './runbook';

/** The kinds of services: each a connection. */
export const SERVICES = ['stuck', 'throttled', 'keyed', 'uncertain', 'reporting', 'waiting'] as const;
export type ServiceName = (typeof SERVICES)[number];

const PLAN: OperationPlan = { hold: true, retryAfter: '0' };
/** Its operation stays open at the emulator until the test ends it. */
export const HELD = { path: '/styles', headers: { 'Emulator-Plan': JSON.stringify(PLAN) }, body: {} };
/** Polls of the throttled service that come sooner after the one before are refused. */
const THROTTLED_GAP_MS = 300;

export class Bed {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly folder = temporaryFolder();
  readonly client: Client;
  readonly lro: LroClient;
  readonly secretFile = join(this.folder, 'secret');
  readonly configPath: string;
  /** The only key that `keyed` takes. */
  key = 'first-secret-of-the-service';
  /** Answers of `throttled` to polls, in order. */
  readonly throttledAnswers: (200 | 429)[] = [];
  /** Whether the operations of the small services have come to their end. */
  readonly done = { throttled: false, keyed: false };
  readonly workers: Child[] = [];
  private readonly metricsPorts: number[] = [];
  private readonly suffix = randomUUID().slice(0, 8);

  private constructor(
    readonly address: string,
    private readonly temporal: Connection,
    readonly emulator: Emulator,
    private readonly services: { throttled: Service; keyed: Service },
  ) {
    this.client = new Client({ connection: temporal });
    this.lro = new LroClient({ client: this.client, taskQueue: this.taskQueue });
    writeFileSync(this.secretFile, this.key);
    mkdirSync(this.reports);
    this.configPath = writeConfig(this.connections(), { files: { writeBelow: [this.reports], readBelow: [this.reports] } });
  }

  static async open(address: string): Promise<Bed> {
    let bed: Bed | undefined = undefined;
    const answering =
      (answer: (bed: Bed, request: Seen) => Answer) =>
      (request: Seen, response: ServerResponse): void => {
        const { httpStatus, headers = {}, body = {} } = bed === undefined ? { httpStatus: 503 } : answer(bed, request);
        response.writeHead(httpStatus, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      };
    const [temporal, emulator, throttled, keyed] = await Promise.all([
      Connection.connect({ address }),
      startEmulator({ idempotency: false }),
      service(answering(throttledAnswer())),
      service(answering(keyedAnswer)),
    ]);
    bed = new Bed(address, temporal, emulator, { throttled, keyed });
    return bed;
  }

  get reports(): string {
    return join(this.folder, 'reports');
  }

  /** Of a kind of service, as the file names it. */
  connection(name: ServiceName): string {
    return `${name}-${this.suffix}`;
  }

  /** The connections of the file; `more` over those of one service. */
  connections(more: Partial<Record<ServiceName, object>> = {}): Record<string, ConnectionYaml> {
    const { throttled, keyed } = this.services;
    const own: Partial<Record<ServiceName, object>> = {
      throttled: { baseUrl: throttled.url },
      keyed: { baseUrl: keyed.url, auth: { type: 'bearer', value: { file: this.secretFile } } },
    };
    return Object.fromEntries(
      SERVICES.map((name) => [
        this.connection(name),
        {
          baseUrl: this.emulator.url,
          query: { 'api-version': '2.0' },
          poll: { defaultSeconds: 0.2, minSeconds: 0 },
          ...own[name],
          ...more[name],
        },
      ]),
    );
  }

  /** Writes the worker's file anew; a worker that runs does not know yet. */
  rewriteConfig(more: Partial<Record<ServiceName, object>>): void {
    const path = writeConfig(this.connections(more), { files: { writeBelow: [this.reports], readBelow: [this.reports] } });
    writeFileSync(this.configPath, readFileSync(path));
  }

  async startWorker(options: { program?: string; env?: NodeJS.ProcessEnv; configPath?: string } = {}): Promise<Child> {
    const { address, taskQueue, configPath } = this;
    const [port = 0] = await findFreePorts(1);
    const env = { LRO_METRICS_ADDRESS: `127.0.0.1:${port}`, LRO_LOG_LEVEL: 'warn', ...options.env };
    const worker = await startWorkerProcess({ configPath, address, taskQueue, ...options, env });
    this.workers.push(worker);
    this.metricsPorts.push(port);
    return worker;
  }

  /** The metrics of all workers that run, as Prometheus would read them. */
  async metrics(): Promise<string> {
    const read = this.metricsPorts.map((port) =>
      fetch(`http://127.0.0.1:${port}/metrics`)
        .then((answer) => answer.text())
        .catch(() => ''),
    );
    return (await Promise.all(read)).join('\n');
  }

  /** A runbook about a connection. */
  runbook(title: string, service: ServiceName, variables: Variables = {}): Promise<Runbook> {
    return Runbook.open(title, {
      TEMPORAL_ADDRESS: this.address,
      LRO_TASK_QUEUE: this.taskQueue,
      LRO_CONFIG: this.configPath,
      CONNECTION: this.connection(service),
      ...variables,
    });
  }

  /** An operation that stays open at the service until the test ends it. */
  start(name: ServiceName, more: Partial<SubmitInput> = {}): Promise<OperationHandle> {
    return this.lro.start({ connection: this.connection(name), submit: HELD, ...more }, { id: `${name}-${randomUUID()}` });
  }

  /** Ends an operation of the emulator well, and waits for its result. */
  async finish(operation: OperationHandle): Promise<void> {
    const { operationId = '' } = await operation.accepted();
    await this.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    expect(await operation.result({ timeoutSeconds: 150 })).toMatchObject({ status: 'Succeeded' });
  }

  /** Ends the operation of a batch's item well, and waits for the batch. */
  async finishItem(batch: BatchHandle, itemId: string): Promise<BatchResult> {
    const { progress } = await eventually(
      () => batch.item(itemId),
      ({ progress: now }) => now?.operationId !== undefined,
    );
    await this.emulator.admin.changeOperation(progress?.operationId ?? '', { finish: 'Succeeded' });
    return batch.result({ timeoutSeconds: 150 });
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.emulator.close();
    await this.temporal.close();
  }
}

interface Answer {
  httpStatus: number;
  headers?: Record<string, string>;
  body?: object;
}

const ACCEPTED: Answer = { httpStatus: 202, headers: { 'operation-location': '/status', 'retry-after': '0' } };

/** Takes so many polls a second, and answers 429 to the others. */
function throttledAnswer(): (bed: Bed, request: Seen) => Answer {
  let lastPollAtMs = 0;
  return (bed, { method }) => {
    if (method === 'POST') return ACCEPTED;
    const gapMs = performance.now() - lastPollAtMs;
    lastPollAtMs += gapMs;
    const isTooSoon = gapMs < THROTTLED_GAP_MS;
    bed.throttledAnswers.push(isTooSoon ? 429 : 200);
    if (isTooSoon) return { httpStatus: 429, headers: { 'retry-after': '1' }, body: { error: { code: 'TooMany', message: 'slow down' } } };
    return { httpStatus: 200, body: { status: bed.done.throttled ? 'Succeeded' : 'Running' } };
  };
}

function keyedAnswer(bed: Bed, { method, headers }: Seen): Answer {
  if (headers.authorization !== `Bearer ${bed.key}`)
    return { httpStatus: 401, body: { error: { code: 'Expired', message: 'the token has expired' } } };
  if (method === 'POST') return ACCEPTED;
  return { httpStatus: 200, body: { status: bed.done.keyed ? 'Succeeded' : 'Running' } };
}
