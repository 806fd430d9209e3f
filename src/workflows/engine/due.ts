/**
 * What of a set of jobs is to be done, and when: gathering, chunk size, rate and room. Pure; the time is passed in.
 *
 * Keeps true: nothing is taken before it is due; what is gathered waits at most {@link GATHER_SECONDS} longer than due.
 */
import type { Job, PollStep } from '../../jobs/model';

/** Submits in one activity: with more, one that is slow to be answered holds up more; with fewer, each costs more history. */
const CHUNK_JOBS = 100;
/** Submit activities under way: while one is answered the next is sent. */
export const MAX_SUBMIT_FLIGHTS = 2;
/** Smaller chunks of new jobs are not worth their history while others are open. */
const WORTHWHILE_JOBS = 50;
const WORTHWHILE_PART = 0.1;

/** Operations asked in one activity at most: the others go with the next one, which spreads what comes due together. */
const MAX_ASKED = 500;
/** Of what is passed on to have jobs submitted (their inputs, where these are no manifest's, cookies, and what earlier steps have made) or canceled. */
const MAX_PASSED_BYTES = 524_288;

/** Bodies read into files by one activity, which returns when the last of them is read; and activities that do so. */
const FILES_READ = 10;
export const MAX_FILE_FLIGHTS = 2;

/**
 * In sets of so many, a question begins so long before the first of its members is due, and waits itself for each: Temporal's timers have a
 * granularity of about a second.
 */
export const TIMED_FROM = 20;
const LEAD_MS = 1000;
/** It takes along those that come due so much later: in parts of the first one's wait, and at most. */
const WINDOW_PART = 0.1;
const MAX_WINDOW_MS = 2000;
/** A worker on which too many questions wait is given none that wait for so long. */
export const CROWDED_SECONDS = 60;

/** Where questions do not wait, those that come due one by one are asked together: when so large a part of all is due, and not much later than due. */
const GATHERED_FROM = TIMED_FROM;
const GATHERED_PART = 0.2;
const GATHER_SECONDS = 0.5;

export interface SubmitLimits {
  /** Jobs of the set that are open at once. */
  maxInFlight: number;
  submitsPerSecond?: number;
}

/** How many submits one activity takes. */
export function chunkSize({ submitsPerSecond = Infinity }: SubmitLimits): number {
  return Math.min(CHUNK_JOBS, Math.max(1, Math.floor(submitsPerSecond)));
}

/** Jobs that are due to be submitted again, of one page, which is all that one activity reads. */
export function submitsDue(idle: readonly Job[], nowMs: number, most: number, bytesOf: (job: Job) => number): Job[] {
  const due = idle.filter(({ step }) => step.at === 'submit' && step.dueAtMs <= nowMs);
  const ofPage = due.filter(({ page }) => page === due[0]?.page).slice(0, most);
  return ofPage.slice(0, fittingCount(ofPage, bytesOf));
}

/** Jobs that are to be looked for, of one page. @param bytesOf what a job adds to what is passed on */
export function findsDue(idle: readonly Job[], nowMs: number, bytesOf: (job: Job) => number): Job[] {
  const due = idle.filter(({ step }) => step.at === 'find' && step.dueAtMs <= nowMs);
  const ofPage = due.filter(({ page }) => page === due[0]?.page).slice(0, CHUNK_JOBS);
  return ofPage.slice(0, fittingCount(ofPage, bytesOf));
}

/** How many of the first jobs one activity can be given to submit, or to cancel. At least one. */
export function fittingCount<T>(jobs: readonly T[], bytesOf: (job: T) => number): number {
  let bytes = 0;
  const over = jobs.findIndex((job) => (bytes += bytesOf(job)) > MAX_PASSED_BYTES);
  return over < 0 ? jobs.length : Math.max(1, over);
}

/** How many new jobs of a page may begin: as many as there is room for, and few only where that is all. */
export function newJobsDue(left: number, room: number, { maxInFlight }: SubmitLimits, most: number): number {
  const worthwhile = Math.min(WORTHWHILE_JOBS, left, Math.ceil(maxInFlight * WORTHWHILE_PART));
  return room >= worthwhile ? Math.max(0, Math.min(left, room, most)) : 0;
}

/** When the next submits may go after `count` that go now. */
export function nextSubmitAtMs(nowMs: number, earliestMs: number, count: number, { submitsPerSecond }: SubmitLimits): number {
  return submitsPerSecond === undefined ? earliestMs : Math.max(nowMs, earliestMs) + (count / submitsPerSecond) * 1000;
}

/**
 * Jobs that are to be asked, up to what one activity takes. In a timed set also those that come due soon, the first of them first: the activity
 * waits for each.
 * @param bytesOf what a job adds to it
 */
export function pollsDue(idle: readonly Job[], nowMs: number, isTimed: boolean, bytesOf: (job: Job) => number): Job[] {
  const polls = idle.filter(isPolled);
  const untilMs = isTimed ? questionUntilMs(polls, nowMs) : nowMs;
  if (untilMs <= nowMs)
    return fitting(
      polls.filter(({ step }) => step.dueAtMs <= nowMs),
      bytesOf,
    );
  const due = polls.filter((job) => job.step.dueAtMs <= nowMs || (job.step.dueAtMs <= untilMs && leadMs(job) > 0));
  return fitting(
    due.sort((one, other) => one.step.dueAtMs - other.step.dueAtMs),
    bytesOf,
  );
}

/** Up to when jobs come due that go with the first of them; not later than now: none is to be waited for. */
function questionUntilMs(polls: readonly PolledJob[], nowMs: number): number {
  let first: PolledJob | undefined;
  for (const job of polls) if (first === undefined || startMs(job) < startMs(first)) first = job;
  if (first === undefined || startMs(first) > nowMs || leadMs(first) === 0) return nowMs;
  return nowMs + LEAD_MS + Math.min(MAX_WINDOW_MS, (first.step.waitMs ?? 0) * WINDOW_PART);
}

/** When the question that asks it is to begin. */
function startMs(job: PolledJob): number {
  return job.step.dueAtMs - leadMs(job);
}

/** How long before a job is due its question begins: not where it waits shorter than that, nor where its deadline comes first. */
function leadMs({ step: { dueAtMs, waitMs = 0 }, deadlineAtMs = Infinity }: PolledJob): number {
  return waitMs >= LEAD_MS && deadlineAtMs > dueAtMs ? LEAD_MS : 0;
}

/** Jobs of which something is to be read, up to what one activity takes. @param bytesOf what a job adds to it */
export function readsDue(idle: readonly Job[], nowMs: number, bytesOf: (job: Job) => number): Job[] {
  return fitting(
    idle.filter((job) => isRead(job) && job.step.dueAtMs <= nowMs),
    bytesOf,
  );
}

/** The first of them that one activity takes. At least one. */
function fitting(jobs: readonly Job[], bytesOf: (job: Job) => number): Job[] {
  const first = jobs.slice(0, MAX_ASKED);
  return first.slice(0, fittingCount(first, bytesOf));
}

/** Whether the next that is read of a job goes to a file. It may take hours: no answer of another waits for it. */
function isFileRead({ step }: Job): boolean {
  return step.at === 'fetch' && step.fetches[0]?.file !== undefined;
}

/** Jobs whose body is to be read into a file, up to what one activity takes. */
export function fileReadsDue(idle: readonly Job[], nowMs: number): Job[] {
  return idle.filter((job) => isFileRead(job) && job.step.dueAtMs <= nowMs).slice(0, FILES_READ);
}

export interface Moment {
  atMs: number;
  /** Why then. */
  why: string;
  /** The next thing is a submit that was tried before. */
  submitsAgain?: boolean;
  /** What is wrong with the only job that is waited for. */
  problem?: Job['step']['problem'];
}

/** What holds a set back as a whole. */
export interface Holds {
  /** No submit goes before that; Infinity: none goes before something else happens. */
  submitsFromMs: number;
  /** No question goes before that. */
  pollsFromMs: number;
  /** Whether questions begin before their members are due. */
  isTimed: boolean;
  /** No result is read before that. */
  readsFromMs: number;
  /** No body is read into a file before that; Infinity: not before something else happens. */
  filesFromMs: number;
  /** Whether there are new jobs, and room for them. */
  hasNew: boolean;
}

/** The next time at which something is to be done about jobs that nobody is busy with. */
export function nextMoment(
  idle: readonly Job[],
  nowMs: number,
  { submitsFromMs, pollsFromMs, isTimed, readsFromMs, filesFromMs, hasNew }: Holds,
): Moment | undefined {
  let next: Moment = { atMs: hasNew ? submitsFromMs : Infinity, why: 'rate limit' };
  let firstPoll: Moment = { atMs: Infinity, why: '' };
  const polls: number[] = [];
  for (const job of idle) {
    const { step, deadlineAtMs = Infinity } = job;
    if (isPolled(job)) {
      const atMs = isTimed ? Math.min(startMs(job), deadlineAtMs) : Math.min(job.step.dueAtMs, deadlineAtMs);
      polls.push(atMs);
      if (atMs < firstPoll.atMs) firstPoll = { atMs, why: deadlineAtMs < step.dueAtMs ? 'deadline' : step.why };
    } else {
      const heldUntilMs = heldMs(job, { submitsFromMs, readsFromMs, filesFromMs });
      const dueAtMs = Math.max(step.dueAtMs, heldUntilMs);
      const atMs = Math.min(dueAtMs, deadlineAtMs);
      const why = deadlineAtMs < dueAtMs ? 'deadline' : step.why;
      if (atMs < next.atMs) next = { atMs, why, ...(step.at === 'submit' ? { submitsAgain: true } : {}) };
    }
  }
  const firstAtMs = isTimed ? firstPoll.atMs : gatheredAtMs(polls, firstPoll.atMs, nowMs);
  const pollAtMs = Math.max(firstAtMs, pollsFromMs);
  if (pollAtMs < next.atMs) next = { atMs: pollAtMs, why: firstPoll.why };
  const problem = idle.length === 1 ? idle[0]?.step.problem : undefined;
  return Number.isFinite(next.atMs) ? { ...next, problem } : undefined;
}

/** Before when what is no poll is held back. */
function heldMs(
  job: Job,
  { submitsFromMs, readsFromMs, filesFromMs }: Pick<Holds, 'submitsFromMs' | 'readsFromMs' | 'filesFromMs'>,
): number {
  if (job.step.at === 'submit') return submitsFromMs;
  if (job.step.at !== 'fetch') return 0;
  return isFileRead(job) ? filesFromMs : readsFromMs;
}

/** When enough of a large set is due together: not before the first of them, and little later. */
export function gatheredAtMs(moments: readonly number[], firstAtMs: number, nowMs: number): number {
  if (moments.length < GATHERED_FROM || firstAtMs <= nowMs) return firstAtMs;
  const sorted = [...moments].sort((a, b) => a - b);
  const enough = sorted[Math.floor(sorted.length * GATHERED_PART)] ?? firstAtMs;
  return Math.min(enough, firstAtMs + GATHER_SECONDS * 1000);
}

type PolledJob = Job & { step: PollStep };

function isPolled(job: Job): job is PolledJob {
  return job.step.at === 'poll';
}

function isRead(job: Job): boolean {
  return job.step.at === 'fetch' && !isFileRead(job);
}
