/**
 * What is kept of an answer that says how an operation ended.
 */
import type { Json } from '../contract';
import { fieldsOf, stringField } from './body';
import { createdTime } from './created';
import type { FetchDecision } from './fetch';
import type { Outcome, StatusDecision, SubmitDecision } from './monitor';
import type { ReadAnswer } from './read-answer';
import type { ProtocolSettings } from './settings';
import { fit, kept } from './sizes';
import { absoluteUrl, headerUrl, lastSegment } from './status-url';
import { isPlain, oneLine } from './text';

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
function resourceLocationOf({ answer, json }: ReadAnswer, settings: ProtocolSettings, locationIsResult: boolean): string | undefined {
  return (
    headerUrl(answer, 'Resource-Location', settings) ??
    absoluteUrl(stringField(json, 'resourceLocation'), answer.url, settings) ??
    absoluteUrl(stringField(fieldsOf(json)['result'], 'resultUrl'), answer.url, settings) ??
    (locationIsResult ? headerUrl(answer, 'Location', settings) : undefined)
  );
}

/** The outcome of a success told by an answer. */
export function outcomeOf(read: ReadAnswer, status: string, settings: ProtocolSettings, locationIsResult: boolean): Outcome {
  const { json } = read;
  const resourceLocation = resourceLocationOf(read, settings, locationIsResult);
  const body = kept(read.parsed);
  const warning = fieldsOf(json)['warning'];
  const keptWarning = warning === undefined || warning === null ? undefined : fit(warning, 8192);
  const truncated = [...(body.cut ? ['body'] : []), ...(keptWarning?.cut ? ['warning'] : [])];
  return {
    status: shownWord(status),
    operationId: operationIdOf(json),
    resourceLocation,
    // Graph's copy names the new item by `resourceId`, with no URL.
    resourceId: resourceLocation === undefined ? stringField(json, 'resourceId')?.slice(0, 1024) : lastSegment(resourceLocation),
    body: body.value,
    warning: keptWarning?.value,
    truncated: truncated.length > 0 ? truncated : undefined,
    ...createdOf(json),
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
