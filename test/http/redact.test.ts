/** Whatever a service does to a secret that it echoes: nothing of it is left in the answer, and looking for it costs little. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Redactor } from '../../src/http/redact';
import { BY_CHARACTER, encode, jsonText } from '../support/encodings';

const RUNS = process.env['LRO_LONG'] === '1' ? 20_000 : 400;
const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>) => fc.assert(property, { numRuns: RUNS });

jest.setTimeout(300_000);

const names = Object.keys(BY_CHARACTER);
const encodings = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });
const chars = (pattern: RegExp): fc.Arbitrary<string> =>
  fc.constantFrom(...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((char) => pattern.test(char)));
/** What keys and tokens are made of. */
const token = (minLength: number, maxLength: number) =>
  fc.string({ unit: chars(/[\w+/=.~:;,!?@#$*()[\]{}|^`<>"' -]/), minLength, maxLength, size: 'max' });
/** All that a header can carry. */
const anySecret = fc
  .string({ unit: chars(/[\u0020-\u007e\u00a0-\u00ff]/), minLength: 8, maxLength: 200 })
  // Of a secret that is mostly beyond ASCII only the usual spellings are known.
  .filter((text) => text.trim() === text && text.replace(/[^!-~]|[\\%&]/g, '').length >= 8);
/** Of an answer, around what it echoes. */
const around = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', '{"a":"', '%', '%2', '\\', '\\u00', '&', '&#', '&#x2', '\\\\', 'a%2', '\u0000'),
);

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

describe('a secret in an answer', () => {
  it('is masked in any encoding, and in encodings of encodings', () =>
    check(
      fc.property(token(8, 400), encodings, fc.string(), fc.string(), (secret, how, before, after) => {
        const written = encode(secret, how);
        // Nothing of an escape stands before it.
        const cleaned = redactorOf(secret).cleanAnswer(`${before} "${written}" ${after}`);
        expect(cleaned).toContain('***');
        expect(cleaned).not.toContain(written);
      }),
    ));

  it('is masked whatever it is made of', () =>
    check(
      fc.property(anySecret, fc.constantFrom('raw', 'url', 'form', 'json', 'json, every character'), (secret, how) => {
        const written = encode(secret, [how]);
        expect(redactorOf(secret).cleanAnswer(`{"you sent":"${written}"}`)).not.toContain(written);
      }),
    ));

  it('is masked in any run of sixteen characters, also where something is cut right before it', () =>
    check(
      fc.property(token(16, 400), fc.nat(), fc.constantFrom(...names), around, fc.string(), (secret, seed, how, before, after) => {
        const run = secret.slice(seed % (secret.length - 15)).slice(0, 16 + (seed % 7));
        const written = encode(run, [how]);
        expect(redactorOf(secret).cleanAnswer(`${before}${written}${after}`)).not.toContain(written);
      }),
    ));

  it('is masked in Base64, Base64url and hexadecimal digits, wherever in the encoded text it stands', () =>
    check(
      fc.property(anySecret, fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), fc.boolean(), (secret, before, after, inUrl) => {
        const bytes = Buffer.from(before + secret + after);
        const start = Buffer.byteLength(before);
        const length = Buffer.byteLength(secret);
        const written = bytes.toString(inUrl ? 'base64url' : 'base64');
        // What depends on nothing but the secret.
        const own = written.slice(Math.ceil((start * 8) / 6), Math.floor(((start + length) * 8) / 6));
        const redactor = redactorOf(secret);
        expect(redactor.cleanAnswer(`Basic ${written}.`)).not.toContain(own);
        expect(redactor.cleanAnswer(bytes.toString('hex'))).not.toContain(Buffer.from(secret).toString('hex'));
      }),
    ));

  it('is masked whatever its length', () =>
    fc.assert(
      fc.property(token(16, 16_384), fc.constantFrom(...names), fc.nat(), (secret, how, seed) => {
        const redactor = redactorOf(secret);
        const run = secret.slice(seed % (secret.length - 15)).slice(0, 16 + (seed % 100));
        for (const part of [secret, run]) {
          const written = encode(part, [how]);
          expect(redactor.cleanAnswer(`{"you sent":"${written}"}`)).not.toContain(written);
        }
      }),
      { numRuns: RUNS / 10 },
    ));

  it('of 16,384 characters is masked as a whole and in part', () => {
    const secret = Array.from(
      { length: 16_384 },
      (_, index) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789+/'[(index * index * 7 + index) % 48],
    ).join('');
    const redactor = redactorOf(secret);
    for (const written of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      secret.slice(5000, 5016),
      secret.slice(-16),
    ]) {
      expect(redactor.cleanAnswer(`a ${written} b`)).toMatch(/^a \*\*\*\w{0,2}=* b$/);
      expect(redactor.cleanAnswer(`{"e":"${jsonText(written)}"}`).length).toBeLessThan(20);
    }
  });

  it('leaves the rest of the answer as it was', () =>
    check(
      fc.property(token(16, 60), fc.json(), (secret, json) => {
        // What is JSON's own could stand beside the secret as well as in it.
        fc.pre(!/["{}[\],:]/.test(secret));
        const redactor = redactorOf(secret);
        fc.pre(redactor.cleanAnswer(json) === json);
        const text = `{"before":${json},"echo":${JSON.stringify(`${secret}\\"\n`)},"after":${json}}`;
        expect(JSON.parse(redactor.cleanAnswer(text))).toEqual({
          before: JSON.parse(json),
          echo: expect.stringContaining('***'),
          after: JSON.parse(json),
        });
      }),
    ));

  it('shorter than eight characters is masked in reasons and logs only', () => {
    const redactor = redactorOf('abc/d');
    expect(redactor.clean('a: abc/d, abc%2Fd, abc%2fd, abc\\/d, abc\\u002fd')).toBe('a: ***, ***, ***, ***, ***');
    expect(redactor.cleanAnswer('abc/d')).toBe('abc/d');
  });

  it('does not hide words of the service that are no secret', () => {
    const text = '{"status":"Running","operationLocation":"https://us.atlas.microsoft.com/tilesets/operations/op-1?api-version=2.0"}';
    expect(redactorOf('qK9+/zR=4"tY&7wL', 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.x').cleanAnswer(text)).toBe(text);
  });
});

describe('secrets that all begin with one mark', () => {
  const mark = 'kbigKzylda18SP2x-ZznDnvS';
  const redactor = new Redactor();
  redactor.addMark(mark);

  test.each([
    [`"hook":"https://h.example.com/lro/${mark}.WyJh_-.o-sd_i.","n":1`, '"hook":"https://h.example.com/lro/***","n":1'],
    [`https:\\/\\/h\\/${mark}.WyJh.o-sd?x=1 and ${mark}.B`, 'https:\\/\\/h\\/***?x=1 and ***'],
    [`callback=https%3A%2F%2Fh%2F${mark}.WyJh.o&y=2`, 'callback=https%3A%2F%2Fh%2F***&y=2'],
  ])('are masked whole: %s', (text, masked) => {
    expect(redactor.cleanAnswer(text)).toBe(masked);
    expect(redactor.clean(text)).toBe(masked);
  });

  test('lose at least the mark in any encoding', () =>
    check(
      fc.property(encodings, (chosen) => {
        const text = encode(`https://h/${mark}.WyJh.o`, chosen);
        const cleaned = redactor.cleanAnswer(text);
        expect(cleaned).not.toBe(text);
        expect(cleaned).not.toContain(encode(mark, chosen));
      }),
    ));
});

describe('secrets that come and go', () => {
  it('are masked as long as they are among the latest, and no more are kept', () => {
    const tokens = Array.from({ length: 500 }, (_, index) => createHash('sha256').update(`${index}`).digest('base64'));
    const redactor = redactorOf(...tokens);
    expect(tokens.filter((token) => redactor.clean(token) !== token)).toEqual(tokens.slice(-6));
  });
});

describe('the cost of looking for secrets', () => {
  const MiB = 1_048_576;
  const redactor = redactorOf(
    ...Array.from({ length: 6 }, (_, index) => `${index}-${'0123456789abcdefghijklmnopqrstuv'.repeat(512)}`.slice(0, 16_384)),
  );

  // The least of several runs: others work on the same machine. It is about 4 to 40 ms a MiB; quadratic work would take minutes.
  const leastMs = (text: string): number =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const startedAt = performance.now();
        redactor.cleanAnswer(text);
        return performance.now() - startedAt;
      }),
    );

  it.each([
    ['backslashes', '\\'],
    ['percent signs', '%25'],
    ['ampersands', '&'],
    ['entities', '&amp;'],
    ['zeros of an entity', '&#00000000'],
    ['escapes of escapes', '\\u005c'],
    ['the beginning of a secret', '0-0123456789abcdefghijklmnopqrstuv'],
    ['JSON', '{"id":7,"name":"tile \\"a\\" & more%20of it"},'],
  ])('is bounded for an answer full of %s', (_, piece) => {
    redactor.cleanAnswer(piece.repeat(100));
    expect(leastMs(piece.repeat(MiB / piece.length))).toBeLessThan(10_000);
  });

  it('grows with the answer and not faster', () => {
    const piece = '{"path":"C:\\\\tiles\\\\7","url":"https://h/a%252Fb?x=1&amp;y=2"},';
    const small = leastMs(piece.repeat(MiB / piece.length));
    expect(leastMs(piece.repeat((10 * MiB) / piece.length))).toBeLessThan(60 * small + 1000);
  });
});
