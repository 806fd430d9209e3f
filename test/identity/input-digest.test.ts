/** The digest of an input: the same in every language, whatever the order of its fields. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { idConflict, operationTitle } from '../../src/identity/id-conflict';
import { acceptedUpdateId, digestToSend, inputDigest } from '../../src/identity/input-digest';
import type { OperationInput } from '../../src/contract';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test.each<[string, unknown, string]>([
  [
    'the example of RFC 8785, section 3.2.2',
    JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  ],
  [
    'names in the order of their UTF-16 units, RFC 8785, section 3.2.3',
    { '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Dalet', '1': 'One', '\ud83d\ude00': 'Emoji', '\u0080': 'Control', '\u00f6': 'o' },
    '{"\\r":"CR","1":"One","\u0080":"Control","ö":"o","€":"Euro","😀":"Emoji","\ufb33":"Dalet"}',
  ],
  ['nothing', undefined, 'null'],
])('is the SHA-256 of canonical JSON: %s', (_, input, canonical) => {
  expect(inputDigest(input)).toBe(sha256(canonical));
});

test('does not depend on the order of fields, and on nothing that JSON leaves out', () => {
  const first = { connection: 'maps', submit: { path: '/tilesets', body: { a: 1, b: [1, 2] } } };
  const second = { submit: { body: { b: [1, 2], a: 1 }, path: '/tilesets' }, connection: 'maps', labels: undefined };
  expect(digestToSend(second)).toBe(inputDigest(first));
  expect(inputDigest({ ...first, submit: { ...first.submit, body: { a: 1, b: [2, 1] } } })).not.toBe(inputDigest(first));
});

test('what arrives as JSON has the digest of what was to be sent', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const arrived: unknown = JSON.parse(JSON.stringify(value));
      expect(inputDigest(arrived)).toBe(digestToSend(value));
    }),
  );
});

test('an update id is "accepted-" and 16 characters of the digest', () => {
  expect(acceptedUpdateId(inputDigest({}))).toBe(`accepted-${sha256('{}').slice(0, 16)}`);
});

test('a conflict names both requests, and repeats neither query nor body', () => {
  const input: OperationInput = { connection: 'maps', submit: { path: '/tilesets?sig=secret', body: 'secret' } };
  const holder = { workflowType: 'runBatch', title: 'batch of 2 · maps', digest: 'a'.repeat(64) };
  const request = { workflowType: 'runOperation', title: operationTitle(input), digest: 'b'.repeat(64) };
  const failure = idConflict('campus-7', holder, request);
  expect(failure).toEqual({
    type: 'IdConflict',
    message:
      'workflow id "campus-7" belongs to another request: runBatch "batch of 2 · maps" (input aaaaaaaaaaaaaaaa); this one is ' +
      'runOperation "POST /tilesets · maps" (input bbbbbbbbbbbbbbbb); nothing was started: give this request an id of its own',
  });
  expect(idConflict('campus-7', holder, { ...holder })).toBeUndefined();
  expect(idConflict('campus-7', holder, { ...holder, workflowType: 'runChain' })?.type).toBe('IdConflict');
});

test.each<[unknown, string]>([
  [{ attach: { statusUrl: '/x' } }, 'follow · default'],
  [{ connection: 'maps', submit: { path: 7 } }, 'follow · maps'],
  [{ submit: { method: 'PUT', path: '/a' } }, 'PUT /a · default'],
  [[], 'follow · default'],
])('whatever a caller calls an input has a title: %j', (input, title) => {
  expect(operationTitle(input as OperationInput)).toBe(title);
});
