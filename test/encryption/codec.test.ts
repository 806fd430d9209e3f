/** The codec: the layout of Temporal's own samples, what is bound to what, and what a payload that cannot be decrypted says. */
import { randomBytes, webcrypto } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { EncryptionCodec, EncryptionError, KeySource } from '../../src/encryption';

const KEYS = { a: randomBytes(32), b: randomBytes(32) };
const sourceOf = (current: 'a' | 'b', ...known: ('a' | 'b')[]): KeySource =>
  KeySource.ofText(stringify({ current, keys: Object.fromEntries(known.map((id) => [id, KEYS[id].toString('base64')])) }));
const codec = new EncryptionCodec(sourceOf('a', 'a', 'b'));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload as Payload);

async function encoded(value: unknown): Promise<Payload> {
  const [payload] = await codec.encode([payloadOf(value)]);
  return payload as Payload;
}

async function errorOf(payload: Payload, by = codec): Promise<EncryptionError> {
  const error: unknown = await by.decode([payload]).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(EncryptionError);
  return error as EncryptionError;
}

/** As Temporal's samples do: WebCrypto, nonce before, tag behind, no additional data. */
const sampleKey = (id: 'a' | 'b') => webcrypto.subtle.importKey('raw', KEYS[id], 'AES-GCM', true, ['encrypt', 'decrypt']);

test('what is encrypted here, the samples decrypt, and the other way round', async () => {
  const { metadata, data } = await encoded({ canary: 'Öl' });
  expect(textOf(metadata?.['encoding'])).toBe('binary/encrypted');
  expect(textOf(metadata?.['encryption-key-id'])).toBe('a');
  const bytes = data as Uint8Array;
  const plain = await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.slice(0, 12) }, await sampleKey('a'), bytes.slice(12));
  expect(valueOf(temporal.api.common.v1.Payload.decode(new Uint8Array(plain)))).toEqual({ canary: 'Öl' });

  const iv = webcrypto.getRandomValues(new Uint8Array(12));
  const message = temporal.api.common.v1.Payload.encode(payloadOf(['from', 'Python'])).finish();
  const theirs = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, await sampleKey('b'), message);
  const [decoded] = await codec.decode([
    {
      metadata: { encoding: utf8('binary/encrypted'), 'encryption-key-id': utf8('b') },
      data: Buffer.concat([iv, Buffer.from(theirs)]),
    },
  ]);
  expect(valueOf(decoded)).toEqual(['from', 'Python']);
});

test('any value comes back as it was, and nothing of it is readable', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.stringMatching(/^[a-z]{12}$/), async (value, canary) => {
      const payload = await encoded({ value, canary });
      expect(textOf(payload.data)).not.toContain(canary);
      const [decoded] = await codec.decode([payload]);
      expect(valueOf(decoded)).toEqual(JSON.parse(JSON.stringify({ value, canary })));
    }),
    { numRuns: 100 },
  );
});

test('every payload has a nonce of its own', async () => {
  const nonces = await Promise.all(
    Array.from({ length: 200 }, async () => textOf(Buffer.from((await encoded(1)).data ?? []).subarray(0, 12))),
  );
  expect(new Set(nonces).size).toBe(200);
});

test('a payload that is not encrypted passes through, both without keys and with them', async () => {
  const plain = payloadOf('from before');
  for (const by of [codec, new EncryptionCodec(KeySource.none())]) expect(await by.decode([plain])).toEqual([plain]);
  expect(await new EncryptionCodec(KeySource.none()).encode([plain])).toEqual([plain]);
});

test('encrypted with the current key, decrypted with any that is known', async () => {
  const [byB] = await new EncryptionCodec(sourceOf('b', 'a', 'b')).encode([payloadOf('b')]);
  expect(textOf(byB?.metadata?.['encryption-key-id'])).toBe('b');
  expect(valueOf((await codec.decode([byB as Payload]))[0])).toBe('b');
});

test('an unknown key is named, with those that are known and what to do; keys are not', async () => {
  const payload = await encoded('x');
  const unknown = await errorOf(payload, new EncryptionCodec(sourceOf('b', 'b')));
  expect(unknown.message).toBe(
    'a payload is encrypted with key "a" (known here: "b"); add "a" to LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS)',
  );
  expect(unknown).toMatchObject({ keyId: 'a', type: 'EncryptionKeyUnknown', nonRetryable: false });
  const none = await errorOf(payload, new EncryptionCodec(KeySource.none()));
  expect(none.message).toContain('(no keys are set here); set LRO_ENCRYPTION_KEYS_FILE');
});

test('bound: another id, another text, nonce or tag is not decrypted; another encoding is not taken for encrypted', async () => {
  const payload = await encoded({ amount: 1 });
  const { metadata, data } = payload;
  const other = { ...payload, metadata: { ...metadata, 'encryption-key-id': utf8('b') } };
  expect((await errorOf(other)).message).toMatch(/^a payload that names key "b" cannot be decrypted with it/);
  for (const position of [0, 12, 20, (data?.length ?? 0) - 1]) {
    const bytes = Buffer.from(data ?? []);
    bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
    expect((await errorOf({ ...payload, data: bytes })).message).toContain('cannot be decrypted with it');
  }
  const renamed = { ...payload, metadata: { ...metadata, encoding: utf8('json/plain') } };
  const [passed] = await codec.decode([renamed]);
  expect(() => valueOf(passed)).toThrow();
});

test('hostile payloads end as errors that are short', async () => {
  const metadata = { encoding: utf8('binary/encrypted'), 'encryption-key-id': utf8('x'.repeat(100_000)) };
  for (const payload of [{ metadata }, { metadata, data: randomBytes(27) }, { metadata, data: randomBytes(1000) }])
    expect((await errorOf(payload)).message.length).toBeLessThan(500);
  expect((await errorOf({ metadata: { encoding: utf8('binary/encrypted') }, data: randomBytes(64) })).keyId).toBe('');
});

test('a payload grows by 75 bytes and the length of its key id, and no more with its size', async () => {
  const sizeOf = (payload: Payload): number => temporal.api.common.v1.Payload.encode(payload).finish().length;
  for (const length of [0, 1000, 1_048_576]) {
    const plain = payloadOf('x'.repeat(length));
    const [encrypted] = await codec.encode([plain]);
    const growth = sizeOf(encrypted as Payload) - sizeOf(plain);
    expect(growth).toBeGreaterThan(60);
    expect(growth).toBeLessThan(120);
  }
});
