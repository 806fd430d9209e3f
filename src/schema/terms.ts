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

/** A file of the caller's own. */
export const fileRef = strict({ url: text(8192).optional(), path: text(4096).optional() }).refine(
  (file) => (file.url === undefined) !== (file.path === undefined),
  'must name exactly one of "url" and "path"',
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
