/**
 * `find` of a connection or a dialect: how an operation is found whose submit ended uncertain. [protocol.md section 4]
 */
import { z } from 'zod';
import { DEFAULT_MAX_PAGES, type Find, type FindMatch } from '../lro/find-rules';
import { expression, template, urls } from './expression-schema';
import { strictObject } from './strict-object';

/** One look reads no more. */
const MAX_PAGES = 100;

/** `{ $response.body#/clientToken: '{idempotencyKey}' }` */
const match = z
  .record(z.string(), z.string({ error: 'must be a text' }).min(1, 'must not be empty'), {
    error: 'must be a map of expressions and what they must be',
  })
  .transform((written, context): FindMatch[] =>
    Object.entries(written).flatMap(([key, wanted]): FindMatch[] => {
      const left = expression.safeParse(key);
      const right = template('base', 'idempotencyKey').safeParse(wanted);
      for (const { error } of [left, right])
        if (error !== undefined) context.addIssue({ code: 'custom', path: [key], message: error.issues[0]?.message ?? 'cannot be read' });
      return left.success && right.success ? [{ expression: left.data, value: right.data }] : [];
    }),
  )
  .refine((list) => list.length > 0, 'must name at least one condition');

const seconds = z.number({ error: 'must be a number >= 0' }).min(0, 'must be a number >= 0').max(86_400, 'must be at most 86400 (one day)');

export const findSchema = strictObject(
  {
    url: urls('base', 'idempotencyKey').transform(([url]) => url ?? { text: '', parts: [] }),
    items: expression.optional(),
    next: urls('base').optional(),
    maxPages: z
      .int({ error: 'must be a whole number from 1' })
      .min(1, 'must be a whole number from 1')
      .max(MAX_PAGES, `must be at most ${MAX_PAGES}`)
      .default(DEFAULT_MAX_PAGES),
    match: match.optional(),
    createdAt: expression.optional(),
    pollingLocation: urls('base', 'operationId').optional(),
    operationId: template().optional(),
    settleSeconds: seconds.optional(),
    absenceIsProof: z.boolean({ error: 'must be true or false' }).default(false),
  },
  'must be a map',
)
  .superRefine(({ url, items, next, match: wanted }, context) => {
    const names = [url, ...(wanted ?? []).map(({ value }) => value)].flatMap(({ parts }) =>
      parts.filter((part) => typeof part === 'object'),
    );
    const isOfSubmit = names.some(({ kind, ...rest }) =>
      kind === 'name' ? (rest as { name: string }).name === 'idempotencyKey' : kind === 'requestBody' || kind === 'requestQuery',
    );
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    // Else whatever is there would be taken for the operation.
    if (!isOfSubmit)
      refuse([], 'has nothing of the submit in `url` or `match`: {idempotencyKey}, {$request.body#/POINTER} or {$request.query.NAME}');
    if (next !== undefined && items === undefined) refuse(['next'], 'needs `items`, the list that has pages');
  })
  .transform(({ next, match: wanted, pollingLocation, ...rest }): Find => ({
    ...rest,
    next: next ?? [],
    match: wanted ?? [],
    pollingLocation: pollingLocation ?? [],
  }));
