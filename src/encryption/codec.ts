/**
 * Payloads encrypted with AES-256-GCM, in the layout of Temporal's own encryption samples (Go, Java, Python, Ruby, TypeScript):
 *
 *     metadata: encoding = binary/encrypted, encryption-key-id = <id>
 *     data:     nonce of 12 bytes, the encrypted protobuf of the payload, tag of 16 bytes
 *
 * Keeps true:
 * 1. Each payload has a random nonce of its own.
 * 2. Additional data (AAD) is empty, as in the samples, or none of them could decrypt it. The id is bound all the same: each id has a key of its
 *    own (`keys.ts`), so under another id the tag is wrong; and what names another encoding is not taken for encrypted, nor for what it was.
 * 3. What is not encrypted is passed through: histories from before encryption was switched on go on.
 */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { damagedPayload, unknownKey, wrongKey, type EncryptionError } from './errors';
import type { KeySource } from './key-source';

const ENCRYPTED = 'binary/encrypted';
const KEY_ID_FIELD = 'encryption-key-id';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Beyond the longest that keys may have: nobody else's id makes messages long. */
const MAX_SHOWN_ID_CHARS = 100;

const PayloadMessage = temporal.api.common.v1.Payload;
const utf8 = new TextEncoder();

export class EncryptionCodec implements PayloadCodec {
  constructor(private readonly keys: KeySource) {}

  // The interface is of promises: rejections, not exceptions.
  // eslint-disable-next-line @typescript-eslint/require-await
  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { current } = this.keys;
    return current === undefined ? payloads : payloads.map((payload) => encrypt(payload, current.id, current.key));
  }

  /** @throws EncryptionError */
  // eslint-disable-next-line @typescript-eslint/require-await
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (isEncrypted(payload) ? this.decrypt(payload) : payload));
  }

  private decrypt({ metadata, data }: Payload): Payload {
    const id = textOf(metadata?.[KEY_ID_FIELD]).slice(0, MAX_SHOWN_ID_CHARS);
    if (data == null || data.length < NONCE_BYTES + TAG_BYTES) throw damagedPayload('is too short to be');
    const key = this.keys.find(id);
    if (key === undefined) throw this.missed(unknownKey(id, this.keys.ids));
    let bytes: Uint8Array;
    try {
      bytes = opened(data, key);
    } catch {
      throw this.missed(wrongKey(id));
    }
    return PayloadMessage.decode(bytes);
  }

  private missed(error: EncryptionError): EncryptionError {
    this.keys.miss(error.keyId, error.message);
    return error;
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === ENCRYPTED;
}

function encrypt(payload: Payload, id: string, key: KeyObject): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  const text = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
  return {
    metadata: { encoding: utf8.encode(ENCRYPTED), [KEY_ID_FIELD]: utf8.encode(id) },
    data: Buffer.concat([nonce, ...text, cipher.getAuthTag()]),
  };
}

/** @throws Error when the tag is wrong */
function opened(data: Uint8Array, key: KeyObject): Uint8Array {
  const textEnd = data.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(data.subarray(textEnd));
  return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, textEnd)), decipher.final()]);
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes == null ? '' : Buffer.from(bytes).toString('utf8');
}
