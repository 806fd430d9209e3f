/**
 * When to ask again. [protocol.md section 3; RFC 9110 §10.2.3, §5.6.7]
 *
 * Keeps true: a wait is never shorter than the service asked, except where the cap says so, and is always a finite number >= 0.
 */
import { DateTime } from 'luxon';
import type { Answer } from './answer';
import type { PollSettings } from './settings';

/** Why a wait has the length it has; shown on the timer in the UI. */
export type WaitReason = 'Retry-After' | 'default interval' | 'backoff';

export interface Wait {
  waitSeconds: number;
  why: WaitReason;
  /** What the service asked, when the cap made the wait shorter. */
  cappedFromSeconds?: number;
}

/** As Azure's SDKs read them; of several headers the longest wait counts. */
const MILLISECOND_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms'] as const;

/** Seconds the answer asks to wait, or `undefined` where it asks nothing that can be understood. */
export function retryAfterSeconds(headers: Answer['headers'], nowMs: number): number | undefined {
  const inMilliseconds = MILLISECOND_HEADERS.map((name) => headers[name]?.trim() ?? '')
    .filter((text) => /^\d+$/.test(text))
    .map((text) => Math.min(Number(text), Number.MAX_SAFE_INTEGER) / 1000);
  const asked = [secondsOf(headers, nowMs) ?? [], inMilliseconds].flat();
  return asked.length === 0 ? undefined : Math.max(...asked);
}

/** Whether an answer says that there is no room now: 429, and 503 where it says until when. [protocol.md section 4] */
export function isThrottled({ httpStatus, headers }: Pick<Answer, 'httpStatus' | 'headers'>, nowMs: number): boolean {
  return httpStatus === 429 || (httpStatus === 503 && retryAfterSeconds(headers, nowMs) !== undefined);
}

/** `1*DIGIT`, or an HTTP date in any of its three forms, taken relative to the answer's own `Date` (clocks differ) and rounded up. */
function secondsOf(headers: Answer['headers'], nowMs: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  // Digits without end would be Infinity, which JSON cannot carry.
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  const at = DateTime.fromHTTP(text);
  if (!at.isValid) return undefined;
  const answeredAt = DateTime.fromHTTP(headers['date']?.trim() ?? '');
  const fromMs = answeredAt.isValid ? answeredAt.toMillis() : nowMs;
  return Math.max(0, Math.ceil((at.toMillis() - fromMs) / 1000));
}

/** The wait before the next poll: as asked, else the default interval, between floor and cap. */
export function nextWait(headers: Answer['headers'], poll: PollSettings, nowMs: number): Wait {
  const asked = retryAfterSeconds(headers, nowMs);
  return asked === undefined ? { waitSeconds: bounded(poll.defaultSeconds, poll), why: 'default interval' } : asAsked(asked, poll);
}

/**
 * The wait after something went wrong: as asked, else a backoff that doubles from one second up to `limitSeconds`.
 * Jitter only adds, so that no wait is shorter than meant. `random` is in [0, 1).
 */
export function backoffWait(
  headers: Answer['headers'] | undefined,
  attempt: number,
  limitSeconds: number,
  poll: PollSettings,
  nowMs: number,
  random: number,
): Wait {
  const asked = headers && retryAfterSeconds(headers, nowMs);
  if (asked !== undefined) return asAsked(asked, poll);
  const seconds = Math.min(2 ** Math.min(attempt, 30), Math.max(limitSeconds, 0));
  // Millisecond precision keeps the number short in history.
  return { waitSeconds: bounded(Math.ceil(seconds * (1 + random / 4) * 1000) / 1000, poll), why: 'backoff' };
}

/** A wait the service named; where the cap makes it shorter, that is on record. */
function asAsked(seconds: number, poll: PollSettings): Wait {
  const capped = seconds > poll.maxSeconds ? { cappedFromSeconds: seconds } : {};
  return { waitSeconds: bounded(seconds, poll), why: 'Retry-After', ...capped };
}

function bounded(seconds: number, poll: PollSettings): number {
  return Math.max(poll.minSeconds, Math.min(seconds, poll.maxSeconds));
}
