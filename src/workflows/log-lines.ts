/**
 * What workflows say in the worker's log. The SDK adds the workflow's id and run to each line, and leaves lines out in a replay.
 *
 * Keeps true: a line for what becomes of an operation, a chain or a batch (level info); one for an item of a batch at level debug only, for
 * there may be a million of them. Nothing here is a command of the workflow.
 */
import { ContinueAsNew, isCancellation, log } from '@temporalio/workflow';
import type { Page } from '../activities/messages';
import type { FailureDetails } from '../contract';
import { outcomeOf } from '../jobs/ends';
import { isEnded } from '../jobs/job';
import type { EndedJob, Job, JobEvent } from '../jobs/model';
import { failureIn } from './failures';

const MAX_REASON_CHARS = 300;

/** The set that a job is one of. */
interface LoggedSet {
  pages: ReadonlyMap<number, Page>;
  isQuiet?: boolean;
}

/** What became of a job with an event. */
export function logChange(before: Job, result: Job | EndedJob, event: JobEvent, set: LoggedSet): void {
  const [page] = set.pages.values();
  const isItem = page === undefined || !('single' in page);
  const { job: after, end } = isEnded(result) ? result : { job: result };
  const { at } = after.step;
  const wasSubmitting = before.step.at === 'submit' || before.step.at === 'find';
  if (!isItem && wasSubmitting && (at === 'poll' || at === 'fetch')) log.info('operation accepted', fieldsOf(after));
  if (event.kind === 'submitted' && event.decision?.kind === 'uncertain') {
    const { message, httpStatus, requestId } = event.decision.trouble;
    const fields = { ...fieldsOf(after), reason: message.slice(0, MAX_REASON_CHARS), httpStatus, requestId };
    log[isItem ? 'debug' : 'warn']('uncertain submit: nobody knows whether the service has accepted it', fields);
  }
  // Each line leaves the workflow's thread, also one that the log leaves out.
  if (!isItem || end === undefined || set.isQuiet === true) return;
  const failureType = end.kind === 'succeeded' ? undefined : end.failure?.type;
  log.debug('item ended', { ...fieldsOf(after), outcome: outcomeOf(end), failureType });
}

function fieldsOf({ about, step }: Job): Record<string, unknown> {
  const { id, connection, step: current } = about ?? {};
  const operationId = step.at === 'poll' || step.at === 'fetch' ? step.monitor?.operationId : undefined;
  return { item: id === '' ? undefined : id, connection, step: current?.id, operationId };
}

type Kind = 'operation' | 'chain' | 'tileset' | 'batch';

/** It has ended well. */
export function logSuccess(kind: Kind, fields: Record<string, unknown>): void {
  log.info(`${kind} ended`, { outcome: 'succeeded', ...fields });
}

/** It ends with an error: it failed, was cancelled, or goes on in a new run, which is no end. */
export function logError(kind: Kind, err: unknown, fields: Record<string, unknown>): void {
  if (err instanceof ContinueAsNew) return;
  const isCanceled = isCancellation(err);
  const failure = isCanceled ? undefined : failureIn(err);
  log.info(`${kind} ended`, { outcome: isCanceled ? 'canceled' : 'failed', ...fields, ...failureFields(failure) });
}

function failureFields(failure: FailureDetails | undefined): Record<string, unknown> {
  if (failure === undefined) return {};
  const { type, message, httpStatus, operationId, requestId, correlationId, step, cause } = failure;
  const ids = { operationId, requestId: requestId ?? cause?.requestId, correlationId: correlationId ?? cause?.correlationId };
  return { failureType: type, causeType: cause?.type, reason: message.slice(0, MAX_REASON_CHARS), httpStatus, step, ...ids };
}
