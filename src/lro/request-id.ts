/** The id that a service gives a request, by which its support finds it. */
import type { Answer } from './answer';
import { isPlain } from './text';

/** Azure's own first, then those of gateways and of others. */
const HEADERS = [
  'x-ms-request-id',
  'request-id',
  'x-request-id',
  'apim-request-id',
  'x-ms-correlation-request-id',
  'x-amzn-requestid',
] as const;
const MAX_CHARS = 128;

/** `undefined` where an answer names none, or nothing that can be one. */
export function requestIdOf(answer: Pick<Answer, 'headers'> | undefined): string | undefined {
  for (const name of HEADERS) {
    const id = answer?.headers[name]?.trim();
    if (id !== undefined && id !== '' && id.length <= MAX_CHARS && isPlain(id)) return id;
  }
  return undefined;
}
