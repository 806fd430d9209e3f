/**
 * Typed failures that an answer tells.
 *
 * Keeps true: a failure carries the service's own error whole where it fits, and its message says the service's own words.
 */
import type { FailureDetails, FailureType, Json } from '../contract';
import { MAX_KEPT_BYTES } from '../contract';
import type { Failed } from './monitor';
import { errorMessage, errorOf } from './odata-error';
import { shownWord } from './outcome';
import type { ReadAnswer } from './read-answer';
import { requestIdsOf } from './request-id';
import { fit, kept } from './sizes';
import { shown } from './trust';

/** @param what happened, for people; the service's words are put behind it @param named the error, where something says where it stands */
export function failureOf(
  type: FailureType,
  what: string,
  read: ReadAnswer | undefined,
  of: Pick<FailureDetails, 'operationId' | 'statusUrl'> = {},
  named?: Json,
): Failed {
  const error = named ?? errorOf(read?.json);
  const text = (named === undefined ? undefined : errorMessage(named)) ?? read?.words;
  const keptError = error === undefined ? undefined : fit(error, MAX_KEPT_BYTES);
  // The error is most of a failed body: the body is kept beside it only when it says more.
  const saysMore = read !== undefined && (error === undefined || error !== read.json) && keptError?.cut !== true;
  const body = saysMore ? kept(read.parsed) : undefined;
  const truncated = [...(keptError?.cut ? ['error'] : []), ...(body?.cut ? ['body'] : [])];
  return {
    kind: 'failed',
    failure: {
      type,
      message: text === undefined ? what : `${what}: ${text}`,
      httpStatus: read?.answer.httpStatus,
      ...requestIdsOf(read?.answer),
      ...of,
      error: keptError?.value,
      body: body?.value,
      truncated: truncated.length > 0 ? truncated : undefined,
    },
  };
}

/** The failure of an operation that its service says has failed or was canceled. */
export function endedBadly(
  kind: 'failed' | 'canceled',
  word: string,
  read: ReadAnswer,
  of: Pick<FailureDetails, 'operationId' | 'statusUrl'>,
  named?: Json,
): Failed {
  const name = of.operationId === undefined ? 'the operation' : `operation ${of.operationId}`;
  const plain = word.toLowerCase() === kind ? '' : ` (${shownWord(word)})`;
  return kind === 'failed'
    ? failureOf('OperationFailed', `${name} failed${plain}`, read, of, named)
    : failureOf('OperationCanceled', `${name} was canceled at the service${plain}`, read, of, named);
}

/** `POST https://host/path`, as it may be shown. */
export function requestLine(method: string, url: string): string {
  return `${method} ${shown(url)}`;
}
