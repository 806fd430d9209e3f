/**
 * What a person is told of an OData error. [protocol.md section 1; OData v4 JSON §19]
 *
 * `details` is one object in Creator's document and an array in its specification, and a real failed conversion has no top-level
 * message: its useful text is two `details` levels down. So the message is built from the deepest texts there are.
 *
 * Keeps true: bounded work and length whatever the depth or breadth, and the error itself is never changed here.
 */
import type { Json } from '../contract';
import { fieldsOf } from './body';
import { oneLine, wellFormed } from './text';

const MAX_NODES = 2000;
const MAX_TEXTS = 5;
const MAX_MESSAGE_CHARS = 1000;
/** OData; ASP.NET; problem details [RFC 9457]. */
const MESSAGE_FIELDS = ['message', 'Message', 'detail', 'title'];

/** `code: message; code: message` of the deepest texts, or `undefined` where the error has none. */
export function errorMessage(error: Json | undefined): string | undefined {
  if (typeof error === 'string' || typeof error === 'number') return oneLine(String(error)) || undefined;
  let deepest: string[] = [];
  let codes: string[] = [];
  let level: Json[] = error === undefined ? [] : [error];
  let seen = 0;
  while (level.length > 0 && seen < MAX_NODES) {
    const next: Json[] = [];
    const texts: string[] = [];
    const bare: string[] = [];
    for (const node of level) {
      if (++seen > MAX_NODES) break;
      if (Array.isArray(node)) {
        next.push(...node.slice(0, MAX_NODES));
        continue;
      }
      const fields = fieldsOf(node);
      const code = scalar(fields['code']);
      const message = MESSAGE_FIELDS.map((name) => scalar(fields[name])).find((text) => text !== undefined);
      if (message !== undefined) texts.push(code === undefined ? message : `${code}: ${message}`);
      else if (code !== undefined) bare.push(code);
      // Some services wrap the error once more: { "error": { "error": { … } } }.
      for (const name of ['error', 'details', 'innererror', 'innerError']) {
        const child = fields[name];
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    if (texts.length > 0) deepest = texts;
    if (bare.length > 0) codes = bare;
    level = next;
  }
  const texts = deepest.length > 0 ? deepest : codes;
  if (texts.length === 0) return undefined;
  const more = texts.length > MAX_TEXTS ? `; and ${texts.length - MAX_TEXTS} more` : '';
  const text = texts
    .slice(0, MAX_TEXTS)
    .map((one) => oneLine(one))
    .join('; ');
  return wellFormed(`${text}${more}`.slice(0, MAX_MESSAGE_CHARS));
}

/** The error of a body: its `error`, or the body itself where that looks like one. */
export function errorOf(body: Json | undefined): Json | undefined {
  const fields = fieldsOf(body);
  if (fields['error'] !== undefined && fields['error'] !== null) return fields['error'];
  return ['code', ...MESSAGE_FIELDS].some((name) => scalar(fields[name]) !== undefined) ? body : undefined;
}

function scalar(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
