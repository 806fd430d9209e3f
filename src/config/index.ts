/** The worker's file: what is in it, and reading it. */
export { fileHashIn, fileHashOfConfig, identityInWords, identityWith } from './file-version';
export { loadConfig, requireConfig } from './load';
export { proxyUrl } from './proxy-url';
export { nearest } from './suggest';
export { secretProblem } from './secret-ref';
export { ConfigError } from './mistakes';
export { isPlace } from './webhooks-schema';
export {
  headerName,
  isCredentialHeader,
  isHeaderName,
  isHeaderValue,
  isOverrideHeader,
  isOverrideParameter,
  isTransportHeader,
} from './names';
export { NO_FILES } from './types';
export type {
  AuthConfig,
  BlobAuthConfig,
  BlobContainerConfig,
  ConnectionConfig,
  EntraAuthConfig,
  FilesConfig,
  Limits,
  LroConfig,
  SecretRef,
  WebhooksConfig,
  WebhookSignature,
} from './types';
