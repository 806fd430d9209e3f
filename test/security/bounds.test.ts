/** Inputs that are small to send and large to check: each is refused by name, in milliseconds, and never thrown at. */
import fc from 'fast-check';
import type { ChainInput } from '../../src/contract';
import { boundsMistake } from '../../src/schema/bounds';
import { checkBatch } from '../../src/schema/batch';
import { checkChain } from '../../src/schema/chain';
import { connectionsOf, prepared } from './prepared';

const connections = connectionsOf();

/** Longest that checking may keep the event loop busy, with room for a slow machine. */
const MAX_MILLISECONDS = 400;

function quickly<T>(work: () => T): T {
  const startedAt = performance.now();
  const result = work();
  expect(performance.now() - startedAt).toBeLessThan(MAX_MILLISECONDS);
  return result;
}

function nested(levels: number, brackets: 'lists' | 'objects' = 'lists'): unknown {
  const [open, close] = brackets === 'lists' ? ['[', ']'] : ['{"a":', '}'];
  return JSON.parse(`${open.repeat(levels)}0${close.repeat(levels)}`);
}

function fields(count: number, value: unknown = 'v'): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, value]));
}

test.each<[string, Record<string, unknown>, string]>([
  ['a body nested 2,000 deep', { submit: { path: '/a', body: nested(2000) } }, 'submit.body'],
  ['a body of objects nested 60,000 deep', { submit: { path: '/a', body: nested(60_000, 'objects') } }, 'levels deep'],
  ['140,000 query parameters', { submit: { path: '/a', query: fields(140_000) } }, 'input: must be at most 1048576 bytes of JSON'],
  ['60,000 query parameters', { submit: { path: '/a', query: fields(60_000) } }, 'submit.query: must be at most 200 query parameters'],
  ['4,000 parameters in the path', { submit: { path: `/a?${'a&'.repeat(4000)}` } }, 'submit.query: must be at most 200 query parameters'],
  ['4,000 parameters to attach to', { attach: { statusUrl: `/v1/a?${'a&'.repeat(4000)}` } }, 'must be at most 200 query parameters'],
  ['60,000 headers', { submit: { path: '/a', headers: fields(60_000) } }, 'submit.headers: must be at most 100 headers'],
  [
    '60,000 headers to attach with',
    { attach: { statusUrl: '/v1/a', headers: fields(60_000) } },
    'attach.headers: must be at most 100 headers',
  ],
  ['60,000 labels', { submit: { path: '/a' }, labels: fields(60_000) }, 'labels: must be at most 20 labels'],
  ['60,000 unknown fields', { submit: { path: '/a' }, ...fields(60_000, 0) }, 'is not a known key'],
  ['a long header', { submit: { path: '/a', headers: { a: 'x'.repeat(16_385) } } }, 'submit.headers.a: must be at most 16384 characters'],
  [
    'long headers',
    { submit: { path: '/a', headers: fields(5, 'x'.repeat(8000)) } },
    'submit.headers: must be at most 32768 characters in all',
  ],
  ['a long query parameter', { submit: { path: '/a', query: { a: 'x'.repeat(8193) } } }, 'submit.query.a: must be at most 8192 characters'],
  [
    'a long URL',
    { submit: { path: '/a', query: fields(4, 'x'.repeat(8000)) } },
    'submit.query: must make a URL of at most 16384 characters',
  ],
  ['a body of 2 MB', { submit: { path: '/a', body: 'x'.repeat(2_000_000) } }, 'input: must be at most 1048576 bytes of JSON'],
])('%s is InvalidInput that names the limit, at once', (_, input, message) => {
  expect(quickly(() => prepared(input, connections))).toMatch(/^InvalidInput: /);
  expect(prepared(input, connections)).toContain(message);
});

test('a long message of mistakes stays short', () => {
  const message = prepared({ submit: { path: '/a' }, ...fields(60_000) }, connections) as string;
  expect(message.length).toBeLessThan(5000);
});

test.each<[string, Partial<ChainInput> | object, string]>([
  [
    '20,000 steps',
    { steps: Array.from({ length: 20_000 }, (_, index) => ({ id: `s${index}`, submit: { path: '/a' } })) },
    'steps: must have at most 20 steps',
  ],
  ['20,000 made steps', { steps: [{ id: 'a', submit: { path: '/a' } }], made: fields(20_000, {}) }, 'made: must be at most 20 steps'],
  ['a body of a step nested 2,000 deep', { steps: [{ id: 'a', submit: { path: '/a', body: nested(2000) } }] }, 'levels deep'],
  ['20,000 references that are none', { steps: [{ id: 'a', submit: { path: '/a', body: '{{x}}'.repeat(20_000) } }] }, 'is not a reference'],
])('a chain with %s is refused with the limit, at once', (_, input, message) => {
  const checked = quickly(() => checkChain('chain', input as ChainInput));
  expect(checked).toMatchObject({ ok: false, mistakes: expect.arrayContaining([expect.stringContaining(message)]) });
});

test('a configuration of a tileset nested 2,000 deep is refused', () => {
  const input = { datasetId: 'd', tileset: { configuration: { a: nested(2000) as never } } };
  expect(checkChain('tileset', input)).toMatchObject({ ok: false, mistakes: [expect.stringContaining('levels deep')] });
});

test.each<[string, object, string]>([
  ['items nested 5,000 deep', { items: [{ id: 'a', submit: { path: '/a', body: nested(5000) } }] }, 'levels deep'],
  ['defaults nested 5,000 deep', { manifest: { path: 'm' }, defaults: { submit: { body: nested(5000) } } }, 'levels deep'],
  ['60,000 unknown fields', { manifest: { path: 'm' }, ...fields(60_000) }, 'is not a known key'],
])('a batch with %s is refused with the limit, at once', (_, input, message) => {
  expect(quickly(() => checkBatch(input as never))).toMatchObject({
    ok: false,
    mistakes: expect.arrayContaining([expect.stringContaining(message)]),
  });
});

test('what is within the limits is taken as it is', () => {
  const body = { deep: nested(60), many: Array.from({ length: 100_000 }, () => 0), text: 'x'.repeat(500_000) };
  const input = { submit: { path: '/a', query: fields(200), headers: fields(100), body }, labels: fields(20) };
  expect(quickly(() => prepared(input, connections))).toMatchObject({ submit: { url: expect.stringContaining('name199=v') } });
});

test('whatever JSON comes, it is prepared or refused as InvalidInput', () => {
  const names = fc.constantFrom(
    'submit',
    'attach',
    'path',
    'body',
    'query',
    'headers',
    'labels',
    'cancel',
    '__proto__',
    'constructor',
    'toString',
  );
  const value = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>(null, true, 0, 1e300, '', '/a', '\ud800', '{statusPath}', '\u0000', 'x'.repeat(9000)),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.array(fc.tuple(names, tie('json')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
    ),
  })).json;
  fc.assert(
    fc.property(value, value, value, (path, query, more) => {
      for (const input of [
        more,
        { submit: { path, query } },
        { submit: { path: '/a', query, headers: more } },
        { attach: { statusUrl: path } },
      ]) {
        const came = prepared(input, connections);
        if (typeof came === 'string') expect(came).toMatch(/^(InvalidInput|UnknownConnection|UntrustedUrl): /);
      }
    }),
    { numRuns: 500 },
  );
});

test('the walk over an input takes time linear in its size, and none of the stack', () => {
  const limits = { maxDepth: 1e9, maxBytes: 1e9 };
  const wide = Array.from({ length: 1_000_000 }, () => ({}));
  const startedAt = performance.now();
  expect(boundsMistake(nested(500_000), limits)).toBeUndefined();
  expect(boundsMistake(wide, limits)).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(3000);
});
