/**
 * What an operation's input may be. Unknown fields are refused with a suggestion, so that a misspelt `deadlineSeconds` is not ignored.
 */
import { z } from 'zod';
import { isCredentialHeader, isHeaderName, isHeaderValue, isMediaType, isTransportHeader } from '../config/names';
import type { OperationFields } from '../contract';
import { DEFAULT_CONNECTION, DEFAULT_DEADLINE_SECONDS, FINAL_STATE_VIA, FOLLOW_MODES, HTTP_METHODS } from '../contract';
import { CANCEL_PLACEHOLDERS, hasKnownPlaceholders } from '../lro/paths';
import { MAX_HEADER_CHARS, MAX_HEADERS, MAX_HEADERS_CHARS, MAX_QUERY_CHARS, MAX_QUERY_PARAMETERS } from './bounds';
import { check, type Checked } from './check';
import { anyJson, atMostFields, oneOf, resultFile, strict, text } from './terms';

const MAX_LABELS = 20;

const upTo = (maxChars: number) => z.string({ error: 'must be a string' }).max(maxChars, `must be at most ${maxChars} characters`);

const headerFields = z
  .record(z.string(), upTo(MAX_HEADER_CHARS), { error: 'must be an object of strings' })
  .superRefine((value, context) => {
    const chars = Object.entries(value).reduce((sum, [name, content]) => sum + name.length + content.length, 0);
    if (chars > MAX_HEADERS_CHARS) {
      context.addIssue({ code: 'custom', message: `must be at most ${MAX_HEADERS_CHARS} characters in all` });
    }
    for (const [name, content] of Object.entries(value)) {
      const refuse = (message: string): void => context.addIssue({ code: 'custom', path: [name], message });
      if (!isHeaderName(name)) refuse('is not a header name');
      else if (isCredentialHeader(name)) refuse("carries credentials, which come from the worker's connection only");
      else if (isTransportHeader(name)) refuse('is set by the worker itself');
      else if (!isHeaderValue(content)) refuse('holds characters that a header cannot carry');
    }
  });

const headers = atMostFields(MAX_HEADERS, 'headers', headerFields);

const queryValue = z.union([upTo(MAX_QUERY_CHARS), z.number(), z.boolean()], {
  error: `must be a string of at most ${MAX_QUERY_CHARS} characters, a number or a boolean`,
});
const query = atMostFields(
  MAX_QUERY_PARAMETERS,
  'query parameters',
  z.record(z.string(), queryValue, { error: 'must be an object of strings, numbers and booleans' }),
);

const contentType = text(256).refine(isMediaType, 'must be a media type such as application/zip or text/plain; charset=utf-8');

export const bodyFile = strict({ url: text(8192).optional(), path: text(4096).optional(), contentType: contentType.optional() }).refine(
  (file) => (file.url === undefined) !== (file.path === undefined),
  'must name exactly one of "url" and "path"',
);

const cancelPath = text(8192).refine(hasKnownPlaceholders, `must have no other placeholders than ${CANCEL_PLACEHOLDERS.join(' and ')}`);

const submitShape = {
  method: oneOf(HTTP_METHODS).optional(),
  path: text(8192),
  query: query.optional(),
  headers: headers.optional(),
  body: anyJson.optional(),
  bodyFile: bodyFile.optional(),
  idempotencyKey: text(256).refine(isHeaderValue, 'holds characters that a header cannot carry').optional(),
};

export const submit = strict(submitShape).refine(
  (request) => request.body === undefined || request.bodyFile === undefined,
  'must have at most one of "body" and "bodyFile"',
);

export const attachShape = {
  statusUrl: text(16_384),
  method: oneOf(HTTP_METHODS).optional(),
  requestUrl: text(16_384).optional(),
  headers: headers.optional(),
};

/** What operations and chains have in common. */
export const sharedShape = {
  connection: text(256).default(DEFAULT_CONNECTION),
  deadlineSeconds: z
    .number({ error: 'must be a number of seconds >= 0 (0 = none)' })
    .min(0, 'must be a number of seconds >= 0 (0 = none)')
    .max(1e9, 'must be at most 1000000000')
    .default(DEFAULT_DEADLINE_SECONDS),
  onUncertainSubmit: oneOf(['retry', 'fail'] as const).default('retry'),
  cancel: strict({ method: oneOf(HTTP_METHODS).optional(), path: cancelPath }).optional(),
  labels: atMostFields(MAX_LABELS, 'labels', z.record(text(64), upTo(256), { error: 'must be an object of strings' })).optional(),
};

/** What only an operation has. */
export const ownShape = {
  finalStateVia: oneOf(FINAL_STATE_VIA).optional(),
  fetchResource: z.boolean({ error: 'must be true or false' }).default(false),
  resultFile: resultFile.optional(),
};

const settingsShape = { ...sharedShape, ...ownShape };

/** {@link OperationInput}; its defaults are filled in. */
export const operationInput = strict({
  ...settingsShape,
  follow: oneOf(FOLLOW_MODES).optional(),
  submit: submit.optional(),
  attach: strict(attachShape).optional(),
}).refine((input) => (input.submit === undefined) !== (input.attach === undefined), 'must have exactly one of "submit" and "attach"');

/** What a batch gives to all its items: any part of an operation's input. */
export const operationDefaults = strict({
  ...settingsShape,
  submit: strict(submitShape)
    .partial()
    .refine((submit) => submit.idempotencyKey === undefined, {
      path: ['idempotencyKey'],
      error: 'would be the same for all items, and the service would take them for one',
    })
    .optional(),
  attach: strict(attachShape).partial().optional(),
}).partial();

export type CheckedInput = z.output<typeof operationInput>;

/** A checked input with its defaults, or every mistake, each with the field it stands in. */
export function checkInput(input: OperationFields | undefined): Checked<CheckedInput> {
  return check(operationInput, input);
}
