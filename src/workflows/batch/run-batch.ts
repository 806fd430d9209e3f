/**
 * Workflow `runBatch`: many operations, in shards that work side by side.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; nothing is submitted before the whole batch was found right.
 * 2. It ends after all its shards, with a report of every item; also when it is cancelled, and when a shard fails.
 * 3. It never continues as new: its shards do.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  startChild,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle, SignalDefinition } from '@temporalio/workflow';
import type { Page, PreparedBatch } from '../../activities/batch/messages';
import type {
  BatchCounts,
  BatchInput,
  BatchPhase,
  BatchProgress,
  BatchResult,
  FailureDetails,
  ItemStanding,
  Problem,
} from '../../contract';
import { ITEM_UPDATE, PROGRESS_QUERY, REPORT_MEMO } from '../../contract';
import { showSearchAttributes } from '../show';
import { findItem, finishReport, prepareBatch } from './calls';
import { endedOf, failuresOf, firstOf, noCounts, sumOf } from './counts';
import type { ShardInput, ShardResult, ShardTally } from './messages';
import { pauseSignal, resumeSignal, RUN_SHARD, stopSignal, toldSignal } from './messages';
import type { runShard } from './shard';
import { showBatch } from './show';

const progressQuery = defineQuery<BatchProgress>(PROGRESS_QUERY);
const itemUpdate = defineUpdate<ItemStanding, [string]>(ITEM_UPDATE);

/** Problems that are shown. */
const MAX_PROBLEMS = 5;

/** @throws ApplicationFailure `InvalidInput`, `ManifestInvalid`, `FileRefused`, `UnknownConnection` before anything is submitted; `BatchFailed` at the end */
export async function runBatch(input: BatchInput): Promise<BatchResult> {
  const batch = new Batch(input);
  setHandler(progressQuery, () => batch.progress());
  // A request to cancel ends the batch, not the question.
  setHandler(itemUpdate, (id) => CancellationScope.nonCancellable(() => batch.find(id)), { validator: requireId });
  setHandler(pauseSignal, () => batch.pause(true));
  setHandler(resumeSignal, () => batch.pause(false));
  setHandler(toldSignal, ({ shard, tally, firstRunId }) => {
    // Not by a shard of a batch that had this id before.
    if (firstRunId === undefined || firstRunId === batch.firstRunId) batch.told(shard, tally);
  });
  try {
    return await batch.toItsEnd();
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

type ShardHandle = Pick<ChildWorkflowHandle<typeof runShard>, 'signal' | 'result' | 'workflowId'>;

class Batch {
  private phase: BatchPhase = 'validating';
  private prepared: PreparedBatch | undefined;
  private shards: ShardHandle[] = [];
  private tallies: ShardTally[] = [];
  private readonly problems: Problem[] = [];
  private readonly written: Record<string, string> = {};
  private isPaused = false;
  private isStopped = false;
  /** Why there is no report though one was wanted. */
  private lostReport: string | undefined;
  /** Why it ended before it began. */
  private refusal: FailureDetails | undefined;
  private readonly startedAtMs = Date.now();

  constructor(private readonly input: BatchInput) {}

  get firstRunId(): string {
    const { firstExecutionRunId, runId } = workflowInfo();
    return firstExecutionRunId || runId;
  }

  /** The story. */
  async toItsEnd(): Promise<BatchResult> {
    const prepared = await this.prepare();
    if (CancellationScope.current().consideredCancelled) return this.refuseCancelled();
    this.prepared = prepared;
    this.enter(this.isPaused ? 'paused' : 'running');
    const results = await this.run(prepared);
    const wasCancelled = CancellationScope.current().consideredCancelled;
    return CancellationScope.nonCancellable(() => this.close(prepared, results, wasCancelled));
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (this.phase === 'running' || this.phase === 'paused') this.enter(isPaused ? 'paused' : 'running');
    this.tellShards(isPaused ? pauseSignal : resumeSignal);
  }

  /** A shard tells how far it is. */
  told(shard: number, tally: ShardTally): void {
    this.tallies[shard] = tally;
    if (tally.lastProblem !== undefined) this.note(tally.lastProblem);
    const { stopAfterFailures } = this.input;
    const isEnough = stopAfterFailures !== undefined && failuresOf(this.counts()) >= stopAfterFailures;
    if (isEnough || tally.broken !== undefined) this.stop();
    this.show();
  }

  /** Answer of update `item`. */
  async find(id: string): Promise<ItemStanding> {
    await condition(() => this.prepared !== undefined || this.refusal !== undefined);
    if (this.refusal !== undefined) throw typedFailure(this.refusal);
    const { source, report } = this.prepared ?? {};
    if (source === undefined) throw ApplicationFailure.nonRetryable('the batch was refused, none of its items was started', 'InvalidInput');
    const shardIds = this.shards.map(({ workflowId }) => workflowId);
    const found = await findItem({ id, source, shardIds, ...(report === undefined ? {} : { target: report }) });
    if (found !== undefined) return found;
    // Its shard is only about to start.
    if (this.input.items?.some((item) => item.id === id) === true) return { id, state: 'notStarted' };
    const message = `the batch has no item "${id}"${report === undefined ? ' that is under way; where the others stand is told by a report only' : ''}`;
    throw typedFailure({ type: 'InvalidInput', message });
  }

  /** Answer of query `progress`. */
  progress(): BatchProgress {
    const counts = this.counts();
    const ended = endedOf(counts);
    const seconds = (Date.now() - this.startedAtMs) / 1000;
    const itemsPerSecond = seconds > 0 ? ended / seconds : 0;
    const left = counts.total - ended;
    return {
      phase: this.phase,
      counts,
      submitted: this.tallies.reduce((sum, { submitted }) => sum + submitted, 0),
      running: this.tallies.reduce((sum, { running }) => sum + running, 0),
      itemsPerSecond,
      ...(itemsPerSecond > 0 && left > 0 ? { etaSeconds: Math.ceil(left / itemsPerSecond) } : {}),
      startedAt: new Date(this.startedAtMs).toISOString(),
      shards: this.tallies.length,
      lastProblems: this.problems,
      ...(this.prepared?.report === undefined ? {} : { report: this.prepared.report.report }),
    };
  }

  private async prepare(): Promise<PreparedBatch> {
    const { workflowId, runId } = workflowInfo();
    try {
      return await prepareBatch({ input: this.input, workflowId, firstRunId: this.firstRunId, runId });
    } catch (err) {
      this.refusal = isCancellation(err) ? CANCELLED_FIRST : refusalOf(err);
      this.enter(isCancellation(err) ? 'canceled' : 'failed');
      throw isCancellation(err) ? err : typedFailure(this.refusal);
    }
  }

  private async refuseCancelled(): Promise<never> {
    this.refusal = CANCELLED_FIRST;
    this.enter('canceled');
    return CancellationScope.current().cancelRequested;
  }

  /** Starts the shards and waits for all of them, whatever becomes of some. A request to cancel reaches them, and they end by themselves. */
  private async run(prepared: PreparedBatch): Promise<PromiseSettledResult<ShardResult>[]> {
    this.tallies = prepared.shards.map(() => ({ counts: noCounts(), submitted: 0, running: 0, firstFailures: [] }));
    this.show();
    const startPaused = this.isPaused;
    const inputs = shardInputs(this.input, prepared, startPaused);
    const scope = CancellationScope.current();
    // All of them start, and tell of their items, also when the batch is cancelled meanwhile.
    const started = await CancellationScope.nonCancellable(() => Promise.allSettled(inputs.map((input) => this.start(input, prepared))));
    this.shards = started.flatMap((shard) => (shard.status === 'fulfilled' ? [shard.value] : []));
    // What came before there was anybody to hear it.
    if (this.isPaused !== startPaused) this.tellShards(this.isPaused ? pauseSignal : resumeSignal);
    if (this.isStopped) this.tellShards(stopSignal);
    scope.cancelRequested.catch(() => this.cancelShards());
    return Promise.allSettled(
      started.map(async (shard, index) => {
        if (shard.status === 'rejected') throw shard.reason;
        const result = await shard.value.result();
        this.told(index, result);
        return result;
      }),
    );
  }

  private start(input: ShardInput, { source }: PreparedBatch): Promise<ChildWorkflowHandle<typeof runShard>> {
    return startChild<typeof runShard>(RUN_SHARD, {
      workflowId: `${source.workflowId}/${source.firstRunId}/${input.shard}`,
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `shard ${input.shard + 1} of ${input.shards}`,
    });
  }

  /** The report, and then the end. */
  private async close(prepared: PreparedBatch, results: PromiseSettledResult<ShardResult>[], wasCancelled: boolean): Promise<BatchResult> {
    this.enter('reporting');
    const report = await this.finishReport(prepared, results);
    const completedAtMs = Date.now();
    const durationSeconds = (completedAtMs - this.startedAtMs) / 1000;
    const counts = this.counts();
    const result: BatchResult = {
      counts,
      startedAt: new Date(this.startedAtMs).toISOString(),
      completedAt: new Date(completedAtMs).toISOString(),
      durationSeconds,
      itemsPerSecond: durationSeconds > 0 ? endedOf(counts) / durationSeconds : 0,
      firstFailures: firstOf(this.tallies.flatMap(({ firstFailures }) => firstFailures)),
      ...(report === undefined ? {} : { report }),
    };
    const failure = wasCancelled ? undefined : this.failure(results, counts);
    this.enter(failure !== undefined ? 'failed' : wasCancelled ? 'canceled' : 'succeeded');
    if (failure !== undefined) {
      throw typedFailure({ ...failure, batch: result });
    }
    if (wasCancelled) throw new CancelledFailure('the batch was cancelled; its report tells of every item', [result]);
    return result;
  }

  private async finishReport(
    { report, source }: PreparedBatch,
    results: PromiseSettledResult<ShardResult>[],
  ): Promise<BatchResult['report']> {
    if (report === undefined) return undefined;
    // A shard that failed has told nobody how many pages it wrote.
    const pages = results.map((result) => (result.status === 'fulfilled' ? result.value.reportPages : null));
    try {
      const written = await finishReport({ target: report, workflowId: source.workflowId, runId: source.firstRunId, pages });
      upsertMemo({ [REPORT_MEMO]: written });
      return written;
    } catch (err) {
      this.note({ message: `the report could not be put together: ${reasonOf(err)}`, at: new Date().toISOString() });
      this.lostReport = reasonOf(err);
      return undefined;
    }
  }

  /** Why the batch as a whole did not succeed, if so. */
  private failure(results: PromiseSettledResult<ShardResult>[], counts: BatchCounts): FailureDetails | undefined {
    const lost = results.flatMap((result, shard) =>
      result.status === 'rejected' ? [`shard ${shard + 1}: ${reasonOf(result.reason)}`] : [],
    );
    if (lost.length > 0) {
      const missing = counts.total - endedOf(counts);
      const message = `${lost.length} of ${results.length} shards did not come to their end, and ${missing} items are not accounted for (${lost.slice(0, 3).join('; ')})`;
      return { type: 'BatchFailed', message };
    }
    const broken = this.tallies.find((tally) => tally.broken !== undefined)?.broken;
    if (broken !== undefined) return broken;
    if (this.lostReport !== undefined)
      return { type: 'BatchFailed', message: `all items have ended, but the report could not be put together: ${this.lostReport}` };
    const { failedItems = Infinity, failedPercent = Infinity } = this.input.failWhen ?? {};
    const failures = failuresOf(counts);
    const percent = counts.total === 0 ? 0 : (failures / counts.total) * 100;
    if (failures < failedItems && percent < failedPercent) return undefined;
    if (failures === 0) return undefined;
    return { type: 'BatchFailed', message: `${failures} of ${counts.total} items did not succeed (${percent.toFixed(1)} %)` };
  }

  private counts(): BatchCounts {
    return { ...sumOf(this.tallies.map(({ counts }) => counts)), total: this.prepared?.total ?? 0 };
  }

  private stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.phase === 'running' || this.phase === 'paused') this.enter('stopping');
    this.tellShards(stopSignal);
  }

  private cancelShards(): void {
    this.enter('canceling');
    for (const { workflowId } of this.shards) {
      // One that has ended need not be told.
      void CancellationScope.nonCancellable(() =>
        getExternalWorkflowHandle(workflowId)
          .cancel()
          .catch(() => undefined),
      );
    }
  }

  private tellShards(signal: SignalDefinition): void {
    // One that has ended hears nothing, and need not.
    for (const shard of this.shards) void CancellationScope.nonCancellable(() => shard.signal(signal).catch(() => undefined));
  }

  private note(problem: Problem): void {
    if (this.problems.some(({ message }) => message === problem.message)) return;
    this.problems.unshift(problem);
    this.problems.splice(MAX_PROBLEMS);
  }

  private enter(phase: BatchPhase): void {
    this.phase = phase;
    this.show();
  }

  private show(): void {
    const { prepared } = this;
    if (prepared === undefined) return;
    showBatch(`batch of ${prepared.total} · ${prepared.connection}`, this.progress());
    const ended = { succeeded: 'Succeeded', failed: 'Failed', canceled: 'Canceled' }[this.phase as 'succeeded'] as string | undefined;
    const values = { connection: prepared.connection, status: ended ?? 'Running' };
    showSearchAttributes(values, prepared.settings.searchAttributes, this.written);
  }
}

/** What each shard has to do, and its part of what the whole batch may. */
function shardInputs(input: BatchInput, prepared: PreparedBatch, paused: boolean): ShardInput[] {
  const { source, shards, maxInFlight, report, settings } = prepared;
  const { submitsPerSecond, stopAfterFailures } = input;
  const count = shards.length;
  return shards.map(({ pages, from = 0, to = 0, duplicates }, shard) => {
    const items = input.items?.slice(from, to) ?? [];
    const own: Page[] = pages ?? [
      { items, count: items.length, ...(from > 0 ? { first: from } : {}), ...(duplicates === undefined ? {} : { duplicates }) },
    ];
    return {
      source,
      shard,
      shards: count,
      pages: own,
      maxInFlight: Math.floor((maxInFlight * (shard + 1)) / count) - Math.floor((maxInFlight * shard) / count),
      ...(submitsPerSecond === undefined ? {} : { submitsPerSecond: submitsPerSecond / count }),
      ...(stopAfterFailures === undefined ? {} : { stopAfterFailures }),
      ...(report === undefined ? {} : { report }),
      settings,
      ...(paused ? { paused } : {}),
    };
  });
}

function requireId(id: unknown): void {
  if (typeof id !== 'string' || id === '') throw ApplicationFailure.nonRetryable('the id of an item is needed', 'InvalidInput');
}

const CANCELLED_FIRST: FailureDetails = { type: 'OperationCanceled', message: 'the batch was cancelled before it began' };

function typedFailure(details: FailureDetails): ApplicationFailure {
  return ApplicationFailure.create({ type: details.type, message: details.message, nonRetryable: true, details: [details] });
}

/** Why a batch was not even begun. What failed without a type of its own was a file that nobody could reach. */
function refusalOf(err: unknown): FailureDetails {
  const cause = err instanceof ActivityFailure ? err.cause : undefined;
  const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as FailureDetails | undefined) : undefined;
  return details ?? { type: 'FileRefused', message: reasonOf(err) };
}

function reasonOf(err: unknown): string {
  const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
  return cause instanceof Error ? cause.message : String(cause);
}
