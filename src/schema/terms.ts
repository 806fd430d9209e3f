/** What the schemas of inputs are made of. */
import { z } from 'zod';
import { strictObject } from '../config/strict-object';
import type { Json } from '../contract';
import { jsonBytes } from '../lro/sizes';

/** As JSON calls it. */
export const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be an object');

export const text = (maxChars: number) =>
  z.string({ error: 'must be a string' }).min(1, 'must not be empty').max(maxChars, `must be at most ${maxChars} characters`);
export const oneOf = <T extends readonly [string, ...string[]]>(words: T) => z.enum(words, { error: `must be one of ${words.join(', ')}` });

/** JSON of any shape: that it is JSON, and how much, is judged before (`bounds.ts`). */
export const anyJson = z.custom<Json>(() => true);

/** Refuses an object with too many fields before it looks at any of them. @param what the fields are called: `query parameters` */
export function atMostFields<T extends z.ZodType>(maxFields: number, what: string, schema: T) {
  return judgedFirst(
    (value) => typeof value !== 'object' || value === null || Object.keys(value).length <= maxFields,
    `must be at most ${maxFields} ${what}`,
    schema,
  );
}

/** Refuses a list with too many entries before it looks at any of them. */
export function atMostEntries<T extends z.ZodType>(maxEntries: number, what: string, schema: T) {
  return judgedFirst((value) => !Array.isArray(value) || value.length <= maxEntries, `must have at most ${maxEntries} ${what}`, schema);
}

function judgedFirst<T extends z.ZodType>(isRight: (value: unknown) => boolean, message: string, schema: T) {
  return z.preprocess((value, context) => {
    if (isRight(value)) return value;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }, schema);
}

/** A file of the caller's own. */
export const fileRef = strict({ url: text(8192).optional(), path: text(4096).optional() }).refine(
  (file) => (file.url === undefined) !== (file.path === undefined),
  'must name exactly one of "url" and "path"',
);

/** What is filled in, of a file that results go to. */
const RESULT_PLACEHOLDERS = ['{workflowId}', '{runId}', '{id}', '{step}'];

/** The file that a final body goes to. */
export const resultFile = fileRef.refine(
  ({ path, url }) => [...(path ?? url ?? '').matchAll(/\{[^{}]*\}/g)].every(([placeholder]) => RESULT_PLACEHOLDERS.includes(placeholder)),
  `must have no other placeholders than ${RESULT_PLACEHOLDERS.join(', ')}`,
);

/** A whole number of at least one. */
export const count = z.int({ error: 'must be a whole number >= 1' }).min(1, 'must be a whole number >= 1');

/** Refuses a value whose JSON is larger. */
export function atMostBytes(maxBytes: number, instead: string) {
  return (value: unknown, context: z.core.$RefinementCtx): void => {
    const bytes = jsonBytes(value as Json) ?? Infinity;
    if (bytes > maxBytes) context.addIssue({ code: 'custom', message: `must be at most ${maxBytes} bytes of JSON, is ${bytes}${instead}` });
  };
}
