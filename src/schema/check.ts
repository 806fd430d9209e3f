/** Checking a value by a schema of inputs: every mistake, each with the field it stands in. What is too large or too deep is not looked at. */
import type { z } from 'zod';
import { boundsMistake, type Bounds } from './bounds';

export type Checked<T> = { ok: true; value: T } | { ok: false; mistakes: string[] };

/** @param whole what the value is called where a mistake concerns all of it */
export function check<T extends z.ZodType>(schema: T, value: unknown, whole = 'input', bounds?: Bounds): Checked<z.output<T>> {
  const tooMuch = boundsMistake(value, bounds, whole);
  if (tooMuch !== undefined) return { ok: false, mistakes: [tooMuch] };
  const checked = schema.safeParse(value);
  if (checked.success) return { ok: true, value: checked.data };
  return { ok: false, mistakes: checked.error.issues.flatMap((issue) => mistakesOf(issue, whole, value)) };
}

function mistakesOf(issue: z.core.$ZodIssue, whole: string, value: unknown): string[] {
  const at = (path: readonly PropertyKey[]): string => (path.length === 0 ? whole : path.map(String).join('.'));
  if (issue.code !== 'unrecognized_keys') {
    const isMissing = issue.code === 'invalid_type' && issue.path.length > 0 && valueAt(value, issue.path) === undefined;
    return [`${at(issue.path)}: ${issue.message}${isMissing ? ', but is missing' : ''}`];
  }
  const messages = issue.message.split('\n');
  return issue.keys.map((key, index) => `${at([...issue.path, key.slice(0, 64)])}: ${messages[index] ?? 'is not a known key'}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}
