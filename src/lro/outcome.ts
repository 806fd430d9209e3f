/**
 * What is kept of an answer that says how an operation ended.
 */
import type { FailureDetails, FailureType, Json } from '../contract';
import { MAX_KEPT_BYTES } from '../contract';
import type { Answer } from './answer';
import type { ParsedBody } from './body';
import { fieldsOf, parseBody, stringField } from './body';
import { createdTime } from './created';
import { errorMessage, errorOf } from './odata-error';
import type { FetchDecision } from './fetch';
import type { Failed, Outcome, StatusDecision, SubmitDecision } from './monitor';
import type { ProtocolSettings } from './settings';
import { fit } from './sizes';
import { absoluteUrl, headerUrl, lastSegment } from './status-url';
import { isPlain, oneLine } from './text';
import { shown } from './trust';

/** A parsed body as a JSON value: text stays text. */
function bodyValue(parsed: ParsedBody): Json | undefined {
  if (parsed.kind === 'json') return parsed.value;
  return parsed.kind === 'empty' ? undefined : parsed.text;
}

/** The value within the size limit, and whether anything of it was lost (here, or already while reading). */
export function kept(parsed: ParsedBody, maxBytes = MAX_KEPT_BYTES): { value: Json | undefined; cut: boolean } {
  const value = bodyValue(parsed);
  if (value === undefined) return { value, cut: false };
  const fitted = fit(value, maxBytes);
  return { value: fitted.value, cut: fitted.cut || ('cut' in parsed && parsed.cut) || parsed.kind === 'broken' };
}

/**
 * A decision that keeps at most `maxBytes` of each body, resource and error: a batch keeps less of an item than an operation does of itself.
 */
export function withinBytes<D extends SubmitDecision | StatusDecision | FetchDecision>(decision: D, maxBytes: number): D {
  switch (decision.kind) {
    case 'succeeded':
      return { ...decision, outcome: fieldsWithin(decision.outcome, ['body', 'warning'], maxBytes) };
    case 'failed':
      return { ...decision, failure: fieldsWithin(decision.failure, ['error', 'body'], maxBytes) };
    case 'fetched': {
      const { value, cut } = decision.value === undefined ? { value: undefined, cut: false } : fit(decision.value, maxBytes);
      return { ...decision, value, cut: decision.cut || cut };
    }
    default:
      return decision;
  }
}

function fieldsWithin<T extends { truncated?: string[] }>(value: T, fields: (keyof T & string)[], maxBytes: number): T {
  const cutFields = fields.flatMap((field) => {
    const whole = value[field] as Json | undefined;
    if (whole === undefined) return [];
    const fitted = fit(whole, maxBytes);
    return fitted.cut ? [[field, fitted.value] as const] : [];
  });
  if (cutFields.length === 0) return value;
  const truncated = [...new Set([...(value.truncated ?? []), ...cutFields.map(([field]) => field)])];
  return { ...value, ...Object.fromEntries(cutFields), truncated };
}

/** `created`, as the service wrote it and as ISO 8601 UTC. */
export function createdOf(body: Json | undefined): { created?: string; createdText?: string } {
  const createdText = stringField(body, 'created');
  return createdText === undefined ? {} : { created: createdTime(createdText), createdText: createdText.slice(0, 64) };
}

/** Where the thing that was made is: header `Resource-Location`, body `resourceLocation`, `result.resultUrl` [Route Matrix], at the end of a `Location` chain a new `Location`. */
function resourceLocationOf(
  answer: Answer,
  body: Json | undefined,
  settings: ProtocolSettings,
  locationIsResult: boolean,
): string | undefined {
  return (
    headerUrl(answer, 'Resource-Location', settings) ??
    absoluteUrl(stringField(body, 'resourceLocation'), answer.url, settings) ??
    absoluteUrl(stringField(fieldsOf(body)['result'], 'resultUrl'), answer.url, settings) ??
    (locationIsResult ? headerUrl(answer, 'Location', settings) : undefined)
  );
}

/** The outcome of a success told by `answer`. */
export function outcomeOf(
  answer: Answer,
  parsed: ParsedBody,
  status: string,
  settings: ProtocolSettings,
  locationIsResult: boolean,
): Outcome {
  const whole = parsed.kind === 'json' ? parsed.value : undefined;
  const resourceLocation = resourceLocationOf(answer, whole, settings, locationIsResult);
  const body = kept(parsed);
  const warning = fieldsOf(whole)['warning'];
  const keptWarning = warning === undefined || warning === null ? undefined : fit(warning, 8192);
  const truncated = [...(body.cut ? ['body'] : []), ...(keptWarning?.cut ? ['warning'] : [])];
  return {
    status: shownWord(status),
    operationId: operationIdOf(whole),
    resourceLocation,
    // Graph's copy names the new item by `resourceId`, with no URL.
    resourceId: resourceLocation === undefined ? stringField(whole, 'resourceId')?.slice(0, 1024) : lastSegment(resourceLocation),
    body: body.value,
    warning: keptWarning?.value,
    ...(truncated.length > 0 ? { truncated } : {}),
    ...createdOf(whole),
  };
}

/** `operationId` of a status body; plain text of a reasonable length only. */
export function operationIdOf(body: Json | undefined): string | undefined {
  const id = stringField(body, 'operationId');
  return id === undefined || id === '' || id.length > 512 || !isPlain(id) ? undefined : id;
}

/** A status word as it is shown and reported. */
export function shownWord(word: string): string {
  return oneLine(word, 64);
}

/** A failure told by an answer: its error is kept whole where it fits, its message says the service's own deepest words. */
export function failureOf(
  type: FailureType,
  what: string,
  answer: Answer | undefined,
  more: Pick<FailureDetails, 'operationId' | 'statusUrl'> = {},
): Failed {
  const parsed = answer === undefined ? undefined : parseBody(answer.body);
  const whole = parsed?.kind === 'json' ? parsed.value : undefined;
  const error = errorOf(whole);
  const text = errorMessage(error) ?? (parsed?.kind === 'text' || parsed?.kind === 'broken' ? oneLine(parsed.text, 200) : undefined);
  const keptError = error === undefined ? undefined : fit(error, MAX_KEPT_BYTES);
  // The error is most of a failed body: the body is kept beside it only when it says more.
  const body = parsed === undefined || (error !== undefined && error === whole) || (keptError?.cut ?? false) ? undefined : kept(parsed);
  const truncated = [...(keptError?.cut ? ['error'] : []), ...(body?.cut ? ['body'] : [])];
  return {
    kind: 'failed',
    failure: {
      type,
      message: text === undefined || text === '' ? what : `${what}: ${text}`,
      ...(answer === undefined ? {} : { httpStatus: answer.httpStatus }),
      ...more,
      ...(keptError === undefined ? {} : { error: keptError.value }),
      ...(body?.value === undefined ? {} : { body: body.value }),
      ...(truncated.length > 0 ? { truncated } : {}),
    },
  };
}

/** `POST https://host/path`, as it may be shown. */
export function requestLine(method: string, url: string): string {
  return `${method} ${shown(url)}`;
}
