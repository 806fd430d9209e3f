/**
 * Calling activities, and what came of it as events of jobs.
 *
 * Keeps true: a worker that dies is noticed by its missing heartbeat in {@link HEARTBEAT_TIMEOUT}, and what only reads is asked again. For
 * submits see `submits.ts`.
 */
import { ActivityCancellationType, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Ask, AskOptions, CancelCall, LroActivities, Page, Source } from '../../activities/messages';
import type { FailureDetails } from '../../contract';
import { keyOf } from '../../jobs/begin';
import type { CleanupStep, Job, JobEvent } from '../../jobs/model';
import { packed, rowsOf } from '../../jobs/packing';
import { failureIn, reasonOf } from '../failures';
import { forOthers, lookupsOf, onAnyWorker } from './elsewhere';

export const HEARTBEAT_TIMEOUT = '5 seconds';
/** Reads are repeated soon and not for ever: beyond this the loop itself waits and asks again. */
const READ_RETRIES = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 10 } as const;
/** Of bodies that are read into files, a little more than the activity takes at most. */
const FILE_READ_SECONDS = 6 * 3600 + 600;
/** After an activity has failed in all its retries. */
const POSTPONE_SECONDS = 10;
/** From so many on that are asked together, see {@link askJobs}. */
const LARGE_FROM = 20;
/** For each resource that is to be deleted. */
const DELETE_SECONDS = 120;

/** What a set of jobs has in common. */
export interface SetSource {
  source: Source;
  pages: ReadonlyMap<number, Page>;
  options: AskOptions;
  /** Nobody reads lines of level debug. */
  isQuiet?: boolean;
}

/** What happened to each job it concerns, in order, by the job's key. */
export type Events = ReadonlyMap<string, readonly JobEvent[]>;

/** Options of activities that only read. */
export function reading(timeoutSeconds: number, summary: string): ActivityOptions {
  return { startToCloseTimeout: boundSeconds(timeoutSeconds) * 1000, heartbeatTimeout: HEARTBEAT_TIMEOUT, retry: READ_RETRIES, summary };
}

/** Options of the activity that checks an input. What it throws besides typed failures would be thrown again: a few tries, then it is the end. */
export const PREPARING: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  retry: { ...READ_RETRIES, maximumAttempts: 8 },
  summary: 'check the input',
};

/** Time for one exchange and its repetition with new credentials, and for its turn at a busy connection. */
export function boundSeconds(timeoutSeconds: number): number {
  return Math.ceil(2 * timeoutSeconds) + 180;
}

export function call(options: ActivityOptions): LroActivities {
  return proxyActivities<LroActivities>(options);
}

/** A manifest that is not what it was. */
export function manifestProblem(err: unknown): FailureDetails | undefined {
  const failure = failureIn(err);
  return failure?.type === 'ManifestInvalid' ? failure : undefined;
}

/** What came of a question; `isCrowded`: too many questions wait on the worker, and this one did not wait for those that were not due. */
export interface AskEnd {
  events: Events;
  isCrowded: boolean;
}

/**
 * Asks the status of jobs, of each when it is due. Throws only when it is cancelled.
 *
 * In a small set each answer is told at once, so that who looks at it sees how it stands. In a large one those that ask for no wait are asked
 * again by the same activity, and one that is cancelled is waited for: an activity that ended while its workflow ends would have Temporal refuse
 * that end, and the workflow begin again from its whole history.
 */
export async function askJobs(jobs: readonly Job[], set: SetSource, nowMs: number): Promise<AskEnd> {
  const lookups = lookupsOf(jobs, nowMs);
  const asks = jobs.flatMap(({ step, ...job }): Ask[] =>
    step.at === 'poll' ? [{ id: keyOf(job), monitor: step.monitor, dueAtMs: step.dueAtMs, waitMs: step.waitMs }] : [],
  );
  const isLarge = asks.length >= LARGE_FROM;
  const options: AskOptions = { ...set.options, lookups, inARow: isLarge ? true : undefined };
  const [first] = jobs;
  const polls = first?.step.at === 'poll' ? first.step.polls : 0;
  const summary = asks.length === 1 ? `status #${polls + 1}` : `status of ${asks.length}`;
  const lastMs = Math.max(0, ...asks.map(({ dueAtMs = 0 }) => dueAtMs - nowMs));
  const cancellationType = isLarge ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED : ActivityCancellationType.TRY_CANCEL;
  const activity = forOthers({ ...reading(longestTimeout(jobs) + lastMs / 1000, summary), cancellationType }, lookups);
  let isCrowded = false;
  const events = await eventsOf(
    asks.map(({ id }) => id),
    async () => {
      const results = rowsOf(await call(activity)['lro.ask'](packed(asks), options));
      isCrowded = results.some(({ early }) => early === true);
      return results.flatMap(({ id, elsewhere, decision, before = [], agoMs, notShared }) => [
        ...before.map((earlier): [string, JobEvent] => [id, { kind: 'polled', decision: earlier, agoMs }]),
        ...eventOf(id, elsewhere, notShared === true ? { kind: 'notShared' } : decision && { kind: 'polled', decision, agoMs }),
      ]);
    },
  );
  return { events, isCrowded };
}

/** Reads results for jobs at `fetch`. Throws only when it is cancelled. */
export function readJobs(jobs: readonly Job[], set: SetSource, nowMs: number): Promise<Events> {
  const options = { ...set.options, lookups: lookupsOf(jobs, nowMs) };
  return readResults(jobs, options, reading(longestTimeout(jobs), ''));
}

/** Reads for jobs whose body goes to a file, until the deadline of the first of them. Throws only when it is cancelled. */
export function readFiles(jobs: readonly Job[], set: SetSource, nowMs: number): Promise<Events> {
  const options = { ...set.options, lookups: lookupsOf(jobs, nowMs) };
  const leftMs = Math.min(...jobs.map(({ deadlineAtMs = Infinity }) => deadlineAtMs - nowMs));
  const until = Number.isFinite(leftMs) ? { scheduleToCloseTimeout: Math.max(1000, leftMs) } : {};
  return readResults(jobs, options, { ...reading(0, ''), startToCloseTimeout: FILE_READ_SECONDS * 1000, ...until });
}

async function readResults(jobs: readonly Job[], options: AskOptions, activity: ActivityOptions): Promise<Events> {
  const requests = jobs.flatMap((job) => {
    const fetch = job.step.at === 'fetch' ? job.step.fetches[0] : undefined;
    return fetch === undefined ? [] : [{ id: keyOf(job), fetch }];
  });
  if (requests.length === 0) return new Map();
  const summary = requests.length === 1 ? `read ${requests[0]?.fetch.into.join(' and ') ?? ''}` : `read the results of ${requests.length}`;
  const ids = requests.map(({ id }) => id);
  return eventsOf(ids, async () => {
    const results = await call(forOthers({ ...activity, summary }, options.lookups))['lro.readResults'](requests, options);
    return results.flatMap(({ id, elsewhere, decision }) => eventOf(id, elsewhere, decision && { kind: 'fetched', decision }));
  });
}

/** What became of one of a set; nothing where it was not begun. */
function eventOf(id: string, elsewhere: string[] | undefined, event: JobEvent | undefined): [string, JobEvent][] {
  if (elsewhere !== undefined) return [[id, { kind: 'elsewhere', on: elsewhere }]];
  return event === undefined ? [] : [[id, event]];
}

/** An activity that failed whatever was tried is no fault of the operations: they are asked again. */
export async function eventsOf(ids: readonly string[], work: () => Promise<[string, JobEvent][]>): Promise<Events> {
  try {
    const events = new Map<string, JobEvent[]>();
    for (const [id, event] of await work()) {
      const earlier = events.get(id);
      if (earlier === undefined) events.set(id, [event]);
      else earlier.push(event);
    }
    return events;
  } catch (err) {
    if (isCancellation(err)) throw err;
    const message = `the worker could not ask: ${reasonOf(err)}`;
    return new Map(ids.map((id) => [id, [{ kind: 'unreachable', message, waitSeconds: POSTPONE_SECONDS }]]));
  }
}

/** Asks the service to cancel operations: a decision for each that was reached, in the order given. Never throws. */
export async function cancelOperations(calls: CancelCall[], timeoutSeconds: number): Promise<Map<string, JobEvent>> {
  const summary = calls.length === 1 ? 'tell the service to cancel' : `tell the service to cancel ${calls.length}`;
  try {
    const options = { ...reading(2 * timeoutSeconds, summary), retry: { maximumAttempts: 1 } };
    const { lookup } = calls.find((one) => one.lookup !== undefined) ?? {};
    const results = await call(forOthers(options, lookup))['lro.cancel'](calls);
    return new Map(results.flatMap(({ id, elsewhere, decision }) => eventOf(id, elsewhere, decision && { kind: 'canceled', decision })));
  } catch (err) {
    const decision = { kind: 'unreachable' as const, reason: reasonOf(err) };
    return new Map(calls.map(({ id }) => [id, { kind: 'canceled', decision }]));
  }
}

/** Deletes what a chain has made. Never throws: what could not be deleted is named. Not cut by a cancellation. */
export async function deleteResources({ requests }: CleanupStep): Promise<JobEvent> {
  const options = reading(DELETE_SECONDS * requests.length, `delete ${requests.map(({ step }) => step).join(', ')}`);
  try {
    const cleaned = await CancellationScope.nonCancellable(() =>
      onAnyWorker((lookup) => call(forOthers(options, lookup))['lro.deleteResources'](requests, { lookup })),
    );
    return { kind: 'cleaned', cleaned };
  } catch (err) {
    const reason = reasonOf(err);
    return { kind: 'cleaned', cleaned: requests.map(({ step, resourceLocation }) => ({ step, resourceLocation, deleted: false, reason })) };
  }
}

export function longestTimeout(jobs: readonly Job[]): number {
  return Math.max(0, ...jobs.map(({ about }) => about?.timeoutSeconds ?? 0));
}
