/**
 * What workflows count: how operations and items end. Nothing is counted when a history is replayed; a workflow task that fails after it has
 * counted is done again, and counts again.
 */
import { ApplicationFailure, isCancellation, metricMeter } from '@temporalio/workflow';
import { FAILURE_TYPES, type FailureDetails, type FailureType, type ItemOutcome } from '../contract';
import { UNKNOWN, WORKFLOW_METRICS, type MetricDescription, type OperationOutcome } from '../metrics/catalog';

/** Failures of an input that no worker has sent anything for. */
const INVALID: readonly FailureType[] = ['InvalidInput', 'UnknownConnection'];

/** Runs an operation to its end, and counts that. @param connectionOf as a worker's file knows it; undefined: none was found */
export async function countingEnd<T>(work: () => Promise<T>, connectionOf: () => string | undefined): Promise<T> {
  try {
    const result = await work();
    ended(connectionOf(), 'succeeded', '');
    return result;
  } catch (err) {
    // Anything else goes on, in a new run or in another try of the task.
    if (isCancellation(err)) ended(connectionOf(), 'canceled', '');
    else if (err instanceof ApplicationFailure) ended(connectionOf(), outcomeOf(err), typeOf(err));
    throw err;
  }
}

/** Items of a batch have ended. */
export function countItems(outcome: ItemOutcome, items = 1): void {
  if (items > 0) count(WORKFLOW_METRICS.itemsEnded, { outcome }, items);
}

/** The report of a batch could not be put together. */
export function countLostReport(): void {
  count(WORKFLOW_METRICS.reportsLost, {}, 1);
}

/** A worker ended while it was submitting. @param connection as the worker knew it */
export function countInterruptedSubmit(connection: string): void {
  count(WORKFLOW_METRICS.uncertainSubmits, { connection }, 1);
}

function ended(connection: string | undefined, outcome: OperationOutcome, failure: string): void {
  count(WORKFLOW_METRICS.operationsEnded, { connection: connection ?? UNKNOWN, outcome, failure }, 1);
}

function count({ name, text }: MetricDescription, tags: Record<string, string>, more: number): void {
  metricMeter.createCounter(name, undefined, text).add(more, tags);
}

function typeOf({ type }: ApplicationFailure): string {
  return FAILURE_TYPES.find((known) => known === type) ?? 'other';
}

function outcomeOf(failure: ApplicationFailure): OperationOutcome {
  const details = failure.details?.[0] as FailureDetails | undefined;
  // Of a chain the failure of its step says it.
  const type = details?.cause?.type ?? failure.type;
  if (type === 'OperationCanceled') return 'canceled';
  if (type === 'SubmissionUncertain') return 'uncertain';
  return INVALID.some((known) => known === type) ? 'invalid' : 'failed';
}
