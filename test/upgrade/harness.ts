/**
 * A service, and workers of two builds on one task queue, with Worker Versioning.
 *
 * Keeps true: operations stay open at the service until the test ends them, so that nothing depends on how fast it goes.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_OPERATION, RUN_BATCH, type BatchItem, type BatchResult, type ItemReport } from '../../src/contract';
import type { Child } from '../../src/devserver';
import type { RecordedRequest } from '../../src/emulator';
import { RUN_SHARD } from '../../src/workflows/batch/messages';
import { itemsNamed } from '../batch/process-harness';
import { eventually } from '../support/eventually';
import { startProcessHarness, type NamedOperation, type ProcessHarness } from '../support/process-harness';
import { eventsOf, type HistoryEvent } from '../workflows/history';
import { FIRST_BUILD, nextBuild, type Build } from './next-build';

export type BuildId = 'first' | 'next';

/** One run of a workflow, as its history tells. */
export interface Run {
  workflowId: string;
  type: string;
  /** Which builds have worked it, each time another one came. */
  builds: string[];
  /** What workflow tasks have failed of. */
  taskFailures: string[];
  /** Workflow tasks that have told it that another build is current. */
  timesTold: number;
  events: HistoryEvent[];
}

/** A batch whose operations stay open until `release`. */
export interface HeldBatch {
  id: string;
  items: BatchItem[];
  result(): Promise<BatchResult>;
  /** Of every line of its report. */
  report(): ItemReport[];
}

/** Longest wait for one thing, on a machine that is busy with others. */
export const PATIENCE_SECONDS = 240;

/** Calls that a test makes at once at most. */
const AT_ONCE = 20;

export async function startUpgradeHarness(): Promise<UpgradeHarness> {
  const [harness, next] = await Promise.all([
    startProcessHarness({ connection: { limits: { submitsPerSecond: 1000, concurrentRequests: 50 } } }),
    nextBuild(),
  ]);
  return new UpgradeHarness(harness, { first: FIRST_BUILD, next });
}

export class UpgradeHarness {
  /** Slashes are what the controller's names have. */
  readonly deploymentName = `tests/${randomUUID()}`;
  private readonly workers: Child[] = [];

  constructor(
    readonly processes: ProcessHarness,
    readonly builds: Record<BuildId, Build>,
  ) {}

  /** A worker of this build, as Temporal's controller starts it. */
  async startWorker(buildId: BuildId): Promise<Child> {
    const env = { TEMPORAL_DEPLOYMENT_NAME: this.deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId, LRO_LOG_LEVEL: 'warn' };
    const worker = await this.processes.startWorker({ program: this.builds[buildId].program, env });
    this.workers.push(worker);
    return worker;
  }

  /** Leaves nothing to the next test that could work. */
  async killWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.kill()));
  }

  /** `temporal worker deployment set-current-version`, as soon as Temporal knows the build by its workers. */
  async setCurrent(buildId: BuildId): Promise<void> {
    const { workflowService } = this.processes.client;
    const { deploymentName } = this;
    const request = { namespace: 'default', deploymentName, buildId, identity: 'test' };
    await eventually(
      () => workflowService.setWorkerDeploymentCurrentVersion(request).catch((err: unknown) => String(err)),
      (answer) => typeof answer !== 'string',
    );
  }

  /** Operations that stay open, accepted by the service. */
  async startOperations(prefix: string, count: number, retryAfterSeconds: number): Promise<NamedOperation[]> {
    const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    const operations = await inTurns(names, (name) => this.processes.start(name, { retryAfterSeconds }));
    await inTurns(operations, (operation) => operation.accepted({ timeoutSeconds: PATIENCE_SECONDS }));
    return operations;
  }

  /** A batch of operations that stay open. */
  async startBatch(count: number, maxInFlight: number, retryAfterSeconds: number): Promise<HeldBatch> {
    const id = `batch-${randomUUID()}`;
    const headers = { 'Emulator-Plan': JSON.stringify({ hold: true, durationSeconds: 0, retryAfter: String(retryAfterSeconds) }) };
    const items = itemsNamed(count, () => ({ submit: { path: '/styles', headers, body: {} } }));
    const report = join(this.processes.folder, `${id}.jsonl`);
    const { lro } = this.processes;
    await lro.startBatch({ items, defaults: { connection: 'maps' }, maxInFlight, report: { path: report } }, { id });
    const lines = (): string[] => readFileSync(report, 'utf8').trimEnd().split('\n');
    return {
      id,
      items,
      result: () => lro.getBatch(id).result({ timeoutSeconds: PATIENCE_SECONDS }),
      report: () => lines().map((line) => JSON.parse(line) as ItemReport),
    };
  }

  /** Until so many operations of items were submitted, all in all. */
  async untilSubmitted(count: number): Promise<void> {
    await this.processes.emulator.admin.waitForRequests({
      method: 'POST',
      path: '^/styles$',
      answered: true,
      count,
      timeoutSeconds: PATIENCE_SECONDS,
    });
  }

  /** Ends the operations of items that are open, or those that are alone. */
  async release(which: 'items' | 'operations'): Promise<void> {
    const { admin } = this.processes.emulator;
    const { operations } = await admin.operations();
    const open = operations.filter(({ collection, status }) => status === 'Running' && (collection === '/styles') === (which === 'items'));
    await inTurns(open, ({ operationId }) => admin.changeOperation(operationId, { finish: 'Succeeded' }));
  }

  /** Ends the operations of items, also of those to come, until the batch has ended. */
  async releaseToTheEnd(batch: HeldBatch): Promise<BatchResult> {
    let hasEnded = false;
    const result = batch.result().finally(() => (hasEnded = true));
    await eventually(
      () => this.release('items'),
      () => hasEnded,
      PATIENCE_SECONDS,
    );
    return result;
  }

  /** Until this many operations that are alone run on this build, and this many shards. */
  async untilOn(buildId: BuildId, operations: number, shards: number): Promise<void> {
    const version = `TemporalWorkerDeploymentVersion = "${this.deploymentName}:${buildId}"`;
    const running = async (type: string): Promise<number> => {
      const query = `TaskQueue = "${this.processes.taskQueue}" AND WorkflowType = "${type}" AND ExecutionStatus = "Running" AND ${version}`;
      return (await this.processes.client.workflow.count(query)).count;
    };
    await eventually(
      async () => [await running(RUN_OPERATION), await running(RUN_SHARD)],
      (found) => found[0] === operations && found[1] === shards,
      PATIENCE_SECONDS,
    );
  }

  /** All runs of an operation or a batch, its shards included, in their order. */
  async runs(workflowId: string): Promise<Run[]> {
    const runs: Run[] = [];
    const children: string[] = [];
    const { firstRunId } = await this.firstRun(workflowId);
    for (let runId: string | undefined = firstRunId; runId !== undefined;) {
      const events: HistoryEvent[] = await eventsOf(this.processes.client.workflow.getHandle(workflowId, runId));
      runs.push(runOf(workflowId, events));
      for (const event of events) {
        const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
        if (typeof child === 'string') children.push(child);
      }
      runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    }
    for (const child of children) runs.push(...(await this.runs(child)));
    return runs;
  }

  /** Every request that came to the service. */
  requests(): Promise<RecordedRequest[]> {
    return this.processes.emulator.admin.requests();
  }

  close(): Promise<void> {
    return this.processes.close();
  }

  private async firstRun(workflowId: string): Promise<{ firstRunId: string }> {
    const { raw } = await this.processes.client.workflow.getHandle(workflowId).describe();
    return { firstRunId: raw.workflowExecutionInfo?.firstRunId ?? '' };
  }
}

/** Calls `work` for all, some at once. */
export async function inTurns<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE) results.push(...(await Promise.all(all.slice(from, from + AT_ONCE).map(work))));
  return results;
}

function runOf(workflowId: string, events: HistoryEvent[]): Run {
  const builds = events.flatMap((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? []);
  return {
    workflowId,
    type: events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    builds: builds.filter((build, index) => build !== builds[index - 1]),
    taskFailures: events.flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []),
    timesTold: events.filter((event) => event.workflowTaskStartedEventAttributes?.targetWorkerDeploymentVersionChanged === true).length,
    events,
  };
}

export const TYPES = { operation: RUN_OPERATION, batch: RUN_BATCH, shard: RUN_SHARD };
