/** An HTTP answer as a value: services make it, faults bend it, the sender puts it on the wire. */
import { DateTime } from 'luxon';

export type HeaderValues = Record<string, string | string[]>;

/** An OData error: the body of a 4xx and the `error` of a failed operation. */
export interface ODataError {
  code?: string;
  message?: string;
  target?: string;
  details?: ODataError[];
  innererror?: Record<string, unknown>;
}

export interface Answer {
  httpStatus: number;
  headers?: HeaderValues;
  /** A string is sent as it is, anything else as JSON; undefined sends no body. */
  body?: unknown;
  /** Bytes to send instead of `body`. */
  rawBody?: Buffer;
  /** Path of a file to send instead of `body`. */
  bodyFile?: string;
  /** The operation this answer is about, for the request log. */
  operationId?: string;
}

/** A refusal with an OData body, as Azure services phrase it. */
export function refusal(httpStatus: number, code: string, message: string, target?: string): Answer {
  return { httpStatus, body: { error: { code, message, target } } };
}

/** Thrown anywhere in a service to answer with a refusal. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(httpStatus: number, code: string, message: string, target?: string) {
    super(message);
    this.answer = refusal(httpStatus, code, message, target);
  }
}

/** Sets a header, whatever case it was in before. */
export function withHeader(headers: HeaderValues | undefined, name: string, value: string | string[]): HeaderValues {
  return { ...withoutHeader(headers, name), [name]: value };
}

export function withoutHeader(headers: HeaderValues | undefined, name: string): HeaderValues {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([other]) => other.toLowerCase() !== name.toLowerCase()));
}

/**
 * Fills `{origin}`, `{base}` and `{httpDate+N}` (now plus N seconds as an HTTP date) into every string of a value.
 * Other braces stay as they are.
 */
export function fillTemplates<T>(value: T, places: { origin: string; base?: string; nowMs: number }): T {
  return walk(value) as T;

  function walk(part: unknown): unknown {
    if (typeof part === 'string') return fill(part);
    if (Array.isArray(part)) return part.map(walk);
    if (part !== null && typeof part === 'object' && !Buffer.isBuffer(part)) {
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, walk(inner)]));
    }
    return part;
  }

  function fill(text: string): string {
    return text
      .replaceAll('{origin}', () => places.origin)
      .replaceAll('{base}', () => places.base ?? places.origin)
      .replace(
        /\{httpDate([+-]\d+)?\}/g,
        (_whole, shift: string | undefined) => DateTime.fromMillis(places.nowMs + Number(shift ?? 0) * 1000).toHTTP() ?? '',
      );
  }
}
