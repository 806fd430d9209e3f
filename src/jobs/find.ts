/** Looking at the service for what an uncertain submit may have made, as a state of a job. Pure. */
import type { FindDecision } from '../lro/find';
import type { FindStep, Job, SubmitStep } from './model';
import { problemAfter } from './problem';

/** The job looks before it is sent again or given up. @param step as it would be sent again */
export function beginFind(job: Job, step: SubmitStep, nowMs: number): Job {
  return { ...job, step: { ...common(step), at: 'find', sinceMs: nowMs, looks: 0, why: 'look for it' } };
}

/** It is not there yet, or could not be looked for: it is looked for again. */
export function lookAgain(job: Job, step: FindStep, decision: Extract<FindDecision, { kind: 'lookAgain' }>, nowMs: number): Job {
  const { looks, waitSeconds, why, trouble } = decision;
  // What made the submit uncertain is told as long as nothing else is wrong.
  const problem = trouble === undefined ? step.problem : problemAfter(step.problem, trouble, nowMs);
  return { ...job, step: { ...step, looks, dueAtMs: nowMs + waitSeconds * 1000, why, problem } };
}

/** It was not found, and is sent again. @param isProof it was not accepted; else nobody knows */
export function sendAgain(job: Job, step: FindStep, isProof: boolean, nowMs: number): Job {
  const maybeAccepted = isProof ? undefined : step.maybeAccepted;
  const why = isProof ? 'it is not there' : 'it was not found';
  return { ...job, step: { ...common(step), at: 'submit', maybeAccepted, wasLookedFor: true, dueAtMs: nowMs, why } };
}

/** What a submit keeps while it is looked for. */
function common(step: SubmitStep | FindStep): Omit<SubmitStep, 'at' | 'wasLookedFor'> {
  const { tries, firstSentAtMs, maybeAccepted, unauthorizedSinceMs, cookies, thenHurry, dueAtMs, why, problem } = step;
  return { tries, firstSentAtMs, maybeAccepted, unauthorizedSinceMs, cookies, thenHurry, dueAtMs, why, problem };
}
