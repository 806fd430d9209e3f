/** Calling the activities of batches (see `../calls.ts`). */
import { ActivityFailure, ApplicationFailure, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type {
  BatchActivities,
  CancelledOne,
  CancelOne,
  ChunkClaims,
  ChunkResult,
  FindItem,
  FinishReport,
  PrepareBatchRequest,
  PreparedBatch,
  ReportPage,
  ReportRest,
  RestCounts,
  SubmitChunk,
} from '../../activities/batch/messages';
import type { FailureDetails, FileRef, ItemStanding } from '../../contract';
import { claimsOf, INTERRUPTED, reading, submitting } from '../calls';

/** Writing goes on until it succeeds: a full disk is mended by people, and the batch waits for them. */
const WRITE_RETRIES = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;
/** Reading a large manifest, writing a large report. */
const LONG_SECONDS = 7200;
/** A manifest or a report that is out of reach is asked for during half a minute, then the batch is refused: nothing is lost with it. */
const PREPARE_ATTEMPTS = 6;
/** For one page of items from a store that is slow to answer. */
const PAGE_SECONDS = 60;

function call(options: ActivityOptions): BatchActivities {
  return proxyActivities<BatchActivities>(options);
}

/** @throws ActivityFailure whose cause is the typed failure */
export function prepareBatch(request: PrepareBatchRequest): Promise<PreparedBatch> {
  const options = reading(LONG_SECONDS, 'check the batch');
  return call({ ...options, retry: { ...options.retry, maximumAttempts: PREPARE_ATTEMPTS } }).prepareBatch(request);
}

/** What became of a chunk: results of all its items (none with a `problem`: it could not even begin), or why none could be submitted. */
export type ChunkEnd = { results: ChunkResult[]; problem?: string } | { broken: FailureDetails };

/** Of items that were not sent because their activity could not even begin, their manifest being out of reach: soon again, not at once. */
export const RESTART_SECONDS = 5;

/** Submits items of one page. Not cut by a cancellation. Never throws, as long as it is known what was claimed. */
export async function submitItems(chunk: SubmitChunk, summary: string): Promise<ChunkEnd> {
  try {
    // Its items may stream files, nobody knows yet.
    const options = submitting(0, true, summary);
    return { results: await CancellationScope.nonCancellable(() => call(options).submitItems(chunk)) };
  } catch (err) {
    const cause = err instanceof ActivityFailure ? err.cause : undefined;
    const broken = manifestProblem(err);
    if (broken !== undefined) return { broken };
    const claims = claimsOf<ChunkClaims>(err);
    // It ended with an error of its own before it claimed anything.
    if (claims === undefined && cause instanceof ApplicationFailure) return { results: [], problem: messageOf(err) };
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

/** The items by what their lines say, or why the page is no longer there. */
export async function writeReportRest(rest: ReportRest): Promise<{ counts: RestCounts } | { broken: FailureDetails }> {
  const options = { ...reading(PAGE_SECONDS * 2, 'report: items that were not started'), retry: WRITE_RETRIES };
  try {
    return { counts: await call(options).writeReportRest(rest) };
  } catch (err) {
    const broken = manifestProblem(err);
    if (broken === undefined) throw err;
    return { broken };
  }
}

function messageOf(err: unknown): string {
  const cause = err instanceof ActivityFailure ? err.cause : err;
  return cause instanceof Error ? cause.message : String(cause);
}

/** A manifest that is not what it was. */
function manifestProblem(err: unknown): FailureDetails | undefined {
  const cause = err instanceof ActivityFailure ? err.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'ManifestInvalid' ? (cause.details?.[0] as FailureDetails) : undefined;
}

/** @throws ActivityFailure `FileRefused` when a page is gone */
export function finishReport(request: FinishReport): Promise<FileRef> {
  return call({ ...reading(LONG_SECONDS, 'put the report together'), retry: WRITE_RETRIES }).finishReport(request);
}

export function cancelMany(calls: CancelOne[], timeoutSeconds: number): Promise<CancelledOne[]> {
  return call(reading(2 * timeoutSeconds, `tell the service to cancel ${calls.length}`)).cancelMany(calls);
}

export function findItem(request: FindItem): Promise<ItemStanding | undefined> {
  return call({ ...reading(LONG_SECONDS, 'find an item'), retry: { maximumAttempts: 3 } }).findItem(request);
}
