/**
 * What a batch's input may be, but for what its items hold: those are checked one by one (`activities/batch/item.ts`).
 */
import { z } from 'zod';
import type { BatchInput, ItemOutcome } from '../contract';
import { DEFAULT_MAX_IN_FLIGHT, ITEM_OUTCOMES, MAX_INLINE_BYTES } from '../contract';
import { MAX_DEPTH } from './bounds';
import { check, type Checked } from './check';
import { operationDefaults } from './operation';
import { atMostBytes, count, fileRef, oneOf, strict, text } from './terms';

/** They travel with every chunk of submits. */
const MAX_DEFAULTS_BYTES = 16_384;

/** More shards than this would bring their parent near the limits of a history. [design.md section 3] */
const MAX_IN_FLIGHT = 100_000;

/** Of the batch as a whole; what is wrong with one item alone is said of that item. */
const BOUNDS = { maxDepth: 2 * MAX_DEPTH, maxBytes: 2 * MAX_INLINE_BYTES };

type RetriedOutcome = Exclude<ItemOutcome, 'succeeded'>;
const RETRIED = ITEM_OUTCOMES.filter((outcome) => outcome !== 'succeeded') as [RetriedOutcome, ...RetriedOutcome[]];

const retryOf = strict({
  report: fileRef.optional(),
  workflowId: text(1000).optional(),
  outcomes: z
    .array(oneOf(RETRIED), { error: `must be a list of ${RETRIED.join(', ')}` })
    .min(1, 'must not be empty')
    .optional(),
}).refine((of) => (of.report === undefined) !== (of.workflowId === undefined), 'must name exactly one of "report" and "workflowId"');

const percent = z.number({ error: 'must be a number above 0, at most 100' }).positive('must be above 0').max(100, 'must be at most 100');
const failWhen = strict({ failedItems: count.optional(), failedPercent: percent.optional() }).refine(
  (when) => when.failedItems !== undefined || when.failedPercent !== undefined,
  'must have "failedItems" or "failedPercent"',
);

/** {@link BatchInput}; its defaults are filled in. */
export const batchInput = strict({
  items: z
    .array(z.unknown(), { error: 'must be a list of items' })
    .min(1, 'must have at least one item')
    .superRefine(atMostBytes(MAX_INLINE_BYTES, '; use a manifest'))
    .optional(),
  manifest: fileRef.optional(),
  retryOf: retryOf.optional(),
  defaults: operationDefaults.superRefine(atMostBytes(MAX_DEFAULTS_BYTES, '')).optional(),
  maxInFlight: count.max(MAX_IN_FLIGHT, `must be at most ${MAX_IN_FLIGHT}`).default(DEFAULT_MAX_IN_FLIGHT),
  submitsPerSecond: z.number({ error: 'must be a number > 0' }).positive('must be a number > 0').optional(),
  stopAfterFailures: count.optional(),
  failWhen: failWhen.optional(),
  report: fileRef.optional(),
  skipInvalid: z.boolean({ error: 'must be true or false' }).default(false),
} satisfies Record<keyof BatchInput, z.ZodType>).refine(
  ({ items, manifest, retryOf: earlier }) => [items, manifest, earlier].filter((source) => source !== undefined).length === 1,
  'must have exactly one of "items", "manifest" and "retryOf"',
);

export type CheckedBatch = z.output<typeof batchInput>;

/** A checked batch with its defaults, or every mistake. */
export function checkBatch(input: BatchInput | undefined): Checked<CheckedBatch> {
  return check(batchInput, input, 'input', BOUNDS);
}
