/**
 * What a 2xx to a submit means: there is something to follow, or it is the end already. [protocol.md section 2]
 *
 * Keeps true: what may go on is never called a success, and whatever is followed is followed by one row of `styles.ts`.
 */
import type { Cookies } from './cookies';
import { endedBadly, failureOf, requestLine } from './ends';
import { fetchesAfter, planFinalGet } from './final-state';
import type { Failed, Monitor, MonitorStyle, SubmitContext, SubmitDecision, Succeeded } from './monitor';
import { standsBesideError } from './odata-error';
import { createdOf, operationIdOf, outcomeOf, shownWord } from './outcome';
import { wantsHtml, type ReadAnswer } from './read-answer';
import { nextWait, retryAfterSeconds } from './retry-after';
import type { ProtocolSettings } from './settings';
import { apiVersionOf, findStatusUrl, lastSegment, locationUrl, samePath, withApiVersion } from './status-url';
import { isKnownRunning, statusKind } from './status-words';
import type { StatusKind } from './dialect';
import { readIn } from './styles';
import { masked } from './trust';

export interface SubmitSuccess {
  read: ReadAnswer;
  context: SubmitContext;
  settings: ProtocolSettings;
  nowMs: number;
  /** After the answer. */
  cookies?: Cookies;
}

/** @param broken what to say of an answer that broke off, where nothing else says whether there is something to follow */
export function decideSuccess(success: SubmitSuccess, broken: () => SubmitDecision): SubmitDecision {
  const { read, context, settings } = success;
  const { httpStatus } = read.answer;
  const found = findStatusUrl(read.answer, settings);
  if (httpStatus === 204) return endedAtOnce('Succeeded', 'succeeded', success);
  if (found !== undefined) return decideNamed(found, success);

  const kind = read.status === undefined ? 'running' : statusKind(read.status, settings.statusWords);
  if (isPage(read, context) && httpStatus !== 202) {
    return failureOf(
      'ProtocolError',
      `${requestLine(context.method, context.url)} was answered with an HTML page, and names nothing to poll`,
      read,
    );
  }
  if (makesResource(context)) return decideResource(success);
  if (read.status !== undefined && kind !== 'running') return endedAtOnce(read.status, kind, success);
  if (context.method === 'DELETE' && (httpStatus === 202 || isBeingDeleted(success))) return followed(context.url, 'deletion', success);
  const word = read.status ?? read.provisioningState;
  if (httpStatus === 202 || (word !== undefined && isKnownRunning(word, settings.statusWords))) return nothingToPoll(success);
  if (read.parsed.kind === 'broken') return broken();
  // The same as at a `Location`, which answers as the request would have.
  if (read.status !== undefined && standsBesideError(read.json)) return endedAtOnce(read.status, 'failed', success);
  return endedAtOnce('Succeeded', 'succeeded', success);
}

/** A header names a URL. */
function decideNamed(found: { url: string; style: 'monitor' | 'location' }, success: SubmitSuccess): SubmitDecision {
  const { read, context, settings, nowMs } = success;
  const { httpStatus, headers } = read.answer;
  const { status, provisioningState: state } = read;
  const ofResource = makesResource(context);
  const style = styleNamed(found, context);

  // A terminal word at the top of the body is the end, on 202 too; a resource's own terminal state only where the answer is no 202.
  if (status !== undefined && !ofResource) {
    const kind = statusKind(status, settings.statusWords);
    if (kind !== 'running') return endedAtOnce(status, kind, success);
  }
  const stateKind = state === undefined ? undefined : statusKind(state, settings.statusWords);
  const stateEnds = ofResource && stateKind !== undefined && stateKind !== 'running';
  if (stateEnds && state !== undefined && (httpStatus === 200 || (httpStatus !== 202 && found.style === 'location'))) {
    return endedAtOnce(state, stateKind, success);
  }
  // What a broken body said is read at the URL: either way it is there.
  if (httpStatus === 202 || found.style === 'monitor' || read.parsed.kind === 'broken') return followed(found.url, style, success);

  // On 200 and 201 a lone `Location` names what was made, unless the answer says that work goes on; one that says nothing is probed.
  const goesOn = stateKind === 'running' || (status !== undefined && isKnownRunning(status, settings.statusWords));
  if (goesOn || retryAfterSeconds(headers, nowMs) !== undefined) return followed(found.url, style, success);
  if (read.parsed.kind === 'empty' || isPage(read, context)) {
    const made = outcomeOf(read, 'Succeeded', settings, true).resourceLocation ?? found.url;
    return followed(found.url, style, success, { resourceLocation: made });
  }
  return endedAtOnce('Succeeded', 'succeeded', success);
}

/** The URL of the resource itself tells how the resource stands: of one that is deleted, whether it is still there. */
function styleNamed(found: { url: string; style: 'monitor' | 'location' }, context: SubmitContext): MonitorStyle {
  if (!samePath(found.url, context.url)) return found.style;
  if (makesResource(context)) return 'resource';
  return context.method === 'DELETE' && found.style === 'location' ? 'deletion' : found.style;
}

/** A PUT or PATCH without a header: the resource tells of itself. An empty 200 or 201, or one without a state, is complete. */
function decideResource(success: SubmitSuccess): SubmitDecision {
  const { read, context, settings } = success;
  const { httpStatus } = read.answer;
  const reading = readIn('resource', read, context, settings);
  if (httpStatus === 202) {
    const isEnd = reading.kind === 'ended' && read.provisioningState === undefined;
    return isEnd ? endedAtOnce(reading.word, reading.as, success) : followed(context.url, 'resource', success);
  }
  if (reading.kind === 'ended') return endedAtOnce(reading.word, reading.as, success);
  if (reading.kind === 'unreadable' && read.parsed.kind === 'empty') return endedAtOnce('Succeeded', 'succeeded', success);
  return followed(context.url, 'resource', success);
}

/** A 200 that shows the resource on its way. */
function isBeingDeleted({ read: { status, provisioningState }, settings }: SubmitSuccess): boolean {
  return status === undefined && provisioningState !== undefined && isKnownRunning(provisioningState, settings.statusWords);
}

function makesResource({ method }: SubmitContext): boolean {
  return method === 'PUT' || method === 'PATCH';
}

/** A page that nobody asked for. */
function isPage(read: ReadAnswer, context: SubmitContext): boolean {
  return read.isHtml && !wantsHtml(context.headers);
}

function nothingToPoll({ read, context, settings }: SubmitSuccess): Failed {
  const line = requestLine(context.method, context.url);
  const headers = settings.statusHeaders.join(', ');
  return failureOf(
    'ProtocolError',
    `${line} was accepted (${read.answer.httpStatus}), but the answer names nothing to poll (looked for ${headers})`,
    read,
  );
}

function followed(url: string, style: MonitorStyle, success: SubmitSuccess, probe?: Monitor['probe']): SubmitDecision {
  const { read, context, settings, nowMs, cookies } = success;
  const { connection, method, finalStateVia, headers, fetchResource, resultFile } = context;
  const apiVersion = apiVersionOf(context.url);
  const statusUrl = url === context.url ? url : withApiVersion(url, apiVersion);
  const word = read.status ?? read.provisioningState;
  const namesOperation = style === 'monitor' || style === 'location';
  const location = locationUrl(read.answer, settings);
  const monitor: Monitor = {
    connection,
    statusUrl,
    shownUrl: masked(statusUrl),
    style,
    operationId: operationIdOf(read.json) ?? (namesOperation ? lastSegment(statusUrl) : undefined),
    ...planFinalGet({ style, statusUrl: url, method, requestUrl: context.url, finalStateVia, location }),
    apiVersion,
    headers,
    cookies,
    fetchResource: fetchResource === true ? true : undefined,
    resultFile,
    makesResource: makesResource(context) ? true : undefined,
    probe,
    acceptedAtMs: nowMs,
  };
  return {
    kind: 'accepted',
    monitor,
    ...nextWait(read.answer.headers, settings.poll, nowMs),
    status: word === undefined ? undefined : shownWord(word),
    ...createdOf(read.json),
  };
}

/** The service answered the submit with the end. */
function endedAtOnce(word: string, kind: Exclude<StatusKind, 'running'>, success: SubmitSuccess): Succeeded | Failed {
  const { read, context, settings, cookies } = success;
  const operationId = operationIdOf(read.json);
  if (kind !== 'succeeded') return endedBadly(kind, word, read, { operationId });
  const outcome = outcomeOf(read, word, settings, read.answer.httpStatus !== 202);
  const monitor = { ...context, cookies, apiVersion: apiVersionOf(context.url), mayFetch: context.finalStateVia === undefined };
  return {
    kind: 'succeeded',
    outcome,
    shownLocation: masked(outcome.resourceLocation),
    fetches: fetchesAfter(monitor, read, outcome.resourceLocation, settings),
  };
}
