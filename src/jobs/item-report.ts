/** A job that has ended, as an item's report tells of it. */
import type { ItemReport } from '../contract';
import { failureOf, jobResult, outcomeOf } from './ends';
import type { EndedJob } from './model';

/** One line of a batch's report. @returns undefined for an item that has no name yet, because it was never sent */
export function itemReport({ job, end }: EndedJob, nowMs: number): ItemReport | undefined {
  const { about } = job;
  if (about === undefined) return undefined;
  const { id, kind = 'operation', generation = 0, labels } = about;
  const common = { id, kind, outcome: outcomeOf(end), generation, labels };
  if (end.kind === 'succeeded') return { ...common, result: jobResult(job, end.steps, nowMs) };
  const { idempotencyKey, firstSentAtMs } = end.maybeAccepted ?? {};
  const firstSentAt = firstSentAtMs === undefined ? undefined : new Date(firstSentAtMs).toISOString();
  return { ...common, failure: failureOf(job, end), idempotencyKey, firstSentAt };
}
