/** `created` of a status body [protocol.md section 1]. */
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { createdTime } from '../../src/lro/created';
import { createdOf } from '../../src/lro/outcome';

test.each([
  ['3/11/2020 8:45:13 PM +00:00', '2020-03-11T20:45:13.000Z'],
  ['12/31/2020 12:00:00 AM +00:00', '2020-12-31T00:00:00.000Z'],
  ['12/31/2020 12:00:00 PM +00:00', '2020-12-31T12:00:00.000Z'],
  ['3/11/2020 8:45:13 PM +02:00', '2020-03-11T18:45:13.000Z'],
  ['3/11/2020 8:45:13 PM -05:30', '2020-03-12T02:15:13.000Z'],
  ['2021-05-06T07:55:19.5256829+00:00', '2021-05-06T07:55:19.525Z'],
  ['2021-05-06T07:55:19Z', '2021-05-06T07:55:19.000Z'],
  ['2021-05-06T07:55:19', '2021-05-06T07:55:19.000Z'],
  ['2021-05-06T09:55:19+02:00', '2021-05-06T07:55:19.000Z'],
  ['  2021-05-06T07:55:19Z ', '2021-05-06T07:55:19.000Z'],
])('%s is %s', (text, iso) => {
  expect(createdTime(text)).toBe(iso);
});

test.each(['', 'yesterday', '13/45/2020 8:45:13 PM +00:00', '2021-99-99T00:00:00Z', '\u0000', 'x'.repeat(100_000)])(
  'what is in neither format is no time, and no failure (%j)',
  (text) => {
    expect(createdTime(text)).toBeUndefined();
  },
);

test('the original text stays beside the time, whether it could be read or not', () => {
  expect(createdOf({ created: '3/11/2020 8:45:13 PM +00:00' })).toEqual({
    created: '2020-03-11T20:45:13.000Z',
    createdText: '3/11/2020 8:45:13 PM +00:00',
  });
  expect(createdOf({ created: 'last Tuesday' })).toEqual({ createdText: 'last Tuesday' });
  expect(createdOf({ created: 'x'.repeat(100) }).createdText).toHaveLength(64);
});

test.each([[undefined], [{}], [{ created: 5 }], [{ created: null }], ['text'], [[]]])(
  'a body without the text has none of both (%j)',
  (body) => {
    expect(createdOf(body)).toEqual({});
  },
);

test('dates and times of RFC 3339, and what looks like them, are read as the library for dates reads them', () => {
  const two = (max: number): fc.Arbitrary<string> => fc.nat(max).map((number) => String(number).padStart(2, '0'));
  const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,9}$/));
  const zone = fc.oneof(
    fc.constantFrom('Z', 'z', ''),
    fc.tuple(fc.constantFrom('+', '-'), two(25), two(61)).map(([sign, h, m]) => `${sign}${h}:${m}`),
  );
  const year = fc.integer({ min: 0, max: 9999 }).map((number) => String(number).padStart(4, '0'));
  const written = fc
    .tuple(year, two(13), two(32), two(25), two(61), two(61), fraction, zone)
    .map(([y, m, d, h, min, s, frac, z]) => `${y}-${m}-${d}T${h}:${min}:${s}${frac}${z}`);
  fc.assert(
    fc.property(written, (text) => {
      const time = DateTime.fromISO(text, { zone: 'utc' });
      expect(createdTime(text)).toBe(time.isValid ? time.toISO() : undefined);
    }),
    { numRuns: 2000 },
  );
});
