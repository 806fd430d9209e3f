/**
 * Asking another worker for what the file of the one that took the activity does not have.
 *
 * Keeps true: each time is an activity of its own, so no try of the activity's retries is counted; the activity says when it is enough.
 */
import { ActivityFailure, ApplicationFailure, sleep, type ActivityOptions } from '@temporalio/workflow';
import type { Elsewhere, LookedUp } from '../../activities/messages';
import { ENCRYPTION_KEY_UNKNOWN } from '../../contract';
import type { Job, Lookup } from '../../jobs/model';
import { keyOf } from '../../jobs/begin';
import { LOOKUP_PAUSE_SECONDS } from '../../jobs/lookup';
import { WorkflowClock } from './clock';

/** Until a worker with the key that an activity needs is looked for again. */
const KEY_PAUSE_SECONDS = 30;

type Lookups = Record<string, LookedUp>;

/** Calls an activity until it has answered, or refused. @throws what `ask` throws, and CancelledFailure */
export async function onAnyWorker<T>(ask: (lookup: LookedUp | undefined) => Promise<T | Elsewhere>): Promise<T> {
  const clock = new WorkflowClock();
  const sinceMs = clock.now();
  for (let lookup: LookedUp | undefined; ;) {
    const answer = await askWithKey(() => ask(lookup));
    if (!isElsewhere(answer)) return answer;
    const dueAtMs = clock.now() + LOOKUP_PAUSE_SECONDS * 1000;
    await sleep(LOOKUP_PAUSE_SECONDS * 1000, { summary: 'another worker may know more' });
    clock.passed(dueAtMs);
    lookup = lookedUp({ sinceMs, on: answer.elsewhere }, clock.now());
  }
}

/** An input that the workers cannot decrypt is no input that is wrong: it waits for a worker that can, however long that takes. */
async function askWithKey<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (err) {
      const cause = err instanceof ActivityFailure ? err.cause : undefined;
      if (!(cause instanceof ApplicationFailure) || cause.type !== ENCRYPTION_KEY_UNKNOWN) throw err;
      await sleep(KEY_PAUSE_SECONDS * 1000, { summary: 'no worker has had the encryption key yet' });
    }
  }
}

/** For an activity that others are to take: the worker which runs the workflow would get it back at once, without a queue (eager dispatch). */
export function forOthers(options: ActivityOptions, lookup: LookedUp | Lookups | undefined): ActivityOptions {
  return lookup === undefined ? options : { ...options, allowEagerDispatch: false };
}

function isElsewhere(answer: unknown): answer is Elsewhere {
  return typeof answer === 'object' && answer !== null && 'elsewhere' in answer;
}

/** How far the looking has come, as an activity is told. */
export function lookedUp({ sinceMs, on }: Lookup, nowMs: number): LookedUp {
  return { forSeconds: (nowMs - sinceMs) / 1000, on };
}

/** How far the looking for each of them has come, by the job's key; undefined where nobody has to look for any. */
export function lookupsOf(jobs: readonly Job[], nowMs: number, nameOf: (job: Job) => string | number = keyOf): Lookups | undefined {
  const lookups = Object.fromEntries(
    jobs.flatMap((job) => {
      const { lookup } = job.step;
      return lookup === undefined ? [] : [[nameOf(job), lookedUp(lookup, nowMs)] as const];
    }),
  );
  return Object.keys(lookups).length === 0 ? undefined : lookups;
}
