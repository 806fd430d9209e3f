/** What builds of different age tell each other about a batch is understood both ways. */
import { ITEM_OUTCOMES } from '../../src/contract';
import { endedOf, isTally, knownOf, noTally, sumOf, type Tally } from '../../src/workflows/batch/tally';

const tally: Tally = { ...noTally(), submitted: 3, running: 1, counts: { ...noTally().counts, succeeded: 2, failed: 1 } };

test('a tally of a newer build is read without what is unknown in it', () => {
  const newer = { ...tally, addedLater: { a: 1 }, counts: { ...tally.counts, addedLater: 7 } };
  expect(isTally(newer)).toBe(true);
  expect(knownOf(newer).counts).toEqual(tally.counts);
  expect(endedOf(sumOf([newer.counts, tally.counts]))).toBe(6);
});

test.each(ITEM_OUTCOMES)('a tally of an older build, which did not know the outcome %s, has none of it', (outcome) => {
  const counts = Object.fromEntries(Object.entries(tally.counts).filter(([name]) => name !== outcome)) as Tally['counts'];
  const older = { ...tally, counts };
  expect(isTally(older)).toBe(true);
  expect(knownOf(older).counts).toEqual({ ...tally.counts, [outcome]: 0 });
});

test.each([
  ['no counts', { ...tally, counts: undefined }],
  ['a text for a count', { ...tally, counts: { ...tally.counts, failed: '1' } }],
  ['null for a count', { ...tally, counts: { ...tally.counts, failed: null } }],
  ['no list of failures', { ...tally, firstFailures: undefined }],
])('what is no tally of any build is not taken for one: %s', (_, value) => {
  expect(isTally(value)).toBe(false);
});
