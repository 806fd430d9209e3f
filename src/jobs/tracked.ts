/**
 * Operations that a tracker follows for their workflows: how they are handed over, and which tracker of a connection has which. Pure.
 *
 * Keeps true:
 * 1. An operation's tracker follows from its workflow's id and from which trackers have been split, which is never undone: a registration that
 *    is repeated reaches the tracker that has the operation.
 * 2. Whoever reaches the namespace can send a registration: of its content only what is known and of the right type is taken.
 */
import type { Problem } from '../contract';
import type { Monitor } from '../lro/monitor';
import type { About, Job, Place, PollStep } from './model';

/** Beyond that a tracker is not split any more: there are {@link MAX_DEPTH} bits to tell 65,536 of them apart. */
export const MAX_DEPTH = 16;

const MAX_ID_CHARS = 1000;
const MAX_TEXT_CHARS = 4096;
/** Of a status monitor: its URLs, headers and cookies, as JSON. */
const MAX_MONITOR_CHARS = 131_072;

/** Whose operation it is. */
export interface Owner {
  /** Of its workflow, which is told the end. */
  workflowId: string;
  firstRunId: string;
  /** Nobody can guess it, and the workflow makes it: who knows it is its tracker, or its workflow. */
  token: string;
}

/** An operation that is handed to a tracker. */
export interface Registration extends Owner {
  about: TrackedAbout;
  step: PollStep;
  deadlineAtMs?: number;
  /** The answer that asked for the wait is so old, at least, and was given by another clock: the wait counts from there. */
  agoMs?: number;
}

type TrackedAbout = Pick<About, 'title' | 'connection' | 'minSeconds' | 'timeoutSeconds'>;

/** The first tracker of a connection; those that it was split into have a path of bits behind it. */
export function trackerId(taskQueue: string, connection: string, path = ''): string {
  return `lro-tracker/${taskQueue}/${connection}${path === '' ? '' : `/${path}`}`;
}

/** The parts of {@link trackerId}; undefined: it is no tracker of that task queue. */
export function trackerOf(id: string, taskQueue: string): { connection: string; path: string } | undefined {
  const prefix = `lro-tracker/${taskQueue}/`;
  const [, connection, path = ''] = /^([^/]+)(?:\/([01]+))?$/.exec(id.startsWith(prefix) ? id.slice(prefix.length) : '') ?? [];
  return connection === undefined ? undefined : { connection, path };
}

/** Whether a workflow's operation belongs to a tracker, or to one that it was split into. */
export function belongsTo(workflowId: string, path: string): boolean {
  const hash = hashOf(workflowId);
  return Array.from(path).every((bit, depth) => bit === bitOf(hash, depth));
}

/** The path of the tracker that takes the operation once the one with `path` is split. */
export function nextPath(workflowId: string, path: string): string {
  return `${path}${bitOf(hashOf(workflowId), path.length)}`;
}

function bitOf(hash: number, depth: number): '0' | '1' {
  return ((hash >>> depth) & 1) === 1 ? '1' : '0';
}

/** FNV-1a with the last steps of MurmurHash3, so that every bit depends on every character. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What a tracker has to know of a job that waits to be polled. */
export function registrationOf(owner: Owner, job: Job): Registration | undefined {
  const { about, step, deadlineAtMs } = job;
  if (about === undefined || step.at !== 'poll') return undefined;
  const { title, connection, minSeconds, timeoutSeconds } = about;
  return { ...owner, about: { title, connection, minSeconds, timeoutSeconds }, step: { ...step, lookup: undefined }, deadlineAtMs };
}

/** With the time when it is due, as the clock of who takes it has it. */
export function dueBy({ agoMs, ...registration }: Registration, nowMs: number): Registration {
  const { step } = registration;
  return agoMs === undefined ? registration : { ...registration, step: { ...step, dueAtMs: nowMs - agoMs + (step.waitMs ?? 0) } };
}

/** The job that a tracker has for it. */
export function trackedJob(place: Place, { about, step, deadlineAtMs }: Registration): Job {
  const silent = { id: '', deadlineSeconds: 0, onUncertainSubmit: 'retry' } as const;
  return { ...place, about: { ...silent, ...about }, step, deadlineAtMs };
}

/** The job as its workflow goes on with it: with what the tracker did not need to know. */
export function handedBack(own: Job, tracked: Job): Job {
  return { ...own, step: tracked.step };
}

/** What is known of a registration, whoever sent it; undefined: it is none. @param connection of the tracker */
export function knownRegistration(value: unknown, connection: string): Registration | undefined {
  const { workflowId, firstRunId, token, about, step, deadlineAtMs, agoMs } = fields(value);
  const owner = { workflowId: textOf(workflowId, MAX_ID_CHARS), firstRunId: textOf(firstRunId, 64), token: textOf(token, 64) };
  const known = {
    about: knownAbout(about, connection),
    step: knownStep(step, connection),
    deadlineAtMs: numberOf(deadlineAtMs),
    agoMs: secondsOf(agoMs),
  };
  if (owner.workflowId === undefined || owner.firstRunId === undefined || owner.token === undefined) return undefined;
  if (known.about === undefined || known.step === undefined) return undefined;
  return { ...(owner as Registration), ...known } as Registration;
}

function knownAbout(value: unknown, own: string): TrackedAbout | undefined {
  const { title, connection, minSeconds, timeoutSeconds } = fields(value);
  const known = { title: textOf(title, MAX_TEXT_CHARS), minSeconds: secondsOf(minSeconds), timeoutSeconds: secondsOf(timeoutSeconds) };
  if (connection !== own || known.title === undefined || known.minSeconds === undefined || known.timeoutSeconds === undefined)
    return undefined;
  return { ...known, connection: own } as TrackedAbout;
}

function knownStep(value: unknown, connection: string): PollStep | undefined {
  const step = fields(value);
  const dueAtMs = numberOf(step['dueAtMs']);
  const polls = numberOf(step['polls']);
  const why = textOf(step['why'], MAX_TEXT_CHARS);
  const monitor = knownMonitor(step['monitor'], connection);
  if (dueAtMs === undefined || polls === undefined || why === undefined || monitor === undefined) return undefined;
  return {
    at: 'poll',
    dueAtMs,
    polls,
    why,
    monitor,
    waitMs: numberOf(step['waitMs']),
    status: textOf(step['status'], MAX_TEXT_CHARS),
    lastPollAtMs: numberOf(step['lastPollAtMs']),
    submittedAtMs: numberOf(step['submittedAtMs']),
    created: textOf(step['created'], MAX_TEXT_CHARS),
    createdText: textOf(step['createdText'], MAX_TEXT_CHARS),
    problem: knownProblem(step['problem']),
  };
}

/** Its parts are judged by the activity that asks (`activities/tracker/shareable.ts`). */
function knownMonitor(value: unknown, own: string): Monitor | undefined {
  const { connection, statusUrl, style } = fields(value);
  if (connection !== own || typeof statusUrl !== 'string' || typeof style !== 'string') return undefined;
  return jsonChars(value) <= MAX_MONITOR_CHARS ? (value as Monitor) : undefined;
}

function knownProblem(value: unknown): PollStep['problem'] {
  const { message, at, kind, said, since, times, httpStatus, requestId } = fields(value);
  const known = { message: textOf(message, MAX_TEXT_CHARS), at: textOf(at, 64) };
  if (known.message === undefined || known.at === undefined) return undefined;
  return {
    ...(known as Problem),
    kind: textOf(kind, 64) as Problem['kind'],
    said: textOf(said, MAX_TEXT_CHARS),
    since: textOf(since, 64),
    times: numberOf(times),
    httpStatus: numberOf(httpStatus),
    requestId: textOf(requestId, MAX_TEXT_CHARS),
  };
}

/** Infinity where writing it takes more than the stack. */
function jsonChars(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown, maxChars: number): string | undefined {
  return typeof value === 'string' && value.length <= maxChars ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function secondsOf(value: unknown): number | undefined {
  const seconds = numberOf(value);
  return seconds !== undefined && seconds >= 0 && seconds <= 1e9 ? seconds : undefined;
}
