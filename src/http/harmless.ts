/**
 * What is kept of an answer that refuses credentials.
 *
 * Keeps true: who refuses a request likes to repeat it, in forms that nobody foresees. So of a 401 or 403 only what says why is kept: the code
 * and the message of its error, and headers that carry nothing of the request.
 */
import { errorMessage, errorOf } from '../lro/odata-error';
import type { AnswerBody } from '../lro/answer';
import { fieldsOf, parseBody, stringField } from '../lro/body';
import type { Json } from '../contract';

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
const MAX_MESSAGE_CHARS = 1000;
const MAX_DETAILS = 5;

/** Whether an answer of this status refuses credentials. */
export function refusesCredentials(httpStatus: number): boolean {
  return httpStatus === 401 || httpStatus === 403;
}

/** The harmless ones of `headers`, whose names are in lower case. */
export function harmlessHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS_HEADERS.has(name)));
}

/** The error of a body as `{ "error": { "code", "message", "details" } }`; empty where it has none. @param body without secrets */
export function harmlessBody(body: AnswerBody): AnswerBody {
  const parsed = parseBody(body);
  const error = parsed.kind === 'json' ? errorOf(parsed.value) : undefined;
  const message = errorMessage(error);
  if (message === undefined) return { text: '' };
  const { details } = fieldsOf(error);
  const own = codeAndMessage(error);
  // An error whose texts stand deeper or elsewhere is kept as these texts.
  if (own.message === undefined) return { text: JSON.stringify({ error: { ...own, message } }) };
  const kept = Array.isArray(details) && details.length > 0 ? details.slice(0, MAX_DETAILS).map(codeAndMessage) : undefined;
  return { text: JSON.stringify({ error: { ...own, details: kept } }) };
}

function codeAndMessage(error: Json | undefined): { code?: string; message?: string } {
  const cut = (name: string, chars: number): string | undefined => stringField(error, name)?.slice(0, chars);
  return { code: cut('code', MAX_CODE_CHARS), message: cut('message', MAX_MESSAGE_CHARS) };
}
