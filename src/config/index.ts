/** The worker's file: what is in it, and reading it. */
export { loadConfig } from './load';
export { ConfigError } from './mistakes';
export { isCredentialHeader, isHeaderName, isHeaderValue, isTransportHeader } from './names';
export type { AuthConfig, ConnectionConfig, EntraAuthConfig, FilesConfig, Limits, LroConfig, SecretRef } from './types';
