/**
 * What a connection adds to a request to show who it is, resolved for every request.
 *
 * Keeps true: every secret that is resolved is made known to the redactor before it is used.
 */
import type { AuthConfig } from '../config';
import { EntraTokens, type OpenTokenSource } from '../transport/entra';
import { checkedSecret, CredentialsError, Secret } from '../transport/secrets';
import type { Redactor } from './redact';
import { tokenExpiresAtMs } from './token-expiry';

/** Headers (names in lower case) and query parameters that carry the credentials. */
export interface AppliedCredentials {
  headers: Readonly<Record<string, string>>;
  parameters: Readonly<Record<string, string>>;
  secret: string;
}

/** How old credentials are, in milliseconds since the epoch. */
export interface CredentialsTimes {
  /** A file's own time, of others since when this process has them. */
  sinceMs: number;
  /** Where that is known: of tokens of Entra ID, and of what is a JSON Web Token with an end. */
  expiresAtMs?: number;
}

export interface Credentials {
  /** @throws CredentialsError when they cannot be had now. */
  current(): Promise<AppliedCredentials>;
  /** Other credentials than `refused`, or undefined when there are none. @throws CredentialsError */
  insteadOf(refused: AppliedCredentials): Promise<AppliedCredentials | undefined>;
  /** Of those that were used last; undefined while none were, or where there are none. */
  times?(): CredentialsTimes | undefined;
  /** Tokens may be refused with 403 as well as with 401; a key that is known but not allowed to is not helped by a refresh. */
  readonly areTokens: boolean;
}

export const NOTHING: AppliedCredentials = { headers: {}, parameters: {}, secret: '' };

export interface CredentialDependencies {
  env: NodeJS.ProcessEnv;
  redactor: Redactor;
  openTokenSource?: OpenTokenSource;
  ca?: string;
}

export function openCredentials(auth: AuthConfig, dependencies: CredentialDependencies): Credentials {
  if (auth.type === 'none')
    return { current: () => Promise.resolve(NOTHING), insteadOf: () => Promise.resolve(undefined), areTokens: false };
  if (auth.type === 'entra') return entraCredentials(auth, dependencies);
  const { env, redactor } = dependencies;
  const secret = new Secret(auth.value, env);
  const known = (value: string): string => {
    redactor.add(value);
    return value;
  };
  let last: { value: string; times: CredentialsTimes } | undefined;
  const apply = (value: string): AppliedCredentials => {
    if (last?.value !== value) last = { value, times: { sinceMs: secret.writtenAtMs ?? Date.now(), expiresAtMs: tokenExpiresAtMs(value) } };
    // Known without its scheme: a service may repeat it so.
    if (auth.type === 'bearer') return bearer(known(value.replace(/^bearer\s+/i, '')));
    if (auth.type === 'sas') {
      const token = known(value.replace(/^jwt-sas\s+/i, ''));
      return { headers: { authorization: `jwt-sas ${token}` }, parameters: {}, secret: token };
    }
    const pair = { [auth.in === 'header' ? auth.name.toLowerCase() : auth.name]: known(value) };
    return auth.in === 'header' ? { headers: pair, parameters: {}, secret: value } : { headers: {}, parameters: pair, secret: value };
  };
  return {
    current: async () => apply(await secret.value()),
    insteadOf: async (refused) => otherThan(refused, apply(await secret.value(true))),
    times: () => last?.times,
    areTokens: auth.type !== 'key',
  };
}

function entraCredentials(
  auth: AuthConfig & { type: 'entra' },
  { env, redactor, openTokenSource, ca }: CredentialDependencies,
): Credentials {
  const clientSecret = auth.clientSecret === undefined ? undefined : new Secret(auth.clientSecret, env);
  const readClientSecret = async (): Promise<string | undefined> => {
    const value = await clientSecret?.value(true);
    if (value !== undefined) redactor.add(value);
    return value;
  };
  const tokens = new EntraTokens(auth, readClientSecret, openTokenSource, ca);
  const apply = async (token: Promise<string | undefined>): Promise<AppliedCredentials | undefined> => {
    try {
      const text = await token;
      if (text === undefined) return undefined;
      redactor.add(checkedSecret(text, 'the token of Microsoft Entra ID'));
      return bearer(text);
    } catch (error) {
      if (error instanceof CredentialsError) throw error;
      throw new CredentialsError(redactor.clean(`no token could be had from Microsoft Entra ID: ${firstLine(error)}`));
    }
  };
  return {
    current: async () => (await apply(tokens.current())) ?? NOTHING,
    insteadOf: async (refused) => otherThan(refused, await apply(tokens.insteadOf(refused.secret))),
    times: () => tokens.times(),
    areTokens: true,
  };
}

function otherThan(refused: AppliedCredentials, found: AppliedCredentials | undefined): AppliedCredentials | undefined {
  return found?.secret === refused.secret ? undefined : found;
}

function bearer(token: string): AppliedCredentials {
  return { headers: { authorization: `Bearer ${token}` }, parameters: {}, secret: token };
}

function firstLine(error: unknown): string {
  return ((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '').slice(0, 300);
}
