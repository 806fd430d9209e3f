/**
 * What a batch's input may be, but for its items, which are checked one by one (`item.ts`).
 */
import { z } from 'zod';
import type { BatchInput } from '../../contract';
import { DEFAULT_MAX_IN_FLIGHT, ITEM_OUTCOMES, MAX_INLINE_BYTES } from '../../contract';
import { jsonBytes } from '../../lro/sizes';
import { check, fileRef, oneOf, operationDefaults, strict, text, type Checked } from '../input-schema';

/** They travel with every chunk of submits. */
const MAX_DEFAULTS_BYTES = 16_384;

/** More shards than this would bring their parent near the limits of a history. [design.md section 3] */
const MAX_IN_FLIGHT = 100_000;

const count = (what: string) => z.int({ error: `must be ${what}` }).min(1, `must be ${what}`);
const RETRIED = ITEM_OUTCOMES.filter((outcome) => outcome !== 'succeeded') as [
  Exclude<(typeof ITEM_OUTCOMES)[number], 'succeeded'>,
  ...Exclude<(typeof ITEM_OUTCOMES)[number], 'succeeded'>[],
];

const batchInput = strict({
  items: z.array(z.unknown(), { error: 'must be a list of items' }).min(1, 'must have at least one item').optional(),
  manifest: fileRef.optional(),
  retryOf: strict({
    report: fileRef.optional(),
    workflowId: text(1000).optional(),
    outcomes: z
      .array(oneOf(RETRIED), { error: `must be a list of ${RETRIED.join(', ')}` })
      .min(1, 'must not be empty')
      .optional(),
  })
    .refine((of) => (of.report === undefined) !== (of.workflowId === undefined), 'must name exactly one of "report" and "workflowId"')
    .optional(),
  defaults: operationDefaults.optional(),
  maxInFlight: count('a whole number >= 1').max(MAX_IN_FLIGHT, `must be at most ${MAX_IN_FLIGHT}`).default(DEFAULT_MAX_IN_FLIGHT),
  submitsPerSecond: z.number({ error: 'must be a number > 0' }).positive('must be a number > 0').optional(),
  stopAfterFailures: count('a whole number >= 1').optional(),
  failWhen: strict({
    failedItems: count('a whole number >= 1').optional(),
    failedPercent: z
      .number({ error: 'must be a number above 0, at most 100' })
      .positive('must be above 0')
      .max(100, 'must be at most 100')
      .optional(),
  })
    .refine((when) => when.failedItems !== undefined || when.failedPercent !== undefined, 'must have "failedItems" or "failedPercent"')
    .optional(),
  report: fileRef.optional(),
  skipInvalid: z.boolean({ error: 'must be true or false' }).default(false),
}).refine(
  ({ items, manifest, retryOf }) => [items, manifest, retryOf].filter((source) => source !== undefined).length === 1,
  'must have exactly one of "items", "manifest" and "retryOf"',
);

export type CheckedBatch = z.output<typeof batchInput>;

/** A checked batch with its defaults, or every mistake. */
export function checkBatch(input: BatchInput | undefined): Checked<CheckedBatch> {
  const checked = check(batchInput, input);
  if (!checked.ok) return checked;
  const inlineBytes = jsonBytes((input?.items ?? []) as never) ?? Infinity;
  const defaultsBytes = jsonBytes((input?.defaults ?? {}) as never) ?? Infinity;
  const mistakes = [
    ...(inlineBytes > MAX_INLINE_BYTES
      ? [`items: are ${inlineBytes} bytes of JSON, at most ${MAX_INLINE_BYTES} are taken; use a manifest`]
      : []),
    ...(input?.defaults?.submit?.idempotencyKey === undefined
      ? []
      : ['defaults.submit.idempotencyKey: would be the same for all items, and the service would take them for one']),
    ...(defaultsBytes > MAX_DEFAULTS_BYTES
      ? [`defaults: are ${defaultsBytes} bytes of JSON, at most ${MAX_DEFAULTS_BYTES} are taken`]
      : []),
  ];
  return mistakes.length === 0 ? checked : { ok: false, mistakes };
}
