/**
 * What the answer to a submit means. [protocol.md sections 1, 2 and 4, rows "submit"]
 *
 * Keeps true:
 * 1. `rejected` and `protocol error` never lead to a second submit.
 * 2. Whatever may have reached the service and was not clearly refused is `uncertain`, never `not accepted`.
 * 3. A 2xx with a way to follow it is `accepted`, whatever its body looks like.
 */
import type { Answer, Exchange } from './answer';
import { fieldsOf, parseBody, stringField } from './body';
import { withCookies, type Cookies } from './cookies';
import { fetchesAfter, planFinalGet } from './final-state';
import type { Failed, Monitor, MonitorStyle, NotAccepted, SubmitContext, SubmitDecision, Succeeded, Uncertain } from './monitor';
import { createdOf, failureOf, operationIdOf, outcomeOf, requestLine, shownWord } from './outcome';
import { backoffWait, nextWait, retryAfterSeconds } from './retry-after';
import type { ProtocolSettings } from './settings';
import type { StatusKind } from './status-words';
import { isKnownRunning, statusKind } from './status-words';
import { apiVersionOf, findStatusUrl, headerUrl, lastSegment, withApiVersion } from './status-url';
import { masked, shown } from './trust';

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
  const again = (kind: 'notAccepted' | 'uncertain', message: string, answer?: Answer): NotAccepted | Uncertain => ({
    kind,
    ...backoffWait(answer?.headers, context.attempts, MAX_SUBMIT_BACKOFF_SECONDS, settings.poll, nowMs, random),
    trouble: { message, ...(answer === undefined ? {} : { httpStatus: answer.httpStatus }) },
    ...cookiesAfter(context, answer, nowMs),
  });
  switch (exchange.kind) {
    case 'untrusted':
      return failureOf('UntrustedUrl', `${requestLine(context.method, context.url)} was not sent: ${exchange.reason}`, undefined);
    case 'noCredentials':
      return again('notAccepted', `no credentials for connection "${context.connection}": ${exchange.reason}`);
    case 'noAnswer': {
      const decision = again(exchange.maybeSent ? 'uncertain' : 'notAccepted', exchange.reason);
      if (exchange.waitSeconds === undefined) return decision;
      const waitSeconds = Math.max(decision.waitSeconds, Math.ceil(exchange.waitSeconds));
      return decision.kind === 'notAccepted' ? { ...decision, waitSeconds, heldBack: true } : { ...decision, waitSeconds };
    }
    case 'answer':
      break;
  }
  const answer = exchange;
  const line = requestLine(context.method, context.url);
  const code = answer.httpStatus;
  if (code >= 200 && code < 300) return decideTaken(answer, context, settings, nowMs, again);
  if (code >= 300 && code < 400) {
    const target = headerUrl(answer, 'Location', settings);
    // A 307 followed would send the POST twice.
    const where = target === undefined ? '' : ` to ${shown(target)}`;
    return failureOf('ProtocolError', `${line} was answered with a redirect (${code})${where}; a submit is never redirected`, answer);
  }
  if (code === 429 || (code === 503 && retryAfterSeconds(answer.headers, nowMs) !== undefined)) {
    return again('notAccepted', `${line} was not accepted for now (${code})`, answer);
  }
  // Gateways answer so after the request went on to the service, too.
  if (code === 408 || code === 425 || code === 503) return again('uncertain', `${line} was probably not accepted (${code})`, answer);
  if (code === 501) {
    return context.idempotencyHeaders.length > 0
      ? failureOf(
          'ProtocolError',
          `${line} was answered with 501: the service does not know the idempotency headers ${context.idempotencyHeaders.join(', ')}; ` +
            `"idempotencyHeaders: []" of connection "${context.connection}" turns them off`,
          answer,
        )
      : failureOf('SubmissionRejected', `${line} was rejected with 501`, answer);
  }
  if (code >= 500) return again('uncertain', `${line} was answered with ${code}: nobody knows whether it was accepted`, answer);
  return failureOf('SubmissionRejected', `${line} was rejected with ${code}`, answer);
}

/** A 2xx: there is something to follow, or it is the end already. */
function decideTaken(
  answer: Answer,
  context: SubmitContext,
  settings: ProtocolSettings,
  nowMs: number,
  again: (kind: 'uncertain', message: string, answer: Answer) => NotAccepted | Uncertain,
): SubmitDecision {
  const parsed = parseBody(answer.body);
  const body = parsed.kind === 'json' ? parsed.value : undefined;
  const status = stringField(body, 'status');
  const makesResource = context.method === 'PUT' || context.method === 'PATCH';
  const state = makesResource ? provisioningStateOf(body) : undefined;
  const found = findStatusUrl(answer, settings);
  const follow = (url: string, style: MonitorStyle): SubmitDecision => accepted(url, style, answer, context, settings, nowMs);
  const ended = (word: string): SubmitDecision =>
    endedAtOnce(word, statusKind(word, settings.statusWords), answer, context, settings, nowMs);

  // A terminal word at the top of the body is the end, on 202 too; a resource's own terminal state only where the answer says 200.
  if (status !== undefined && statusKind(status, settings.statusWords) !== 'running' && !(makesResource && found)) return ended(status);
  if (answer.httpStatus === 200 && state !== undefined && statusKind(state, settings.statusWords) !== 'running') return ended(state);
  if (answer.httpStatus === 204) return ended('Succeeded');

  if (found) {
    // On 200 and 201 a lone `Location` names the resource that was made, unless the answer says that the work goes on. What a broken
    // body said is read at the `Location`: either way it is there.
    const goesOn =
      answer.httpStatus === 202 ||
      parsed.kind === 'broken' ||
      found.style === 'monitor' ||
      (status !== undefined && isKnownRunning(status)) ||
      state !== undefined;
    if (goesOn) return follow(found.url, found.style);
  }
  if (state !== undefined && statusKind(state, settings.statusWords) !== 'running' && answer.httpStatus !== 202) return ended(state);
  if (makesResource) {
    // No header at all: the resource tells of itself. An empty or stateless 200/201 is complete.
    const complete = answer.httpStatus !== 202 && (parsed.kind === 'empty' || (parsed.kind === 'json' && state === undefined));
    return complete ? ended('Succeeded') : follow(context.url, 'resource');
  }
  const line = requestLine(context.method, context.url);
  if (answer.httpStatus === 202 || (status !== undefined && isKnownRunning(status))) {
    return failureOf(
      'ProtocolError',
      `${line} was accepted (${answer.httpStatus}), but the answer names nothing to poll (looked for ${settings.statusHeaders.join(', ')})`,
      answer,
    );
  }
  if (parsed.kind === 'broken') return again('uncertain', `the answer to ${line} (${answer.httpStatus}) broke off`, answer);
  return ended('Succeeded');
}

function accepted(
  url: string,
  style: MonitorStyle,
  answer: Answer,
  context: SubmitContext,
  settings: ProtocolSettings,
  nowMs: number,
): SubmitDecision {
  const parsed = parseBody(answer.body);
  const body = parsed.kind === 'json' ? parsed.value : undefined;
  const apiVersion = apiVersionOf(context.url);
  const statusUrl = style === 'resource' ? url : withApiVersion(url, apiVersion);
  const { cookies } = cookiesAfter(context, answer, nowMs);
  const word = stringField(body, 'status') ?? provisioningStateOf(body);
  const monitor: Monitor = {
    connection: context.connection,
    statusUrl,
    shownUrl: masked(statusUrl),
    style,
    operationId: operationIdOf(body) ?? (style === 'resource' ? undefined : lastSegment(statusUrl)),
    ...(style === 'monitor'
      ? planFinalGet(answer, url, context, settings)
      : context.finalStateVia === undefined
        ? {}
        : plannedElsewhere(context)),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(context.headers === undefined ? {} : { headers: context.headers }),
    ...(cookies === undefined ? {} : { cookies }),
    ...(context.fetchResource === true ? { fetchResource: true } : {}),
    acceptedAtMs: nowMs,
  };
  return {
    kind: 'accepted',
    monitor,
    ...nextWait(answer.headers, settings.poll, nowMs),
    status: word === undefined ? undefined : shownWord(word),
    ...createdOf(body),
  };
}

/** Without a monitor of its own, an operation's last answer is its result, unless the caller wants the original URL read. */
function plannedElsewhere(context: SubmitContext): Pick<Monitor, 'finalUrl' | 'finalUrlIsChosen' | 'mayFetch'> {
  return context.finalStateVia === 'original-uri' ? { finalUrl: context.url, finalUrlIsChosen: true } : { mayFetch: false };
}

/** The service answered the submit with the end. */
function endedAtOnce(
  word: string,
  kind: StatusKind,
  answer: Answer,
  context: SubmitContext,
  settings: ProtocolSettings,
  nowMs: number,
): Succeeded | Failed {
  const parsed = parseBody(answer.body);
  const body = parsed.kind === 'json' ? parsed.value : undefined;
  const operationId = operationIdOf(body);
  if (kind === 'failed' || kind === 'canceled') return endedBadly(kind, word, answer, operationId === undefined ? {} : { operationId });
  const outcome = outcomeOf(answer, parsed, kind === 'succeeded' ? word : 'Succeeded', settings, answer.httpStatus !== 202);
  const monitor = {
    ...context,
    ...cookiesAfter(context, answer, nowMs),
    apiVersion: apiVersionOf(context.url),
    mayFetch: context.finalStateVia === undefined,
  };
  const fetches = fetchesAfter(monitor, answer, body, outcome.resourceLocation, settings);
  return { kind: 'succeeded', outcome, shownLocation: masked(outcome.resourceLocation), ...(fetches.length === 0 ? {} : { fetches }) };
}

/** The typed failure of an operation that its service says has failed or was canceled. */
export function endedBadly(
  kind: 'failed' | 'canceled',
  word: string,
  answer: Answer,
  of: { operationId?: string; statusUrl?: string },
): Failed {
  const name = of.operationId === undefined ? 'the operation' : `operation ${of.operationId}`;
  const plain = word.toLowerCase() === kind ? '' : ` (${shownWord(word)})`;
  return kind === 'failed'
    ? failureOf('OperationFailed', `${name} failed${plain}`, answer, of)
    : failureOf('OperationCanceled', `${name} was canceled at the service${plain}`, answer, of);
}

/** `properties.provisioningState` [ARM RPC], or at the top of the body. */
export function provisioningStateOf(body: Parameters<typeof fieldsOf>[0]): string | undefined {
  return stringField(fieldsOf(body)['properties'], 'provisioningState') ?? stringField(body, 'provisioningState');
}

function cookiesAfter(context: SubmitContext, answer: Answer | undefined, nowMs: number): { cookies?: Cookies } {
  const cookies = answer === undefined ? context.cookies : withCookies(context.cookies, answer.setCookies, answer.url, nowMs);
  return cookies === undefined ? {} : { cookies };
}
