/** How clients and workers of Temporal's SDK encrypt: its `dataConverter`. */
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './codec';
import { KeySource } from './key-source';

/** Of the module that makes failures' messages payloads; workflows are bundled with it. */
export const FAILURE_CONVERTER_PATH = join(__dirname, 'failure-converter');

/**
 * For `new Client({ dataConverter })` or `Worker.create({ dataConverter })`.
 * @param keys where there are none, nothing is encrypted, and what others have encrypted is refused with the id of the key that is missing
 */
export function encryptedData(keys: KeySource = KeySource.none()): DataConverter {
  const payloadCodecs = [new EncryptionCodec(keys)];
  return keys.encrypts ? { payloadCodecs, failureConverterPath: FAILURE_CONVERTER_PATH } : { payloadCodecs };
}
