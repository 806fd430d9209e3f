/** What is small enough to keep in history [design.md, Sizes]. */
import type { Json } from '../../src/contract';
import { fit, jsonBytes } from '../../src/lro/sizes';
import { answer, deepJson } from './given';
import { decide } from './polls';

test('what fits is kept as it is', () => {
  const value = { a: [1, 'two', null, { b: true }] };
  expect(fit(value, 1000)).toEqual({ value, cut: false });
});

test.each<[string, Json, number]>([
  ['a long text', 'x'.repeat(1_000_000), 65_536],
  ['a long text of wide characters', '😀'.repeat(500_000), 65_536],
  ['quotes, which double in JSON', '"'.repeat(200_000), 65_536],
  ['a long array', Array.from({ length: 500_000 }, (_, index) => index), 65_536],
  ['an object of many fields', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`field${index}`, index])), 65_536],
  ['long field names', Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${'n'.repeat(5000)}${index}`, 1])), 65_536],
  ['a long text deep inside', { a: { b: { c: [{ d: 'x'.repeat(100_000) }] } } }, 4096],
  ['a million nested arrays', JSON.parse(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`) as Json, 65_536],
  ['a million nested details', JSON.parse(deepJson()) as Json, 65_536],
  [
    'wide and deep at once',
    JSON.parse(JSON.stringify(Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => 'x'.repeat(200))))) as Json,
    4096,
  ],
  ['anything, to a few bytes', { a: 'x'.repeat(100) }, 8],
])('%s is cut to the limit, and said to be cut', (_what, value, maxBytes) => {
  const fitted = fit(value, maxBytes);
  expect(fitted.cut).toBe(true);
  expect(jsonBytes(fitted.value)).toBeLessThanOrEqual(maxBytes);
});

test('JSON deeper than other languages can read is cut, however small', () => {
  const nested = (levels: number): Json => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as Json;
  expect(fit(nested(60), 65_536).cut).toBe(false);
  expect(fit(nested(200), 65_536).cut).toBe(true);
});

test('short parts survive beside the long one that is cut', () => {
  const fitted = fit({ code: 'A', message: 'short', log: 'x'.repeat(100_000) }, 65_536);
  expect(fitted.value).toMatchObject({ code: 'A', message: 'short' });
});

test('the value itself is never changed', () => {
  const value = { log: 'x'.repeat(100_000) };
  fit(value, 1000);
  expect(value.log).toHaveLength(100_000);
});

test('a field named __proto__ stays a field', () => {
  const value = JSON.parse('{"__proto__":{"polluted":1},"log":"' + 'x'.repeat(100_000) + '"}') as Json;
  const fitted = fit(value, 65_536);
  expect(JSON.stringify(fitted.value)).toContain('"__proto__":{"polluted":1}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('what is kept of an answer stays small, however large it is', () => {
  const long = 'x'.repeat(900_000);
  const succeeded = answer(
    200,
    {},
    {
      status: 'Succeeded',
      operationId: long,
      created: long,
      warning: { message: long },
      resourceLocation: `/x/${long}`,
      resourceId: long,
      log: long,
    },
  );
  expect(JSON.stringify(decide(succeeded)).length).toBeLessThan(100_000);
  const failed = answer(200, {}, { status: `failed`, error: { message: long, details: [{ message: long }] }, log: long });
  expect(JSON.stringify(decide(failed)).length).toBeLessThan(140_000);
});
