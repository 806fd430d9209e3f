/**
 * What the answer to a submit means. [protocol.md sections 1, 2 and 4, rows "submit"]
 *
 * Keeps true:
 * 1. `rejected` and `protocol error` never lead to a second submit.
 * 2. Whatever may have reached the service and was not clearly refused is `uncertain`, never `not accepted`.
 * 3. A 2xx with a way to follow it is `accepted`, whatever its body looks like.
 */
import type { TroubleKind } from '../contract';
import type { Exchange } from './answer';
import { withCookies, type Cookies } from './cookies';
import { failureOf, requestLine } from './ends';
import type { NotAccepted, SubmitContext, SubmitDecision, Uncertain } from './monitor';
import { ReadAnswer } from './read-answer';
import { requestIdOf } from './request-id';
import { backoffWait, isThrottled } from './retry-after';
import type { ProtocolSettings } from './settings';
import { headerUrl } from './status-url';
import { decideSuccessByDialect } from './dialect-submit';
import { decideSuccess } from './submit-success';
import { shown } from './trust';

/** Backoff between submits grows to this. */
const MAX_SUBMIT_BACKOFF_SECONDS = 60;

/** Decides what the answer to a submit means. Pure; never throws. `random` in [0, 1) jitters a backoff. */
export function decideSubmit(
  exchange: Exchange,
  context: SubmitContext,
  settings: ProtocolSettings,
  nowMs: number,
  random: number,
): SubmitDecision {
  const again = <K extends (NotAccepted | Uncertain)['kind']>(
    kind: K,
    trouble: TroubleKind,
    message: string,
    attempts = context.attempts,
  ) => {
    const answer = exchange.kind === 'answer' ? exchange : undefined;
    return {
      kind,
      ...backoffWait(answer?.headers, attempts, MAX_SUBMIT_BACKOFF_SECONDS, settings.poll, nowMs, random),
      trouble: {
        message,
        kind: trouble,
        said: answer && new ReadAnswer(answer).said,
        httpStatus: answer?.httpStatus,
        requestId: kind === 'uncertain' ? requestIdOf(answer) : undefined,
      },
      cookies: cookiesAfter(context, exchange, nowMs),
    };
  };
  switch (exchange.kind) {
    case 'untrusted':
      return failureOf('UntrustedUrl', `${requestLine(context.method, context.url)} was not sent: ${exchange.reason}`, undefined);
    case 'noCredentials':
      return again('notAccepted', 'Unauthorized', `no credentials for connection "${context.connection}": ${exchange.reason}`);
    case 'noAnswer': {
      const waits = exchange.waitSeconds;
      if (exchange.maybeSent) return waitingFor(again('uncertain', 'Uncertain', exchange.reason), waits);
      const decision = again('notAccepted', waits === undefined ? 'Unreachable' : (exchange.trouble ?? 'Throttled'), exchange.reason);
      return waits === undefined ? decision : { ...waitingFor(decision, waits), heldBack: true };
    }
    case 'answer':
      break;
  }
  const read = new ReadAnswer(exchange);
  const line = requestLine(context.method, context.url);
  const code = exchange.httpStatus;
  const withWords = (text: string): string => (read.words === undefined ? text : `${text}: ${read.words}`);
  if (code >= 200 && code < 300) {
    const broken = () => again('uncertain', 'Uncertain', `the answer to ${line} (${code}) broke off`);
    const success = { read, context, settings, nowMs, cookies: cookiesAfter(context, exchange, nowMs) };
    return settings.dialect === undefined ? decideSuccess(success, broken) : decideSuccessByDialect(success, settings.dialect, broken);
  }
  if (code >= 300 && code < 400) {
    const target = headerUrl(exchange, 'Location', settings);
    // A 307 followed would send the POST twice.
    const where = target === undefined ? '' : ` to ${shown(target)}`;
    return failureOf('ProtocolError', `${line} was answered with a redirect (${code})${where}; a submit is never redirected`, read);
  }
  if (isThrottled(exchange, nowMs)) {
    return again('notAccepted', 'Throttled', withWords(`${line} was not accepted for now (${code})`));
  }
  // Gateways answer so after the request went on to the service, too.
  if (code === 408 || code === 425 || code === 503) {
    return again('uncertain', 'Uncertain', withWords(`${line} was probably not accepted (${code})`));
  }
  if (code === 401 && context.waitsUnauthorized === true) {
    const { unauthorizedSinceMs = nowMs } = context;
    if (nowMs - unauthorizedSinceMs < settings.poll.unauthorizedSeconds * 1000) {
      const message = withWords(`${line} was refused for the credentials of connection "${context.connection}" (401)`);
      // No try is counted, so the backoff grows with the time that the key has been refused.
      const heldFor = Math.floor(Math.log2(1 + (nowMs - unauthorizedSinceMs) / 1000));
      return { ...again('notAccepted', 'Unauthorized', message, heldFor), heldBack: true, unauthorizedSinceMs };
    }
  }
  if (code === 501) return notImplemented(read, line, context);
  if (code >= 500) {
    return again('uncertain', 'Uncertain', withWords(`${line} was answered with ${code}: nobody knows whether it was accepted`));
  }
  if (code === 409 && context.attempts > 0 && settings.dialect?.idempotencyKey?.repeated === 'refused') {
    const message = `${line}: an earlier try was accepted, and its answer is lost; the service refuses to take the key again (409)`;
    if (context.canBeFound === true) return again('uncertain', 'Uncertain', message);
    return failureOf('SubmissionUncertain', message, read);
  }
  return failureOf('SubmissionRejected', `${line} was rejected with ${code}`, read);
}

function notImplemented(read: ReadAnswer, line: string, { idempotencyHeaders, connection }: SubmitContext): SubmitDecision {
  if (idempotencyHeaders.length === 0) return failureOf('SubmissionRejected', `${line} was rejected with 501`, read);
  return failureOf(
    'ProtocolError',
    `${line} was answered with 501: the service does not know the idempotency headers ${idempotencyHeaders.join(', ')}; ` +
      `"idempotencyHeaders: []" of connection "${connection}" turns them off`,
    read,
  );
}

/** At least as long as the connection itself wants it to wait. */
function waitingFor<D extends { waitSeconds: number }>(decision: D, waitSeconds: number | undefined): D {
  return waitSeconds === undefined ? decision : { ...decision, waitSeconds: Math.max(decision.waitSeconds, Math.ceil(waitSeconds)) };
}

function cookiesAfter(context: SubmitContext, exchange: Exchange, nowMs: number): Cookies | undefined {
  return exchange.kind === 'answer' ? withCookies(context.cookies, exchange.setCookies, exchange.url, nowMs) : context.cookies;
}
