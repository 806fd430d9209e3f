/**
 * Workflow `runBatch`: many operations, in shards that work side by side.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; nothing is submitted before the whole batch was found right.
 * 2. It ends after all its shards, with a report of every item; also when it is cancelled, and when a shard fails.
 * 3. It never continues as new: its shards do.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  log,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { PreparedBatch } from '../../activities/batch/messages';
import type { BatchInput, BatchProgress, BatchResult, FailureDetails, FileRef, ItemStanding } from '../../contract';
import { CANCELED_MEMO, ITEM_UPDATE, PROGRESS_QUERY, REPORT_MEMO } from '../../contract';
import { carriedBy, firstRunId } from '../engine/carry';
import { failureIn, reasonOf, typedFailure } from '../failures';
import { requireBounded } from '../given';
import { logError, logSuccess } from '../log-lines';
import { countLostReport } from '../metrics';
import { noteDigest } from '../same-request';
import { BatchView } from './batch-view';
import { findItem, finishReport, prepareBatch } from './calls';
import { batchFailure } from './failure';
import { pauseSignal, resumeSignal, stopSignal, tallySignal, type ShardReport, type ShardResult } from './messages';
import { Shards } from './shards';
import { endedOf, failuresOf, firstOf, isTally, type Tally } from './tally';

const progressQuery = defineQuery<BatchProgress>(PROGRESS_QUERY);
const itemUpdate = defineUpdate<ItemStanding, [string]>(ITEM_UPDATE);

/** @throws ApplicationFailure `InvalidInput`, `ManifestInvalid`, `FileRefused`, `UnknownConnection` before anything is submitted; `BatchFailed` at the end */
export async function runBatch(input: BatchInput, carried?: unknown): Promise<BatchResult> {
  const batch = new Batch(input);
  setHandler(progressQuery, () => batch.view.progress());
  // A request to cancel ends the batch, not the question.
  setHandler(itemUpdate, (id) => CancellationScope.nonCancellable(() => batch.find(id)), { validator: requireId });
  setHandler(pauseSignal, () => batch.pause(true));
  setHandler(resumeSignal, () => batch.pause(false));
  setHandler(tallySignal, (report) => batch.receive(report));
  try {
    const result = await batch.toItsEnd(carried);
    logSuccess('batch', { counts: result.counts });
    return result;
  } catch (err) {
    logError('batch', err, { counts: batch.view.counts() });
    throw err;
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    await batch.view.settled();
  }
}

type Settled = PromiseSettledResult<ShardResult>[];

class Batch {
  readonly view: BatchView;
  private prepared: PreparedBatch | undefined;
  private readonly shards = new Shards();
  private isPaused = false;
  private isStopped = false;
  /** Why it ended before it began. */
  private refusal: FailureDetails | undefined;

  constructor(private readonly input: BatchInput) {
    this.view = new BatchView(input);
  }

  /** The story. @param carried nothing: whoever starts it can pass something all the same */
  async toItsEnd(carried: unknown): Promise<BatchResult> {
    const prepared = await this.prepare(carried);
    noteDigest(prepared);
    this.prepared = prepared;
    this.view.open(prepared, this.isPaused ? 'paused' : 'running');
    const scope = CancellationScope.current();
    const startedPaused = this.isPaused;
    // All of them start, and report their items, also when the batch is cancelled meanwhile.
    await CancellationScope.nonCancellable(() => this.shards.start(this.input, prepared, startedPaused));
    // What came before there was anybody to hear it.
    if (this.isPaused !== startedPaused) this.shards.signal(this.isPaused ? pauseSignal : resumeSignal);
    if (this.isStopped) this.shards.signal(stopSignal);
    scope.cancelRequested.catch(() => this.cancelShards());
    const results = await this.shards.results((shard, result) => this.take(shard, result));
    return CancellationScope.nonCancellable(() => this.close(prepared, results, scope.consideredCancelled));
  }

  pause(isPaused: boolean): void {
    if (this.isPaused !== isPaused) log.info(isPaused ? 'batch paused: its submits are held' : 'batch resumed');
    this.isPaused = isPaused;
    const { phase } = this.view;
    if (phase === 'running' || phase === 'paused') this.view.enter(isPaused ? 'paused' : 'running');
    this.shards.signal(isPaused ? pauseSignal : resumeSignal);
  }

  /** A shard reports how far it is. Anybody can send such a signal: what is no report of this batch's shards is ignored. */
  receive(report: Partial<ShardReport> | undefined): void {
    const { shard, tally, firstRunId: sentTo } = report ?? {};
    if (typeof shard === 'number' && isTally(tally) && sentTo === firstRunId()) this.take(shard, tally);
  }

  /** Answer of update `item`. */
  async find(id: string): Promise<ItemStanding> {
    await condition(() => this.prepared !== undefined || this.refusal !== undefined);
    if (this.refusal !== undefined || this.prepared === undefined) throw typedFailure(this.refusal ?? CANCELLED_FIRST);
    const { source, report: target } = this.prepared;
    const found = await findItem({ id, source, shardIds: this.shards.ids(), target });
    if (found !== undefined) return found;
    // Its shard is only about to start.
    if (this.input.items?.some((item) => item.id === id) === true) return { id, state: 'notStarted' };
    const message = `the batch has no item "${id}"${target === undefined ? ' that is under way; where the others stand is told by a report only' : ''}`;
    throw typedFailure({ type: 'InvalidInput', message });
  }

  /** Whoever waits for an item hears of a refusal: the workflow does not close before. */
  private async prepare(carried: unknown): Promise<PreparedBatch> {
    const { workflowId, runId } = workflowInfo();
    let prepared: PreparedBatch;
    try {
      carriedBy(carried);
      requireBounded((this.input as Partial<BatchInput> | null)?.items, 'items', '; use a manifest');
      requireBounded(this.input);
      prepared = await prepareBatch({ input: this.input, workflowId, firstRunId: firstRunId(), runId });
    } catch (err) {
      const isCanceled = isCancellation(err);
      // What failed without a type of its own was a file that nobody could reach.
      this.refusal = isCanceled ? CANCELLED_FIRST : (failureIn(err) ?? { type: 'FileRefused', message: reasonOf(err) });
      this.view.refuse(isCanceled ? 'canceled' : 'failed', this.refusal);
      throw isCanceled ? err : typedFailure(this.refusal);
    }
    const scope = CancellationScope.current();
    if (!scope.consideredCancelled) return prepared;
    this.refusal = CANCELLED_FIRST;
    this.view.enter('canceled');
    return scope.cancelRequested;
  }

  private take(shard: number, tally: Tally): void {
    this.view.take(shard, tally);
    const { stopAfterFailures } = this.input;
    const isEnough = stopAfterFailures !== undefined && failuresOf(this.view.counts()) >= stopAfterFailures;
    if (this.isStopped || !(isEnough || tally.broken !== undefined)) return;
    this.isStopped = true;
    if (this.view.phase === 'running' || this.view.phase === 'paused') this.view.enter('stopping');
    this.shards.signal(stopSignal);
  }

  private cancelShards(): void {
    this.view.enter('canceling');
    this.shards.cancel();
  }

  /** The report, and then the end. */
  private async close(prepared: PreparedBatch, results: Settled, isCanceled: boolean): Promise<BatchResult> {
    this.view.enter('reporting');
    const { report, lost } = await this.finishReport(prepared, results);
    const completedAtMs = Date.now();
    const durationSeconds = (completedAtMs - this.view.startedAtMs) / 1000;
    const counts = this.view.counts();
    const tallies = this.view.all();
    const result: BatchResult = {
      counts,
      startedAt: new Date(this.view.startedAtMs).toISOString(),
      completedAt: new Date(completedAtMs).toISOString(),
      durationSeconds,
      itemsPerSecond: durationSeconds > 0 ? endedOf(counts) / durationSeconds : 0,
      firstFailures: firstOf(tallies.flatMap(({ firstFailures }) => firstFailures)),
      report,
    };
    const failure = isCanceled ? undefined : batchFailure(this.input, results, tallies, counts, lost);
    this.view.enter(failure !== undefined ? 'failed' : isCanceled ? 'canceled' : 'succeeded');
    if (failure !== undefined) throw typedFailure({ ...failure, batch: result });
    if (!isCanceled) return result;
    // A workflow that ends as cancelled can say nothing else.
    upsertMemo({ [CANCELED_MEMO]: { ...result, firstFailures: undefined } });
    throw new CancelledFailure('the batch was cancelled; its report tells of every item', [result]);
  }

  /** Where the report is, or why there is none though one was wanted. */
  private async finishReport({ report }: PreparedBatch, results: Settled): Promise<{ report?: FileRef; lost?: string }> {
    if (report === undefined) return {};
    // A shard that failed has told nobody how many pages it wrote.
    const pages = results.map((result) => (result.status === 'fulfilled' ? result.value.reportPages : null));
    try {
      const written = await finishReport({ target: report, pages });
      upsertMemo({ [REPORT_MEMO]: written });
      return { report: written };
    } catch (err) {
      const lost = reasonOf(err);
      countLostReport();
      this.view.note({ message: `the report could not be put together: ${lost}`, at: new Date().toISOString() });
      return { lost };
    }
  }
}

/** Ids of items are shorter; what is asked stands in the answer. */
const MAX_ID_CHARS = 1024;

function requireId(id: unknown): void {
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_CHARS)
    throw ApplicationFailure.nonRetryable('the id of an item is needed', 'InvalidInput');
}

const CANCELLED_FIRST: FailureDetails = { type: 'OperationCanceled', message: 'the batch was cancelled before it began' };
