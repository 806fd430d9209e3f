/**
 * What of a set of jobs is to be done, and when: gathering, chunk size, rate and room. Pure; the time is passed in.
 *
 * Keeps true: nothing is taken before it is due; what is gathered waits at most {@link GATHER_SECONDS} longer than due.
 */
import type { Job } from '../../jobs/model';

/** Submits in one activity: with more, one that is slow to be answered holds up more; with fewer, each costs more history. */
const CHUNK_JOBS = 100;
/** Submit activities under way: while one is answered the next is sent. */
export const MAX_SUBMIT_FLIGHTS = 2;
/** Smaller chunks of new jobs are not worth their history while others are open. */
const WORTHWHILE_JOBS = 50;
const WORTHWHILE_PART = 0.1;

/** Operations asked in one activity at most: the others go with the next one, which spreads what comes due together. */
const MAX_ASKED = 500;
const MAX_ASKED_BYTES = 524_288;
/** Of what is passed on to have jobs submitted (their inputs, where these are no manifest's, cookies, and what earlier steps have made) or canceled. */
const MAX_PASSED_BYTES = 524_288;

/** Bodies read into files by one activity, which returns when the last of them is read; and activities that do so. */
const FILES_READ = 10;
export const MAX_FILE_FLIGHTS = 2;

/** In sets of so many, those that come due one by one are asked together: when so large a part of all is due, and not much later than due. */
const GATHERED_FROM = 20;
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

/** Jobs that are to be asked, or read, up to what one activity takes. @param bytesOf what a job adds to it */
export function readsDue(idle: readonly Job[], nowMs: number, bytesOf: (job: Job) => number): Job[] {
  const due: Job[] = [];
  let bytes = 0;
  for (const job of idle) {
    if (!isRead(job) || isFileRead(job) || job.step.dueAtMs > nowMs) continue;
    bytes += bytesOf(job);
    if (due.length >= MAX_ASKED || (bytes > MAX_ASKED_BYTES && due.length > 0)) break;
    due.push(job);
  }
  return due;
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
  { submitsFromMs, readsFromMs, filesFromMs, hasNew }: Holds,
): Moment | undefined {
  let next: Moment = { atMs: hasNew ? submitsFromMs : Infinity, why: 'rate limit' };
  let firstRead: Moment = { atMs: Infinity, why: '' };
  const reads: number[] = [];
  for (const job of idle) {
    const { step, deadlineAtMs = Infinity } = job;
    if (isRead(job) && !isFileRead(job)) {
      const atMs = Math.min(step.dueAtMs, deadlineAtMs);
      reads.push(atMs);
      if (atMs < firstRead.atMs) firstRead = { atMs, why: deadlineAtMs < step.dueAtMs ? 'deadline' : step.why };
    } else {
      const heldUntilMs = step.at === 'submit' ? submitsFromMs : step.at === 'fetch' ? filesFromMs : 0;
      const dueAtMs = Math.max(step.dueAtMs, heldUntilMs);
      const atMs = Math.min(dueAtMs, deadlineAtMs);
      const why = deadlineAtMs < dueAtMs ? 'deadline' : step.why;
      if (atMs < next.atMs) next = { atMs, why, submitsAgain: step.at === 'submit' };
    }
  }
  const readAtMs = Math.max(gatheredAtMs(reads, firstRead.atMs, nowMs), readsFromMs);
  if (readAtMs < next.atMs) next = { atMs: readAtMs, why: firstRead.why };
  const problem = idle.length === 1 ? idle[0]?.step.problem : undefined;
  return Number.isFinite(next.atMs) ? { ...next, problem } : undefined;
}

/** When enough of a large set is due together: not before the first of them, and little later. */
export function gatheredAtMs(moments: readonly number[], firstAtMs: number, nowMs: number): number {
  if (moments.length < GATHERED_FROM || firstAtMs <= nowMs) return firstAtMs;
  const sorted = [...moments].sort((a, b) => a - b);
  const enough = sorted[Math.floor(sorted.length * GATHERED_PART)] ?? firstAtMs;
  return Math.min(enough, firstAtMs + GATHER_SECONDS * 1000);
}

function isRead({ step }: Job): boolean {
  return step.at === 'poll' || step.at === 'fetch';
}
