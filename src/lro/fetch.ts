/**
 * What the answer of a final GET means: the result of an operation that has already succeeded.
 *
 * Keeps true: whatever happens here, the operation stays succeeded; what could not be read is named with its reason.
 */
import type { Json } from '../contract';
import { passesByItself, type Exchange } from './answer';
import { withCookies } from './cookies';
import type { Fetch } from './monitor';
import { errorMessage, errorOf } from './odata-error';
import { ReadAnswer } from './read-answer';
import type { Wait } from './retry-after';
import { backoffWait } from './retry-after';
import type { ProtocolSettings } from './settings';
import { kept } from './sizes';

export type FetchDecision =
  | { kind: 'fetched'; value?: Json; cut: boolean }
  | ({ kind: 'again'; fetch: Fetch; reason: string } & Wait)
  | { kind: 'missing'; reason: string };

/** Tries of one final GET; with backoff from one second they take about a quarter of a minute. */
const MAX_ATTEMPTS = 5;
const MAX_BACKOFF_SECONDS = 8;

/** Decides what the answer of a final GET means. Pure; never throws. */
export function decideFetch(exchange: Exchange, fetch: Fetch, settings: ProtocolSettings, nowMs: number, random: number): FetchDecision {
  if (exchange.kind === 'untrusted') return { kind: 'missing', reason: `refused: ${exchange.reason}` };
  const answer = exchange.kind === 'answer' ? exchange : undefined;
  const read = answer === undefined ? undefined : new ReadAnswer(answer);
  const parsed = read?.parsed;
  const code = answer?.httpStatus ?? 0;
  if (parsed !== undefined && code >= 200 && code < 300 && code !== 202 && parsed.kind !== 'broken') {
    const { value, cut } = kept(parsed);
    return { kind: 'fetched', value, cut };
  }
  const reason = exchange.kind === 'answer' ? `the service answered ${code}` : exchange.reason;
  // Credentials were refreshed by the try itself; a 404 can be a replica that lags behind.
  const worthRepeating = answer === undefined || code < 300 || code === 404 || passesByItself(code);
  const attempts = (fetch.attempts ?? 0) + 1;
  if (!worthRepeating || attempts >= MAX_ATTEMPTS) {
    const text = errorMessage(errorOf(read?.json));
    return { kind: 'missing', reason: text === undefined ? reason : `${reason}: ${text}` };
  }
  const wait = backoffWait(answer?.headers, attempts - 1, MAX_BACKOFF_SECONDS, settings.poll, nowMs, random);
  return {
    kind: 'again',
    ...wait,
    fetch: {
      ...fetch,
      attempts,
      cookies: answer === undefined ? fetch.cookies : withCookies(fetch.cookies, answer.setCookies, answer.url, nowMs),
    },
    reason,
  };
}
