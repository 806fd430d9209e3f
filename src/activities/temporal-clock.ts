/**
 * The time as Temporal has it, for what lasts longer than one activity: since when a service has been away, how long ago a submit was sent.
 *
 * Keeps true: it does not depend on the wall clock of the worker. Clocks of workers differ and are set, and what one began another may end: a
 * worker whose clock is ahead would take a job for absent that is only not yet to be seen, and send it again.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Context } from '@temporalio/activity';

interface Moment {
  /** When Temporal scheduled this try of the activity: its clock, milliseconds since the epoch. */
  scheduledAtMs: number;
  /** When it began here, by this process's monotonic clock. */
  beganAtMs: number;
}

const moments = new AsyncLocalStorage<Moment>();

type Activity = (...args: never[]) => Promise<unknown>;

/** Activities within which {@link temporalNowMs} is Temporal's time. */
export function onTemporalTime<A extends { [name in keyof A]: Activity }>(activities: A): A {
  const timed = Object.entries<Activity>(activities).map(([name, activity]) => {
    const begin: Activity = (...args) => {
      const { currentAttemptScheduledTimestampMs: scheduledAtMs } = Context.current().info;
      return moments.run({ scheduledAtMs, beganAtMs: performance.now() }, () => activity(...args));
    };
    return [name, begin];
  });
  return Object.fromEntries(timed) as A;
}

/**
 * Milliseconds since the epoch by Temporal's clock: never later than it is there, and earlier by how long the activity had waited for a worker.
 * Outside of an activity: by this machine's.
 */
export function temporalNowMs(): number {
  const moment = moments.getStore();
  return moment === undefined ? Date.now() : moment.scheduledAtMs + performance.now() - moment.beganAtMs;
}
