/**
 * What a status answer means. [protocol.md sections 1 to 4, rows "status"]
 *
 * Keeps true:
 * 1. An unreadable answer is never success, and an unreachable service never fails an operation.
 * 2. A terminal state that was read is never lost: it ends the operation in this very decision.
 * 3. Every decision to go on has a finite wait; what makes no sense is bounded by `maxUnreadable`, the rest by the deadline.
 */
import type { FailureType, Json } from '../contract';
import { passesByItself, type Answer, type Exchange } from './answer';
import type { ParsedBody } from './body';
import { parseBody, stringField } from './body';
import { withCookies } from './cookies';
import { fetchesAfter } from './final-state';
import type { Failed, Monitor, MonitorStyle, Running, StatusDecision, Tally } from './monitor';
import { failureOf, operationIdOf, outcomeOf, shownWord } from './outcome';
import type { Wait } from './retry-after';
import { backoffWait, nextWait } from './retry-after';
import type { ProtocolSettings } from './settings';
import { isKnownRunning, statusKind } from './status-words';
import { findStatusUrl, headerUrl, withApiVersion } from './status-url';
import { endedBadly, provisioningStateOf } from './submit';
import { masked, shown } from './trust';

/** Backoff between polls of a service that cannot be reached grows to this. */
const MAX_POLL_BACKOFF_SECONDS = 60;
/** 401 and 403 in a row before an operation's credentials are given up; each try has refreshed them already. */
const MAX_UNAUTHORIZED = 3;

/** Decides what the answer of a status URL means. Pure; never throws. `random` in [0, 1) jitters a backoff. */
export function decideStatus(
  exchange: Exchange,
  monitor: Monitor,
  settings: ProtocolSettings,
  nowMs: number,
  random: number,
): StatusDecision {
  const trouble = new Trouble(exchange.kind === 'answer' ? exchange : undefined, monitor, settings, nowMs, random);
  switch (exchange.kind) {
    case 'untrusted':
      return trouble.end('UntrustedUrl', `status URL refused: ${exchange.reason}`);
    case 'noCredentials':
      return trouble.unreachable(`no credentials for connection "${monitor.connection}": ${exchange.reason}`);
    case 'noAnswer':
      return exchange.waitSeconds === undefined
        ? trouble.unreachable(exchange.reason)
        : trouble.held(exchange.reason, exchange.waitSeconds);
    case 'answer':
      break;
  }
  const code = exchange.httpStatus;
  if (code >= 200 && code < 300) return decideBody(exchange, monitor, settings, nowMs, trouble);
  if (passesByItself(code)) return trouble.unreachable(`the service answered ${code}`);
  if (code === 401 || code === 403) return trouble.unauthorized(code);
  if (code === 410) return trouble.end('OperationGone', 'the service no longer knows the operation (410)');
  if (code === 404) return trouble.notFound();
  return trouble.unreadable(
    code < 400 ? `the service answered with a redirect (${code}) that is not followed` : `the service answered ${code}`,
  );
}

/** A 2xx, read in the monitor's style. */
function decideBody(answer: Answer, monitor: Monitor, settings: ProtocolSettings, nowMs: number, trouble: Trouble): StatusDecision {
  const parsed = parseBody(answer.body);
  const body = parsed.kind === 'json' ? parsed.value : undefined;
  const style = styleOf(monitor, answer, body);
  if (parsed.kind === 'broken' && answer.httpStatus !== 202) return trouble.unreadable('the answer broke off');

  const word = wordOf(style, body);
  if (word !== undefined) {
    const kind = statusKind(word, settings.statusWords);
    // At a `Location` an unknown word may well be a field of the result.
    if (kind === 'running') {
      const result = style === 'location' && answer.httpStatus !== 202 && !isKnownRunning(word);
      return result
        ? succeeded('Succeeded', answer, parsed, style, monitor, settings, nowMs)
        : running(answer, word, style, monitor, settings, nowMs);
    }
    if (kind === 'succeeded') return succeeded(word, answer, parsed, style, monitor, settings, nowMs);
    return endedBadly(kind, word, answer, identity(monitor, body));
  }
  if (style === 'monitor') return trouble.unreadable(`the answer ${lackOf(parsed)}`);
  if (answer.httpStatus === 202) return running(answer, undefined, style, monitor, settings, nowMs);
  // The end without a word: a `Location` that answers anything but 202, or a resource without a state.
  const mustHaveBody = style !== 'location' && answer.httpStatus !== 204;
  if (mustHaveBody && parsed.kind !== 'json') return trouble.unreadable(`the answer ${lackOf(parsed)}`);
  return succeeded('Succeeded', answer, parsed, style, monitor, settings, nowMs);
}

/** An operation followed from elsewhere shows its style by its answers: a `status` is a monitor's. */
function styleOf(monitor: Monitor, answer: Answer, body: Json | undefined): MonitorStyle {
  if (monitor.style !== 'unknown') return monitor.style;
  // On 202 a `Location` may have one, too.
  if (stringField(body, 'status') !== undefined) return answer.httpStatus === 202 ? 'unknown' : 'monitor';
  return provisioningStateOf(body) === undefined ? 'unknown' : 'resource';
}

function wordOf(style: MonitorStyle, body: Json | undefined): string | undefined {
  return style === 'resource' ? provisioningStateOf(body) : stringField(body, 'status');
}

function lackOf(parsed: ParsedBody): string {
  if ('cut' in parsed && parsed.cut) return 'has no "status" within the connection\'s "maxBodyBytes"';
  return { json: 'has no string "status"', empty: 'is empty', text: 'is not JSON', broken: 'broke off' }[parsed.kind];
}

function running(
  answer: Answer,
  status: string | undefined,
  style: MonitorStyle,
  monitor: Monitor,
  settings: ProtocolSettings,
  nowMs: number,
): Running {
  const moved = movedTo(answer, style, settings);
  const cookies = withCookies(monitor.cookies, answer.setCookies, answer.url, nowMs);
  const statusUrl = moved === undefined ? monitor.statusUrl : withApiVersion(moved, monitor.apiVersion);
  const changed = statusUrl !== monitor.statusUrl || cookies !== monitor.cookies || style !== monitor.style || monitor.tally !== undefined;
  return {
    kind: 'running',
    ...nextWait(answer.headers, settings.poll, nowMs),
    status: status === undefined ? undefined : shownWord(status),
    ...(changed ? { monitor: { ...monitor, statusUrl, shownUrl: masked(statusUrl), style, cookies, tally: undefined } } : {}),
  };
}

/** A poll answer may name a new status URL. Beside a monitor, `Location` is the place of the result, not of the status. */
function movedTo(answer: Answer, style: MonitorStyle, settings: ProtocolSettings): string | undefined {
  if (style === 'resource') return undefined;
  if (style === 'location') return headerUrl(answer, 'Location', settings);
  const found = findStatusUrl(answer, settings);
  return found === undefined || (style === 'monitor' && found.style === 'location') ? undefined : found.url;
}

function succeeded(
  word: string,
  answer: Answer,
  parsed: ParsedBody,
  style: MonitorStyle,
  monitor: Monitor,
  settings: ProtocolSettings,
  nowMs: number,
): StatusDecision {
  const outcome = outcomeOf(answer, parsed, word, settings, style === 'location');
  const cookies = withCookies(monitor.cookies, answer.setCookies, answer.url, nowMs);
  const body = parsed.kind === 'json' ? parsed.value : undefined;
  const fetches = fetchesAfter({ ...monitor, cookies }, answer, body, outcome.resourceLocation, settings);
  return {
    kind: 'succeeded',
    outcome: { ...outcome, operationId: outcome.operationId ?? monitor.operationId },
    shownLocation: masked(outcome.resourceLocation),
    ...(fetches.length === 0 ? {} : { fetches }),
  };
}

/** The body's own id says more than one that was read off the URL. */
function identity(monitor: Monitor, body?: Json): { operationId?: string; statusUrl: string } {
  const operationId = operationIdOf(body) ?? monitor.operationId;
  return { ...(operationId === undefined ? {} : { operationId }), statusUrl: monitor.statusUrl };
}

/** The decisions about one answer that brought no status. */
class Trouble {
  constructor(
    private readonly answer: Answer | undefined,
    private readonly monitor: Monitor,
    private readonly settings: ProtocolSettings,
    private readonly nowMs: number,
    private readonly random: number,
  ) {}

  /** Not a fault of the operation: wait and read again, until the deadline. */
  unreachable(message: string): Running {
    const unreachable = (this.monitor.tally?.unreachable ?? 0) + 1;
    return this.again({ ...this.monitor.tally, unreachable }, message, this.backoff(unreachable, MAX_POLL_BACKOFF_SECONDS));
  }

  /** Not asked, because the service wants to be left alone: no fault of anybody. */
  held(message: string, waitSeconds: number): Running {
    const tally = { ...this.monitor.tally, held: (this.monitor.tally?.held ?? 0) + 1 };
    return { ...this.again(tally, message, { waitSeconds: Math.ceil(waitSeconds), why: 'Retry-After' }), notAsked: true };
  }

  /** An answer that makes no sense: read again a few times, then it is a protocol error. */
  unreadable(message: string): Running | Failed {
    const unreadable = (this.monitor.tally?.unreadable ?? 0) + 1;
    if (unreadable >= this.settings.poll.maxUnreadable) {
      return this.end('ProtocolError', `the status of ${this.name()} could not be read ${unreadable} times in a row; at last ${message}`);
    }
    return this.again({ ...this.monitor.tally, unreadable }, message, this.backoff(unreadable, this.settings.poll.defaultSeconds));
  }

  unauthorized(code: number): Running | Failed {
    const unauthorized = (this.monitor.tally?.unauthorized ?? 0) + 1;
    const message = `the service refused the credentials of connection "${this.monitor.connection}" (${code})`;
    if (unauthorized >= MAX_UNAUTHORIZED) return this.end('Unauthorized', `${message} for the status of ${this.name()}`);
    return this.again({ ...this.monitor.tally, unauthorized }, message, this.backoff(unauthorized, this.settings.poll.defaultSeconds));
  }

  /** Right after the submit it may not be visible yet; later it is gone (services keep a monitor for about a day). */
  notFound(): Running | Failed {
    const seconds = (this.nowMs - this.monitor.acceptedAtMs) / 1000;
    if (seconds >= this.settings.poll.goneAfterSeconds) return this.end('OperationGone', `the service does not know ${this.name()} (404)`);
    return this.again(
      this.monitor.tally,
      'the service does not know the operation yet (404)',
      nextWait(this.answer?.headers ?? {}, this.settings.poll, this.nowMs),
    );
  }

  end(type: FailureType, message: string): Failed {
    return failureOf(type, message, this.answer, identity(this.monitor));
  }

  private again(tally: Tally | undefined, message: string, wait: Wait): Running {
    const { answer } = this;
    const cookies =
      answer === undefined ? this.monitor.cookies : withCookies(this.monitor.cookies, answer.setCookies, answer.url, this.nowMs);
    return {
      kind: 'running',
      ...wait,
      monitor: { ...this.monitor, cookies, tally },
      trouble: { message, ...(this.answer === undefined ? {} : { httpStatus: this.answer.httpStatus }) },
    };
  }

  private backoff(attempt: number, limitSeconds: number): Wait {
    return backoffWait(this.answer?.headers, attempt - 1, limitSeconds, this.settings.poll, this.nowMs, this.random);
  }

  private name(): string {
    return this.monitor.operationId === undefined ? shown(this.monitor.statusUrl) : `operation ${this.monitor.operationId}`;
  }
}
