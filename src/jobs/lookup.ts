/** What a worker's file does not have, another worker's may: looking for it, as a part of a job's step. Pure. */
import type { Job, Lookup } from './model';

/** After another worker has been asked in vain. @param on all that have been asked */
export function lookupAfter(before: Lookup | undefined, on: string[], nowMs: number): Lookup {
  return { sinceMs: before?.sinceMs ?? nowMs, on };
}

/** Before another worker is asked. */
export const LOOKUP_PAUSE_SECONDS = 1;

/** Nothing was sent, and another worker is asked next. @param on identities of the workers on which was looked so far */
export function lookedFor(job: Job, on: string[], nowMs: number): Job {
  const lookup = lookupAfter(job.step.lookup, on, nowMs);
  return { ...job, step: { ...job.step, lookup, dueAtMs: nowMs + LOOKUP_PAUSE_SECONDS * 1000, why: 'another worker may know more' } };
}

/** Somebody knew: whatever is looked for next is looked for anew. */
export function found<S extends Job['step']>(step: S): S {
  return step.lookup === undefined ? step : { ...step, lookup: undefined };
}
