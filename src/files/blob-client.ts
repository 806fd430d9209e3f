/**
 * Clients of one container of Azure Blob Storage, with the credentials that the worker's file names.
 *
 * Keeps true: a secret is resolved at every use, so that a rotated one is used from the next file on; no redirect is followed and no
 * proxy asked. The library is loaded when it is first needed: it is large.
 */
import type * as Library from '@azure/storage-blob';
import type { ContainerClient, StoragePipelineOptions } from '@azure/storage-blob';
import type { BlobAuthConfig, BlobContainerConfig } from '../config';
import type { Agents } from '../transport/agents';
import { EntraTokens, type OpenTokenSource } from '../transport/entra';
import { CredentialsError, Secret } from '../transport/secrets';

/** What clients are given from outside. */
export interface BlobDependencies {
  agents: Agents;
  env: NodeJS.ProcessEnv;
  onSecret?: ((secret: string) => void) | undefined;
  openTokenSource?: OpenTokenSource;
  ca?: string;
}

/** Of one request. The library's default backoff (4 s to 2 min) is longer than callers wait. */
const RETRIES = { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 4000 };

/** Makes the client of one container. */
export class ContainerDoor {
  private readonly secret: Secret | undefined;
  private readonly tokens: EntraTokens | undefined;
  private opened: { client: ContainerClient; secret: string | undefined } | undefined;

  constructor(
    private readonly container: BlobContainerConfig,
    private readonly dependencies: BlobDependencies,
  ) {
    const { auth } = container;
    const { env } = dependencies;
    if (auth.type === 'sharedKey' || auth.type === 'sas') this.secret = new Secret(auth.value, env);
    if (auth.type === 'entra') this.tokens = tokensOf(auth, dependencies);
  }

  /** The client with the present secret. @throws CredentialsError */
  async client(): Promise<ContainerClient> {
    const secret = await this.secret?.value();
    if (secret !== undefined) this.dependencies.onSecret?.(secret);
    if (this.opened === undefined || this.opened.secret !== secret)
      this.opened = { client: await this.openClient(await import('@azure/storage-blob'), secret), secret };
    return this.opened.client;
  }

  private async openClient(library: typeof Library, secret: string | undefined): Promise<ContainerClient> {
    const { url, auth } = this.container;
    const options = pipelineOptions(url, this.dependencies.agents);
    if (auth.type === 'sharedKey' && secret !== undefined)
      return new library.ContainerClient(url, new library.StorageSharedKeyCredential(auth.account, secret), options);
    if (auth.type === 'sas' && secret !== undefined)
      // Azure's portal shows it with a leading `?`, or as part of a URL.
      return new library.ContainerClient(`${url}?${secret.slice(secret.indexOf('?') + 1)}`, new library.AnonymousCredential(), options);
    const { tokens } = this;
    if (tokens === undefined) return new library.ContainerClient(url, new library.AnonymousCredential(), options);
    // Expires at once, so that the library does not cache it: `tokens` does.
    const getToken = async () => {
      const token = await tokenOf(tokens);
      this.dependencies.onSecret?.(token);
      return { token, expiresOnTimestamp: Date.now() };
    };
    return Promise.resolve(new library.ContainerClient(url, { getToken }, options));
  }
}

/** The library passes `agent` and `redirectOptions` on to its pipeline, though its own type does not name them. */
function pipelineOptions(url: string, agents: Agents): StoragePipelineOptions {
  const options = {
    retryOptions: RETRIES,
    userAgentOptions: { userAgentPrefix: 'durable-lro' },
    agent: url.startsWith('https:') ? agents.https : agents.http,
    redirectOptions: { maxRetries: 0 },
  };
  return options;
}

/** The one scope of Azure Storage in all clouds [Azure Storage, "Authorize with Microsoft Entra ID"]. */
const STORAGE_SCOPE = 'https://storage.azure.com/.default';

function tokensOf(auth: BlobAuthConfig & { type: 'entra' }, { env, onSecret, openTokenSource, ca }: BlobDependencies): EntraTokens {
  const clientSecret = auth.clientSecret === undefined ? undefined : new Secret(auth.clientSecret, env);
  const readSecret = async (): Promise<string | undefined> => {
    const value = await clientSecret?.value(true);
    if (value !== undefined) onSecret?.(value);
    return value;
  };
  return new EntraTokens({ ...auth, scope: STORAGE_SCOPE }, readSecret, openTokenSource, ca);
}

async function tokenOf(tokens: EntraTokens): Promise<string> {
  try {
    return await tokens.current();
  } catch (error) {
    if (error instanceof CredentialsError) throw error;
    const { name, message } = error instanceof Error ? error : { name: 'unknown error', message: '' };
    const reason = /\bAADSTS\d+\b/.exec(message)?.[0] ?? name;
    throw new CredentialsError(`no token could be had from Microsoft Entra ID (${reason})`);
  }
}
