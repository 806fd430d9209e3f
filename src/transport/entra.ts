/**
 * Tokens of Microsoft Entra ID.
 *
 * Keeps true: a token is asked for once however many requests want it, is used until shortly before it expires, and a forced
 * refresh goes past the cache of the identity library as well.
 */
import type { EntraAuthConfig } from '../config';

/** The part of `@azure/identity`'s `TokenCredential` that is used. */
export interface TokenSource {
  getToken(scope: string, options?: { abortSignal?: AbortSignal }): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/** Makes a token source. `clientSecret` is given where the file names one, `ca` where other certificates than the system's are trusted. */
export type OpenTokenSource = (auth: EntraAuthConfig, clientSecret: string | undefined, ca: string | undefined) => Promise<TokenSource>;

/** Renewed so long before the end, or at half of a shorter life. */
const RENEW_BEFORE_MS = 300_000;
const RENEW_AGAIN_MS = 30_000;
const TOKEN_TIMEOUT_MS = 30_000;

/** The credential of `@azure/identity` that fits what the file says. Loaded when it is first needed: it is large. */
const openAzureCredential: OpenTokenSource = async (auth, clientSecret, ca) => {
  const identity = await import('@azure/identity');
  const { tenantId, clientId, tokenFile, authorityHost } = auth;
  const publicHosts: readonly string[] = Object.values(identity.AzureAuthorityHosts);
  // Instance discovery asks the public cloud whether it knows the authority: a private one it does not.
  const disableInstanceDiscovery = authorityHost !== undefined && !publicHosts.includes(authorityHost.replace(/\/$/, ''));
  const options = {
    ...(authorityHost === undefined ? {} : { authorityHost }),
    disableInstanceDiscovery,
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  };
  if (clientSecret !== undefined && tenantId !== undefined && clientId !== undefined) {
    return new identity.ClientSecretCredential(tenantId, clientId, clientSecret, options);
  }
  if (tokenFile !== undefined && tenantId !== undefined && clientId !== undefined) {
    return new identity.WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath: tokenFile });
  }
  const client = clientId === undefined ? {} : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId };
  return new identity.DefaultAzureCredential({ ...options, ...client, ...(tenantId === undefined ? {} : { tenantId }) });
};

interface Token {
  text: string;
  renewAt: number;
  expiresAt: number;
}

export class EntraTokens {
  private token: Token | undefined;
  private source: TokenSource | undefined;
  private running: Promise<Token> | undefined;

  constructor(
    private readonly auth: EntraAuthConfig,
    private readonly clientSecret: () => Promise<string | undefined>,
    private readonly open: OpenTokenSource = openAzureCredential,
    private readonly ca?: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** The present token. @throws what the identity library says when there is none. */
  async current(): Promise<string> {
    const { token } = this;
    if (token !== undefined && this.now() < token.renewAt) return token.text;
    try {
      return (await this.renew()).text;
    } catch (error) {
      if (token === undefined || this.now() >= token.expiresAt) throw error;
      // Still good, so nobody waits for a token service that is down; it is asked again a little later.
      token.renewAt = this.now() + RENEW_AGAIN_MS;
      return token.text;
    }
  }

  /** A token other than `refused`, which a service did not accept. */
  async insteadOf(refused: string): Promise<string> {
    if (this.token?.text === refused) {
      this.token = undefined;
      // The library caches tokens too; a new credential does not know them.
      this.source = undefined;
    }
    return this.current();
  }

  private renew(): Promise<Token> {
    this.running ??= this.fetch().finally(() => (this.running = undefined));
    return this.running;
  }

  private async fetch(): Promise<Token> {
    const source = this.source ?? (await this.open(this.auth, await this.clientSecret(), this.ca));
    // Forgotten on failure, so that a rotated client secret is read anew.
    this.source = undefined;
    const got = await source.getToken(this.auth.scope, { abortSignal: AbortSignal.timeout(TOKEN_TIMEOUT_MS) });
    if (got === null) throw new Error('no token was issued');
    this.source = source;
    const lifeMs = got.expiresOnTimestamp - this.now();
    const renewAt = got.expiresOnTimestamp - Math.min(RENEW_BEFORE_MS, lifeMs / 2);
    this.token = { text: got.token, expiresAt: got.expiresOnTimestamp, renewAt };
    return this.token;
  }
}
