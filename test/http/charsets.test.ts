/** Bodies in other character sets than UTF-8: their words are read, and secrets are found in them. */
import fc from 'fast-check';
import { bytesOfUtf16, textOf } from '../../src/http/charset';
import { decideStatus } from '../../src/lro/status';
import { decideSubmit } from '../../src/lro/submit';
import { context, monitor, NOW_MS, settings } from '../protocol/given';
import { answered, connectionTo, get, service } from './service';

const SECRET = 'tiles-key-0123456789abcdef';
const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const little = (text: string): Buffer => Buffer.from(text, 'utf16le');
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a connection makes of an answer with this body. */
async function read(body: Buffer, contentType: string | undefined, httpStatus = 200, limits: Record<string, number> = {}) {
  const { url } = await service((_, response) => {
    response.writeHead(httpStatus, contentType === undefined ? {} : { 'content-type': contentType }).end(body);
  });
  const auth = { type: 'key', in: 'header', name: 'x-key', value: { env: 'TILES_KEY' } };
  return answered(await connectionTo({ baseUrl: url, limits, auth }, { env: { TILES_KEY: SECRET } }).exchange(get(url)));
}

const text = '{"message":"Größe für „Übung“ fehlt"}';
const plain = '{"message":"Größe für Übung fehlt"}';

it.each([
  ['ISO-8859-1', latin(plain), 'application/json; charset=iso-8859-1', plain],
  ['ISO-8859-1, quoted and in capitals', latin(plain), 'text/plain;Charset="ISO-8859-1"', plain],
  ['windows-1252', Buffer.from(latin('{"message":"5 \x80"}')), 'application/json; charset=windows-1252', '{"message":"5 €"}'],
  ['windows-1251', Buffer.from([0xce, 0xf8, 0xe8, 0xe1, 0xea, 0xe0]), 'text/plain; charset=windows-1251', 'Ошибка'],
  ['UTF-16, small end first', little(text), 'application/json; charset=utf-16le', text],
  ['UTF-16, big end first', big(text), 'application/json; charset=utf-16be', text],
  ['UTF-16 with a byte order mark', little(`\ufeff${text}`), 'application/json', text],
  ['UTF-16 with the other byte order mark', big(`\ufeff${text}`), 'application/json; charset=utf-16', text],
  ['UTF-16 that nothing names', big(text), undefined, text],
  ['UTF-8 that says another set', Buffer.from(text), 'application/json; charset=iso-8859-1', text],
  ['UTF-8 that says UTF-16', Buffer.from(text), 'application/json; charset=utf-16', text],
  ['a set that nobody knows', Buffer.from(text), 'application/json; charset=x-own-9', text],
  ['UTF-8 with a byte order mark that says another set', Buffer.from(`\ufeff${text}`), 'text/plain; charset=iso-8859-1', text],
])('a body is read in %s', async (_what, body, contentType, wanted) => {
  expect((await read(body, contentType)).body).toEqual({ text: wanted });
});

it('what cannot be read in its set is UTF-8 with the wrong characters marked', async () => {
  expect((await read(latin('für'), 'text/plain')).body.text).toBe('f\ufffdr');
  expect((await read(latin('für'), 'text/plain; charset=iso-2022-jp')).body.text).toBe('f\ufffdr');
  expect((await read(latin('für'), 'text/plain; charset=constructor')).body.text).toBe('f\ufffdr');
});

it('a cut leaves the piece of a character out', async () => {
  expect((await read(little(text), 'application/json; charset=utf-16le', 200, { maxBodyBytes: 5 })).body).toEqual({
    text: '{"',
    cutBy: 'limit',
  });
  expect((await read(latin(plain), 'application/json; charset=iso-8859-1', 200, { maxBodyBytes: 15 })).body.text).toBe('{"message":"Grö');
});

it('a status in UTF-16 ends an operation, and the reason of a refusal in ISO-8859-1 is told', async () => {
  const status = await read(little('{"status":"Succeeded","name":"Zürich"}'), 'application/json; charset=utf-16');
  expect(decideStatus(status, monitor(), settings(), NOW_MS, 0)).toMatchObject({
    kind: 'succeeded',
    outcome: { body: { name: 'Zürich' } },
  });
  const refused = await read(latin('{"error":{"code":"Ungültig","message":"Größe fehlt"}}'), 'application/json; charset=iso-8859-1', 400);
  expect(decideSubmit(refused, context(), settings(), NOW_MS, 0)).toMatchObject({
    failure: { type: 'SubmissionRejected', message: expect.stringContaining('Größe fehlt') as unknown },
  });
});

it.each([
  ['UTF-16', little(`{"a":"ü ${SECRET}"}`), 'utf-16le'],
  ['UTF-16, big end first', big(`\ufeff{"a":"ü ${SECRET}"}`), 'utf-16be'],
  ['ISO-8859-1', latin(`{"a":"ü ${SECRET}"}`), 'iso-8859-1'],
  ['bytes that say UTF-16', Buffer.from(`{"a":"${SECRET}"}`), 'utf-16'],
  ['bytes that say UTF-16 and are not UTF-8', latin(`{"a":"ü${SECRET}"}`), 'utf-16be'],
  ['bytes with the mark of UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`x${SECRET} {"a":1}`)]), 'utf-8'],
])('a secret in %s is masked', async (_what, body, charset) => {
  const { text: read16 } = (await read(body, `application/json; charset=${charset}`)).body;
  for (const view of [read16, bytesOfUtf16(read16, 'utf-16le'), bytesOfUtf16(read16, 'utf-16be')]) {
    expect(view).not.toContain(SECRET.slice(0, 16));
    expect(view).not.toContain(SECRET.slice(-16));
  }
  expect(read16).toContain('***');
});

it('a long body in UTF-16 is masked and condensed like any other', async () => {
  const body = little(`{"list":["${'ü'.repeat(1_200_000)}"],"a":"${SECRET}","status":"Failed"}`);
  const limits = { maxBodyBytes: 4_194_304 };
  const { text: cut } = (await read(body, 'application/json; charset=utf-16le', 200, limits)).body;
  expect(cut.slice(-30)).toContain('"a":"***","status":"Failed"}');
});

it('any bytes that say anything are a text, and keep every character of ASCII unless they are UTF-16', () => {
  const label = fc.oneof(
    fc.constantFrom('utf-8', 'utf-16', 'utf-16be', 'iso-8859-1', 'koi8-r', 'shift_jis', 'gbk', 'iso-2022-jp', ''),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), label, fc.boolean(), (array, charset, isCut) => {
      const bytes = Buffer.from(array);
      const { text: made, utf16 } = textOf(bytes, `text/plain; charset=${charset}`, isCut);
      expect(typeof made).toBe('string');
      const ascii = (given: string): string => given.replaceAll(/[^\u0001-\u007f]/g, '');
      if (utf16 === undefined) expect(ascii(made)).toBe(ascii(bytes.toString('latin1')));
    }),
    { numRuns: process.env['LRO_LONG'] === '1' ? 100_000 : 2000 },
  );
});
