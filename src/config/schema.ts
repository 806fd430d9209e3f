/**
 * The shape of the worker's file [design.md section 2, "Programs"]. Only `baseUrl` is required.
 *
 * Keeps true: every default of the file stands in `schema.ts`, in `lro/settings` or in `config/types`, and every key that is not
 * known is a mistake. What concerns several keys at once stands in `cross-checks.ts`.
 */
import { z } from 'zod';
import { FOLLOW_MODES, HTTP_METHODS } from '../contract';
import { dialectSchema } from './dialect-schema';
import { findSchema } from './find-schema';
import { DEFAULT_POLL_SETTINGS, DEFAULT_STATUS_HEADERS, DEFAULT_STATUS_URLS, IDEMPOTENCY_HEADERS } from '../lro/settings';
import { CANCEL_PLACEHOLDERS, hasKnownPlaceholders } from '../lro/paths';
import { isLoopback } from '../lro/trust';
import { isHeaderName, isTransportHeader } from './names';
import { secretRefSchema, type SecretLookup } from './secret-ref';
import { strictObject } from './strict-object';
import { nearest } from './suggest';
import { proxyUrl } from './proxy-url';
import { connectionWebhooksSchema, webhooksSchema } from './webhooks-schema';
import { DEFAULT_LIMITS, DEFAULT_MAX_RESULT_BYTES, MAX_BODY_BYTES, type BlobContainerConfig } from './types';

/** As YAML calls it. */
const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be a map');

/** A key without a value (`poll:` with everything below it commented out) counts as absent. */
function orAbsent<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => value ?? undefined, schema);
}

const atLeastZero = z.number({ error: 'must be a number >= 0' }).min(0, 'must be a number >= 0');
const aboveZero = z.number({ error: 'must be a number > 0' }).positive('must be a number > 0');
const count = z.int({ error: 'must be a whole number >= 1' }).min(1, 'must be a whole number >= 1');
const text = z.string({ error: 'must be a text' }).min(1, 'must not be empty');
const words = z.array(text, { error: 'must be a list of texts' });
const uniqueHeaders = z.array(text.refine(isHeaderName, 'must be a header name'), { error: 'must be a list of header names' });

/** Host names as `lro/trust` matches them: a name, `*.` before it for all below it, a port where it matters. */
const HOST = /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/i;
const hosts = z.array(text.regex(HOST, 'must be a host name such as api.example.com or *.example.com, without scheme or path'), {
  error: 'must be a list of host names',
});

const baseUrl = z.string({ error: 'must be an http(s) URL' }).superRefine((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  if (!URL.canParse(value)) return refuse('must be an http(s) URL');
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('must be an http(s) URL');
  if (url.username !== '' || url.password !== '') return refuse('must not carry a user name or password; credentials stand in `auth`');
  if (url.search !== '' || url.hash !== '') return refuse('must not carry a query or fragment; parameters stand in `query`');
});

const texts = z.record(z.string(), z.string({ error: 'must be a text' }), { error: 'must be a map of texts' });

const poll = strict({
  defaultSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.defaultSeconds),
  minSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.minSeconds),
  maxSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.maxSeconds),
  goneAfterSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.goneAfterSeconds),
  maxUnreadable: count.default(DEFAULT_POLL_SETTINGS.maxUnreadable),
  unreadableSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.unreadableSeconds),
  unauthorizedSeconds: atLeastZero.default(DEFAULT_POLL_SETTINGS.unauthorizedSeconds),
});

const limits = strict({
  timeoutSeconds: aboveZero.max(86_400, 'must be at most 86400 (one day)').default(DEFAULT_LIMITS.timeoutSeconds),
  maxBodyBytes: count.max(MAX_BODY_BYTES, `must be at most ${MAX_BODY_BYTES} (10 MiB)`).default(DEFAULT_LIMITS.maxBodyBytes),
  concurrentRequests: count.default(DEFAULT_LIMITS.concurrentRequests),
  submitsPerSecond: aboveZero.default(DEFAULT_LIMITS.submitsPerSecond),
  pollsPerSecond: aboveZero.default(DEFAULT_LIMITS.pollsPerSecond),
  share: z.union([z.boolean(), z.literal('exact')], { error: wrongValue(['exact'], 'true, exact or false') }).default(DEFAULT_LIMITS.share),
});

const pathGlob = text.regex(/^(\/|\*\*)[^\s?#\\]*$/, 'must begin with "/" or "**", without query: "/tilesets/**"');

const allow = strict({
  methods: z
    .array(z.enum(HTTP_METHODS, { error: `must be one of ${HTTP_METHODS.join(', ')}` }), { error: 'must be a list of methods' })
    .optional(),
  paths: z.array(pathGlob, { error: 'must be a list of paths' }).optional(),
  headers: uniqueHeaders.optional(),
});

const cancel = strict({
  method: z.enum(HTTP_METHODS, { error: `must be one of ${HTTP_METHODS.join(', ')}` }).default('POST'),
  path: text
    .max(8192, 'must have at most 8192 characters')
    .refine(hasKnownPlaceholders, `must have no other placeholders than ${CANCEL_PLACEHOLDERS.join(' and ')}`),
});

const overridable = strict({ query: words.default([]), headers: uniqueHeaders.default([]) });

const statusWords = strict({
  succeeded: words.default([]),
  failed: words.default([]),
  canceled: words.default([]),
  running: words.default([]),
});

/** An unknown value is answered with the one that was probably meant, like an unknown key. */
function oneOf<const T extends readonly [string, string]>(values: T, fallback: T[number]) {
  return z.enum(values, { error: wrongValue(values, values.join(' or ')) }).default(fallback);
}

const statusUrls = strict({
  through: oneOf(['asGiven', 'baseUrl'], DEFAULT_STATUS_URLS.through),
  resolveBelow: oneOf(['origin', 'baseUrl'], DEFAULT_STATUS_URLS.resolveBelow),
  // The dialect may say another default.
  credentials: z.boolean({ error: 'must be true or false' }).optional(),
});

/** An identity of Microsoft Entra ID, without what its tokens are for. */
function entraIdentity(lookup: SecretLookup) {
  const authorityHost = z.string().refine((value) => URL.canParse(value) && new URL(value).protocol === 'https:', 'must be an https URL');
  return {
    type: z.literal('entra'),
    tenantId: text.optional(),
    clientId: text.optional(),
    clientSecret: secretRefSchema(lookup).optional(),
    tokenFile: text.transform(lookup.resolvePath).optional(),
    authorityHost: authorityHost.optional(),
  };
}

/** The message for an `auth` whose type is none of `types`. */
function wrongType(types: readonly string[]) {
  return (issue: { input?: unknown }): string => wrongValue(types)({ input: (issue.input as { type?: unknown } | null | undefined)?.type });
}

function wrongValue(values: readonly string[], listed = `one of ${values.join(', ')}`) {
  return ({ input }: { input?: unknown }): string => {
    const near = typeof input === 'string' ? nearest(input, values) : undefined;
    return `must be ${listed}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
  };
}

function authSchema(lookup: SecretLookup) {
  const secret = secretRefSchema(lookup);
  const headerOrParameter = text
    .refine(isHeaderName, 'must be a name without blanks')
    .refine((name) => !isTransportHeader(name), 'is set by the worker itself');
  return z.discriminatedUnion(
    'type',
    [
      strict({ type: z.literal('none') }),
      strict({
        type: z.literal('key'),
        in: z.enum(['query', 'header'], { error: 'must be query or header' }),
        name: headerOrParameter,
        value: secret,
      }),
      strict({ type: z.literal('bearer'), value: secret }),
      strict({ type: z.literal('sas'), value: secret }),
      strict({ scope: text, ...entraIdentity(lookup) }),
    ],
    { error: wrongType(['none', 'key', 'bearer', 'sas', 'entra']) },
  );
}

/** A proxy, whose URL may carry a password and so is never repeated. */
function proxySchema({ env }: SecretLookup) {
  return strict({ env: text }).superRefine(({ env: name }, context) => {
    const value = env[name]?.trim() ?? '';
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['env'], message });
    if (value === '') refuse(`environment variable ${name} is not set`);
    else if (proxyUrl(value) === undefined) refuse(`environment variable ${name} holds no http(s) URL of a proxy`);
  });
}

function connectionSchema(lookup: SecretLookup) {
  // The worker starts without a connection's secret: that connection waits for it, the others work.
  const auth = authSchema({ ...lookup, mayBeMissing: true });
  return strict({
    baseUrl,
    query: orAbsent(texts.default({})),
    headers: orAbsent(texts.default({})),
    auth: orAbsent(auth.default({ type: 'none' })),
    cancel: orAbsent(cancel.optional()),
    follow: orAbsent(oneOf(FOLLOW_MODES, 'own')),
    allow: orAbsent(allow.prefault({})),
    overridable: orAbsent(overridable.prefault({})),
    trustedHosts: orAbsent(hosts.optional()),
    otherHosts: oneOf(['refuse', 'withoutCredentials'], 'refuse'),
    attachHosts: orAbsent(hosts.default([])),
    privateHosts: oneOf(['refuse', 'allow'], 'refuse'),
    proxy: orAbsent(proxySchema(lookup).optional()),
    poll: orAbsent(poll.prefault({})),
    statusHeaders: orAbsent(uniqueHeaders.min(1, 'must name at least one header').default([...DEFAULT_STATUS_HEADERS])),
    statusWords: orAbsent(statusWords.prefault({})),
    statusUrls: orAbsent(statusUrls.prefault({})),
    idempotencyHeaders: orAbsent(
      z
        .array(z.enum(IDEMPOTENCY_HEADERS, { error: `must be one of ${IDEMPOTENCY_HEADERS.join(', ')}` }), {
          error: 'must be a list (empty for none)',
        })
        .optional(),
    ),
    dialect: dialectSchema.optional(),
    find: orAbsent(findSchema.optional()),
    limits: orAbsent(limits.prefault({})),
    webhooks: orAbsent(connectionWebhooksSchema(lookup).prefault({})),
  }).superRefine(({ dialect, find }, context) => {
    if (find !== undefined && find.pollingLocation.length === 0 && dialect === undefined)
      context.addIssue({ code: 'custom', path: ['find'], message: 'needs `pollingLocation`: where an entry that was found is polled' });
  });
}

/** A container's URL, as `blobContainers` name it: path-style where the host is not the account's own (an emulator). */
const containerUrl = z.string({ error: 'must be the URL of a container' }).superRefine((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  if (!URL.canParse(value)) return refuse('must be the URL of a container');
  const url = new URL(value);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return refuse('must be an https URL');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return refuse('must not carry credentials, a query or a fragment; a signature stands in auth: { type: sas, value: { env: NAME } }');
  const segments = containerSegments(url);
  const wanted = isLoopback(url.hostname) ? 'http://127.0.0.1:10000/ACCOUNT/CONTAINER' : 'https://ACCOUNT.blob.core.windows.net/CONTAINER';
  if (segments.length < 1 || segments.length > 2 || (isLoopback(url.hostname) && segments.length < 2))
    return refuse(`must name a container: ${wanted}`);
  if (segments.some((segment) => !/^[$a-z0-9-]+$/.test(segment))) return refuse(`must name a container in small letters: ${wanted}`);
});

function containerSegments(url: URL): string[] {
  return url.pathname.replace(/\/$/, '').split('/').slice(1);
}

/** The account that a container's URL names: in its path, else in its host. */
function accountOf(url: URL): string {
  const [first = '', second] = containerSegments(url);
  return second === undefined ? (url.hostname.split('.')[0] ?? '') : first;
}

function blobContainerSchema(lookup: SecretLookup) {
  const secret = secretRefSchema(lookup);
  const auth = z.discriminatedUnion(
    'type',
    [
      strict({ type: z.literal('none') }),
      strict({ type: z.literal('sharedKey'), account: text.optional(), value: secret }),
      strict({ type: z.literal('sas'), value: secret }),
      strict(entraIdentity(lookup)),
    ],
    { error: wrongType(['none', 'sharedKey', 'sas', 'entra']) },
  );
  return strict({
    url: containerUrl,
    auth: orAbsent(auth.default({ type: 'none' })),
    writable: z.boolean({ error: 'must be true or false' }).default(false),
  }).transform(({ url: written, auth: { ...identity }, writable }): BlobContainerConfig => {
    const url = new URL(written);
    return {
      url: `${url.origin}${url.pathname.replace(/\/$/, '')}`,
      auth: identity.type === 'sharedKey' ? { ...identity, account: identity.account ?? accountOf(url) } : identity,
      writable,
    };
  });
}

/** Schema of the whole file; secrets and relative paths are looked up in `lookup`. */
export function configSchema(lookup: SecretLookup) {
  const folders = z.array(text.transform(lookup.resolvePath), { error: 'must be a list of folders' });
  return strict({
    connections: z
      .record(z.string(), connectionSchema(lookup), { error: 'must be a map of connections by name' })
      .superRefine((entries, context) => {
        if (Object.keys(entries).length === 0) context.addIssue({ code: 'custom', message: 'must name at least one connection' });
      }),
    files: orAbsent(
      strict({
        readBelow: orAbsent(folders.default([])),
        writeBelow: orAbsent(folders.default([])),
        urlHosts: orAbsent(hosts.default([])),
        privateHosts: oneOf(['refuse', 'allow'], 'refuse'),
        blobContainers: orAbsent(z.array(blobContainerSchema(lookup), { error: 'must be a list of containers' }).default([])),
        maxResultBytes: orAbsent(count.default(DEFAULT_MAX_RESULT_BYTES)),
      }).prefault({}),
    ),
    webhooks: orAbsent(webhooksSchema(lookup).optional()),
  });
}

/** The file as the schema returns it, before anything is derived. */
export type FileContent = z.infer<ReturnType<typeof configSchema>>;
export type ConnectionContent = FileContent['connections'][string];
