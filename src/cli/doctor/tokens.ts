/**
 * Whether Microsoft Entra ID gives a token for a connection, and what to do where it does not.
 *
 * Keeps true: its reasons are shown without what is for its own support (trace and correlation ids), and never with the client secret.
 */
import type { EntraAuthConfig, SecretRef } from '../../config';
import { probe } from './answering';
import { away, fail, ok, type Check } from './check';

/** Of the public cloud, where the file names no other. */
const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com';
const MAX_SHOWN = 400;
const MAX_SHOWN_LINES = 10;

/** By the codes of https://learn.microsoft.com/entra/identity-platform/reference-error-codes. */
const REMEDIES: readonly { codes: readonly string[]; remedy: (auth: EntraAuthConfig) => string }[] = [
  {
    codes: ['7000215', '7000222', '7000218'],
    remedy: ({ clientSecret }) => `put a client secret that is valid (its value, not its id) into ${placeOf(clientSecret)}`,
  },
  { codes: ['700016', '7000229'], remedy: () => 'correct clientId, or tenantId: the application has to be in that directory' },
  { codes: ['90002', '900023', '900021'], remedy: () => 'correct tenantId' },
  {
    codes: ['500011', '70011', '1002012', '650057'],
    remedy: ({ scope }) => `correct scope (${scope}): the application id URI of the service, and /.default behind it`,
  },
  {
    codes: ['700211', '700212', '700213', '70021'],
    remedy: () => 'give the application a federated credential for this issuer, subject and audience',
  },
];

/** Asks for a token once. */
export async function checkToken(name: string, auth: EntraAuthConfig): Promise<Check> {
  // Loaded here: the identity library is large.
  const [{ EntraTokens }, { Secret }] = await Promise.all([import('../../transport/entra'), import('../../transport/secrets')]);
  const secret = auth.clientSecret === undefined ? undefined : new Secret(auth.clientSecret, process.env);
  try {
    await new EntraTokens(auth, async () => await secret?.value(true)).current();
    return ok(name, `Microsoft Entra ID gives a token for ${auth.scope}`);
  } catch (err) {
    const secretText = await secret?.value(true).catch(() => undefined);
    const written = err instanceof Error ? err.message : String(err);
    return await problem(name, auth, secretText === undefined ? written : written.replaceAll(secretText, () => '***'));
  }
}

async function problem(name: string, auth: EntraAuthConfig, written: string): Promise<Check> {
  const [refused, code = ''] = /AADSTS(\d+): .*?(?= Trace ID:| - Correlation ID:|$)/s.exec(written) ?? [];
  if (refused !== undefined) {
    const remedy = REMEDIES.find(({ codes }) => codes.includes(code))?.remedy(auth);
    const lookUp = `look it up: https://login.microsoftonline.com/error?code=${code}`;
    return fail(name, `Microsoft Entra ID refuses: ${refused.slice(0, MAX_SHOWN)}`, remedy ?? lookUp);
  }
  if (auth.tokenFile !== undefined && /\b(ENOENT|EACCES)\b/.test(written))
    return fail(name, `the token file cannot be read: ${written}`, 'mount the token of the service account there, or correct tokenFile');
  if (written.includes('endpoints_resolution_error')) return await authorityProblem(name, auth);
  // What it tried stands in the lines after the first.
  const lines = written.split('\n').map((line) => line.replace(/^\w*Error: /, '').slice(0, MAX_SHOWN / 2));
  const message = `Microsoft Entra ID gives no token: ${lines.slice(0, MAX_SHOWN_LINES).join('\n')}`;
  const ownIdentity = auth.clientSecret !== undefined || auth.tokenFile !== undefined;
  const remedy = ownIdentity
    ? 'correct tenantId, clientId and what proves it'
    : 'run it where there is a managed identity or a workload identity, sign in (az login), or name tenantId, clientId and clientSecret in the file';
  return fail(name, message, remedy);
}

/** It was not found: either nobody answers there, or there is no such tenant. */
async function authorityProblem(name: string, { authorityHost = PUBLIC_AUTHORITY, tenantId }: EntraAuthConfig): Promise<Check> {
  const [reached] = await probe(name, authorityHost, 'authorityHost');
  if (reached !== undefined && reached.state !== 'ok') {
    const message = `Microsoft Entra ID gives no token: ${reached.message}`;
    return reached.unreachable === true ? away(name, message, reached.remedy ?? '') : { ...reached, message };
  }
  return fail(
    name,
    `${new URL(authorityHost).host} knows no tenant "${String(tenantId)}"`,
    'correct tenantId, or authorityHost for another cloud',
  );
}

function placeOf(secret: SecretRef | undefined): string {
  if (secret === undefined) return 'clientSecret';
  return 'env' in secret ? `environment variable ${secret.env}` : `file ${secret.file}`;
}
