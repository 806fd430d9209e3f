/**
 * What is kept of an answer that refuses credentials.
 *
 * Keeps true: who refuses a request likes to repeat it, in forms that nobody foresees. So of a 401 or 403 only what says why is kept: the code
 * and the message of its error, and headers that carry nothing of the request.
 */
import { errorMessage, errorOf } from '../lro/odata-error';
import type { AnswerBody } from '../lro/answer';
import { fieldsOf, parseBody } from '../lro/body';

/** In lower case. */
const HARMLESS_HEADERS = new Set([
  'apim-request-id',
  'content-type',
  'date',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'server',
  'x-correlation-id',
  'x-ms-client-request-id',
  'x-ms-correlation-request-id',
  'x-ms-error-code',
  'x-ms-request-id',
  'x-ms-retry-after-ms',
  'x-request-id',
]);

const MAX_CODE_CHARS = 200;

/** Whether an answer of this status refuses credentials. */
export function refusesCredentials(httpStatus: number): boolean {
  return httpStatus === 401 || httpStatus === 403;
}

/** The harmless ones of `headers`, whose names are in lower case. */
export function harmlessHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS_HEADERS.has(name)));
}

/** The error of a body as `{ "error": { "code", "message" } }`; empty where it has none. @param body without secrets */
export function harmlessBody(body: AnswerBody): AnswerBody {
  const parsed = parseBody(body);
  if (parsed.kind !== 'json') return { text: '' };
  const error = errorOf(parsed.value);
  const { code } = fieldsOf(error);
  const message = errorMessage(error);
  if (message === undefined) return { text: '' };
  return { text: JSON.stringify({ error: { code: typeof code === 'string' ? code.slice(0, MAX_CODE_CHARS) : undefined, message } }) };
}
