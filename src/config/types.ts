/**
 * What the worker's file says, once it is read and found right.
 *
 * Keeps true: no secret stands here, only where it is found.
 */
import type { ProtocolSettings } from '../lro/settings';

/** Where a secret is found: an environment variable's name, or an absolute path whose whole content (without surrounding blanks) it is. */
export type SecretRef = { env: string } | { file: string };

/** How a connection proves who it is. */
export type AuthConfig =
  | { type: 'none' }
  | { type: 'key'; in: 'query' | 'header'; name: string; value: SecretRef }
  | { type: 'bearer'; value: SecretRef }
  /** Sent as `Authorization: jwt-sas …` [Azure Maps, "SAS token"]. */
  | { type: 'sas'; value: SecretRef }
  | EntraAuthConfig;

/** Microsoft Entra ID. Without `clientSecret` and `tokenFile` the credentials come from the surroundings (`DefaultAzureCredential`). */
export interface EntraAuthConfig {
  type: 'entra';
  /** `https://atlas.microsoft.com/.default` */
  scope: string;
  tenantId?: string;
  clientId?: string;
  clientSecret?: SecretRef;
  /** Workload identity: absolute path of the federated token. */
  tokenFile?: string;
  /** Base URL of the token service, for clouds other than the public one. */
  authorityHost?: string;
}

/** How much of a service a connection uses, and how long it waits. */
export interface Limits {
  /** For one whole exchange: connect, headers and body. */
  timeoutSeconds: number;
  /** Of a body as it is after decompression. */
  maxBodyBytes: number;
  concurrentRequests: number;
  submitsPerSecond: number;
}

export interface ConnectionConfig {
  name: string;
  baseUrl: string;
  /** Added to every submit, and to status URLs that lack them. */
  query: Readonly<Record<string, string>>;
  /** Added to every request to a trusted host. */
  headers: Readonly<Record<string, string>>;
  auth: AuthConfig;
  limits: Limits;
  /** What decisions depend on, derived from the rest. */
  protocol: ProtocolSettings;
}

/** What callers may name in their inputs. Folders are absolute paths. */
export interface FilesConfig {
  readBelow: readonly string[];
  writeBelow: readonly string[];
  /** Host names, `*.example.com` allowed. */
  urlHosts: readonly string[];
}

export interface LroConfig {
  connections: Record<string, ConnectionConfig>;
  files: FilesConfig;
}

export const DEFAULT_LIMITS: Limits = { timeoutSeconds: 30, maxBodyBytes: 1_048_576, concurrentRequests: 50, submitsPerSecond: 50 };
