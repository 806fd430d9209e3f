/** How sets are cut into groups, and numbers into parts. */
import { inGroups, inParts } from '../../src/jobs/groups';
import fc from 'fast-check';

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

test('groups hold at most so much, in order, and one that is larger is a group by itself', () => {
  expect(inGroups([3, 4, 9, 1, 1, 1], 7, (one) => one)).toEqual([[3, 4], [9], [1, 1, 1]]);
});

test('parts are whole, together as much, and none is further than one from its proportion', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), weights, (whole, given) => {
      const parts = inParts(whole, given);
      expect(sum(parts)).toBe(whole);
      for (const [index, part] of parts.entries()) {
        expect(Number.isInteger(part)).toBe(true);
        expect(Math.abs(part - (whole * (given[index] ?? 0)) / sum(given))).toBeLessThan(1);
      }
    }),
  );
});

test('where the whole is what all weigh, each part is what it weighs', () => {
  expect(inParts(2600, [800, 800, 700, 300])).toEqual([800, 800, 700, 300]);
});
