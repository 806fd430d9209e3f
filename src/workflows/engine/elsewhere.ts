/**
 * Asking another worker for what the file of the one that took the activity does not have.
 *
 * Keeps true: each time is an activity of its own, so no try of the activity's retries is counted; the activity says when it is enough.
 */
import { sleep, type ActivityOptions } from '@temporalio/workflow';
import type { Elsewhere, LookedUp } from '../../activities/messages';
import type { Job } from '../../jobs/model';
import { keyOf } from '../../jobs/job';
import { LOOKUP_PAUSE_SECONDS } from '../../jobs/lookup';
import { WorkflowClock } from './clock';

/** Calls an activity until it has answered, or refused. @throws what `ask` throws, and CancelledFailure */
export async function onAnyWorker<T>(ask: (lookup: LookedUp) => Promise<T | Elsewhere>): Promise<T> {
  const clock = new WorkflowClock();
  const sinceMs = clock.now();
  for (let lookup: LookedUp = { forSeconds: 0, on: [] }; ;) {
    const answer = await ask(lookup);
    if (!isElsewhere(answer)) return answer;
    const dueAtMs = clock.now() + LOOKUP_PAUSE_SECONDS * 1000;
    await sleep(LOOKUP_PAUSE_SECONDS * 1000, { summary: 'another worker may know more' });
    clock.passed(dueAtMs);
    lookup = { forSeconds: (clock.now() - sinceMs) / 1000, on: answer.elsewhere };
  }
}

/** For an activity that others are to take: the worker which runs the workflow would get it back at once, without a queue (eager dispatch). */
export function forOthers(options: ActivityOptions, { on }: Pick<LookedUp, 'on'>): ActivityOptions {
  return on.length === 0 ? options : { ...options, allowEagerDispatch: false };
}

/** The same for a set: where anything of it is looked for. */
export function forOthersOf(options: ActivityOptions, lookups: Record<string, LookedUp>): ActivityOptions {
  return forOthers(options, { on: Object.values(lookups).flatMap(({ on }) => on) });
}

function isElsewhere(answer: unknown): answer is Elsewhere {
  return typeof answer === 'object' && answer !== null && 'elsewhere' in answer;
}

/** How far the looking for each of them has come, by the job's key; those that nobody had to look for are left out. */
export function lookupsOf(jobs: readonly Job[], nowMs: number, nameOf: (job: Job) => string | number = keyOf): Record<string, LookedUp> {
  return Object.fromEntries(
    jobs.flatMap((job) => {
      const { lookup } = job.step;
      return lookup === undefined ? [] : [[nameOf(job), { forSeconds: (nowMs - lookup.sinceMs) / 1000, on: lookup.on }] as const];
    }),
  );
}
