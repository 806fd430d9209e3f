/**
 * How jobs end, in results and in words.
 *
 * Keeps true: what succeeded stays succeeded, and says what of its result could not be read; a failure says what happened, to what, and what is
 * known of the operation at the service.
 */
import type { ChainResult, CleanedResource, FailureDetails, ItemOutcome, Json, OperationResult, Problem, StepMade } from '../contract';
import type { CancelDecision } from '../lro/cancel';
import type { FetchDecision } from '../lro/fetch';
import type { Fetch, Outcome } from '../lro/monitor';
import { wellFormed } from '../lro/text';
import type {
  About,
  DeleteRequest,
  DoneStep,
  FetchStep,
  FindStep,
  Job,
  JobEnd,
  MaybeAccepted,
  PollStep,
  SubmitStep,
  UnsuccessfulEnd,
} from './model';

/** The result of an operation that has succeeded. */
export function resultOf({ outcome, monitor, created, createdText, submittedAtMs, polls }: FetchStep, nowMs: number): DoneStep['result'] {
  return {
    ...outcome,
    created: outcome.created ?? created,
    createdText: outcome.createdText ?? createdText,
    // One word for one meaning, in all dialects; the service's own stands in the body.
    status: 'Succeeded',
    operationId: outcome.operationId ?? monitor?.operationId,
    statusUrl: monitor?.statusUrl,
    submittedAt: submittedAtMs === undefined ? undefined : new Date(submittedAtMs).toISOString(),
    completedAt: new Date(nowMs).toISOString(),
    polls,
  };
}

/** Of each warning that a chain carries to its end. */
const MAX_WARNING_CHARS = 1024;

/** A step's result without what nobody asks for later. */
export function shortened(result: DoneStep['result'], isLast: boolean, withBody: boolean): DoneStep['result'] {
  if (isLast) return result;
  const { body, warning } = result;
  const text = JSON.stringify(warning ?? null);
  const short = text.length <= MAX_WARNING_CHARS ? warning : wellFormed(`${text.slice(0, MAX_WARNING_CHARS)}…`);
  return { ...result, warning: short, body: withBody ? body : undefined, statusUrl: undefined, resource: undefined };
}

type Fetched = Extract<FetchDecision, { kind: 'fetched' }>;

/** The outcome with what a final GET has read. */
export function withRead(outcome: Outcome, fetch: Fetch, { value, cut, file, fileProblem }: Fetched): Outcome {
  const truncated = new Set(outcome.truncated ?? []);
  const read: Outcome & { resource?: Json } = { ...outcome };
  if (file !== undefined) read.file = file;
  if (fileProblem !== undefined) read.missing = { ...outcome.missing, file: fileProblem };
  for (const field of fetch.into) {
    if (field === 'body' && file !== undefined) {
      delete read.body;
      truncated.delete(field);
      continue;
    }
    if (value !== undefined || field === 'resource') read[field] = value;
    truncated.delete(field);
    if (cut) truncated.add(field);
  }
  return { ...read, truncated: truncated.size > 0 ? [...truncated] : undefined };
}

/** The names under which a result misses what was not read. */
export function missingFields({ into, file }: Fetch): string[] {
  return file === undefined ? [...into] : [...into.filter((field) => field !== 'body'), 'file'];
}

/** The outcome without what was still to be read of it, and why. */
export function withMissing(outcome: Outcome, fetches: readonly Fetch[], reason: string): Outcome {
  const fields = fetches.flatMap(missingFields);
  if (fields.length === 0) return outcome;
  return { ...outcome, missing: { ...outcome.missing, ...Object.fromEntries(fields.map((field) => [field, reason])) } };
}

export function failedEnd(failure: FailureDetails): UnsuccessfulEnd {
  return { kind: failure.type === 'OperationCanceled' ? 'canceled' : 'failed', failure };
}

/** Nobody knows whether a submit was accepted, and it is not to be sent twice. */
export function uncertainSubmit({ title }: About, problem: Problem, maybeAccepted: MaybeAccepted): FailureDetails {
  return {
    type: 'SubmissionUncertain',
    message: `nobody knows whether ${title} was accepted, and it is not sent again ("onUncertainSubmit": "fail"): ${problem.message}`,
    httpStatus: problem.httpStatus,
    ...sentAs(maybeAccepted, problem),
  };
}

/** A later try was refused, which says nothing about an earlier one. */
export function afterUncertainSubmit(failure: FailureDetails): FailureDetails {
  return { ...failure, message: `${failure.message} (an earlier try of this submit may have been accepted)` };
}

/** The deadline came before the service had accepted it. */
export function neverAccepted({ about }: Job, { problem, maybeAccepted }: SubmitStep | FindStep): FailureDetails {
  const doubt = maybeAccepted === undefined ? '' : '; an earlier try may have been accepted all the same';
  return {
    type: 'DeadlineExceeded',
    message: `${about?.title ?? 'it'} was not accepted by its deadline; last problem: ${problem?.message ?? 'none'}${doubt}`,
    httpStatus: problem?.httpStatus,
    ...(maybeAccepted === undefined ? {} : sentAs(maybeAccepted, problem)),
  };
}

/** What a service's support asks for. */
function sentAs({ idempotencyKey, firstSentAtMs }: MaybeAccepted, problem: Problem | undefined): Partial<FailureDetails> {
  const firstSentAt = firstSentAtMs === undefined ? undefined : new Date(firstSentAtMs).toISOString();
  return { idempotencyKey, firstSentAt, requestId: problem?.requestId };
}

/** The deadline came before the operation had ended. */
export function deadlineExceeded({ monitor, status, problem }: PollStep): FailureDetails {
  const { operationId, statusUrl } = monitor;
  const last = problem === undefined ? '' : `; last problem: ${problem.message}`;
  return {
    type: 'DeadlineExceeded',
    message: `${nameOf(operationId)} was not finished by its deadline (last status: ${status ?? 'none read'}${last}); it may go on at the service, and a new run can attach to its status URL`,
    operationId,
    statusUrl,
  };
}

/** It waited to be submitted, and will not be. */
export function canceledUnsent({ about, done = [] }: Job, { maybeAccepted, problem }: SubmitStep | FindStep): UnsuccessfulEnd {
  const title = about?.title ?? 'it';
  if (maybeAccepted !== undefined) {
    const message = `nobody knows whether ${title} was accepted, and it was cancelled before it was sent again: ${problem?.message ?? 'no answer'}`;
    const note = 'cancelled while nobody knew whether the service had accepted it';
    return { kind: 'canceled', failure: { type: 'SubmissionUncertain', message, ...sentAs(maybeAccepted, problem) }, note, maybeAccepted };
  }
  if (done.length === 0) return { kind: 'notStarted' };
  return { kind: 'canceled', failure: { type: 'OperationCanceled', message: `cancelled before ${title} was submitted` } };
}

/** It was open at the service, and is canceled. */
export function canceledAtService({ monitor }: PollStep, decision: CancelDecision | undefined): UnsuccessfulEnd {
  const { operationId, statusUrl } = monitor;
  const note = noteOf(decision);
  const message = `${nameOf(operationId)} was cancelled; ${note}`;
  return { kind: 'canceled', failure: { type: 'OperationCanceled', message, operationId, statusUrl }, note };
}

function noteOf(decision: CancelDecision | undefined): string {
  switch (decision?.kind) {
    case undefined:
      return 'the service was not told: the input names no cancel request';
    case 'accepted':
      return `the service was told (${decision.httpStatus})`;
    case 'refused':
    case 'unreachable':
      return `the service was not told: ${decision.reason}`;
    case 'ended':
      return decision.decision.kind === 'failed' ? decision.decision.failure.message : 'the service was told';
  }
}

function nameOf(operationId: string | undefined): string {
  return operationId === undefined ? 'the operation' : `operation ${operationId}`;
}

/** How an item of a batch ended whose job did. */
export function outcomeOf(end: JobEnd): ItemOutcome {
  if (end.kind === 'succeeded' || end.kind === 'invalid' || end.kind === 'notStarted') return end.kind;
  return end.failure?.type === 'SubmissionUncertain' ? 'uncertain' : end.kind;
}

/** What later steps and runs need of a step. @param withBody whether a step refers to its body */
function madeBy({ resourceId, resourceLocation, operationId, body }: DoneStep['result'], withBody: boolean): StepMade {
  return { resourceId, resourceLocation, operationId, body: withBody ? body : undefined };
}

/** What the steps of a chain have made, as later ones refer to it. */
export function madeOf(done: readonly DoneStep[]): Record<string, StepMade> {
  return Object.fromEntries(done.map(({ id, result, withBody }) => [id, madeBy(result, withBody === true)]));
}

/** What there is: given to the chain, or made by it. */
export function thereOf({ about, done = [] }: Job): Record<string, StepMade> {
  return { ...about?.given, ...madeOf(done) };
}

/** The result of a job: of an operation, or of a chain whose last step is done. */
export function jobResult(job: Job, steps: readonly DoneStep[], nowMs: number): OperationResult | ChainResult {
  const { about, startedAtMs = nowMs } = job;
  const labels = about?.labels;
  const last = steps.at(-1);
  if (about?.step === undefined) return { ...(last?.result as OperationResult), labels };
  const { operationId, statusUrl, resourceId, resourceLocation } = last?.result ?? {};
  return {
    status: 'Succeeded',
    operationId,
    statusUrl,
    resourceId,
    resourceLocation,
    made: thereOf(job),
    steps: steps.map(({ id, result }) => ({ ...result, id })),
    startedAt: new Date(startedAtMs).toISOString(),
    completedAt: new Date(nowMs).toISOString(),
    polls: steps.reduce((sum, { result }) => sum + result.polls, 0),
    labels,
  };
}

/** The failure of a job: of an operation its own, of a chain its step's, with what there is. */
export function failureOf(job: Job, { failure, cleaned = [] }: UnsuccessfulEnd): FailureDetails | undefined {
  const { about } = job;
  if (failure === undefined || about?.step === undefined) return failure;
  const { message, httpStatus, operationId, statusUrl } = failure;
  const details: FailureDetails = {
    type: 'StepFailed',
    message: `step "${about.step.id}" (${about.title}) failed: ${message}`,
    httpStatus,
    operationId,
    statusUrl,
    step: about.step.id,
    cause: failure,
    made: thereOf(job),
  };
  return afterCleanup(details, cleaned, about.given ?? {});
}

/** A failure after the cleaning up: it says what could not be deleted, and what there was before is all there is. */
export function afterCleanup(
  failure: FailureDetails,
  cleaned: readonly CleanedResource[],
  given: Record<string, StepMade>,
): FailureDetails {
  if (cleaned.length === 0) return failure;
  const left = cleaned.filter(({ deleted }) => !deleted);
  const reasons = left.map(({ resourceLocation, reason }) => `${resourceLocation} (${reason ?? 'no reason given'})`);
  const message =
    left.length === 0
      ? `${failure.message}; what it had made was deleted`
      : `${failure.message}; of what it had made, these could not be deleted: ${reasons.join(', ')}`;
  return { ...failure, message, made: given, cleanup: [...cleaned] };
}

/** What is to be deleted of steps that this job has done, the last one first. */
export function toDelete(done: readonly DoneStep[]): DeleteRequest[] {
  return done
    .flatMap(({ id, connection, result: { resourceLocation } }) =>
      resourceLocation === undefined ? [] : [{ step: id, connection, resourceLocation }],
    )
    .reverse();
}
