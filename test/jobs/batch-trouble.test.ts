/** When a batch is in trouble, and when its shards say so: bounds that do not flutter, and reports that come more and more seldom. */
import { newsOf, reportSeconds, type News } from '../../src/workflows/batch/news';
import { noTally } from '../../src/workflows/batch/tally';
import { considerableTrouble, isTroubled, sumOfTroubled } from '../../src/workflows/batch/trouble';

const of100 = (byKind: object): Parameters<typeof considerableTrouble>[0] => ({ open: 100, byKind });

test('a tenth of the open items is considerable, until it is less than a twentieth', () => {
  expect(considerableTrouble(of100({ Throttled: 9 }), undefined)).toBeUndefined();
  expect(considerableTrouble(of100({ Throttled: 6, Unauthorized: 4 }), undefined)).toBe('Throttled');
  expect(considerableTrouble(of100({ Throttled: 5 }), 'Throttled')).toBe('Throttled');
  expect(considerableTrouble(of100({ Throttled: 4 }), 'Throttled')).toBeUndefined();
  expect(considerableTrouble({ open: 0, byKind: {} }, 'Throttled')).toBeUndefined();
});

test('the kind stays until another has twice as many', () => {
  expect(considerableTrouble(of100({ Throttled: 10, Unauthorized: 20 }), 'Throttled')).toBe('Throttled');
  expect(considerableTrouble(of100({ Throttled: 10, Unauthorized: 21 }), 'Throttled')).toBe('Unauthorized');
});

test('what is no number of a known kind is not counted, and what has no kinds is no such report', () => {
  const strange = { open: '7', byKind: { Throttled: -1, Uncertain: 'many', Other: 3, Unreadable: 2 } } as never;
  expect(sumOfTroubled([strange, undefined, { open: 5, byKind: { Unreadable: 1 } }])).toEqual({ open: 5, byKind: { Unreadable: 3 } });
  expect([null, 7, {}, { byKind: null }].map(isTroubled)).toEqual([false, false, false, false]);
});

test('a day of a shard has about 150 reports, and what flutters all the time adds no more than 450', () => {
  const troubled = newsOf({ ...noTally(), troubled: of100({ Throttled: 50 }) }, undefined);
  const quiet = newsOf(noTally(), undefined);
  expect(troubled).toEqual({ trouble: 'Throttled', failures: 0 });
  expect(reportsOfADay(() => quiet)).toBeLessThan(160);
  expect(reportsOfADay((report) => (report % 2 === 0 ? quiet : troubled))).toBeLessThan(600);
});

function reportsOfADay(news: (report: number) => News): number {
  let [reports, ageSeconds] = [0, 0];
  for (; ageSeconds < 86_400; reports++)
    ageSeconds += reportSeconds(news(reports), reports === 0 ? undefined : news(reports - 1), ageSeconds, 1);
  return reports;
}
