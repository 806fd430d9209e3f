/**
 * A service, a worker and, where a test kills it, a Temporal of their own as processes, and batches on them.
 *
 * Keeps true: the service does not deduplicate; every submit carries its item's id as description in its query, so that raw requests are
 * counted per item; operations last as long as the service's defaults say.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { RUN_BATCH, type BatchInput, type BatchItem, type BatchResult, type ItemReport } from '../../src/contract';
import { startDevServer, type Child, type DevServer } from '../../src/devserver';
import type { OperationPlan, RecordedRequest } from '../../src/emulator';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startEmulatorProcess, startWorkerProcess, type EmulatorProcess } from '../support/programs';
import { Evidence } from './evidence';

export interface BatchHarnessOptions {
  /** A Temporal of its own with a database file: it may be killed. */
  ownTemporal?: boolean;
  /** Of the connection, as in the worker's file. */
  connection?: Record<string, unknown>;
  /** How operations go at the service; default: three seconds, `Retry-After: 1`. */
  operations?: OperationPlan;
  workerEnv?: NodeJS.ProcessEnv;
}

type RunBatch = (input: BatchInput) => Promise<BatchResult>;

export class BatchHarness {
  readonly taskQueue = `lro-${randomUUID()}`;
  worker: Child | undefined;

  private constructor(
    private readonly options: BatchHarnessOptions,
    public emulator: EmulatorProcess,
    private readonly emulatorArgs: string[],
    private readonly folder: string,
    private readonly databaseFile: string,
    private temporal: DevServer | undefined,
    private readonly connection: Connection,
    readonly client: Client,
  ) {}

  static async open(options: BatchHarnessOptions = {}): Promise<BatchHarness> {
    const folder = temporaryFolder();
    const args = ['--idempotency', 'false', '--database', join(folder, 'service.db')];
    const emulator = await startEmulatorProcess(['--port', '0', ...args]);
    const databaseFile = join(folder, 'temporal.db');
    const temporal = options.ownTemporal === true ? await startDevServer({ databaseFile }) : undefined;
    const connection = await Connection.connect({ address: temporal?.address ?? sharedAddress() });
    const client = new Client({ connection });
    const emulatorArgs = ['--port', new URL(emulator.url).port, ...args];
    const harness = new BatchHarness(options, emulator, emulatorArgs, folder, databaseFile, temporal, connection, client);
    await harness.startWorker();
    return harness;
  }

  async startWorker(): Promise<void> {
    const maps = { baseUrl: this.emulator.url, query: { 'api-version': '2.0' }, ...this.options.connection };
    this.worker = await startWorkerProcess({
      configPath: writeConfig({ maps }, { files: { readBelow: [this.folder], writeBelow: [this.folder] } }),
      address: this.temporal?.address ?? sharedAddress(),
      taskQueue: this.taskQueue,
      env: { LRO_LOG_LEVEL: 'warn', ...this.options.workerEnv },
    });
  }

  async killWorker(): Promise<void> {
    await this.worker?.kill();
  }

  async killTemporal(): Promise<void> {
    await this.temporal?.kill();
  }

  /** Temporal again, on the same port and file. */
  async restartTemporal(): Promise<void> {
    this.temporal = await startDevServer({ databaseFile: this.databaseFile, port: this.temporal?.port ?? 0 });
  }

  /** The service again, on the same port and file. */
  async restartService(): Promise<void> {
    this.emulator = await startEmulatorProcess(this.emulatorArgs);
  }

  /** Forgets all that came to the service before. */
  async fresh(): Promise<void> {
    const { admin } = this.emulator;
    await admin.reset();
    await admin.setDefaults({ durationSeconds: 3, retryAfter: '1', ...this.options.operations });
  }

  /** Lets all faults and held requests go. */
  async calm(): Promise<void> {
    await this.emulator.admin.removeFaults();
    await this.emulator.admin.release();
  }

  /** Starts a batch of `items`. */
  async start(items: BatchItem[], input: Partial<BatchInput> & { inFile?: boolean } = {}): Promise<RunningBatch> {
    const { inFile = false, ...more } = input;
    const workflowId = `batch-${randomUUID()}`;
    const manifest = join(this.folder, `${workflowId}.jsonl`);
    if (inFile) writeFileSync(manifest, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const report = join(this.folder, `${workflowId}.report.jsonl`);
    const args: [BatchInput] = [
      {
        ...(inFile ? { manifest: { path: manifest } } : { items }),
        defaults: { connection: 'maps', submit: { path: '/styles', body: {} } },
        report: { path: report },
        ...more,
      },
    ];
    const handle = await this.client.workflow.start<RunBatch>(RUN_BATCH, { workflowId, taskQueue: this.taskQueue, args });
    return new RunningBatch(handle, items, report, this);
  }

  async close(): Promise<void> {
    await Promise.all([this.worker?.kill(), this.emulator.kill()]);
    await this.connection.close();
    await this.temporal?.kill();
  }
}

export type Kill = [what: string, kill: () => Promise<unknown>];

/** What is killed, and started again. @param harness of the tests that do so, once it is open */
export function killsOf(harness: () => BatchHarness): Kill[] {
  return [
    [
      'the worker',
      () =>
        harness()
          .killWorker()
          .then(() => harness().startWorker()),
    ],
    [
      'Temporal',
      () =>
        harness()
          .killTemporal()
          .then(() => harness().restartTemporal()),
    ],
    [
      'the service',
      () =>
        harness()
          .emulator.kill()
          .then(() => harness().restartService()),
    ],
  ];
}

/** Rows of a test: each kill so often. */
export function roundsOf(kills: readonly Kill[], times: number): (readonly [string, number, Kill[1]])[] {
  return kills.flatMap(([what, kill]) => Array.from({ length: times }, (_, round) => [what, round + 1, kill] as const));
}

/** A test with a service and a worker of its own. Such tests of a file run side by side. */
export function batchTest(name: string, options: BatchHarnessOptions, work: (harness: BatchHarness) => Promise<void>): void {
  test.concurrent(name, async () => {
    const harness = await BatchHarness.open(options);
    try {
      await harness.fresh();
      await work(harness);
    } finally {
      await harness.close();
    }
  });
}

/** Items `i-0` … with their ids as description in their queries, and what `more` adds to one. */
export function itemsNamed(count: number, more: (index: number) => Partial<BatchItem> = () => ({})): BatchItem[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `i-${index}`;
    const item = more(index);
    return { id, ...item, submit: { path: '/styles', ...item.submit, query: { description: id } } };
  });
}

/** Half of the items are sent once at most. */
export const halfOnce = (index: number): Partial<BatchItem> => ({ onUncertainSubmit: index % 2 === 0 ? 'fail' : 'retry' });

/** Source of a regular expression on the query of the submits of these items. */
export function submitsOf(items: readonly Pick<BatchItem, 'id'>[]): string {
  return `description=(${items.map(({ id }) => id).join('|')})(&|$)`;
}

/** What came of a batch: its result, its report by item, and what the service saw. */
export interface EndedBatch {
  result: BatchResult;
  report: Map<string, ItemReport>;
  evidence: Evidence;
}

export class RunningBatch {
  constructor(
    readonly handle: WorkflowHandleWithFirstExecutionRunId<RunBatch>,
    private readonly items: BatchItem[],
    private readonly reportPath: string,
    private readonly harness: BatchHarness,
  ) {}

  /** One of its shards, from 0. */
  shard(index: number): WorkflowHandle {
    return this.harness.client.workflow.getHandle(`${this.handle.workflowId}/${this.handle.firstExecutionRunId}/${index}`);
  }

  /** Events in the histories of all its workflows, from the first run to the last. */
  async historyEvents(): Promise<number> {
    let events = 0;
    for await (const { historyLength } of this.harness.client.workflow.list({
      query: `WorkflowId = "${this.handle.workflowId}" OR WorkflowId STARTS_WITH "${this.handle.workflowId}/"`,
    })) {
      events += historyLength;
    }
    return events;
  }

  /** Waits for its end, and checks what holds of every batch: each item ended once, and the counts agree. */
  async end(): Promise<EndedBatch> {
    const result = await this.handle.result();
    const lines = readFileSync(this.reportPath, 'utf8').trimEnd().split('\n');
    const reports = lines.map((line) => JSON.parse(line) as ItemReport);
    const report = new Map(reports.map((item) => [item.id, item]));
    expect(reports).toHaveLength(this.items.length);
    expect(new Set(report.keys())).toEqual(new Set(this.items.map(({ id }) => id)));
    const { total, ...outcomes } = result.counts;
    expect(total).toBe(this.items.length);
    for (const [outcome, count] of Object.entries(outcomes)) {
      expect([outcome, reports.filter((item) => item.outcome === outcome).length]).toEqual([outcome, count]);
    }
    const requests: RecordedRequest[] = await this.harness.emulator.admin.requests();
    return { result, report, evidence: new Evidence(requests) };
  }
}
