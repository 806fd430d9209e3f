/** Payloads encrypted between a client or worker and Temporal. */
export { EncryptionCodec } from './codec';
export { encryptedData, FAILURE_CONVERTER_PATH } from './data-converter';
export { EncryptionError, encryptionErrorIn } from './errors';
export { KeySource, keysOfEnvironment, type KeyEvents } from './key-source';
export type { Keys } from './keys';
