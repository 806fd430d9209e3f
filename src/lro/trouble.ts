/**
 * What a status answer means that brings no status. [protocol.md section 4, rows "status"]
 *
 * Keeps true: every wait is finite, and the tally of what went wrong in a row says since when.
 */
import type { FailureDetails, FailureType, TroubleKind } from '../contract';
import { passesByItself, type Answer } from './answer';
import { withCookies } from './cookies';
import { failureOf } from './ends';
import type { Failed, InARow, Monitor, Running, Tally } from './monitor';
import { operationIdOf } from './outcome';
import type { ReadAnswer } from './read-answer';
import { backoffWait, isThrottled, nextWait, type Wait } from './retry-after';
import type { ProtocolSettings } from './settings';
import { headerUrl } from './status-url';
import { judgeUrl, shown } from './trust';

/** Backoff between polls grows to this. */
const MAX_BACKOFF_SECONDS = 60;
/** 404s in a row before an operation can be gone. */
const MIN_NOT_FOUND = 3;

/** One poll: what came, and what is needed to decide about it. */
export interface Poll {
  /** Absent where no answer came. */
  read?: ReadAnswer;
  monitor: Monitor;
  settings: ProtocolSettings;
  nowMs: number;
  /** In [0, 1); jitters a backoff. */
  random: number;
}

/** Not a fault of the operation: wait and read again, until the deadline. */
export function unreachable(poll: Poll, message: string, kind: TroubleKind = 'Unreachable'): Running {
  const count = (poll.monitor.tally?.unreachable ?? 0) + 1;
  return again(poll, { ...poll.monitor.tally, unreachable: count }, message, kind, backoff(poll, count, MAX_BACKOFF_SECONDS));
}

/** 408, 425, 429, 5xx. */
export function busy(poll: Poll, read: ReadAnswer): Running {
  const message = withWords(`the service answered ${read.answer.httpStatus}`, read);
  return unreachable(poll, message, isThrottled(read.answer, poll.nowMs) ? 'Throttled' : 'Unreachable');
}

/** Not asked, because the service wants to be left alone: no fault of anybody. */
export function held(poll: Poll, message: string, waitSeconds: number): Running {
  const tally = { ...poll.monitor.tally, held: (poll.monitor.tally?.held ?? 0) + 1 };
  return { ...again(poll, tally, message, 'Throttled', { waitSeconds: Math.ceil(waitSeconds), why: 'Retry-After' }), notAsked: true };
}

/** An answer that makes no sense: a page of a gateway passes, so it ends nothing before there were many of them, and for long. */
export function unreadable(poll: Poll, message: string): Running | Failed {
  const { maxUnreadable, unreadableSeconds, defaultSeconds } = poll.settings.poll;
  const row = longer(poll.monitor.tally?.unreadable, poll.nowMs);
  if (row.count >= maxUnreadable && lasts(row, poll.nowMs) >= unreadableSeconds) {
    return end(poll, 'ProtocolError', `the status of ${nameOf(poll)} could not be read ${row.count} times in a row; at last ${message}`);
  }
  const tally = { ...poll.monitor.tally, unreadable: row, notFound: undefined };
  return again(poll, tally, withWords(message, poll.read), 'Unreadable', backoff(poll, row.count, defaultSeconds));
}

/** 401 and 403; the request itself has tried fresh credentials. The key is broken, not the operation. */
export function unauthorized(poll: Poll, httpStatus: number): Running | Failed {
  const row = longer(poll.monitor.tally?.unauthorized, poll.nowMs);
  const message = `the service refused the credentials of connection "${poll.monitor.connection}" (${httpStatus})`;
  if (lasts(row, poll.nowMs) >= poll.settings.poll.unauthorizedSeconds) {
    return end(poll, 'Unauthorized', `${message} for the status of ${nameOf(poll)}`);
  }
  const tally = { ...poll.monitor.tally, unauthorized: row, notFound: undefined };
  return again(poll, tally, withWords(message, poll.read), 'Unauthorized', backoff(poll, row.count, MAX_BACKOFF_SECONDS));
}

/** A fresh operation can be late, whatever its `Retry-After` said; an old one is gone (services keep a monitor for about a day). */
export function notFound(poll: Poll): Running | Failed {
  const row = longer(poll.monitor.tally?.notFound, poll.nowMs);
  if (row.count >= MIN_NOT_FOUND && lasts(row, poll.nowMs) >= poll.settings.poll.goneAfterSeconds) {
    return end(poll, 'OperationGone', `the service does not know ${nameOf(poll)} (404)`);
  }
  const message = withWords('the service does not know the operation yet (404)', poll.read);
  const wait = nextWait(poll.read?.answer.headers ?? {}, poll.settings.poll, poll.nowMs);
  return again(poll, { ...poll.monitor.tally, notFound: row }, message, 'Unreadable', wait);
}

/** What is said of a redirect; those that could be followed have been. */
export function redirectOf(answer: Answer, settings: ProtocolSettings): string {
  const target = headerUrl(answer, 'Location', settings);
  const where = target === undefined ? '' : ` to ${shown(target)}`;
  return target !== undefined && judgeUrl(target, settings.trust).kind === 'refused'
    ? `the service answered with a redirect (${answer.httpStatus})${where}, which is not a trusted host: it may be a login page`
    : `the service answered with a redirect (${answer.httpStatus})${where} that is not followed`;
}

export function end(poll: Poll, type: FailureType, message: string): Failed {
  return failureOf(type, message, poll.read, identityOf(poll.monitor));
}

/** The body's own id says more than one that was read off the URL. */
export function identityOf(monitor: Monitor, read?: ReadAnswer): Pick<FailureDetails, 'operationId' | 'statusUrl'> {
  return { operationId: operationIdOf(read?.json) ?? monitor.operationId, statusUrl: monitor.statusUrl };
}

/** The monitor's cookies after what came. */
export function cookiesAfter({ read, monitor, nowMs }: Poll): Monitor['cookies'] {
  return read === undefined ? monitor.cookies : withCookies(monitor.cookies, read.answer.setCookies, read.answer.url, nowMs);
}

/** Whether an answer says so little that asking again soon may bring another one. */
export function isPassing(poll: Poll): boolean {
  return poll.read === undefined || passesByItself(poll.read.answer.httpStatus);
}

function again(poll: Poll, tally: Tally, message: string, kind: TroubleKind, wait: Wait): Running {
  return {
    kind: 'running',
    ...wait,
    monitor: { ...poll.monitor, cookies: cookiesAfter(poll), tally },
    trouble: { message, kind, said: poll.read?.said, httpStatus: poll.read?.answer.httpStatus },
  };
}

function withWords(message: string, read: ReadAnswer | undefined): string {
  const words = read?.parsed.kind === 'broken' ? undefined : read?.words;
  return words === undefined ? message : `${message}: ${words}`;
}

function longer(row: InARow | undefined, nowMs: number): InARow {
  return { count: (row?.count ?? 0) + 1, sinceMs: row?.sinceMs ?? nowMs };
}

function lasts({ sinceMs }: InARow, nowMs: number): number {
  return (nowMs - sinceMs) / 1000;
}

function backoff({ read, settings, nowMs, random }: Poll, attempt: number, limitSeconds: number): Wait {
  return backoffWait(read?.answer.headers, attempt - 1, limitSeconds, settings.poll, nowMs, random);
}

function nameOf({ monitor }: Poll): string {
  return monitor.operationId === undefined ? shown(monitor.statusUrl) : `operation ${monitor.operationId}`;
}
