/**
 * What is small enough to keep in history. [design.md, Sizes: oversize payloads wedge or kill workflows]
 *
 * Keeps true: what comes out serializes to at most the limit, is at most {@link MAX_DEPTH} levels deep, and nothing here throws,
 * whatever comes in (a million nested arrays parse well, and overflow the stack of a naive walker).
 */
import type { Json } from '../contract';
import { MAX_KEPT_BYTES } from '../contract';
import type { ParsedBody } from './body';

/** Deeper JSON breaks parsers of other languages (Python's stops near 1,000) and stringifiers. */
const MAX_DEPTH = 64;

/** How much is left of strings and arrays in each round of pruning, from mild to strict. */
const ROUNDS = [
  { stringChars: 8192, items: 200, depth: MAX_DEPTH },
  { stringChars: 1024, items: 40, depth: 16 },
  { stringChars: 256, items: 10, depth: 8 },
];

/** Bytes of the value as JSON, or `undefined` when it cannot be serialized. */
export function jsonBytes(value: Json): number | undefined {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** The value as it is when it is small enough, else with long strings, long arrays and deep levels cut, and at the last a prefix of its text. */
export function fit(value: Json, maxBytes: number): { value: Json; cut: boolean } {
  const bytes = jsonBytes(value);
  // Only what is small is walked through: a long list costs more to walk than to write.
  if (bytes !== undefined && bytes <= maxBytes && !depthExceeds(value, MAX_DEPTH)) return { value, cut: false };
  for (const round of ROUNDS) {
    const pruned = prune(value, round.stringChars, round.items, round.depth);
    const prunedBytes = jsonBytes(pruned);
    if (prunedBytes !== undefined && prunedBytes <= maxBytes) return { value: pruned, cut: true };
  }
  const text = typeof value === 'string' ? value : JSON.stringify(prune(value, 256, 10, 8));
  return { value: textPrefix(text, maxBytes), cut: true };
}

/** A parsed body as a JSON value: text stays text. */
function bodyValue(parsed: ParsedBody): Json | undefined {
  if (parsed.kind === 'json') return parsed.value;
  return parsed.kind === 'empty' ? undefined : parsed.text;
}

/** The value within the size limit, and whether anything of it was lost (here, or already while reading). */
export function kept(parsed: ParsedBody, maxBytes = MAX_KEPT_BYTES): { value: Json | undefined; cut: boolean } {
  const value = bodyValue(parsed);
  if (value === undefined) return { value, cut: false };
  const fitted = fit(value, maxBytes);
  return { value: fitted.value, cut: fitted.cut || ('cut' in parsed && parsed.cut) || parsed.kind === 'broken' };
}

/** The longest prefix of `text` whose JSON takes at most `maxBytes`, with `…` at its end. */
function textPrefix(text: string, maxBytes: number): string {
  let chars = Math.max(0, Math.min(text.length, maxBytes - 8));
  while (chars > 0 && (jsonBytes(`${text.slice(0, chars)}…`) ?? 0) > maxBytes) chars = Math.floor(chars / 2);
  return `${text.slice(0, chars)}…`;
}

/** Whether the value has more than `limit` levels; walks without recursion. */
function depthExceeds(value: Json, limit: number): boolean {
  let level: Json[] = [value];
  for (let depth = 0; depth <= limit; depth++) {
    const next: Json[] = [];
    for (const node of level) {
      if (typeof node === 'object' && node !== null)
        for (const child of Object.values(node)) if (typeof child === 'object') next.push(child);
    }
    if (next.length === 0) return false;
    level = next;
  }
  return true;
}

function prune(value: Json, stringChars: number, items: number, depth: number): Json {
  if (typeof value === 'string') return value.length > stringChars ? `${value.slice(0, stringChars)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth <= 0) return '…';
  if (Array.isArray(value)) {
    const kept = value.slice(0, items).map((item) => prune(item, stringChars, items, depth - 1));
    return value.length > items ? [...kept, '…'] : kept;
  }
  return Object.fromEntries(
    Object.keys(value)
      .slice(0, items)
      .map((name) => [name.slice(0, 256), prune(value[name] ?? null, stringChars, items, depth - 1)]),
  );
}
