/**
 * The parts of the worker's file that are about webhooks: where services call back, and how each of them signs.
 *
 * Keeps true: a secret that makes secret URLs is there and long enough when the file is read; no message holds one.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isHeaderName, isHeaderValue } from './names';
import { secretRefSchema, type SecretLookup } from './secret-ref';
import { strictObject } from './strict-object';
import { nearest } from './suggest';
import type { SecretRef } from './types';

const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be a map');

/** As many as the digest has: with fewer, guessing the secret would be easier than guessing a URL. */
const MIN_SECRET_BYTES = 32;
const MAX_SECRETS = 8;
/** The rest of the URL may have 1,500 characters, and some services take 2,048 in all. */
const MAX_PUBLIC_URL_CHARS = 512;

const publicUrl = z.string({ error: 'is required: the http(s) URL at which services reach the receiver' }).transform((value, context) => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return refuse('must be an http(s) URL');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return refuse('must not carry a user name, a query or a fragment');
  if (value.length > MAX_PUBLIC_URL_CHARS) return refuse(`must be at most ${MAX_PUBLIC_URL_CHARS} characters`);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
});

const listen = z
  .string({ error: 'must be host:port' })
  .refine((value) => isPlace(value), 'must be host:port, such as 0.0.0.0:8090 or [::]:8090');

/** `host:port`, with a port that there is. 0 is one that the system chooses. */
export function isPlace(text: string): boolean {
  const [, port] = /^(?:\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535;
}

/** A secret as it is now; undefined where it cannot be read, which another check names. */
function valueOf(ref: SecretRef, env: NodeJS.ProcessEnv): string | undefined {
  if ('env' in ref) return env[ref.env]?.trim();
  try {
    return readFileSync(ref.file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Section `webhooks` of the whole file. */
export function webhooksSchema(lookup: SecretLookup) {
  const secret = secretRefSchema(lookup).superRefine((ref, context) => {
    const bytes = Buffer.byteLength(valueOf(ref, lookup.env) ?? '');
    if (bytes >= MIN_SECRET_BYTES) return;
    const message = `holds a secret of ${bytes} bytes; it must have at least ${MIN_SECRET_BYTES} (openssl rand -base64 48 makes one)`;
    context.addIssue({ code: 'custom', message });
  });
  const former = z.array(secret, { error: 'must be a list of secrets' }).max(MAX_SECRETS, `must be at most ${MAX_SECRETS}`);
  return strict({ publicUrl, secret, formerSecrets: former.default([]), listen: listen.optional() });
}

function listOf<T extends z.ZodType>(secret: T) {
  return z
    .array(secret, { error: 'must be a list of secrets: [{ env: NAME }]' })
    .min(1, 'must name at least one secret')
    .max(MAX_SECRETS, `must be at most ${MAX_SECRETS}`);
}

const TYPES = ['standard', 'hmac'];

function wrongType({ input }: { input?: unknown }): string {
  const type = (input as { type?: unknown } | null | undefined)?.type;
  const near = typeof type === 'string' ? nearest(type, TYPES) : undefined;
  return `must be one of ${TYPES.join(', ')}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
}

/** Section `webhooks` of a connection. */
export function connectionWebhooksSchema(lookup: SecretLookup) {
  // Only who receives needs them.
  const secret = secretRefSchema({ ...lookup, mayBeMissing: true });
  const standardSecret = secret.superRefine((ref, context) => {
    const value = valueOf(ref, lookup.env) ?? '';
    if (value !== '' && !isStandardSecret(value))
      context.addIssue({ code: 'custom', message: 'holds no secret of Standard Webhooks: "whsec_" and Base64' });
  });
  const signature = z.discriminatedUnion(
    'type',
    [
      strict({ type: z.literal('standard'), secrets: listOf(standardSecret) }),
      strict({
        type: z.literal('hmac'),
        secrets: listOf(secret),
        header: z.string({ error: 'is required: the header with the signature' }).refine(isHeaderName, 'must be a header name'),
        algorithm: z.enum(['sha256', 'sha1'], { error: 'must be sha256 or sha1' }).default('sha256'),
        encoding: z.enum(['hex', 'base64'], { error: 'must be hex or base64' }).default('hex'),
        prefix: z
          .string({ error: 'must be a text' })
          .max(64, 'must be at most 64 characters')
          .refine(isHeaderValue, 'must be plain text')
          .default(''),
      }),
    ],
    { error: wrongType },
  );
  return strict({
    signature: signature.optional(),
    pollSeconds: z.number({ error: 'must be a number >= 0' }).min(0, 'must be a number >= 0').default(0),
  });
}

/** [Standard Webhooks 1.0.0, "Signature scheme": the secret is Base64, with a prefix] */
function isStandardSecret(value: string): boolean {
  return /^(whsec_)?(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
}
