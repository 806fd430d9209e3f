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

/** `{base}`: the base URL of the connection; `{statusUrl}`: the status URL; `{operationId}`. */
export const TEMPLATE_NAMES = ['base', 'statusUrl', 'operationId'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** A text with expressions in braces; an expression alone is a template of one part. */
export interface Template {
  text: string;
  parts: readonly (string | Expression | { kind: 'name'; name: TemplateName })[];
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
  const [, pointer] = /^\$response\.body#(\/.*)$/s.exec(text) ?? [];
  if (pointer !== undefined && !/~(?![01])/.test(pointer)) {
    const tokens = pointer.slice(1).split('/');
    return { kind: 'body', tokens: tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')), text };
  }
  const meant = probablyMeant(text);
  throw new ExpressionError(
    `must be an expression ($statusCode, $response.header.NAME or $response.body#/POINTER)${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
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
  if (text.startsWith('$')) return { text, parts: [parseExpression(text)] };
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
      if (inner.startsWith('$')) return parseExpression(inner);
      const meant =
        names.find((known) => known.toLowerCase() === inner.toLowerCase()) ?? (/^[/#]/.test(inner) ? probablyMeant(inner) : undefined);
      throw new ExpressionError(
        `must have names (${names.join(', ')}) or expressions in its braces, not "{${inner.slice(0, 64)}}"` +
          (meant === undefined ? '' : `; did you mean "{${meant}}"?`),
      );
    });
  return { text, parts };
}

/** The value in an answer; `undefined` where there is none. */
export function valueOf(expression: Expression, read: ReadAnswer): Json | undefined {
  switch (expression.kind) {
    case 'statusCode':
      return read.answer.httpStatus;
    case 'header':
      return Object.hasOwn(read.answer.headers, expression.name) ? read.answer.headers[expression.name] : undefined;
    case 'body': {
      let value = read.json;
      for (const token of expression.tokens) {
        if (typeof value !== 'object' || value === null) return undefined;
        if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
        else value = Object.hasOwn(value, token) ? value[token] : undefined;
      }
      return value;
    }
  }
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
export function textOf({ parts }: Template, read: ReadAnswer | undefined, names: TemplateNames): string | undefined {
  const texts = parts.map((part) => partText(part, read, names));
  return texts.includes(undefined) ? undefined : texts.join('');
}

/**
 * The URL of a template, perhaps relative; `undefined` where a value is not there. A value at its beginning is a URL and stands as it is;
 * one in the path keeps its slashes, one in the query nothing that ends it. The query of a URL at the beginning goes to the end.
 */
export function urlOf({ parts }: Template, read: ReadAnswer | undefined, names: TemplateNames): string | undefined {
  const [first, ...rest] = parts;
  const start = first === undefined ? undefined : partText(first, read, names)?.trim();
  if (start === undefined || rest.length === 0) return start;
  const isUrl = typeof first === 'object';
  const [head, query] = isUrl ? splitAt(start.replace(/#.*$/s, ''), '?') : [start];
  let url = isUrl && typeof rest[0] === 'string' && rest[0].startsWith('/') ? head.replace(/\/+$/, '') : head;
  for (const part of rest) {
    const text = partText(part, read, names);
    if (text === undefined) return undefined;
    url += typeof part === 'string' ? part : encoded(text, url.includes('?'));
  }
  return query === undefined || query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function splitAt(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function partText(part: Template['parts'][number], read: ReadAnswer | undefined, names: TemplateNames): string | undefined {
  if (typeof part === 'string') return part;
  if (part.kind === 'name') return names[part.name];
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
