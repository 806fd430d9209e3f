/**
 * How a job API says what Azure's services say in their own way: where the status URL stands, what ends an operation, where its result is.
 * [protocol.md section 6] A dialect is data: the worker's file or a preset of `dialects/` says it, `src/config` reads and checks it. Without one
 * an API is Azure's.
 *
 * Keeps true: nothing of a dialect says how long to wait against a service's `Retry-After`, whom to trust, or what an error answer means that no
 * rule names.
 */
import type { HttpMethod, Json } from '../contract';
import { isOfAnswer, scalarText, textOf, valueOf, type Expression, type Template, type TemplateNames } from './expressions';
import type { Find } from './find-rules';
import type { ReadAnswer } from './read-answer';

/** What a status says. */
export type StatusKind = 'succeeded' | 'failed' | 'canceled' | 'running';

/** How the status URLs that a service names are asked, where it stands behind a gateway. */
export interface StatusUrlSettings {
  /** `baseUrl`: a URL on another origin is asked at the base URL instead, with its own path and query. */
  through: 'asGiven' | 'baseUrl';
  /** What a URL that begins with `/` is below. */
  resolveBelow: 'origin' | 'baseUrl';
  /** False where the URL carries its own: the connection's are not sent, and its parameters stay though they have the name of the connection's. */
  credentials: boolean;
}

/** What a part of an answer must be. All conditions of a list must hold. */
export interface Condition {
  expression: Expression;
  /** One of these: texts in any letter case; `4XX` beside `$statusCode` means 400 to 499. */
  oneOf?: readonly (string | number | boolean)[];
  /** There and not null, or not. */
  exists?: boolean;
}

/** Rules are tried from top to bottom, before the words of `status`; the first that matches decides. */
export interface Rule {
  when: readonly Condition[];
  then: StatusKind;
}

/** A request that a dialect makes; texts in its body are templates. */
export interface DialectRequest {
  method: HttpMethod;
  url: Template;
  body?: JsonTemplate;
}

/** JSON whose texts are templates. A template of one expression keeps the kind of its value. */
export type JsonTemplate =
  | { kind: 'value'; value: Json }
  | { kind: 'template'; template: Template }
  | { kind: 'list'; items: readonly JsonTemplate[] }
  | { kind: 'map'; entries: readonly (readonly [string, JsonTemplate])[] };

/** Where the key of a submit stands, and what becomes of a submit whose key the service has seen. */
export interface IdempotencyKeyPlace {
  in: 'header' | 'query' | 'body';
  name: string;
  /** `refused`: with 409; the first submit was accepted, and its answer is lost. */
  repeated: 'replayed' | 'refused';
  /** Beside a key in the query, of every try but the first. */
  repeatQuery?: Readonly<Record<string, string>>;
}

/** Waits where nobody says `Retry-After`: each `factor` times the last, between the two. */
export interface Backoff {
  firstSeconds: number;
  maxSeconds: number;
  factor: number;
}

export interface Dialect {
  /** For messages: the preset's name, or `of the connection's own`. */
  name: string;
  /** The first whose values are all there. */
  pollingLocation: readonly Template[];
  operationId?: Template;
  poll?: { method: 'GET' | 'POST'; body?: JsonTemplate };
  rules: readonly Rule[];
  status?: Expression;
  words: Readonly<Record<StatusKind, readonly string[]>>;
  /** The first that is there. */
  errorResult: readonly Expression[];
  /** Part of the last status answer that is the result. */
  result?: Expression;
  /** Read by GET after success; its answer is the result. */
  finalLocation: readonly Template[];
  /** Named as the result's `resourceLocation`, and read only where the caller wants it. */
  resourceLocation: readonly Template[];
  cancel?: DialectRequest;
  /** Of a submit. */
  headers: Readonly<Record<string, string>>;
  idempotencyKey?: IdempotencyKeyPlace;
  backoff?: Backoff;
  /** A 200 or 204 to the submit that names nothing to poll is the result. */
  synchronous: boolean;
  /** Where the connection says nothing else. */
  statusUrls: Partial<StatusUrlSettings>;
  /** How an operation is found whose submit ended uncertain, where the connection says nothing else. */
  find?: Find;
}

/** Whether a rule matches an answer. */
export function matches({ when }: Rule, read: ReadAnswer): boolean {
  return when.every(({ expression, oneOf, exists }) => {
    const value = valueOf(expression, read);
    if (exists !== undefined && (value !== undefined && value !== null) !== exists) return false;
    return oneOf === undefined || oneOf.some((wanted) => isSame(wanted, value, expression));
  });
}

function isSame(wanted: string | number | boolean, value: Json | undefined, { kind }: Expression): boolean {
  if (kind === 'statusCode' && typeof wanted === 'string') return codeRange(wanted) === Math.floor(Number(value) / 100);
  if (typeof wanted === 'string' && typeof value === 'string') return value.trim().toLowerCase() === wanted.trim().toLowerCase();
  // A header is always a text.
  return kind === 'header' ? value === String(wanted) : value === wanted;
}

/** `4XX` → 4 [OpenAPI, Responses Object]. */
export function codeRange(text: string): number | undefined {
  const [, digit] = /^([1-5])XX$/.exec(text) ?? [];
  return digit === undefined ? undefined : Number(digit);
}

/** The word of `status`; `undefined` where there is none. */
export function wordOf({ status }: Dialect, read: ReadAnswer): string | undefined {
  return status === undefined ? undefined : scalarText(valueOf(status, read));
}

/** The error that an answer tells where the dialect says. */
export function dialectErrorOf({ errorResult }: Dialect, read: ReadAnswer): Json | undefined {
  return errorResult.map((expression) => valueOf(expression, read)).find((error) => error !== undefined && error !== null && error !== '');
}

/** A body filled in; `undefined` where a value is not there. */
export function filledIn(body: JsonTemplate, read: ReadAnswer | undefined, names: TemplateNames): Json | undefined {
  switch (body.kind) {
    case 'value':
      return body.value;
    case 'template': {
      const [only, ...others] = body.template.parts;
      if (typeof only === 'object' && only.kind !== 'name' && isOfAnswer(only) && others.length === 0) {
        const value = read === undefined ? undefined : valueOf(only, read);
        return typeof value === 'number' && scalarText(value) === undefined ? undefined : (value ?? undefined);
      }
      return textOf(body.template, read, names);
    }
    case 'list': {
      const items = body.items.map((item) => filledIn(item, read, names));
      return items.some((item) => item === undefined) ? undefined : (items as Json[]);
    }
    case 'map': {
      const entries = body.entries.map(([name, value]) => [name, filledIn(value, read, names)] as const);
      return entries.some(([, value]) => value === undefined) ? undefined : (Object.fromEntries(entries) as Json);
    }
  }
}
