/**
 * A service and workers as processes of their own, on a task queue of their own, for tests that kill them.
 *
 * Keeps true: the service does not deduplicate unless a test says so; operations stay open until the test ends them; every submit carries
 * its operation's name in its query, so that raw requests are counted per operation.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient, type OperationHandle } from '../../src/client';
import type { OperationInput, OperationProgress, OperationResult } from '../../src/contract';
import type { Child } from '../../src/devserver';
import type { Fault, OperationPlan, RecordedRequest } from '../../src/emulator';
import { temporaryFolder, writeConfig } from './config';
import { eventually } from './eventually';
import { sharedAddress } from './in-process';
import { startEmulatorProcess, startWorkerProcess, type EmulatorProcess } from './programs';

export interface ProcessHarnessOptions {
  /** Of Temporal; default: the shared dev server. */
  address?: string;
  /** Whether the service knows a repeated key; default false. */
  deduplicates?: boolean;
  /** Of the connection, over its own. */
  connection?: Record<string, unknown>;
}

/** One operation at the service, as tests follow it. */
export interface NamedOperation extends OperationHandle {
  name: string;
  /** In which collection of the service. */
  collection: string;
}

export interface OperationWishes {
  collection?: '/mapData' | '/styles';
  /** `Retry-After` of this operation; default 1. */
  retryAfterSeconds?: number;
  onUncertainSubmit?: OperationInput['onUncertainSubmit'];
  /** Ends well by itself after so long; default: when the test says so. */
  endsAfterSeconds?: number;
}

export async function startProcessHarness(options: ProcessHarnessOptions = {}): Promise<ProcessHarness> {
  const args = ['--idempotency', String(options.deduplicates ?? false), '--database', join(temporaryFolder(), 'service.db')];
  const emulator = await startEmulatorProcess(['--port', '0', ...args]);
  const address = options.address ?? sharedAddress();
  const temporal = await Connection.connect({ address });
  return new ProcessHarness(emulator, ['--port', new URL(emulator.url).port, ...args], address, temporal, options.connection ?? {});
}

/**
 * A test with a service, a worker and a task queue of its own. Such tests of a file run side by side: what they wait for is mostly that
 * Temporal notices the end of a worker. No hook around each test runs.
 */
export function processTest(
  name: string,
  work: (harness: ProcessHarness, worker: Child) => Promise<void>,
  options: ProcessHarnessOptions = {},
): void {
  test.concurrent(name, async () => {
    const harness = await startProcessHarness(options);
    try {
      await work(harness, await harness.startWorker());
    } finally {
      await harness.close();
    }
  });
}

export class ProcessHarness {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly client: Client;
  readonly lro: LroClient;
  /** Where batches may write their reports. */
  readonly folder = temporaryFolder();
  private readonly configPath: string;
  private readonly workers: Child[] = [];

  constructor(
    public emulator: EmulatorProcess,
    private readonly emulatorArgs: string[],
    readonly address: string,
    private readonly temporal: Connection,
    connection: object,
  ) {
    this.client = new Client({ connection: temporal });
    this.lro = new LroClient({ client: this.client, taskQueue: this.taskQueue });
    this.configPath = writeConfig(
      { maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, ...connection } },
      { files: { writeBelow: [this.folder] } },
    );
  }

  /** Resolves when the worker takes work. */
  async startWorker(build: { program?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Child> {
    const { configPath, address, taskQueue } = this;
    const worker = await startWorkerProcess({ configPath, address, taskQueue, ...build });
    this.workers.push(worker);
    return worker;
  }

  /** The service again, on the same port and file. */
  async restartService(): Promise<void> {
    this.emulator = await startEmulatorProcess(this.emulatorArgs);
  }

  /** Starts an operation that stays open at the service until `finish`, or as long as its wishes say. */
  async start(name: string, wishes: OperationWishes = {}): Promise<NamedOperation> {
    const { collection = '/mapData', retryAfterSeconds = 1, onUncertainSubmit, endsAfterSeconds } = wishes;
    const plan: OperationPlan = {
      retryAfter: String(retryAfterSeconds),
      ...(endsAfterSeconds === undefined ? { hold: true } : { durationSeconds: endsAfterSeconds }),
    };
    const input: OperationInput = {
      connection: 'maps',
      submit: {
        path: collection,
        query: { dataFormat: 'geojson', description: name },
        headers: { 'Emulator-Plan': JSON.stringify(plan) },
        body: { type: 'FeatureCollection', features: [] },
      },
      ...(onUncertainSubmit === undefined ? {} : { onUncertainSubmit }),
    };
    return Object.assign(await this.lro.start(input, { id: `${name}-${this.taskQueue}` }), { name, collection });
  }

  addFault(fault: Fault): Promise<unknown> {
    return this.emulator.admin.addFault(fault);
  }

  /** Waits until the service holds so many requests. */
  async untilHeld(count: number): Promise<void> {
    await eventually(
      () => this.emulator.admin.counts(),
      ({ held }) => held === count,
    );
  }

  /** Lets all faults and held requests go. */
  async calm(): Promise<void> {
    await this.emulator.admin.removeFaults();
    await this.emulator.admin.release();
  }

  /** Every submit of the operation that came to the service, answered or not. */
  submitsOf({ name }: NamedOperation): Promise<RecordedRequest[]> {
    return this.emulator.admin.requests({ method: 'POST', query: `description=${name}(&|$)` });
  }

  /** Every poll of the operation that came to the service, answered or not. */
  pollsOf(operationId: string | undefined): Promise<RecordedRequest[]> {
    return this.emulator.admin.requests({ method: 'GET', path: `/operations/${String(operationId)}$` });
  }

  /** Ends the operation well at the service, and waits for its result. */
  async finish(operation: NamedOperation): Promise<OperationResult> {
    const { operationId = '' } = await operation.accepted();
    await this.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    return operation.result({ timeoutSeconds: 150 });
  }

  /**
   * Ends the operation and checks all that holds of every operation whatever was killed meanwhile: its result, its submits at the
   * service (they carry one and the same key), and that no poll came sooner after an answer than that answer had asked.
   */
  async expectRightEnd(operation: NamedOperation, expected: { submits: number; retryAfterSeconds?: number }): Promise<OperationResult> {
    const result = await this.finish(operation);
    expect(await this.submitsOf(operation)).toHaveLength(expected.submits);
    await this.expectRight(operation, result, expected.retryAfterSeconds);
    return result;
  }

  /** The same of an operation that has ended, whatever the number of its submits. */
  async expectRight(operation: NamedOperation, result: OperationResult, retryAfterSeconds = 1): Promise<void> {
    const made = operation.collection === '/mapData' ? '/mapData/metadata' : operation.collection;
    expect(result).toMatchObject({ status: 'Succeeded', resourceLocation: `${this.emulator.url}${made}/${String(result.resourceId)}` });
    const submits = await this.submitsOf(operation);
    expect(new Set(submits.map(({ headers }) => headers['operation-id'])).size).toBe(1);
    const polls = await this.pollsOf(result.operationId);
    expect(polls.length).toBeGreaterThan(0);
    expect(earlyPolls(submits, polls, retryAfterSeconds)).toEqual([]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.workers, this.emulator].map((child) => child.kill()));
    await this.temporal.close();
  }
}

/** Less than this before the next poll, and a kill "while waiting" might come while asking. */
const CALM_MS = 700;

/** Waits until the operation has been asked at least `polls` times and waits for its next poll, and will for a while. */
export function untilWaiting(operation: OperationHandle, polls = 1): Promise<OperationProgress> {
  return eventually(
    () => operation.progress(),
    (progress) => progress.polls >= polls && isCalm(progress),
  );
}

/** Whether it waits for its next poll, and will for a while. */
export function isCalm({ phase, nextPollAt = '' }: OperationProgress): boolean {
  return phase === 'waiting' && Date.parse(nextPollAt) - Date.now() > CALM_MS;
}

/**
 * Polls that came sooner than `retryAfterSeconds` after the service's last answer, by its own clock, in words.
 * @param isExcused what between that answer and the poll excuses it
 */
export function earlyPolls(
  submits: RecordedRequest[],
  polls: RecordedRequest[],
  retryAfterSeconds: number,
  isExcused: (fromMs: number, toMs: number) => boolean = () => false,
): string[] {
  const answers = [...submits, ...polls].flatMap(({ answeredAtMs }) => answeredAtMs ?? []);
  return polls.flatMap(({ seq, receivedAtMs }) => {
    const lastAnswerMs = Math.max(...answers.filter((answeredAtMs) => answeredAtMs < receivedAtMs));
    const gapMs = receivedAtMs - lastAnswerMs;
    if (gapMs >= retryAfterSeconds * 1000 - 1 || isExcused(lastAnswerMs, receivedAtMs)) return [];
    return [`request ${seq} came ${gapMs.toFixed(1)} ms after the last answer`];
  });
}
