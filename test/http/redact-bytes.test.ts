/** Secrets in bodies that are too long for memory: masked wherever a cut between two pieces falls. */
import { createHash } from 'node:crypto';
import { Redactor } from '../../src/http/redact';
import { cleanedBytes } from '../../src/http/redact-bytes';

const SECRET = 'k3y-9f8e7d6c5b4a39281706f5e4d3c2b1a0';

async function cleaned(pieces: readonly Buffer[], contentType: string | undefined, secret = SECRET): Promise<Buffer> {
  const redactor = new Redactor();
  redactor.addForGood(secret);
  async function* source(): AsyncGenerator<Buffer> {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of cleanedBytes(source(), contentType, (text) => redactor.cleanAnswer(text))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** In pieces as a socket may bring them. */
function inPieces(whole: Buffer, bytes = 40_000): Buffer[] {
  return Array.from({ length: Math.ceil(whole.length / bytes) }, (_, index) => whole.subarray(index * bytes, (index + 1) * bytes));
}

/** Every place around the first cut, which comes after 128 KiB. */
const PLACES = Array.from({ length: 40 }, (_, index) => 131_072 - 38 + index);

test.each(PLACES)('a secret that stands at byte %i is masked whole', async (place) => {
  const whole = Buffer.concat([Buffer.alloc(place, 'ä '), Buffer.from(SECRET), Buffer.alloc(400_000, 'and so on ')]);
  const text = await cleaned(inPieces(whole), 'application/json');
  expect(text.equals(Buffer.concat([whole.subarray(0, place), Buffer.from('***'), whole.subarray(place + SECRET.length)]))).toBe(true);
});

test.each([
  ['as it is in a URL', encodeURIComponent(SECRET)],
  ['in Base64', Buffer.from(SECRET).toString('base64')],
])('one that is written %s is masked at every cut', async (_, written) => {
  const whole = Buffer.from(`${'.'.repeat(131_060)}${written}${'.'.repeat(200_000)}`);
  expect((await cleaned(inPieces(whole), 'text/csv')).toString()).not.toContain(written.slice(4, 30));
});

test('nothing of it is left of a body that is made of it alone', async () => {
  const text = (await cleaned(inPieces(Buffer.from(SECRET.repeat(20_000))), 'text/plain')).toString();
  for (let from = 0; from + 16 <= SECRET.length; from++) expect(text).not.toContain(SECRET.slice(from, from + 16));
});

test.each([
  ['an archive', 'application/zip'],
  ['a text in any encoding without a secret', 'text/csv; charset=windows-1252'],
  ['something that nobody names', undefined],
])('%s passes byte for byte', async (_, contentType) => {
  const pieces = Array.from({ length: 40 }, (_, index) => createHash('sha512').update(String(index)).digest());
  const whole = Buffer.concat(Array.from({ length: 300 }, () => Buffer.concat(pieces)));
  expect((await cleaned(inPieces(whole, 65_536), contentType)).equals(whole)).toBe(true);
});

test('the work grows with the length of a body alone', async () => {
  const whole = Buffer.alloc(20 * 1_048_576, '{"name":"a row of a table","value":12345},');
  const startedAt = performance.now();
  await cleaned(inPieces(whole, 65_536), 'application/json');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
}, 30_000);
