/**
 * Calling activities, and what came of it as events of jobs.
 *
 * Keeps true:
 * 1. A worker that dies is noticed by its missing heartbeat in {@link HEARTBEAT_TIMEOUT}, and what only reads is asked again.
 * 2. Of every submit it is known what is known, whatever happened to its activity: its answer, uncertain, or provably never sent.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  TimeoutFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Ask, AskOptions, CancelCall, Claims, LroActivities, Page, Source, SubmitResult } from '../../activities/messages';
import type { FailureDetails } from '../../contract';
import { keyOf } from '../../jobs/begin';
import type { CleanupStep, Job, JobEvent } from '../../jobs/model';
import type { Uncertain } from '../../lro/monitor';
import { failureIn, reasonOf } from '../failures';
import { countInterruptedSubmit } from '../metrics';
import { chunkOf, submitItem } from './chunk';
import { forOthers, lookupsOf, onAnyWorker } from './elsewhere';

const HEARTBEAT_TIMEOUT = '5 seconds';
/** Reads are repeated soon and not for ever: beyond this the loop itself waits and asks again. */
const READ_RETRIES = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 10 } as const;
/** A file of a gigabyte over a slow line takes hours. */
const FILE_SUBMIT_SECONDS = 6 * 3600;
/** Of bodies that are read into files, a little more than the activity takes at most. */
const FILE_READ_SECONDS = 6 * 3600 + 600;
/** After an activity has failed in all its retries. */
const POSTPONE_SECONDS = 10;
/** Of submits whose activity could not even begin, their manifest being out of reach: soon again, not at once. */
const RESTART_SECONDS = 5;
/** Where the connection had no place for any submit of a chunk. */
const NO_PLACE_SECONDS = 1;
/** Of so many that are asked together, those that ask for no wait may be asked again by the same activity. */
const IN_A_ROW_FROM = 20;
/** For each resource that is to be deleted. */
const DELETE_SECONDS = 120;

/** What a set of jobs has in common. */
export interface SetSource {
  source: Source;
  pages: ReadonlyMap<number, Page>;
  options: AskOptions;
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

/** Options of an activity that submits. Temporal must never send a submit again by itself. */
function submitting(jobs: readonly Job[]): ActivityOptions {
  // Nobody knows yet which inputs stream files.
  const mayStream = jobs.some(({ about }) => about === undefined || about.streamsFile === true);
  return {
    startToCloseTimeout: (mayStream ? FILE_SUBMIT_SECONDS : boundSeconds(longestTimeout(jobs))) * 1000,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { maximumAttempts: 1 },
    summary: submitSummary(jobs),
  };
}

function submitSummary(jobs: readonly Job[]): string {
  const [job, ...others] = jobs;
  if (others.length > 0 || job?.about === undefined) return `submit ${jobs.length}`;
  const { about, step } = job;
  const title = about.step === undefined ? about.title : `${about.step.id}: ${about.title}`;
  return step.at === 'submit' && step.tries > 0 ? `${title} (try ${step.tries + 1})` : title;
}

/** Time for one exchange and its repetition with new credentials, and for its turn at a busy connection. */
function boundSeconds(timeoutSeconds: number): number {
  return Math.ceil(2 * timeoutSeconds) + 180;
}

export function call(options: ActivityOptions): LroActivities {
  return proxyActivities<LroActivities>(options);
}

/** What became of submits; `broken`: their manifest is not what it was, so none can be sent any more. */
export interface SubmitsEnd {
  events: Events;
  broken?: FailureDetails;
}

/**
 * Submits jobs of one page. Not cut by a cancellation. Never throws.
 * @param nowMs first try of those that were not tried yet
 * @param answerBytes of all that their answers may come to; Infinity: as much as an activity may return
 */
export async function submitJobs(
  jobs: readonly Job[],
  { source, pages, options }: SetSource,
  nowMs: number,
  answerBytes: number,
): Promise<SubmitsEnd> {
  const chunk = chunkOf(jobs, pages);
  if (chunk === undefined) return { events: new Map() };
  const { keys } = chunk;
  const items = jobs.map((job) => submitItem(job, chunk.indexOf(job), nowMs));
  const lookups = lookupsOf(jobs, nowMs, chunk.indexOf);
  const maxAnswerBytes = Number.isFinite(answerBytes) ? answerBytes : undefined;
  const { maxKeptBytes } = options;
  const request = { source, page: chunk.page, items, maxKeptBytes, maxAnswerBytes, lookups };
  try {
    const results = await CancellationScope.nonCancellable(() => call(forOthers(submitting(jobs), lookups))['lro.submit'](request));
    return { events: submitEvents(keys, results) };
  } catch (err) {
    const broken = manifestProblem(err);
    if (broken !== undefined) return { events: new Map(), broken };
    return { events: submitEvents(keys, resultsOf(err, [...keys.keys()])) };
  }
}

/** What is known of submits whose activity did not live to return. */
function resultsOf(err: unknown, indexes: readonly number[]): SubmitResult[] {
  const claims = claimsOf(err);
  // It ended with an error of its own before it claimed anything.
  if (claims === undefined) return indexes.map((index) => ({ index, waitSeconds: RESTART_SECONDS, trouble: { message: reasonOf(err) } }));
  const answered = new Set(claims.answered.map(({ index }) => index));
  const uncertain = claims.claimed.filter(({ index }) => !answered.has(index)).map((claim) => ({ ...claim, decision: INTERRUPTED }));
  for (const { about } of uncertain) countInterruptedSubmit(about.connection);
  return [...claims.answered, ...uncertain];
}

/** A submit that was claimed by an activity that did not live to tell its answer. */
const INTERRUPTED: Uncertain = {
  kind: 'uncertain',
  waitSeconds: 0,
  why: 'backoff',
  trouble: { message: 'the worker ended while the submit was under way', kind: 'Uncertain' },
};

/** What an activity that submits had claimed when it ended; `undefined` when it ended before. */
function claimsOf(err: unknown): Claims | undefined {
  const cause = err instanceof ActivityFailure ? err.cause : undefined;
  // No heartbeat at all: nothing was claimed, so nothing was sent.
  if (cause instanceof TimeoutFailure) return (cause.lastHeartbeatDetails as Claims | undefined) ?? { claimed: [], answered: [] };
  return cause instanceof ApplicationFailure && cause.type === 'SubmitInterrupted' ? (cause.details?.[0] as Claims) : undefined;
}

function submitEvents(keys: ReadonlyMap<number, string>, results: readonly SubmitResult[]): Events {
  const events = new Map<string, JobEvent[]>();
  // Where nothing at all could be sent, trying again at once would find the connection as busy.
  const waitSeconds = results.some(({ decision }) => decision !== undefined) ? 0 : NO_PLACE_SECONDS;
  for (const key of keys.values()) events.set(key, [{ kind: 'submitted', waitSeconds }]);
  for (const { index, elsewhere, ...result } of results) {
    const key = keys.get(index);
    if (key !== undefined && elsewhere !== undefined) events.set(key, [{ kind: 'elsewhere', on: elsewhere }]);
    else if (key !== undefined) events.set(key, [{ kind: 'submitted', ...result, waitSeconds: result.waitSeconds ?? waitSeconds }]);
  }
  return events;
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

/** Asks the status of jobs, of each when it is due. Throws only when it is cancelled. */
export async function askJobs(jobs: readonly Job[], set: SetSource, nowMs: number): Promise<AskEnd> {
  const lookups = lookupsOf(jobs, nowMs);
  const asks = jobs.flatMap(({ step, ...job }): Ask[] =>
    step.at === 'poll' ? [{ id: keyOf(job), monitor: step.monitor, dueAtMs: step.dueAtMs, waitMs: step.waitMs }] : [],
  );
  // In a small set each answer is told at once: who looks at it sees how it stands.
  const inARow = asks.length >= IN_A_ROW_FROM ? true : undefined;
  const options: AskOptions = { ...set.options, lookups, inARow };
  const [first] = jobs;
  const polls = first?.step.at === 'poll' ? first.step.polls : 0;
  const summary = asks.length === 1 ? `status #${polls + 1}` : `status of ${asks.length}`;
  const lastMs = Math.max(0, ...asks.map(({ dueAtMs = 0 }) => dueAtMs - nowMs));
  const activity = forOthers(reading(longestTimeout(jobs) + lastMs / 1000, summary), lookups);
  let isCrowded = false;
  const events = await eventsOf(
    asks.map(({ id }) => id),
    async () => {
      const results = await call(activity)['lro.ask'](asks, options);
      isCrowded = results.some(({ early }) => early === true);
      return results.flatMap(({ id, elsewhere, decision, before = [], agoMs }) => [
        ...before.map((earlier): [string, JobEvent] => [id, { kind: 'polled', decision: earlier, agoMs }]),
        ...eventOf(id, elsewhere, decision && { kind: 'polled', decision, agoMs }),
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
