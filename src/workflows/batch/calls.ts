/** Calling the activities of batches (see `../calls.ts`). */
import { ActivityFailure, ApplicationFailure, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type {
  BatchActivities,
  CancelledOne,
  CancelOne,
  ChunkResult,
  FindItem,
  FinishReport,
  ItemAbout,
  PrepareBatchRequest,
  PreparedBatch,
  ReportPage,
  ReportRest,
  SubmitChunk,
} from '../../activities/batch/messages';
import type { FailureDetails, ItemStanding } from '../../contract';
import { claimsOf, INTERRUPTED, reading, submitting } from '../calls';

/** Writing goes on until it succeeds: a full disk is mended by people, and the batch waits for them. */
const WRITE_RETRIES = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;
/** Reading a large manifest, writing a large report. */
const LONG_SECONDS = 7200;
/** For one page of items from a store that is slow to answer. */
const PAGE_SECONDS = 60;

function call(options: ActivityOptions): BatchActivities {
  return proxyActivities<BatchActivities>(options);
}

/** @throws ActivityFailure whose cause is the typed failure */
export function prepareBatch(request: PrepareBatchRequest): Promise<PreparedBatch> {
  return call({ ...reading(LONG_SECONDS, 'check the batch') }).prepareBatch(request);
}

/** What became of a chunk: results of all its items (none: it could not even begin), or why none could be submitted. */
export type ChunkEnd = { results: ChunkResult[] } | { broken: FailureDetails };

/** Of an item that was not sent because its activity could not even begin: soon again, not at once. */
export const RESTART_SECONDS = 5;

/** Submits items of one page. Not cut by a cancellation. Never throws, as long as it is known what was claimed. */
export async function submitItems(chunk: SubmitChunk, summary: string): Promise<ChunkEnd> {
  try {
    // Its items may stream files, nobody knows yet.
    const options = submitting(0, true, summary);
    return { results: await CancellationScope.nonCancellable(() => call(options).submitItems(chunk)) };
  } catch (err) {
    const cause = err instanceof ActivityFailure ? err.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === 'ManifestInvalid') return { broken: cause.details?.[0] as FailureDetails };
    const claims = claimsOf<{ index: number; about: ItemAbout }, ChunkResult>(err);
    // It ended with an error of its own before it claimed anything.
    if (claims === undefined && cause instanceof ApplicationFailure) return { results: [] };
    if (claims === undefined) throw err;
    const answered = new Map(claims.answered.map((result) => [result.index, result]));
    const claimed = new Map(claims.claimed.map((claim) => [claim.index, claim]));
    return {
      results: chunk.items.map(({ index }) => {
        const claim = claimed.get(index);
        return answered.get(index) ?? (claim === undefined ? { index } : { index, about: claim.about, decision: INTERRUPTED });
      }),
    };
  }
}

export function writeReportPage(page: ReportPage): Promise<void> {
  return call({ ...reading(PAGE_SECONDS * 2, `report: ${page.ended.length} lines`), retry: WRITE_RETRIES }).writeReportPage(page);
}

/** @throws ActivityFailure `ManifestInvalid` when the page is no longer there */
export function writeReportRest(rest: ReportRest): Promise<void> {
  return call({ ...reading(PAGE_SECONDS * 2, 'report: items that were not started'), retry: WRITE_RETRIES }).writeReportRest(rest);
}

export function finishReport(request: FinishReport): Promise<void> {
  return call({ ...reading(LONG_SECONDS, 'put the report together'), retry: WRITE_RETRIES }).finishReport(request);
}

export function cancelMany(calls: CancelOne[], timeoutSeconds: number): Promise<CancelledOne[]> {
  return call(reading(2 * timeoutSeconds, `tell the service to cancel ${calls.length}`)).cancelMany(calls);
}

export function findItem(request: FindItem): Promise<ItemStanding | undefined> {
  return call({ ...reading(LONG_SECONDS, 'find an item'), retry: { maximumAttempts: 3 } }).findItem(request);
}
