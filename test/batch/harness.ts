/**
 * A harness for tests of batches: a worker in this process, the emulator, and two folders of callers' files.
 *
 * Keeps true: every item's submit has the item's id in its path, so that requests and operations are found by it; operations end at once
 * unless the item's plan says otherwise.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { LroClient } from '../../src/client';
import { typedFailure } from '../../src/client/errors';
import {
  ITEM_UPDATE,
  PROGRESS_QUERY,
  RUN_BATCH,
  type BatchInput,
  type BatchItem,
  type BatchProgress,
  type BatchResult,
  type FailureDetails,
  type FileRef,
  type ItemReport,
  type ItemStanding,
} from '../../src/contract';
import { startEmulator, type Emulator, type EmulatorOptions, type OperationPlan, type RecordedRequest } from '../../src/emulator';
import { temporaryFolder, testConfig, type ConnectionYaml } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

export interface BatchHarnessOptions {
  continueAsNewAfterEvents?: number;
  /** Over the connection's own. */
  connection?: Record<string, unknown>;
  emulator?: EmulatorOptions;
}

export interface StartOptions {
  id?: string;
  workflowExecutionTimeout?: number;
}

/** For tests with hundreds of items that are not about the rate of submits: they would take ten seconds for 500. */
export const FAST = { limits: { submitsPerSecond: 1000 } };

export async function openBatchHarness(options: BatchHarnessOptions = {}): Promise<BatchHarness> {
  const [harness] = await openBatchHarnesses(1, options);
  return harness!;
}

/**
 * Harnesses with a service each, and one worker for all of them: closed when the last of them is. A batch of the first is sent to the
 * connection `default`, of the others to `default1`, `default2`, …, unless its items name another one.
 */
export async function openBatchHarnesses(
  count: number,
  { continueAsNewAfterEvents, connection, emulator: options }: BatchHarnessOptions = {},
): Promise<BatchHarness[]> {
  const folder = temporaryFolder();
  const [readable, writable] = [join(folder, 'in'), join(folder, 'out')];
  for (const made of [readable, writable]) mkdirSync(made);
  const start = () => startEmulator({ operationSeconds: 0, retryAfterSeconds: 0, ...options });
  const emulators = await Promise.all(Array.from({ length: count }, start));
  const nameOf = (index: number) => (index === 0 ? 'default' : `default${index}`);
  const connections = emulators.map(({ url }, index) => [nameOf(index), { baseUrl: url, query: { 'api-version': '1' }, ...connection }]);
  const config = testConfig(Object.fromEntries(connections) as Record<string, ConnectionYaml>, {
    files: { readBelow: [readable], writeBelow: [writable], urlHosts: ['127.0.0.1'], privateHosts: 'allow' },
  });
  const worker = await startTestHarness(config, continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents });
  let open = count;
  const harness: TestHarness = { ...worker, close: async () => (--open === 0 ? worker.close() : undefined) };
  return emulators.map((emulator, index) => new BatchHarness(emulator, harness, readable, writable, nameOf(index)));
}

export class BatchHarness {
  constructor(
    readonly emulator: Emulator,
    private readonly harness: TestHarness,
    /** Folders for manifests and for reports, of all that share the worker. */
    readonly readable: string,
    readonly writable: string,
    private readonly connection: string,
  ) {}

  /** The typed client, on this harness's task queue. */
  get lro(): LroClient {
    return this.harness.lro;
  }

  async start(input: unknown, { id = `batch-${randomUUID()}`, ...options }: StartOptions = {}): Promise<Batch> {
    const { client, taskQueue } = this.harness;
    const handle = await client.workflow.start<(input: unknown) => Promise<BatchResult>>(RUN_BATCH, {
      workflowId: id,
      taskQueue,
      args: [this.connection === 'default' ? input : this.toItsService(input)],
      ...options,
    });
    return new Batch(handle, (workflowId) => client.workflow.getHandle(workflowId));
  }

  private toItsService(input: unknown): unknown {
    const { defaults, ...batch } = input as BatchInput;
    return { ...batch, defaults: { connection: this.connection, ...defaults } };
  }

  /** Runs a batch to its end. */
  async run(input: BatchInput, options?: StartOptions): Promise<BatchResult> {
    return (await this.start(input, options)).result();
  }

  /** How a batch ends that is no good. */
  async failure(input: unknown): Promise<FailureDetails> {
    return (await this.start(input)).failure();
  }

  /** Runs a batch and returns its result and what its report says of every item. */
  async reported(input: BatchInput): Promise<{ result: BatchResult; lines: ItemReport[] }> {
    const result = await this.run({ report: newReport(), ...input });
    return { result, lines: this.lines(result.report) };
  }

  /** Writes a manifest. Objects become lines. */
  manifest(content: string | readonly object[], name = `${randomUUID()}.jsonl`): FileRef {
    const text = typeof content === 'string' ? content : content.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(this.readable, name), text);
    return { path: name };
  }

  /** The lines of a report, or of one of its pages. */
  lines({ path = '' }: FileRef = {}): ItemReport[] {
    const text = readFileSync(join(this.writable, path), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as ItemReport);
  }

  /** Names of all files where reports are written. */
  written(): string[] {
    return readdirSync(this.writable);
  }

  /** Every submit of these items, in order. */
  submits(...ids: string[]): Promise<RecordedRequest[]> {
    const names = ids.length === 0 ? '[^/]+' : `(${ids.join('|')})`;
    return this.emulator.admin.requests({ method: 'POST', path: `^${SERVICE}/${names}$` });
  }

  /** Until so many submits of these items were answered. */
  async submitted(count: number, ...ids: string[]): Promise<void> {
    const names = ids.length === 0 ? '[^/]+' : `(${ids.join('|')})`;
    await this.emulator.admin.waitForRequests({ method: 'POST', path: `^${SERVICE}/${names}$`, count, answered: true });
  }

  /** The item's operation at the service, as soon as there is one. */
  async operation(id: string) {
    const { operations } = await eventually(
      () => this.emulator.admin.operations(),
      (report) => report.operations.some(({ collection }) => collection === `/${id}`),
    );
    return operations.find(({ collection }) => collection === `/${id}`)!;
  }

  /** Ends operations that are held. */
  async finish(...ids: string[]): Promise<void> {
    for (const id of ids) {
      const { operationId } = await this.operation(id);
      await this.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    }
  }

  /** Answers submits of these items with this status until faults are removed. */
  async refuse(httpStatus: number, headers: Record<string, string>, ...ids: string[]): Promise<void> {
    const match = { method: 'POST', path: `^${SERVICE}/(${ids.join('|')})$` };
    await this.emulator.admin.addFault({ match, times: 0, action: { answer: { httpStatus, headers } } });
  }

  /** An item whose submit is cut after the service has taken it, and that is not sent again. */
  async uncertain(id: string): Promise<BatchItem> {
    await this.emulator.admin.addFault({ match: { path: `/${id}$` }, action: { cut: 'afterAccept' } });
    return { ...item(id), onUncertainSubmit: 'fail' };
  }

  /** The idempotency keys of all submits of an item. */
  async keysOf(id: string): Promise<(string | undefined)[]> {
    return (await this.submits(id)).map(({ headers }) => headers['operation-id']);
  }

  async close(): Promise<void> {
    await this.harness.close();
    await this.emulator.close();
  }
}

/** A batch that was started. */
export class Batch {
  constructor(
    readonly handle: WorkflowHandleWithFirstExecutionRunId<(input: unknown) => Promise<BatchResult>>,
    private readonly workflow: (id: string) => WorkflowHandle,
  ) {}

  get id(): string {
    return this.handle.workflowId;
  }

  result(): Promise<BatchResult> {
    return this.handle.result();
  }

  /** Its typed failure. */
  async failure(): Promise<FailureDetails> {
    const error: unknown = await this.handle.result().then(
      () => new Error('the batch succeeded'),
      (err: unknown) => err,
    );
    const details = typedFailure(error);
    if (details === undefined) throw error;
    return details;
  }

  /** What it ended with that is no failure of its own: a cancellation, a termination. */
  async cause(): Promise<unknown> {
    const error: unknown = await this.handle.result().catch((err: unknown) => err);
    return error instanceof Error ? error.cause : error;
  }

  progress(): Promise<BatchProgress> {
    return this.handle.query<BatchProgress>(PROGRESS_QUERY);
  }

  item(id: string): Promise<ItemStanding> {
    return this.handle.executeUpdate<ItemStanding, [string]>(ITEM_UPDATE, { args: [id] });
  }

  /** One of its shards, the latest run of it. */
  shard(index: number): WorkflowHandle {
    return this.workflow(`${this.id}/${this.handle.firstExecutionRunId}/${index}`);
  }
}

const SERVICE = '/dialects/data-plane';

/** Ends when the test says so; is asked again after an hour only. */
export const HELD: OperationPlan = { hold: true, durationSeconds: 0, retryAfter: '3600' };
/** The same, but asked every second. */
export const WATCHED: OperationPlan = { ...HELD, retryAfter: '1' };
export const FAILS: OperationPlan = { finish: 'Failed', error: { code: 'DwgError', message: 'no layer' } };

/** How the service is told to cancel an item's operation. */
export const CANCEL = { cancel: { path: '{statusPath}:cancel' } };

/** An item whose operation goes as the plan says. */
export function item(id: string, plan?: OperationPlan, more: Partial<BatchItem> = {}): BatchItem {
  const headers = plan === undefined ? {} : { headers: { 'Emulator-Plan': JSON.stringify(plan) } };
  return { id, ...more, submit: { path: `${SERVICE}/${id}`, ...headers, ...more.submit } };
}

/** `a0`, `a1`, …: items that go alike. */
export function items(prefix: string, count: number, plan?: OperationPlan, more: Partial<BatchItem> = {}): BatchItem[] {
  return Array.from({ length: count }, (_, index) => item(`${prefix}${index}`, plan, more));
}

export function newReport(): FileRef {
  return { path: `${randomUUID()}.jsonl` };
}

/** Ids by outcome, sorted: what a report comes to. */
export function byOutcome(lines: readonly ItemReport[]): Record<string, string[]> {
  const ids: Record<string, string[]> = {};
  for (const { id, outcome } of lines) (ids[outcome] ??= []).push(id);
  for (const list of Object.values(ids)) list.sort();
  return ids;
}
