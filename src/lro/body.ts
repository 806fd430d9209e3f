/**
 * Reading an answer's body as JSON, whatever its Content-Type says. [protocol.md section 2]
 */
import type { Json, JsonObject } from '../contract';
import type { AnswerBody } from './answer';
import { readCutJson, withoutDeepLevels } from './cut-json';

export type ParsedBody =
  | { kind: 'json'; value: Json; cut: boolean }
  | { kind: 'empty' }
  | { kind: 'text'; text: string; cut: boolean }
  | { kind: 'broken'; text: string };

/**
 * JSON where it parses. A body cut at our own size limit is read as far as it goes (what stands at its beginning is true);
 * one that the other side cut off is broken, because nobody knows what was to come. Never throws.
 */
export function parseBody(body: AnswerBody): ParsedBody {
  if (body.cutBy === 'connection') return { kind: 'broken', text: body.text };
  const text = body.text.trim();
  if (text === '') return { kind: 'empty' };
  const shallow = withoutDeepLevels(text);
  try {
    return { kind: 'json', value: JSON.parse(shallow) as Json, cut: shallow !== text || body.cutBy === 'limit' };
  } catch {
    if (body.cutBy !== 'limit') return { kind: 'text', text, cut: false };
  }
  const value = readCutJson(shallow);
  return value === undefined ? { kind: 'text', text, cut: true } : { kind: 'json', value, cut: true };
}

/** The value as an object with named fields, or an empty one. */
export function fieldsOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** A string field, or `undefined` where it is absent or no string. */
export function stringField(value: Json | undefined, name: string): string | undefined {
  const fields = fieldsOf(value);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof field === 'string' ? field : undefined;
}
