/** The ids by which a service, and its support, find a request again. */
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
/** Of all requests that belong together. */
const CORRELATION_HEADER = 'x-ms-correlation-request-id';
const MAX_CHARS = 128;

/** What an answer says of both; what it does not say is absent. */
export interface RequestIds {
  requestId?: string;
  /** Where it is another one. */
  correlationId?: string;
}

/** The service's ids of a request. */
export function requestIdsOf(answer: Pick<Answer, 'headers'> | undefined): RequestIds {
  const requestId = requestIdOf(answer);
  const correlationId = idIn(answer, CORRELATION_HEADER);
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(correlationId === undefined || correlationId === requestId ? {} : { correlationId }),
  };
}

/** `undefined` where an answer names none, or nothing that can be one. */
export function requestIdOf(answer: Pick<Answer, 'headers'> | undefined): string | undefined {
  for (const name of HEADERS) {
    const id = idIn(answer, name);
    if (id !== undefined) return id;
  }
  return undefined;
}

function idIn(answer: Pick<Answer, 'headers'> | undefined, name: string): string | undefined {
  const id = answer?.headers[name]?.trim();
  return id !== undefined && id !== '' && id.length <= MAX_CHARS && isPlain(id) ? id : undefined;
}
