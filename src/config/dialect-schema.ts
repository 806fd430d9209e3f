/**
 * `dialect` of a connection: a preset's name, or a map of the same shape as the presets of `lro/dialects`. [protocol.md section 6]
 *
 * Keeps true: what comes out can be evaluated without an error; a wrong expression is a mistake at its own place in the file.
 */
import { z } from 'zod';
import type { Json } from '../contract';
import { HTTP_METHODS } from '../contract';
import { codeRange, type Condition, type Dialect, type JsonTemplate, type Rule } from '../lro/dialect';
import { namesCodeAndBody, NEVER_ENDS } from '../lro/dialect-status';
import { PRESETS } from '../lro/dialects';
import { expression, listOf, template, text, urls } from './expression-schema';
import { findSchema } from './find-schema';
import { mistakesOf } from './mistakes';
import { isCredentialHeader, isHeaderName, isHeaderValue, isTransportHeader } from './names';
import { strictObject } from './strict-object';
import { nearest } from './suggest';

const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be a map');

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be a text, number or switch, a list of them, or { exists: true }',
});

/** `{ $response.body#/done: true, $response.body#/error: { exists: true } }` */
const conditions = z
  .record(z.string(), z.unknown(), { error: 'must be a map of expressions and what they must be' })
  .transform((written, context): Condition[] =>
    Object.entries(written).flatMap(([key, wanted]): Condition[] => {
      const refuse = (message: string, path: PropertyKey[] = [key]) => {
        context.addIssue({ code: 'custom', path, message });
        return [];
      };
      const left = expression.safeParse(key);
      if (!left.success) return refuse(left.error.issues[0]?.message ?? 'must be an expression');
      if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) {
        const right = strict({ exists: z.boolean({ error: 'must be true or false' }) }).safeParse(wanted);
        if (right.success) return [{ expression: left.data, exists: right.data.exists }];
        for (const { path, message } of mistakesOf(right.error.issues)) refuse(message, [key, ...path]);
        return [];
      }
      const oneOf = z
        .array(scalar)
        .min(1)
        .safeParse(Array.isArray(wanted) ? wanted : [wanted]);
      if (!oneOf.success) return refuse('must be a text, number or switch, a list of them, or { exists: true }');
      if (left.data.kind === 'statusCode') {
        const wrong = oneOf.data.find((code) => !isCode(code));
        if (wrong !== undefined) return refuse('must be a code such as 200, or a range such as 4XX');
      }
      return [{ expression: left.data, oneOf: oneOf.data }];
    }),
  )
  .refine((list) => list.length > 0, 'must name at least one condition');

function isCode(code: string | number | boolean): boolean {
  return (
    (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code < 600) ||
    (typeof code === 'string' && codeRange(code) !== undefined)
  );
}

const rule = strict({
  when: conditions,
  then: z.enum(['succeeded', 'failed', 'canceled', 'running'], { error: 'must be one of succeeded, failed, canceled, running' }),
}).superRefine((one, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['when'], message });
  const codes = one.when.flatMap(({ expression: { kind }, oneOf }) => (kind === 'statusCode' ? (oneOf ?? []) : []));
  const errors = codes.filter((code) => (typeof code === 'number' ? code >= 300 : (codeRange(code as string) ?? 0) >= 3));
  if (errors.length === 0) return;
  const never = errors.filter((code) => NEVER_ENDS.includes(code as number));
  if (never.length > 0) return refuse(`cannot be of ${never.join(', ')}: such an answer speaks of the poll, not of the operation`);
  if (one.then !== 'failed' && one.then !== 'canceled') return refuse('of an answer that is no 2xx can only mean failed or canceled');
  if (!namesCodeAndBody(one))
    return refuse('of an answer that is no 2xx needs a condition on $response.body too: a gateway may have answered');
});

/** JSON, or YAML, whose texts are templates. */
function jsonTemplate(value: unknown, refuse: (path: PropertyKey[], message: string) => void, path: PropertyKey[] = []): JsonTemplate {
  if (typeof value === 'string') {
    const read = template('base', 'statusUrl', 'operationId').safeParse(value === '' ? ' ' : value);
    if (read.success) return { kind: 'template', template: read.data };
    refuse(path, read.error.issues[0]?.message ?? 'is no template');
    return { kind: 'value', value: null };
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item, index) => jsonTemplate(item, refuse, [...path, index])) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, item]) => [name, jsonTemplate(item, refuse, [...path, name])] as const);
    return { kind: 'map', entries };
  }
  return { kind: 'value', value: value as Json };
}

const body = z
  .unknown()
  .transform((value, context): JsonTemplate | undefined =>
    value === undefined ? undefined : jsonTemplate(value, (path, message) => context.addIssue({ code: 'custom', path, message })),
  );

const words = z.array(text, { error: 'must be a list of texts' }).default([]);
const seconds = z.number({ error: 'must be a number > 0' }).positive('must be a number > 0').max(86_400, 'must be at most 86400 (one day)');

const headers = z
  .record(z.string(), z.string({ error: 'must be a text' }), { error: 'must be a map of texts' })
  .superRefine((entries, context) => {
    for (const [name, value] of Object.entries(entries)) {
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [name], message });
      if (!isHeaderName(name)) refuse('is not a header name');
      else if (isCredentialHeader(name)) refuse('carries credentials, which stand in `auth` of the connection');
      else if (isTransportHeader(name)) refuse('is set by the worker itself');
      else if (!isHeaderValue(value)) refuse('holds characters that a header cannot carry');
    }
  });

const idempotencyKey = strict({
  in: z.enum(['header', 'query', 'body'], { error: 'must be header, query or body' }),
  name: text.refine(
    (name) => isHeaderName(name) && !isCredentialHeader(name) && !isTransportHeader(name),
    'must be a name that carries no credentials',
  ),
  repeated: z.enum(['replayed', 'refused'], { error: 'must be replayed or refused' }).default('replayed'),
  repeatQuery: z.record(text, text, { error: 'must be a map of texts' }).optional(),
});

const shape = strict({
  description: z.string().optional(),
  documents: z.array(text).optional(),
  pollingLocation: urls('base', 'operationId'),
  operationId: template().optional(),
  poll: strict({ method: z.enum(['GET', 'POST'], { error: 'must be GET or POST' }).default('POST'), body: body.optional() })
    .refine(({ method, body: own }) => method === 'POST' || own === undefined, 'must be a POST to have a body')
    .optional(),
  rules: z.array(rule, { error: 'must be a list of rules { when, then }' }).default([]),
  status: expression.optional(),
  succeeded: words,
  failed: words,
  canceled: words,
  running: words,
  errorResult: listOf(expression).optional(),
  result: expression.optional(),
  finalLocation: urls('base', 'statusUrl', 'operationId').optional(),
  resourceLocation: urls('base', 'statusUrl', 'operationId').optional(),
  cancel: strict({
    method: z.enum(HTTP_METHODS, { error: `must be one of ${HTTP_METHODS.join(', ')}` }).default('POST'),
    url: urls('base', 'statusUrl', 'operationId').transform(([url]) => url ?? { text: '', parts: [] }),
    body: body.optional(),
  }).optional(),
  headers: headers.default({}),
  idempotencyKey: idempotencyKey.optional(),
  backoff: strict({
    firstSeconds: seconds.default(1),
    maxSeconds: seconds.default(60),
    factor: z.number({ error: 'must be a number above 1' }).gt(1, 'must be a number above 1').max(10, 'must be at most 10').default(1.5),
  })
    .refine(({ firstSeconds, maxSeconds }) => firstSeconds <= maxSeconds, 'must have firstSeconds not above maxSeconds')
    .optional(),
  synchronous: z.boolean({ error: 'must be true or false' }).default(false),
  statusUrls: strict({ credentials: z.boolean({ error: 'must be true or false' }) }).optional(),
  find: findSchema.optional(),
}).superRefine((dialect, context) => {
  const refuse = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (dialect.status === undefined && dialect.rules.length === 0) {
    refuse([], 'has no way to a status: it needs `status`, such as $response.body#/status, or `rules`');
  } else if (dialect.succeeded.length === 0 && !dialect.rules.some(({ then }: Rule) => then === 'succeeded')) {
    refuse([], 'has no way to succeed: it needs words in `succeeded`, or a rule with then: succeeded');
  }
  const ownWords = [...dialect.succeeded, ...dialect.failed, ...dialect.canceled, ...dialect.running];
  if (dialect.status === undefined && ownWords.length > 0) refuse([], 'has words but no `status` that they are compared with');
  const seen = new Set<string>();
  for (const word of ownWords.map((one) => one.trim().toLowerCase())) {
    if (seen.has(word)) refuse([], `says two things of the word "${word.slice(0, 64)}"`);
    seen.add(word);
  }
});

/** The keys of a map in the file, and of every preset. */
type Written = Record<string, unknown>;

/** A dialect as the file names it; `undefined` is Azure's. */
export const dialectSchema = z.unknown().transform((written, context): Dialect | undefined => {
  const refuse = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (written === undefined || written === null) return undefined;
  if (typeof written !== 'string' && (typeof written !== 'object' || Array.isArray(written))) {
    refuse([], `must be a preset's name (${presetNames().join(', ')}) or a map`);
    return z.NEVER;
  }
  const { preset, ...own } = typeof written === 'string' ? { preset: written } : { preset: undefined, ...written };
  const path = typeof written === 'string' ? [] : ['preset'];
  if (preset === 'azure' && Object.keys(own).length === 0) return undefined;
  if (preset !== undefined && (typeof preset !== 'string' || !Object.hasOwn(PRESETS, preset))) {
    const near = typeof preset === 'string' ? nearest(preset, presetNames()) : undefined;
    refuse(path, `must be one of ${presetNames().join(', ')}${near === undefined ? '' : ` (did you mean "${near}"?)`}`);
    return z.NEVER;
  }
  const whole = { ...(preset === undefined ? {} : (PRESETS[preset] as Written)), ...own };
  const read = shape.safeParse(whole);
  if (!read.success) {
    for (const mistake of mistakesOf(read.error.issues)) refuse([...mistake.path], mistake.message);
    return z.NEVER;
  }
  const { status, succeeded, failed, canceled, running, errorResult, finalLocation, resourceLocation, statusUrls, ...rest } = read.data;
  return {
    ...rest,
    name: preset ?? 'own',
    status,
    words: { succeeded, failed, canceled, running },
    errorResult: errorResult ?? [],
    finalLocation: finalLocation ?? [],
    resourceLocation: resourceLocation ?? [],
    statusUrls: statusUrls ?? {},
  };
});

function presetNames(): string[] {
  return ['azure', ...Object.keys(PRESETS)];
}
