/**
 * What the answers to a request to cancel an operation, and to a DELETE of what it has made, mean.
 *
 * Keeps true: an operation that has ended already is reported with its end, not as canceled.
 */
import { passesByItself, type Exchange } from './answer';
import { wordOf } from './dialect';
import type { Monitor, StatusDecision } from './monitor';
import { ReadAnswer } from './read-answer';
import type { ProtocolSettings } from './settings';
import { decideStatus } from './status';
import { statusKind, wordKind } from './status-words';
import type { StatusKind } from './dialect';

/** In the place of a cancel request's path: as the dialect of the connection and the submit's answer say. */
export const OWN_CANCEL = '{cancelUrl}';

/**
 * What became of a request to cancel. `accepted`: the service will cancel it; `ended`: it had ended already, and how; `refused`: the service will
 * not; `unreachable`: the request could not be delivered now.
 */
export type CancelDecision =
  | { kind: 'accepted'; httpStatus: number }
  | { kind: 'ended'; decision: StatusDecision }
  | { kind: 'refused'; reason: string; httpStatus?: number }
  | { kind: 'unreachable'; reason: string };

/** Decides what the answer to a request to cancel means. Pure; never throws. */
export function decideCancel(exchange: Exchange, monitor: Monitor, settings: ProtocolSettings, nowMs: number): CancelDecision {
  if (exchange.kind === 'untrusted') return { kind: 'refused', reason: exchange.reason };
  if (exchange.kind !== 'answer') return { kind: 'unreachable', reason: exchange.reason };
  const { httpStatus } = exchange;
  const read = new ReadAnswer(exchange);
  if (passesByItself(httpStatus)) return { kind: 'unreachable', reason: answered(read) };
  if (httpStatus >= 300) return { kind: 'refused', reason: answered(read), httpStatus };
  // A terminal status, and nothing else, says more than that the call was heard.
  const word = settings.dialect === undefined ? read.status : wordOf(settings.dialect, read);
  const kind = word === undefined ? 'running' : kindOf(word, settings);
  if (kind === 'running') return { kind: 'accepted', httpStatus };
  const asked: Monitor = { ...monitor, style: 'monitor', probe: undefined, start: undefined };
  return { kind: 'ended', decision: decideStatus(exchange, asked, settings, nowMs, 0) };
}

function kindOf(word: string, { statusWords, dialect }: ProtocolSettings): StatusKind {
  return dialect === undefined ? statusKind(word, statusWords) : (wordKind(word, statusWords, dialect.words) ?? 'running');
}

/** What became of a DELETE of a resource. `again`: worth repeating soon. */
export type DeleteDecision = { kind: 'deleted' } | { kind: 'again' | 'refused'; reason: string };

/** Decides what the answer to a DELETE means: what is not there any more counts as deleted. Pure; never throws. */
export function decideDelete(exchange: Exchange): DeleteDecision {
  if (exchange.kind === 'noAnswer') return { kind: 'again', reason: exchange.reason };
  if (exchange.kind !== 'answer') return { kind: 'refused', reason: exchange.reason };
  const { httpStatus } = exchange;
  if (httpStatus < 300 || httpStatus === 404 || httpStatus === 410) return { kind: 'deleted' };
  return { kind: passesByItself(httpStatus) ? 'again' : 'refused', reason: answered(new ReadAnswer(exchange)) };
}

function answered({ answer, words }: ReadAnswer): string {
  return `the service answered ${answer.httpStatus}${words === undefined ? '' : `: ${words}`}`;
}
