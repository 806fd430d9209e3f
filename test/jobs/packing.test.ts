/** What the rows of a set share stands once, and nothing of them is lost for it. */
import fc from 'fast-check';
import type { Json } from '../../src/contract';
import { pack, packed, packedAs, rowsOf, unpack, type Packed } from '../../src/jobs/packing';

/** As it comes out of Temporal. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Questions of a batch. */
const questions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `0/${index}`,
    monitor: {
      connection: 'maps',
      statusUrl: `https://us.atlas.microsoft.com/mapData/operations/op-${index * 7919}?api-version=2.0`,
      style: 'monitor',
      operationId: `op-${index * 7919}`,
      acceptedAtMs: 1_795_813_772_860 + index,
    },
    dueAtMs: 1_795_813_774_860 + index,
    waitMs: 2000,
  }));

test('stands in the form that its documentation shows', () => {
  expect(pack(questions(3))).toEqual({
    rows: 3,
    like: [
      {
        row: {
          id: { $each: ['0/0', '0/1', '0/2'] },
          monitor: {
            connection: 'maps',
            statusUrl: {
              $before: 'https://us.atlas.microsoft.com/mapData/operations/',
              $of: 'monitor.operationId',
              $after: '?api-version=2.0',
            },
            style: 'monitor',
            operationId: { $each: ['op-0', 'op-7919', 'op-15838'] },
            acceptedAtMs: { $each: [0, 1, 2], $plus: 1_795_813_772_860 },
          },
          dueAtMs: { $each: [0, 1, 2], $plus: 1_795_813_774_860 },
          waitMs: 2000,
        },
      },
    ],
  });
});

test('a batch’s questions become a seventh of what they were', () => {
  const rows = questions(500);
  expect(bytes(rows) / bytes(pack(rows))).toBeGreaterThan(7);
});

test('few rows stand as they are, and an answer is packed where its question was', () => {
  const [few, many] = [questions(9), questions(10)];
  expect(packed(few)).toBe(few);
  expect(Array.isArray(packed(many))).toBe(false);
  expect(packedAs(few, many)).toBe(many);
  expect(packedAs(pack(many), many)).toEqual(pack(many));
  expect(rowsOf(few)).toBe(few);
});

test('rows of several kinds keep their places', () => {
  const rows = questions(40).map((row, index) => (index % 3 === 0 ? { id: row.id, early: true } : index === 20 ? { odd: 1 } : row));
  expect(unpack(sent(pack<object>(rows)))).toEqual(rows);
});

test('what rows share is one in memory', () => {
  const [one, other] = unpack(sent(pack(questions(20).map(({ id }) => ({ id, decision: { kind: 'running', why: 'Retry-After' } })))));
  expect(one?.decision).toBe(other?.decision);
});

const leaf = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const name = fc.oneof(fc.string(), fc.constantFrom('id', 'a', 'a.b', 'b', '', '$each', '$of', '__proto__', 'constructor', 'toString', '0'));
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 14 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** Rows of one shape that differ in some places, as the parts of a batch do. */
const alike = fc
  .tuple(fc.dictionary(name, anything, { maxKeys: 5 }), fc.array(fc.tuple(fc.string({ maxLength: 12 }), fc.nat(), leaf), { maxLength: 30 }))
  .map(([shared, each]) =>
    each.map(([text, number, one]) => ({
      text,
      shared,
      around: { url: `https://a/${text}?b`, plain: text, 'around.plain': `x${text}` },
      numbers: [number, 1_700_000_000_000 + number, one],
      maybe: number % 2 === 0 ? undefined : 'odd',
      list: Array.from({ length: number % 4 }, () => ({ kind: 'running', text })),
    })),
  );
const rows = fc.oneof(
  alike,
  fc.array(fc.dictionary(name, anything, { maxKeys: 6 }), { maxLength: 20 }),
  fc.tuple(alike, alike).map(([one, other]) => one.flatMap((row, index) => [row, other[index] ?? { index }])),
) as fc.Arbitrary<object[]>;

test('what is unpacked equals what was packed, whatever it is', () => {
  fc.assert(
    fc.property(rows, (given) => {
      // Names such as `__proto__` are compared, too.
      expect(JSON.stringify(unpack(sent(pack(given))))).toBe(JSON.stringify(sent(given)));
    }),
    { numRuns: process.env['LRO_LONG'] === '1' ? 20_000 : 500 },
  );
});

test('it is never much larger than it was', () => {
  fc.assert(
    fc.property(rows, (given) => {
      expect(bytes(pack(given))).toBeLessThanOrEqual(bytes(given) + 24 * given.length + 1000);
    }),
    { numRuns: 500 },
  );
});

test.each<[string, unknown]>([
  ['a number of rows that is none', { rows: -1, like: [] }],
  ['more rows than there can be', { rows: 1e9, like: [{ row: 1 }] }],
  ['too few values', { rows: 3, like: [{ row: { a: { $each: [1, 2] } } }] }],
  ['too few rows', { rows: 3, like: [{ at: [0], row: 1 }] }],
  ['a place that there is not', { rows: 1, like: [], rest: [[7, {}]] }],
  ['a place that is taken', { rows: 2, like: [{ at: [0, 0], row: 1 }] }],
  ['a text around what there is not', { rows: 1, like: [{ row: { a: { $of: 'b' } } }] }],
  ['nothing of the kind', { some: 'thing' }],
])('%s is refused', (_, given) => {
  expect(() => rowsOf(given as Packed<Record<string, Json>>)).toThrow();
});
