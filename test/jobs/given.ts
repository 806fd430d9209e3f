/** Jobs as they stand, whole and plain; a test names only what it is about. */
import { newJob } from '../../src/jobs/begin';
import { apply, isEnded } from '../../src/jobs/job';
import type { About, EndedJob, FetchStep, Job, JobEvent, PollStep, SubmitStep, Submitted } from '../../src/jobs/model';
import type { Fetch, Monitor, Outcome, Running, Succeeded } from '../../src/lro/monitor';

export const NOW_MS = Date.UTC(2026, 10, 23, 20, 0, 0);
export const NOW = '2026-11-23T20:00:00.000Z';
const HOST = 'https://us.atlas.microsoft.com';

export const PLACE = { page: 0, index: 0 };
export const STATUS_URL = `${HOST}/tilesets/operations/op-1`;
export const TILESET: Outcome = { status: 'Succeeded', resourceLocation: `${HOST}/tilesets/t1`, resourceId: 't1', body: { a: 1 } };
export const FETCH: Fetch = { connection: 'maps', url: `${HOST}/tilesets/t1`, into: ['body'] };

export const monitor: Monitor = {
  connection: 'maps',
  statusUrl: STATUS_URL,
  style: 'monitor',
  operationId: 'op-1',
  acceptedAtMs: NOW_MS,
};

export function about(more: Partial<About> = {}): About {
  return {
    id: '',
    title: 'POST /tilesets · maps',
    connection: 'maps',
    deadlineSeconds: 3600,
    onUncertainSubmit: 'retry',
    minSeconds: 1,
    timeoutSeconds: 30,
    ...more,
  };
}

/** The second of three steps; the first has made a dataset. */
export function chainAbout(more: Partial<About> = {}): About {
  const step = { id: 'tileset', title: 'POST /tilesets · maps', connection: 'maps' };
  const left = [{ id: 'routeset', title: 'POST /routesets · maps', connection: 'maps' }];
  return about({ step, left, ...more });
}

export const DATASET = { id: 'dataset', connection: 'maps', result: resultOfStep('datasets/d1', 4) };

export function resultOfStep(
  path: string,
  polls: number,
): { status: string; resourceLocation: string; resourceId: string; completedAt: string; polls: number } {
  return { status: 'Succeeded', resourceLocation: `${HOST}/${path}`, resourceId: path.split('/')[1] ?? '', completedAt: NOW, polls };
}

function job(step: Job['step'], more: Partial<Job>): Job {
  return { ...PLACE, about: about(), startedAtMs: NOW_MS, deadlineAtMs: NOW_MS + 3_600_000, ...more, step };
}

export function submitting(step: Partial<SubmitStep> = {}, more: Partial<Job> = {}): Job {
  return job({ at: 'submit', dueAtMs: NOW_MS, why: 'start', tries: 0, ...step }, more);
}

export function polling(step: Partial<PollStep> = {}, more: Partial<Job> = {}): Job {
  return job({ at: 'poll', monitor, polls: 3, dueAtMs: NOW_MS, why: 'Retry-After', ...step }, more);
}

export function fetching(step: Partial<FetchStep> = {}, more: Partial<Job> = {}): Job {
  return job({ at: 'fetch', monitor, polls: 3, outcome: TILESET, fetches: [FETCH], dueAtMs: NOW_MS, why: '', ...step }, more);
}

/** As a batch begins an item: nothing is known of it. */
export const NEW_ITEM = newJob(PLACE, { startedAtMs: NOW_MS });

export function submitted(decision: Submitted['decision'], more: Partial<Submitted> = {}): JobEvent {
  return { kind: 'submitted', decision, firstSentAtMs: NOW_MS, ...more };
}

export function polled(decision: Running | Succeeded): JobEvent {
  return { kind: 'polled', decision };
}

/** What an event makes of a job that goes on. */
export function stepAfter(before: Job, event: JobEvent, nowMs = NOW_MS): Job['step'] {
  const after = apply(before, event, nowMs);
  if (isEnded(after)) throw new Error(`it has ended: ${JSON.stringify(after.end)}`);
  return after.step;
}

/** How a job has ended by an event. */
export function ended(before: Job, event: JobEvent, nowMs = NOW_MS): EndedJob {
  const after = apply(before, event, nowMs);
  if (!isEnded(after)) throw new Error(`it goes on: ${JSON.stringify(after.step)}`);
  return after;
}
