/**
 * What the worker's file says, once it is read and found right.
 *
 * Keeps true: no secret stands here, only where it is found.
 */
import type { FollowMode, HttpMethod } from '../contract';
import type { ProtocolSettings } from '../lro/settings';

/** Where a secret is found: an environment variable's name, or an absolute path whose whole content (without surrounding blanks) it is. */
export type SecretRef = { env: string } | { file: string };

/** How a connection shows who it is. */
export type AuthConfig =
  | { type: 'none' }
  | { type: 'key'; in: 'query' | 'header'; name: string; value: SecretRef }
  | { type: 'bearer'; value: SecretRef }
  /** Sent as `Authorization: jwt-sas …` [Azure Maps, "SAS token"]. */
  | { type: 'sas'; value: SecretRef }
  | EntraAuthConfig;

/** An identity of Microsoft Entra ID. Without `clientSecret` and `tokenFile` the environment names it (`DefaultAzureCredential`). */
export interface EntraIdentityConfig {
  type: 'entra';
  tenantId?: string;
  clientId?: string;
  clientSecret?: SecretRef;
  /** Workload identity: absolute path of the federated token. */
  tokenFile?: string;
  /** Base URL of the token service, for clouds other than the public one. */
  authorityHost?: string;
}

/** Tokens of that identity for one service. */
export interface EntraAuthConfig extends EntraIdentityConfig {
  /** `https://atlas.microsoft.com/.default` */
  scope: string;
}

/** How much of a service a connection uses, and how long it waits. */
export interface Limits {
  /** For one whole exchange: connect, headers and body. */
  timeoutSeconds: number;
  /** Of a body as it is after decompression. */
  maxBodyBytes: number;
  concurrentRequests: number;
  submitsPerSecond: number;
  pollsPerSecond: number;
  /**
   * Whether the three above hold for all workers of the task queue together: divided by their number (`true`), handed out by a workflow to
   * those that need them (`exact`), or not (`false`: each has them all).
   */
  share: Share;
}

export type Share = boolean | 'exact';

/** What callers may send over a connection in `submit`, `cancel` and `attach`. A list that is absent allows all. */
export interface AllowConfig {
  methods?: readonly HttpMethod[] | undefined;
  /** Globs of paths below the base URL: `*` is one segment or a part of one, `**` any number of them. */
  paths?: readonly string[] | undefined;
  /** Globs of header names. Headers that override method, host or route are allowed only where they are named whole. */
  headers?: readonly string[];
}

/** Which of the file's own query parameters and headers callers may give another value. */
export interface OverridableConfig {
  query: readonly string[];
  headers: readonly string[];
}

/**
 * How a service signs its webhooks, besides the secret URL. Any of the secrets will do, so that they can be exchanged.
 * `standard`: Standard Webhooks 1.0.0. `hmac`: of the raw body, in one header.
 */
export type WebhookSignature =
  | { type: 'standard'; secrets: readonly SecretRef[] }
  | {
      type: 'hmac';
      secrets: readonly SecretRef[];
      header: string;
      algorithm: 'sha256' | 'sha1';
      encoding: 'hex' | 'base64';
      /** Stands before the digest in the header: `sha256=`. */
      prefix: string;
    };

/** The webhooks of one service. */
export interface ConnectionWebhooks {
  /** Absent: the secret URL is all that is checked. */
  signature?: WebhookSignature | undefined;
  /** The least wait between polls of an operation whose submit had `{callbackUrl}`; 0: as without. */
  pollSeconds: number;
}

/** Where services call back, and what the URLs are signed with. */
export interface WebhooksConfig {
  /** Without a slash at its end. */
  publicUrl: string;
  /** At least 32 bytes; the same for all workers and receivers. */
  secret: SecretRef;
  /** URLs that were signed with these are still taken. */
  formerSecrets: readonly SecretRef[];
  /** `host:port` on which the worker receives; absent: another process does. */
  listen?: string | undefined;
}

export interface ConnectionConfig {
  name: string;
  baseUrl: string;
  /** Added to every submit, and to status URLs that lack them. */
  query: Readonly<Record<string, string>>;
  /** Added to every request to a trusted host. */
  headers: Readonly<Record<string, string>>;
  auth: AuthConfig;
  /** How the service is asked to cancel, for inputs that do not say. */
  cancel?: { method: HttpMethod; path: string } | undefined;
  /** Who polls operations whose inputs do not say. */
  follow: FollowMode;
  allow: AllowConfig;
  overridable: OverridableConfig;
  limits: Limits;
  /** Whether hosts other than the base URL's own may have loopback, link-local or private addresses. */
  privateHosts: 'refuse' | 'allow';
  /** The environment variable with the URL of the proxy that all requests go through. */
  proxy?: { env: string };
  webhooks: ConnectionWebhooks;
  /** What decisions depend on, derived from the rest. */
  protocol: ProtocolSettings;
}

/** What callers may name in their inputs. Folders are absolute paths. */
export interface FilesConfig {
  readBelow: readonly string[];
  writeBelow: readonly string[];
  /** Host names, `*.example.com` allowed. */
  urlHosts: readonly string[];
  /** Whether those may have loopback, link-local or private addresses. */
  privateHosts: 'refuse' | 'allow';
  /** Containers of Azure Blob Storage. */
  blobContainers: readonly BlobContainerConfig[];
  /** Of one file that an operation's final body goes to. */
  maxResultBytes: number;
}

/** How the worker shows Azure Blob Storage who it is. */
export type BlobAuthConfig =
  /** A container that anybody may read. */
  | { type: 'none' }
  /** The key of a storage account. */
  | { type: 'sharedKey'; account: string; value: SecretRef }
  /** A shared access signature: `sv=…&sig=…`, or a URL that ends with it. */
  | { type: 'sas'; value: SecretRef }
  | EntraIdentityConfig;

/** A container of Azure Blob Storage. */
export interface BlobContainerConfig {
  /** Without a slash at its end: `https://account.blob.core.windows.net/container`. */
  url: string;
  auth: BlobAuthConfig;
  /** Whether callers may have files written there. */
  writable: boolean;
}

export interface LroConfig {
  connections: Record<string, ConnectionConfig>;
  files: FilesConfig;
  /** Absent: nobody calls back. */
  webhooks?: WebhooksConfig | undefined;
  /** Of the file's bytes (see `file-version.ts`). Absent: no file was read. */
  fileHash?: string;
}

/** Largest `maxBodyBytes`: an answer costs about ten times its size in memory while it is read. */
export const MAX_BODY_BYTES = 10_485_760;

export const DEFAULT_LIMITS: Limits = {
  timeoutSeconds: 30,
  maxBodyBytes: 1_048_576,
  concurrentRequests: 50,
  submitsPerSecond: 50,
  pollsPerSecond: 5000,
  share: true,
};

/** One gibibyte. */
export const DEFAULT_MAX_RESULT_BYTES = 1_073_741_824;

/** Callers may name no file. */
export const NO_FILES: FilesConfig = {
  readBelow: [],
  writeBelow: [],
  urlHosts: [],
  privateHosts: 'refuse',
  blobContainers: [],
  maxResultBytes: DEFAULT_MAX_RESULT_BYTES,
};
