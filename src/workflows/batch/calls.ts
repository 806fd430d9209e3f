/** Calling the activities of batches (see `../calls.ts`). */
import { proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type {
  BatchActivities,
  FindItem,
  FinishReport,
  PrepareBatchRequest,
  PreparedBatch,
  ReportPage,
  ReportRest,
  RestCounts,
} from '../../activities/batch/messages';
import type { FailureDetails, FileRef, ItemStanding } from '../../contract';
import { manifestProblem, reading } from '../engine/calls';
import { forOthers, onAnyWorker } from '../engine/elsewhere';

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
  const tried = { ...options, retry: { ...options.retry, maximumAttempts: PREPARE_ATTEMPTS } };
  return onAnyWorker((lookup) => call(forOthers(tried, lookup))['lro.prepareBatch']({ ...request, lookup }));
}

export async function writeReportPage(page: ReportPage): Promise<void> {
  const options = { ...reading(PAGE_SECONDS * 2, `report: ${page.ended.length} lines`), retry: WRITE_RETRIES };
  await onAnyWorker((lookup) => call(forOthers(options, lookup))['lro.writeReportPage']({ ...page, lookup }));
}

/** The items by what their lines say, or why the page is no longer there. */
export async function writeReportRest(rest: ReportRest): Promise<{ counts: RestCounts } | { broken: FailureDetails }> {
  const options = { ...reading(PAGE_SECONDS * 2, 'report: items that were not started'), retry: WRITE_RETRIES };
  try {
    return { counts: await onAnyWorker((lookup) => call(forOthers(options, lookup))['lro.writeReportRest']({ ...rest, lookup })) };
  } catch (err) {
    const broken = manifestProblem(err);
    if (broken === undefined) throw err;
    return { broken };
  }
}

/** @throws ActivityFailure `FileRefused` when a page is gone */
export function finishReport(request: FinishReport): Promise<FileRef> {
  const options = { ...reading(LONG_SECONDS, 'put the report together'), retry: WRITE_RETRIES };
  return onAnyWorker((lookup) => call(forOthers(options, lookup))['lro.finishReport']({ ...request, lookup }));
}

export function findItem(request: FindItem): Promise<ItemStanding | undefined> {
  const options = { ...reading(LONG_SECONDS, 'find an item'), retry: { maximumAttempts: 3 } };
  return onAnyWorker((lookup) => call(forOthers(options, lookup))['lro.findItem']({ ...request, lookup }));
}
