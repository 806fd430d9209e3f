/**
 * What a connection adds to a request to prove who it is, resolved for every request.
 *
 * Keeps true: every secret that is resolved is made known to the redactor before it is used.
 */
import type { AuthConfig } from '../config';
import { EntraTokens, type OpenTokenSource } from '../transport/entra';
import { CredentialsError, Secret } from '../transport/secrets';
import type { Redactor } from './redact';

/** Headers (names in lower case) and query parameters that carry the credentials. */
export interface Proof {
  headers: Readonly<Record<string, string>>;
  parameters: Readonly<Record<string, string>>;
  secret: string;
}

export interface Credentials {
  /** @throws CredentialsError when they cannot be had now. */
  current(): Promise<Proof>;
  /** Other credentials than `refused`, or undefined when there are none. @throws CredentialsError */
  insteadOf(refused: Proof): Promise<Proof | undefined>;
  /** Tokens may be refused with 403 as well as with 401; a key that is known but not allowed to is not helped by a refresh. */
  readonly areTokens: boolean;
}

export const NOTHING: Proof = { headers: {}, parameters: {}, secret: '' };

export interface CredentialSurroundings {
  env: NodeJS.ProcessEnv;
  redactor: Redactor;
  openTokenSource?: OpenTokenSource;
  ca?: string;
}

export function openCredentials(auth: AuthConfig, { env, redactor, openTokenSource, ca }: CredentialSurroundings): Credentials {
  const learnt = (secret: string): string => {
    redactor.learn(secret);
    return secret;
  };
  if (auth.type === 'none')
    return { current: () => Promise.resolve(NOTHING), insteadOf: () => Promise.resolve(undefined), areTokens: false };

  if (auth.type === 'entra') {
    const clientSecret = auth.clientSecret === undefined ? undefined : new Secret(auth.clientSecret, env);
    const tokens = new EntraTokens(auth, async () => clientSecret && learnt(await clientSecret.value(true)), openTokenSource, ca);
    const proofOf = async (token: Promise<string>): Promise<Proof> => {
      try {
        return bearer(learnt(await token));
      } catch (error) {
        if (error instanceof CredentialsError) throw error;
        throw new CredentialsError(redactor.clean(`no token could be had from Microsoft Entra ID: ${firstLine(error)}`));
      }
    };
    return { current: () => proofOf(tokens.current()), insteadOf: (refused) => proofOf(tokens.insteadOf(refused.secret)), areTokens: true };
  }

  const secret = new Secret(auth.value, env);
  const proofOf = (value: string): Proof => {
    // Learnt without its scheme: a service may repeat it so.
    if (auth.type === 'bearer') return bearer(learnt(value.replace(/^bearer\s+/i, '')));
    if (auth.type === 'sas')
      return { headers: { authorization: `jwt-sas ${learnt(value.replace(/^jwt-sas\s+/i, ''))}` }, parameters: {}, secret: value };
    const pair = { [auth.in === 'header' ? auth.name.toLowerCase() : auth.name]: value };
    return auth.in === 'header' ? { headers: pair, parameters: {}, secret: value } : { headers: {}, parameters: pair, secret: value };
  };
  return {
    current: async () => proofOf(learnt(await secret.value())),
    insteadOf: async (refused) => {
      const proof = proofOf(learnt(await secret.value(true)));
      return proof.secret === refused.secret ? undefined : proof;
    },
    areTokens: auth.type !== 'key',
  };
}

function bearer(token: string): Proof {
  return { headers: { authorization: `Bearer ${token}` }, parameters: {}, secret: token };
}

function firstLine(error: unknown): string {
  return ((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '').slice(0, 300);
}
