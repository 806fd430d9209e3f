/**
 * Getting one operation accepted: submit, and where it was not taken or nobody knows, wait durably and do what the caller chose.
 *
 * Keeps true:
 * 1. With `onUncertainSubmit: "fail"` no second submit follows one that may have arrived.
 * 2. Nothing is sent after the workflow was cancelled, or after the deadline.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { FailureDetails, Problem } from '../contract';
import type { SubmitItem } from '../activities/messages';
import type { Cookies } from '../lro/cookies';
import type { Accepted, Failed, SubmitDecision, Succeeded } from '../lro/monitor';
import { submitAll } from './calls';
import { WorkflowClock } from './clock';
import { isoNow } from './loop';

/** A submit on its way; plain JSON. */
export interface Submission {
  item: SubmitItem;
  title: string;
  timeoutSeconds: number;
  streamsFile: boolean;
  deadlineAtMs?: number;
  /** An earlier try may have been accepted. */
  maybeAccepted?: boolean;
  lastProblem?: Problem;
  nextTryAtMs?: number;
}

/** How it ended, or `paused` before the next try. */
export type SubmissionEnd = Accepted | Succeeded | Failed | { kind: 'paused' };

/** Submits until the service has taken it or refused it, the deadline has come, or `pause` says so between two tries. Throws only when it is cancelled. */
export async function getAccepted(submission: Submission, changed: () => void, pause: () => boolean): Promise<SubmissionEnd> {
  const clock = new WorkflowClock();
  for (;;) {
    // A try that is to follow at once passes no timer, and is not cut itself: nothing else would tell of a cancellation.
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) await scope.cancelRequested;
    const deadlineAtMs = submission.deadlineAtMs ?? Infinity;
    if (clock.now() >= deadlineAtMs) return { kind: 'failed', failure: neverAccepted(submission) };
    const { item } = submission;
    const attempt = (item.attempts ?? 0) + 1;
    const summary = attempt === 1 ? submission.title : `${submission.title} (try ${attempt})`;
    const [result] = await submitAll([item], submission.timeoutSeconds, submission.streamsFile, summary);
    if (result === undefined) continue;
    const next = afterTry(submission, item.onUncertainSubmit, result.decision);
    if (next.kind !== 'again') return next;
    submission.item = { ...item, attempts: attempt, cookies: next.cookies ?? item.cookies };
    submission.nextTryAtMs = Math.min(next.dueAtMs, deadlineAtMs);
    changed();
    await waitUntil(submission.nextTryAtMs, next.dueAtMs <= deadlineAtMs ? next.why : 'deadline');
    clock.passed(submission.nextTryAtMs);
    submission.nextTryAtMs = undefined;
    if (pause()) return { kind: 'paused' };
  }
}

/** What is remembered of the tries of one submit. */
export interface Tries {
  title: string;
  maybeAccepted?: boolean;
  lastProblem?: Problem;
}

export interface TryAgain {
  kind: 'again';
  dueAtMs: number;
  why: string;
  cookies?: Cookies;
}

/** What one try means: the end of the submission, or when to try again. Remembers what went wrong in `tries`. */
export function afterTry(
  tries: Tries,
  onUncertainSubmit: 'retry' | 'fail',
  decision: SubmitDecision,
): Accepted | Succeeded | Failed | TryAgain {
  if (decision.kind === 'accepted' || decision.kind === 'succeeded') return decision;
  if (decision.kind === 'failed')
    return tries.maybeAccepted === true ? { ...decision, failure: afterUncertainTry(decision.failure) } : decision;
  tries.lastProblem = { ...decision.trouble, at: isoNow() };
  if (decision.kind === 'uncertain') {
    tries.maybeAccepted = true;
    if (onUncertainSubmit === 'fail') return { kind: 'failed', failure: uncertain(tries) };
  }
  return { kind: 'again', dueAtMs: Date.now() + decision.waitSeconds * 1000, why: decision.why, cookies: decision.cookies };
}

async function waitUntil(atMs: number, why: string): Promise<void> {
  const waitMs = Math.ceil(atMs - Date.now());
  if (waitMs > 0) await sleep(waitMs, { summary: `wait ${waitMs / 1000} s to submit again (${why})` });
}

function uncertain({ title, lastProblem }: Tries): FailureDetails {
  return {
    type: 'SubmissionUncertain',
    message: `nobody knows whether ${title} was accepted, and it is not sent again ("onUncertainSubmit": "fail"): ${lastProblem?.message ?? 'no answer'}`,
    ...(lastProblem?.httpStatus === undefined ? {} : { httpStatus: lastProblem.httpStatus }),
  };
}

/** @returns the failure of a submit whose deadline came first */
export function neverAccepted({ title, lastProblem, maybeAccepted }: Tries): FailureDetails {
  const doubt = maybeAccepted === true ? '; an earlier try may have been accepted all the same' : '';
  return {
    type: 'DeadlineExceeded',
    message: `${title} was not accepted by its deadline; last problem: ${lastProblem?.message ?? 'none'}${doubt}`,
    ...(lastProblem?.httpStatus === undefined ? {} : { httpStatus: lastProblem.httpStatus }),
  };
}

/** A later try was refused, which says nothing about an earlier one. */
function afterUncertainTry(failure: FailureDetails): FailureDetails {
  return { ...failure, message: `${failure.message} (an earlier try of this submit may have been accepted)` };
}
