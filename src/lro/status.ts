/**
 * What a status answer means. [protocol.md sections 1 to 4, rows "status"]
 *
 * Keeps true:
 * 1. An unreadable answer is never success, and an unreachable service never fails an operation.
 * 2. A terminal state that was read is never lost: it ends the operation in this very decision.
 * 3. Every decision to go on has a finite wait; what makes no sense is bounded by `maxUnreadable` and `unreadableSeconds`, refused
 *    credentials by `unauthorizedSeconds`, the rest by the deadline.
 */
import { passesByItself, type Answer, type Exchange } from './answer';
import type { Dialect } from './dialect';
import { endByRule, failedByDialect, pollSettingsOf, readByDialect, succeededByDialect } from './dialect-status';
import { endedBadly, failureOf } from './ends';
import { fetchesAfter } from './final-state';
import { isWrong, type Monitor, type MonitorStyle, type Running, type StatusDecision, type Succeeded } from './monitor';
import { codeOf, errorOf } from './odata-error';
import { outcomeOf, shownWord } from './outcome';
import { ReadAnswer } from './read-answer';
import { nextWait, retryAfterSeconds } from './retry-after';
import type { ProtocolSettings } from './settings';
import { decideStart, isToBeStarted, startedAgain, unsure } from './start';
import { findStatusUrl, lastSegment, locationUrl, withApiVersion } from './status-url';
import { readIn, styleOf, STYLES, type Reading } from './styles';
import {
  busy,
  cookiesAfter,
  end,
  held,
  identityOf,
  isPassing,
  notFound,
  redirectOf,
  unauthorized,
  unreachable,
  unreadable,
  type Poll,
} from './trouble';
import { masked } from './trust';

/** A probe that finds nobody is tried so often, like a final GET. */
const MAX_PROBES = 5;

/** Decides what the answer of a status URL means. Pure; never throws. `random` in [0, 1) jitters a backoff. */
export function decideStatus(
  exchange: Exchange,
  monitor: Monitor,
  settings: ProtocolSettings,
  nowMs: number,
  random: number,
): StatusDecision {
  const poll: Poll = { monitor, settings, nowMs, random };
  if (exchange.kind === 'answer') poll.read = new ReadAnswer(exchange);
  const decided = decideExchange(exchange, poll);
  const decision = monitor.start?.mayBeTaken === true ? startedAgain(decided, monitor) : decided;
  return monitor.probe === undefined ? decision : afterProbe(decision, poll, exchange, monitor.probe);
}

function decideExchange(exchange: Exchange, poll: Poll): StatusDecision {
  switch (exchange.kind) {
    case 'untrusted':
      return end(poll, 'UntrustedUrl', `${isToBeStarted(poll.monitor) ? 'start' : 'status'} URL refused: ${exchange.reason}`);
    case 'noCredentials':
      return unreachable(poll, `no credentials for connection "${poll.monitor.connection}": ${exchange.reason}`, 'Unauthorized');
    case 'noAnswer':
      if (exchange.waitSeconds !== undefined) return held(poll, exchange.reason, exchange.waitSeconds);
      return exchange.maybeSent && isToBeStarted(poll.monitor)
        ? unsure(unreachable(poll, exchange.reason), poll.monitor)
        : unreachable(poll, exchange.reason);
    case 'answer':
      return decideAnswer(poll.read ?? new ReadAnswer(exchange), poll);
  }
}

function decideAnswer(read: ReadAnswer, poll: Poll): StatusDecision {
  const { monitor, settings, nowMs } = poll;
  const { dialect } = settings;
  const code = read.answer.httpStatus;
  if (isToBeStarted(monitor)) return decideStart(read, poll);
  if (dialect !== undefined) {
    const isSuccess = code >= 200 && code < 300;
    const reading = isSuccess ? readByDialect(read, monitor, settings, dialect) : endByRule(read, dialect);
    if (reading !== undefined) return decideReading(reading, 'monitor', read, poll);
  } else if (code >= 200 && code < 300) {
    const style = styleOf(monitor, read);
    return decideReading(readIn(style, read, monitor, settings), style, read, poll);
  }
  if (passesByItself(code)) return busy(poll, read);
  if (code === 401 || code === 403) return unauthorized(poll, code);
  if ((code === 404 || code === 410) && STYLES[monitor.style].absent === 'succeeded') {
    return { kind: 'succeeded', outcome: { status: 'Succeeded', operationId: monitor.operationId } };
  }
  if (code === 410) return end(poll, 'OperationGone', 'the service no longer knows the operation (410)');
  if (code === 404) return notFound(poll);
  if (isRefusal(read, monitor, nowMs)) return failedByRefusal(read, monitor);
  return unreadable(poll, code < 400 ? redirectOf(read.answer, settings) : `the service answered ${code}`);
}

function decideReading(reading: Reading, style: MonitorStyle, read: ReadAnswer, poll: Poll): StatusDecision {
  switch (reading.kind) {
    case 'unreadable':
      return unreadable(poll, reading.reason);
    case 'running':
      return running(reading, style, read, poll);
    case 'ended':
      return poll.settings.dialect === undefined
        ? ended(reading, style, read, poll)
        : endedByDialect(reading, read, poll, poll.settings.dialect);
  }
}

type Ended = Reading & { kind: 'ended' };

function ended({ as, word }: Ended, style: MonitorStyle, read: ReadAnswer, poll: Poll): StatusDecision {
  return as === 'succeeded' ? succeeded(word, style, read, poll) : endedBadly(as, word, read, identityOf(poll.monitor, read));
}

function endedByDialect(reading: Ended, read: ReadAnswer, poll: Poll, dialect: Dialect): StatusDecision {
  const { monitor, settings } = poll;
  return reading.as === 'succeeded'
    ? succeededByDialect(reading.word, read, { ...monitor, cookies: cookiesAfter(poll) }, settings, dialect)
    : failedByDialect(reading, read, monitor, dialect);
}

/** Codes that a submit is refused with; a URL that becomes the result answers as the request would have. [ARM RPC] */
const REFUSALS = [400, 409, 412, 413, 422];

/** An error about the `api-version` speaks of the poll itself, and an operation that has a `status` tells its failures there. */
function isRefusal(read: ReadAnswer, monitor: Monitor, nowMs: number): boolean {
  if (!STYLES[monitor.style].refusalEnds || monitor.toldStatus === true || !REFUSALS.includes(read.answer.httpStatus)) return false;
  const error = errorOf(read.json);
  if (error === undefined || retryAfterSeconds(read.answer.headers, nowMs) !== undefined) return false;
  return !/api-?version/i.test(codeOf(error) ?? '');
}

function failedByRefusal(read: ReadAnswer, monitor: Monitor): StatusDecision {
  const name = monitor.operationId === undefined ? 'the operation' : `operation ${monitor.operationId}`;
  return failureOf('OperationFailed', `${name} failed (${read.answer.httpStatus})`, read, identityOf(monitor, read));
}

function running({ word, note }: Reading & { kind: 'running' }, style: MonitorStyle, read: ReadAnswer, poll: Poll): Running {
  const { monitor, settings, nowMs } = poll;
  const pollSettings = pollSettingsOf(settings.dialect, settings.poll, nowMs - monitor.acceptedAtMs);
  const moved = movedTo(read.answer, style, settings);
  const statusUrl = moved === undefined ? monitor.statusUrl : withApiVersion(moved, monitor.apiVersion);
  const cookies = cookiesAfter(poll);
  const next: Monitor = { ...monitor, statusUrl, shownUrl: masked(statusUrl), style, cookies, tally: undefined, probe: undefined };
  // An operation that has had a `status` once has one.
  if (read.status !== undefined && STYLES[style].refusalEnds) next.toldStatus = true;
  const fields = ['statusUrl', 'style', 'cookies', 'tally', 'probe', 'toldStatus'] as const;
  const changed = fields.some((field) => next[field] !== monitor[field]);
  return {
    kind: 'running',
    ...nextWait(read.answer.headers, pollSettings, nowMs),
    status: word === undefined ? undefined : shownWord(word),
    ...(changed ? { monitor: next } : {}),
    trouble: note && { ...note, httpStatus: read.answer.httpStatus },
  };
}

/** A poll answer may name a new status URL. */
function movedTo(answer: Answer, style: MonitorStyle, settings: ProtocolSettings): string | undefined {
  const { movesBy } = STYLES[style];
  if (settings.dialect !== undefined) return undefined;
  if (movesBy === 'none') return undefined;
  if (movesBy === 'Location') return locationUrl(answer, settings);
  const found = findStatusUrl(answer, settings);
  return found === undefined || (movesBy === 'monitorHeaders' && found.style === 'location') ? undefined : found.url;
}

function succeeded(word: string, style: MonitorStyle, read: ReadAnswer, poll: Poll): Succeeded {
  const { monitor, settings } = poll;
  const outcome = outcomeOf(read, word, settings, style === 'location');
  const resourceLocation = outcome.resourceLocation ?? monitor.probe?.resourceLocation;
  return {
    kind: 'succeeded',
    outcome: {
      ...outcome,
      resourceLocation,
      resourceId: outcome.resourceId ?? (resourceLocation === undefined ? undefined : lastSegment(resourceLocation)),
      operationId: outcome.operationId ?? monitor.operationId,
    },
    shownLocation: masked(resourceLocation),
    fetches: fetchesAfter({ ...monitor, cookies: cookiesAfter(poll) }, read, resourceLocation, settings),
  };
}

/**
 * Of a probe only a 2xx that was understood counts; whatever else came, the submit had succeeded already. Like a final GET, it is tried a
 * few times where nobody could answer.
 */
function afterProbe(
  decision: StatusDecision,
  poll: Poll,
  exchange: Exchange,
  { resourceLocation }: NonNullable<Monitor['probe']>,
): StatusDecision {
  const code = poll.read?.answer.httpStatus ?? 0;
  const understood = code >= 200 && code < 300 && !(decision.kind === 'running' && isWrong(decision.trouble));
  if (understood && !(decision.kind === 'failed' && decision.failure.type === 'ProtocolError')) return decision;
  if (decision.kind === 'running' && decision.notAsked === true) return decision;
  const tries = (poll.monitor.tally?.unreachable ?? 0) + 1;
  if (decision.kind === 'running' && isPassing(poll) && tries < MAX_PROBES) return decision;
  const reason = exchange.kind === 'answer' ? `the service answered ${code}` : exchange.reason;
  return {
    kind: 'succeeded',
    outcome: {
      status: 'Succeeded',
      operationId: poll.monitor.operationId,
      resourceLocation,
      resourceId: lastSegment(resourceLocation),
      missing: { body: reason },
    },
    shownLocation: masked(resourceLocation),
  };
}
