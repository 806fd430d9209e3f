/**
 * What of a batch's input can be known to be wrong before it is stored: a schedule that is made by day must not fail every night.
 *
 * Keeps true: what is refused here, the workflow refuses too. Items are looked at by their ids only; the worker checks the rest.
 */
import { z } from 'zod';
import { mistakesOf as issuesAsMistakes } from '../config/mistakes';
import { strictObject } from '../config/strict-object';
import { ITEM_OUTCOMES, MAX_INLINE_BYTES, type BatchInput, type FileRef, type RetryOf } from '../contract';

/** As JSON calls it. */
const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be an object');
const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty');
const count = z.int({ error: 'must be a whole number >= 1' }).min(1, 'must be a whole number >= 1');
const anyObject = z.record(z.string(), z.unknown(), { error: 'must be an object' });

const fileRef = strict({ path: text.optional(), url: text.optional() } satisfies Record<keyof FileRef, z.ZodType>).refine(
  (file) => (file.path === undefined) !== (file.url === undefined),
  'must name exactly one of "path" and "url"',
);

const retryOf = strict({
  report: fileRef.optional(),
  workflowId: text.optional(),
  outcomes: z
    .array(
      z.enum(
        ITEM_OUTCOMES.filter((outcome) => outcome !== 'succeeded'),
        { error: 'must be an outcome other than succeeded' },
      ),
    )
    .min(1, 'must name at least one outcome')
    .optional(),
} satisfies Record<keyof RetryOf, z.ZodType>).refine(
  (earlier) => (earlier.report === undefined) !== (earlier.workflowId === undefined),
  'must name exactly one of "report" and "workflowId"',
);

const items = z
  .array(z.looseObject({ id: text }, { error: 'must be an item' }), { error: 'must be a list of items' })
  .superRefine((list, context) => {
    if (list.length === 0) context.addIssue({ code: 'custom', message: 'must hold at least one item' });
    const seen = new Set<string>();
    list.forEach(({ id }, index) => {
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [index, 'id'], message: `"${id}" is the id of an earlier item, too` });
      seen.add(id);
    });
    if (Buffer.byteLength(JSON.stringify(list)) > MAX_INLINE_BYTES) {
      context.addIssue({ code: 'custom', message: `must be at most ${MAX_INLINE_BYTES} bytes in all; put more into a manifest` });
    }
  });

/** {@link BatchInput}, checked as far as that is possible without the worker. */
export const batchInput = strict({
  items: items.optional(),
  manifest: fileRef.optional(),
  retryOf: retryOf.optional(),
  defaults: anyObject.optional(),
  maxInFlight: count.optional(),
  submitsPerSecond: z.number({ error: 'must be a number > 0' }).positive('must be a number > 0').optional(),
  stopAfterFailures: count.optional(),
  failWhen: strict({
    failedItems: count.optional(),
    failedPercent: z.number({ error: 'must be a percentage' }).positive('must be > 0').max(100, 'must be at most 100').optional(),
  }).optional(),
  report: fileRef.optional(),
  skipInvalid: z.boolean({ error: 'must be true or false' }).optional(),
} satisfies Record<keyof BatchInput, z.ZodType>).superRefine((input, context) => {
  const sources = [input.items, input.manifest, input.retryOf].filter((source) => source !== undefined).length;
  if (sources !== 1) context.addIssue({ code: 'custom', message: 'must have exactly one of "items", "manifest" and "retryOf"' });
});

/** More than these nobody reads. */
const MAX_MISTAKES = 20;

/**
 * Every mistake, each with the field it stands in; none when the value may be sent.
 * @param whole what the value is called where a mistake concerns all of it
 */
export function mistakesOf(schema: z.ZodType, value: unknown, whole: string): string[] {
  const checked = schema.safeParse(value);
  const mistakes = checked.success ? [] : issuesAsMistakes(checked.error.issues);
  return mistakes
    .slice(0, MAX_MISTAKES)
    .map(({ path, message }) => `${path.length === 0 ? whole : path.map(String).join('.')}: ${message}`);
}
