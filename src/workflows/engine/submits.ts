/**
 * Calling the activity that submits, and what came of it as events of jobs.
 *
 * Keeps true: of every submit it is known what is known, whatever happened to its activity: its answer, uncertain, or provably never sent.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, TimeoutFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Claims, Page, SentSubmits, SubmitResult } from '../../activities/messages';
import type { FailureDetails } from '../../contract';
import type { Job, JobEvent } from '../../jobs/model';
import { packed, rowsOf } from '../../jobs/packing';
import type { Uncertain } from '../../lro/monitor';
import { reasonOf } from '../failures';
import { countInterruptedSubmit } from '../metrics';
import { boundSeconds, call, HEARTBEAT_TIMEOUT, longestTimeout, manifestProblem, type Events, type SetSource } from './calls';
import { chunkOf, submitItem } from './chunk';
import { forOthers, lookupsOf } from './elsewhere';

/** A file of a gigabyte over a slow line takes hours. */
const FILE_SUBMIT_SECONDS = 6 * 3600;
/** Of submits whose activity could not even begin, their manifest being out of reach: soon again, not at once. */
const RESTART_SECONDS = 5;
/** Where the connection had no place for any submit of a chunk. */
const NO_PLACE_SECONDS = 1;

/** Options of an activity that submits. */
function submitting(jobs: readonly Job[]): ActivityOptions {
  // Nobody knows yet which inputs stream files.
  const mayStream = jobs.some(({ about }) => about === undefined || about.streamsFile === true);
  return submittingFor(mayStream ? FILE_SUBMIT_SECONDS : boundSeconds(longestTimeout(jobs)), submitSummary(jobs));
}

/** The same for an operation that was not checked yet: its connection's timeout is not known. */
export function submittingUnchecked(summary: string): ActivityOptions {
  return submittingFor(FILE_SUBMIT_SECONDS, summary);
}

/** Temporal must never send a submit again by itself. */
function submittingFor(timeoutSeconds: number, summary: string): ActivityOptions {
  return { startToCloseTimeout: timeoutSeconds * 1000, heartbeatTimeout: HEARTBEAT_TIMEOUT, retry: { maximumAttempts: 1 }, summary };
}

function submitSummary(jobs: readonly Job[]): string {
  const [job, ...others] = jobs;
  if (others.length > 0 || job?.about === undefined) return `submit ${jobs.length}`;
  const { about, step } = job;
  const title = about.step === undefined ? about.title : `${about.step.id}: ${about.title}`;
  return step.at === 'submit' && step.tries > 0 ? `${title} (try ${step.tries + 1})` : title;
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
  const request = { source, page: sentPage(chunk.page), items: packed(items), maxKeptBytes, maxAnswerBytes, lookups };
  try {
    const results = await CancellationScope.nonCancellable(() => call(forOthers(submitting(jobs), lookups))['lro.submit'](request));
    return { events: submitEvents(keys, rowsOf(results)) };
  } catch (err) {
    const broken = manifestProblem(err);
    if (broken !== undefined) return { events: new Map(), broken };
    return { events: submitEvents(keys, resultsOf(err, [...keys.keys()])) };
  }
}

function sentPage(page: Page): SentSubmits['page'] {
  return 'items' in page ? { ...page, items: packed(page.items) } : page;
}

/** What is known of submits whose activity did not live to return. */
function resultsOf(err: unknown, indexes: readonly number[]): SubmitResult[] {
  const claims = claimsOf(err);
  // It ended with an error of its own before it claimed anything.
  if (claims === undefined) return indexes.map((index) => ({ index, waitSeconds: RESTART_SECONDS, trouble: { message: reasonOf(err) } }));
  const answers = rowsOf(claims.answered);
  const answered = new Set(answers.map(({ index }) => index));
  const uncertain = rowsOf(claims.claimed)
    .filter(({ index }) => !answered.has(index))
    .map((claim) => ({ ...claim, decision: INTERRUPTED }));
  for (const { about } of uncertain) countInterruptedSubmit(about.connection);
  return [...answers, ...uncertain];
}

/** What is known of a single submit whose activity did not live to return; undefined: it was provably never sent. */
export function interruptedEvent(err: unknown): JobEvent | undefined {
  const [result] = resultsOf(err, []);
  return result && submittedEvent(result);
}

/** @param otherwiseSeconds the wait of one that says none */
export function submittedEvent(result: SubmitResult, otherwiseSeconds?: number): JobEvent {
  const { elsewhere, about, decision, waitSeconds = otherwiseSeconds, trouble, firstSentAtMs, maybeAccepted } = result;
  if (elsewhere !== undefined) return { kind: 'elsewhere', on: elsewhere };
  return { kind: 'submitted', about, decision, waitSeconds, trouble, firstSentAtMs, maybeAccepted };
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
  for (const result of results) {
    const key = keys.get(result.index);
    if (key !== undefined) events.set(key, [submittedEvent(result, waitSeconds)]);
  }
  return events;
}
