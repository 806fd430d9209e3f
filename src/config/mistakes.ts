/**
 * From what is wrong to a line a person can act on: `lro.config.yaml:12:5 connections.maps.poll.minSeconds: must be …, got "soon"`.
 *
 * Keeps true: what may be a secret written in the wrong place is never repeated.
 */
import { isMap, isNode, isPair, isScalar, type Document, type LineCounter } from 'yaml';
import type { z } from 'zod';
import type { Mistake } from './cross-checks';

/** The file was not there, not readable or wrong. `mistakes` has one line each, `message` all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }
}

/** Zod's issues as mistakes: an issue about several unknown keys becomes one for each. */
export function mistakesOf(issues: readonly z.core.$ZodIssue[]): Mistake[] {
  return issues.flatMap((issue): Mistake[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...issue.path, key], message: messages[index] ?? 'is not a known key' }));
  });
}

/** What the file was read from, to say where in it a mistake is. */
export interface Source {
  /** As given to the loader. */
  path: string;
  document: Document.Parsed;
  lines: LineCounter;
}

/** `file:line:column` of an offset. */
export function placeOf(source: Pick<Source, 'path' | 'lines'>, offset: number): string {
  const { line, col } = source.lines.linePos(offset);
  return `${source.path}:${line}:${col}`;
}

/** Offset of what stands at `path`: the value, the key where it has none, or the nearest thing around it when it is missing. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
      // An empty value has a range just behind its key: the key is the better place to look at.
      if (isNode(node) && !(isScalar(node) && node.value === null && node.source === '')) offset = node.range?.[0] ?? offset;
    } else if (isNode(node) && 'items' in node && typeof step === 'number') {
      node = (node.items as unknown[])[step];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

function valueAt(file: unknown, path: readonly PropertyKey[]): unknown {
  let value = file;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** Only what cannot be a secret may be repeated: numbers and switches anywhere, texts and lists in places where no secret is expected. */
function mayShow(value: unknown, path: readonly PropertyKey[]): boolean {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return true;
  const inContainer = path[0] === 'files' && path[1] === 'blobContainers';
  if (path[0] === 'webhooks') return path[1] === 'publicUrl' || path[1] === 'listen' ? !/[@?]/.test(JSON.stringify(value)) : false;
  const [, , key, below] = inContainer ? path.slice(1) : path;
  if (key === 'auth') return below === 'type' || below === 'in';
  if (key === 'webhooks' && below === 'signature') return ['type', 'algorithm', 'encoding'].includes(String(path.at(-1)));
  if (key === 'headers' || key === 'query' || (inContainer && key !== 'url')) return false;
  // A user's name and password, the signature or key in a query, a connection string.
  return !/[@?]|key=/i.test(JSON.stringify(value));
}

/** The line for one mistake. */
export function lineOf(source: Source, file: unknown, mistake: Mistake): string {
  const place = placeOf(source, offsetOf(source.document, mistake.path));
  const name = mistake.path.map(String).join('.');
  const value = valueAt(file, mistake.path);
  let got = '';
  if (mistake.message.startsWith('must')) {
    if (value === undefined) got = ', but is missing';
    else if (mayShow(value, mistake.path)) got = `, got ${shorten(JSON.stringify(value))}`;
  }
  return `${place} ${name === '' ? '' : `${name}: `}${mistake.message}${got}`;
}

function shorten(written: string): string {
  return written.length > 80 ? `${written.slice(0, 80)}…` : written;
}
