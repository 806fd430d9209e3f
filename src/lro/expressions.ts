/**
 * Runtime expressions [OpenAPI 3.1, "Runtime Expressions"; Arazzo 1.0], alone or inside a template: how a dialect names a part of an answer.
 *
 * Keeps true:
 * 1. What is not an expression is refused when it is read, with the one that was probably meant; a JSON pointer cannot loop.
 * 2. Evaluating never throws, and what is put into a URL cannot add to its query or move it to another host.
 */
import type { Json } from '../contract';
import type { ReadAnswer } from './read-answer';
import { wellFormed } from './text';

/** A part of an answer. */
export type Expression = { text: string } & (
  | { kind: 'statusCode' }
  | { kind: 'header'; name: string }
  /** `tokens` of the JSON pointer [RFC 6901]; none is the whole body. */
  | { kind: 'body'; tokens: readonly string[] }
);

/** A part of the submit that is looked for: only where an operation is found by it. */
export type RequestExpression = { text: string } & (
  { kind: 'requestBody'; tokens: readonly string[] } | { kind: 'requestQuery'; name: string }
);

/** `{base}`: the base URL of the connection; `{statusUrl}`: the status URL; `{operationId}`; `{idempotencyKey}` of the submit. */
export const TEMPLATE_NAMES = ['base', 'statusUrl', 'operationId', 'idempotencyKey'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** A text with expressions in braces; an expression alone is a template of one part. */
export interface Template {
  text: string;
  parts: readonly (string | Expression | RequestExpression | { kind: 'name'; name: TemplateName })[];
}

/** The submit that a template speaks of. */
export interface SubmittedRequest {
  url: string;
  /** Absent where it was none, or a file. */
  body?: Json;
}

/** Not an expression or template; the message says what is wrong and what was probably meant. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws ExpressionError */
export function parseExpression(text: string): Expression {
  if (text === '$statusCode') return { kind: 'statusCode', text };
  const [, header] = /^\$response\.header\.(.+)$/.exec(text) ?? [];
  if (header !== undefined && HEADER_NAME.test(header)) return { kind: 'header', name: header.toLowerCase(), text };
  if (text === '$response.body') return { kind: 'body', tokens: [], text };
  const tokens = tokensOf(/^\$response\.body#(\/.*)$/s.exec(text)?.[1]);
  if (tokens !== undefined) return { kind: 'body', tokens, text };
  const meant = probablyMeant(text);
  throw new ExpressionError(
    `must be an expression ($statusCode, $response.header.NAME or $response.body#/POINTER)${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
}

/** Of a JSON pointer; `undefined` where it is none. */
function tokensOf(pointer: string | undefined): string[] | undefined {
  if (pointer === undefined || /~(?![01])/.test(pointer)) return undefined;
  const tokens = pointer.slice(1).split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `$request.body#/name`, `$request.query.name`; `undefined` for anything else. */
function requestExpression(text: string): RequestExpression | undefined {
  const tokens = tokensOf(/^\$request\.body#(\/.*)$/s.exec(text)?.[1]);
  if (tokens !== undefined) return { kind: 'requestBody', tokens, text };
  const [, name] = /^\$request\.query\.(\S+)$/.exec(text) ?? [];
  return name === undefined ? undefined : { kind: 'requestQuery', name, text };
}

/** Usual slips: JSONPath, dots or a missing `#`, plurals, a pointer alone. */
function probablyMeant(text: string): string | undefined {
  const bare = text.trim();
  if (/^\$?status_?-?code$/i.test(bare) || /^\$response\.status_?code$/i.test(bare)) return '$statusCode';
  const [, header] = /^\$?response\.headers?[.#/]+([\w-]+)$/i.exec(bare) ?? [];
  if (header !== undefined) return `$response.header.${header}`;
  const [, path] = /^(?:\$?response\.body|\$?body|\$)?[.#/]+([\w./[\]-]+)$/i.exec(bare) ?? [];
  if (path !== undefined) return `$response.body#/${path.replaceAll(/[.[\]]+/g, '/').replace(/\/$/, '')}`;
  return /^\w+$/.test(bare) ? `$response.body#/${bare}` : undefined;
}

/** A URL or text. @param names that may stand in it @throws ExpressionError */
export function parseTemplate(text: string, names: readonly TemplateName[]): Template {
  const parse = (part: string): Expression | RequestExpression =>
    // A key is there only where a submit is looked for.
    (names.includes('idempotencyKey') ? requestExpression(part) : undefined) ?? parseExpression(part);
  if (text.startsWith('$')) return { text, parts: [parse(text)] };
  const parts = text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, inner] = /^\{([^{}]*)\}$/.exec(part) ?? [];
      if (inner === undefined) {
        if (/[{}]/.test(part)) throw new ExpressionError('must close every brace that it opens');
        return part;
      }
      const name = names.find((known) => known === inner);
      if (name !== undefined) return { kind: 'name' as const, name };
      if (inner.startsWith('$')) return parse(inner);
      const meant =
        names.find((known) => known.toLowerCase() === inner.toLowerCase()) ?? (/^[/#]/.test(inner) ? probablyMeant(inner) : undefined);
      throw new ExpressionError(
        `must have names (${names.join(', ')}) or expressions in its braces, not "{${inner.slice(0, 64)}}"` +
          (meant === undefined ? '' : `; did you mean "{${meant}}"?`),
      );
    });
  return { text, parts };
}

/** Whether it is a part of an answer, and not of the submit. */
export function isOfAnswer(expression: Expression | RequestExpression): expression is Expression {
  return expression.kind !== 'requestBody' && expression.kind !== 'requestQuery';
}

/** The value in an answer; `undefined` where there is none. */
export function valueOf(expression: Expression, read: ReadAnswer): Json | undefined {
  switch (expression.kind) {
    case 'statusCode':
      return read.answer.httpStatus;
    case 'header':
      return Object.hasOwn(read.answer.headers, expression.name) ? read.answer.headers[expression.name] : undefined;
    case 'body':
      return pointedAt(expression.tokens, read.json);
  }
}

function pointedAt(tokens: readonly string[], whole: Json | undefined): Json | undefined {
  let value = whole;
  for (const token of tokens) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
    else value = Object.hasOwn(value, token) ? value[token] : undefined;
  }
  return value;
}

function submittedValue(expression: RequestExpression, { url, body }: SubmittedRequest): Json | undefined {
  if (expression.kind === 'requestBody') return pointedAt(expression.tokens, body);
  return new URL(url).searchParams.get(expression.name) ?? undefined;
}

/** A text, number or switch as text. A number that JSON readers round is none: it would name another job. */
export function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
  return typeof value === 'boolean' ? String(value) : undefined;
}

/** What the names of a template stand for. */
export type TemplateNames = Partial<Record<TemplateName, string>>;

/** The text of a template, values as they are; `undefined` where one of them is not there. */
export function textOf(
  { parts }: Template,
  read: ReadAnswer | undefined,
  names: TemplateNames,
  submitted?: SubmittedRequest,
): string | undefined {
  const texts = parts.map((part) => partText(part, read, names, submitted));
  return texts.includes(undefined) ? undefined : texts.join('');
}

/**
 * The URL of a template, perhaps relative; `undefined` where a value is not there. A value at its beginning is a URL and stands as it is;
 * one in the path keeps its slashes, one in the query nothing that ends it. The query of a URL at the beginning goes to the end.
 */
export function urlOf(
  { parts }: Template,
  read: ReadAnswer | undefined,
  names: TemplateNames,
  submitted?: SubmittedRequest,
): string | undefined {
  const [first, ...rest] = parts;
  const start = first === undefined ? undefined : partText(first, read, names, submitted)?.trim();
  if (start === undefined || rest.length === 0) return start;
  const isUrl = typeof first === 'object';
  const [head, query] = isUrl ? splitAt(start.replace(/#.*$/s, ''), '?') : [start];
  let url = isUrl && typeof rest[0] === 'string' && rest[0].startsWith('/') ? head.replace(/\/+$/, '') : head;
  for (const part of rest) {
    const text = partText(part, read, names, submitted);
    if (text === undefined) return undefined;
    url += typeof part === 'string' ? part : encoded(text, url.includes('?'));
  }
  return query === undefined || query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function splitAt(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function partText(
  part: Template['parts'][number],
  read: ReadAnswer | undefined,
  names: TemplateNames,
  submitted: SubmittedRequest | undefined,
): string | undefined {
  if (typeof part === 'string') return part;
  if (part.kind === 'name') return names[part.name];
  if (part.kind === 'requestBody' || part.kind === 'requestQuery')
    return submitted === undefined ? undefined : scalarText(submittedValue(part, submitted));
  return read === undefined ? undefined : scalarText(valueOf(part, read));
}

function encoded(text: string, inQuery: boolean): string {
  const whole = wellFormed(text);
  if (inQuery) return encodeURIComponent(whole);
  // `..` would name a place above.
  const segments = whole
    .replace(/^\/+/, '')
    .split('/')
    .filter((segment) => segment !== '.' && segment !== '..');
  return segments.map((segment) => encodeURIComponent(segment).replaceAll('%3A', ':').replaceAll('%40', '@')).join('/');
}
