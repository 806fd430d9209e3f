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

/** A token that a service refuses is replaced so often at most: a right that is missing stays missing, and each token is a call of the token service. */
const FORCED_EVERY_MS = 60_000;

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
  const options = { authorityHost, disableInstanceDiscovery, tlsOptions: ca === undefined ? undefined : { ca } };
  if (clientSecret !== undefined && tenantId !== undefined && clientId !== undefined) {
    return new identity.ClientSecretCredential(tenantId, clientId, clientSecret, options);
  }
  if (tokenFile !== undefined && tenantId !== undefined && clientId !== undefined) {
    return new identity.WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath: tokenFile });
  }
  const client = clientId === undefined ? {} : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId };
  return new identity.DefaultAzureCredential({ ...options, ...client, ...(tenantId === undefined ? {} : { tenantId }) });
};

/** Time, to be replaced in tests. */
export interface TokenClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds since some moment; nobody sets this clock back. */
  monotonicMs(): number;
}

/** Times are of the monotonic clock. */
interface Token {
  text: string;
  gotAt: number;
  renewAt: number;
  expiresAt: number;
}

export class EntraTokens {
  private token: Token | undefined;
  private source: TokenSource | undefined;
  private running: Promise<Token> | undefined;
  private forcedAt = -Infinity;

  constructor(
    private readonly auth: EntraAuthConfig,
    private readonly clientSecret: () => Promise<string | undefined>,
    private readonly open: OpenTokenSource = openAzureCredential,
    private readonly ca?: string,
    private readonly clock: TokenClock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  ) {}

  /** The present token. @throws what the identity library says when there is none. */
  async current(): Promise<string> {
    const { token } = this;
    const now = this.clock.monotonicMs();
    if (token !== undefined && now < token.renewAt) return token.text;
    try {
      return (await this.renew()).text;
    } catch (error) {
      if (token === undefined || now >= token.expiresAt) throw error;
      // Still good, so nobody waits for a token service that is down; it is asked again a little later.
      token.renewAt = now + RENEW_AGAIN_MS;
      return token.text;
    }
  }

  /** A token other than `refused`, which a service did not accept; undefined when one was asked for this reason less than a minute ago. */
  async insteadOf(refused: string): Promise<string | undefined> {
    if (this.token?.text !== refused) return this.current();
    if (this.running === undefined) {
      const now = this.clock.monotonicMs();
      if (now - this.forcedAt < FORCED_EVERY_MS) return undefined;
      this.forcedAt = now;
      // The library caches tokens too; a new credential does not know them.
      this.source = undefined;
    }
    return (await this.renew()).text;
  }

  /** Since when the present token is used, and when it expires, in milliseconds since the epoch; undefined while there is none. */
  times(): { sinceMs: number; expiresAtMs: number } | undefined {
    if (this.token === undefined) return undefined;
    const { gotAt, expiresAt } = this.token;
    const sinceThenMs = this.clock.nowMs() - this.clock.monotonicMs();
    return { sinceMs: sinceThenMs + gotAt, expiresAtMs: sinceThenMs + expiresAt };
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
    // Only the end is a date; what is left of it is measured by a clock that nobody sets.
    const lifeMs = got.expiresOnTimestamp - this.clock.nowMs();
    const now = this.clock.monotonicMs();
    this.token = { text: got.token, gotAt: now, expiresAt: now + lifeMs, renewAt: now + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 2) };
    return this.token;
  }
}
