/** How jobs begin, and what they are called in their set. */
import type { Monitor } from '../lro/monitor';
import type { About, Job, Place } from './model';

/** A job that is submitted as soon as possible. */
export function newJob(place: Place, more: Omit<Job, 'step' | 'page' | 'index'> = {}): Job {
  return { ...place, ...more, step: { at: 'submit', dueAtMs: 0, why: 'start', tries: 0 } };
}

/** A job that follows an operation which was started elsewhere. */
export function attachedJob(place: Place, monitor: Monitor, nowMs: number, more: Omit<Job, 'step' | 'page' | 'index'>): Job {
  return { ...place, ...more, step: { at: 'poll', monitor, polls: 0, dueAtMs: nowMs, why: 'first poll' } };
}

/** When a job that began then has to be at its end; undefined: it has no deadline. */
export function deadlineOf({ deadlineSeconds }: Pick<About, 'deadlineSeconds'>, startedAtMs: number): number | undefined {
  return deadlineSeconds > 0 ? startedAtMs + deadlineSeconds * 1000 : undefined;
}

/** A job's name in its set. */
export function keyOf({ page, index }: Place): string {
  return `${page}.${index}`;
}
