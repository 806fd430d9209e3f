/** When to ask again [protocol.md section 3; RFC 9110 §10.2.3, §5.6.7]. */
import { backoffWait, nextWait, retryAfterSeconds } from '../../src/lro/retry-after';
import { NOW_MS, settings } from './given';

const poll = settings().poll;
const asked = (text: string, date?: string): number | undefined =>
  retryAfterSeconds({ 'retry-after': text, ...(date === undefined ? {} : { date }) }, NOW_MS);

describe('Retry-After in seconds', () => {
  test.each([
    ['30', 30],
    ['0', 0],
    ['007', 7],
    ['  12  ', 12],
    ['36000', 36_000],
    ['1000000000000', 1e12],
  ])('"%s" asks for %d seconds', (text, seconds) => {
    expect(asked(text)).toBe(seconds);
  });

  test('more digits than a number can hold are still a finite number, so that JSON can carry it', () => {
    const seconds = asked('9'.repeat(400));
    expect(seconds).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each(['1.5', '/bar', '-1', '+5', '', '   ', '5s', '1e3', '0x10', '٣', 'soon', '5, 10', 'Infinity', 'NaN'])(
    '"%s" is as if absent',
    (text) => {
      expect(asked(text)).toBeUndefined();
    },
  );

  test('an answer without the header asks nothing', () => {
    expect(retryAfterSeconds({}, NOW_MS)).toBeUndefined();
  });
});

describe('retry-after-ms and x-ms-retry-after-ms, as Azure’s SDKs read them,', () => {
  test.each(['retry-after-ms', 'x-ms-retry-after-ms'])('%s counts like Retry-After', (name) => {
    expect(retryAfterSeconds({ [name]: ' 3000 ' }, NOW_MS)).toBe(3);
    expect(retryAfterSeconds({ [name]: '1234' }, NOW_MS)).toBe(1.234);
    expect(nextWait({ [name]: '7000' }, poll, NOW_MS)).toEqual({ waitSeconds: 7, why: 'Retry-After' });
    expect(nextWait({ [name]: '10' }, poll, NOW_MS).waitSeconds).toBe(poll.minSeconds);
    expect(nextWait({ [name]: '36000000' }, poll, NOW_MS)).toMatchObject({ waitSeconds: 3600, cappedFromSeconds: 36_000 });
  });

  test.each(['', '1.5', '-1', 'soon', '5s'])('"%s" is as if absent', (text) => {
    expect(retryAfterSeconds({ 'retry-after-ms': text }, NOW_MS)).toBeUndefined();
  });

  test('more digits than a number can hold are still a finite number', () => {
    expect(Number.isFinite(retryAfterSeconds({ 'retry-after-ms': '9'.repeat(400) }, NOW_MS))).toBe(true);
  });

  test('of several the longest wait counts', () => {
    expect(retryAfterSeconds({ 'retry-after': '2', 'retry-after-ms': '3000', 'x-ms-retry-after-ms': '1000' }, NOW_MS)).toBe(3);
    expect(retryAfterSeconds({ 'retry-after': '5', 'retry-after-ms': '3000' }, NOW_MS)).toBe(5);
    expect(retryAfterSeconds({ 'retry-after': 'soon', 'x-ms-retry-after-ms': '1000' }, NOW_MS)).toBe(1);
  });
});

describe('Retry-After as an HTTP date', () => {
  test.each([
    ['IMF-fixdate', 'Mon, 23 Nov 2026 20:00:30 GMT'],
    ['RFC 850', 'Monday, 23-Nov-26 20:00:30 GMT'],
    ['asctime', 'Mon Nov 23 20:00:30 2026'],
  ])('%s is read', (_form, text) => {
    expect(asked(text)).toBe(30);
  });

  test('asctime pads one digit days with a blank', () => {
    expect(retryAfterSeconds({ 'retry-after': 'Sun Nov  1 00:00:10 2026' }, Date.UTC(2026, 10, 1))).toBe(10);
  });

  test('it is taken relative to the Date of the answer, so a clock that is two hours off changes nothing', () => {
    expect(asked('Mon, 23 Nov 2026 18:00:30 GMT', 'Mon, 23 Nov 2026 18:00:00 GMT')).toBe(30);
    expect(asked('Mon, 23 Nov 2026 22:00:30 GMT', 'Mon, 23 Nov 2026 22:00:00 GMT')).toBe(30);
  });

  test('a Date that is none is not asked: the own clock is', () => {
    expect(asked('Mon, 23 Nov 2026 20:00:30 GMT', 'yesterday')).toBe(30);
  });

  test('it is rounded up, so that a poll is never early', () => {
    expect(retryAfterSeconds({ 'retry-after': 'Mon, 23 Nov 2026 20:00:30 GMT' }, NOW_MS + 1)).toBe(30);
    expect(retryAfterSeconds({ 'retry-after': 'Mon, 23 Nov 2026 20:00:30 GMT' }, NOW_MS + 999)).toBe(30);
  });

  test('a date that is over asks for no wait', () => {
    expect(asked('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(0);
  });

  test('the year 9999 is a finite wait, which the cap bounds', () => {
    const text = 'Fri, 31 Dec 9999 23:59:59 GMT';
    expect(asked(text)).toBeGreaterThan(2.5e11);
    expect(nextWait({ 'retry-after': text }, poll, NOW_MS)).toMatchObject({ waitSeconds: 3600, why: 'Retry-After' });
  });

  test.each(['Mon, 32 Nov 2026 20:00:30 GMT', '2026-11-23T20:00:30Z', 'Mon, 23 Nov 2026', '23/11/2026'])('"%s" is as if absent', (text) => {
    expect(asked(text)).toBeUndefined();
  });
});

describe('the wait before the next poll', () => {
  test('is the default interval where the service names none', () => {
    expect(nextWait({}, poll, NOW_MS)).toEqual({ waitSeconds: 5, why: 'default interval' });
  });

  test('is as asked', () => {
    expect(nextWait({ 'retry-after': '30' }, poll, NOW_MS)).toEqual({ waitSeconds: 30, why: 'Retry-After' });
  });

  test('is never below the floor', () => {
    expect(nextWait({ 'retry-after': '0' }, poll, NOW_MS).waitSeconds).toBe(1);
    expect(nextWait({}, { ...poll, defaultSeconds: 0 }, NOW_MS).waitSeconds).toBe(1);
  });

  test('may be nothing where the floor allows', () => {
    expect(nextWait({ 'retry-after': '0' }, { ...poll, minSeconds: 0 }, NOW_MS).waitSeconds).toBe(0);
  });

  test('is never above the cap, and what was asked is on record when the cap bites', () => {
    expect(nextWait({ 'retry-after': '36000' }, poll, NOW_MS)).toEqual({
      waitSeconds: 3600,
      why: 'Retry-After',
      cappedFromSeconds: 36_000,
    });
    expect(nextWait({ 'retry-after': '3600' }, poll, NOW_MS)).toEqual({ waitSeconds: 3600, why: 'Retry-After' });
  });

  test('of a default interval above the cap blames nothing on the service', () => {
    expect(nextWait({}, { ...poll, defaultSeconds: 9000 }, NOW_MS)).toEqual({ waitSeconds: 3600, why: 'default interval' });
  });

  test('is the default interval where the header cannot be understood', () => {
    expect(nextWait({ 'retry-after': '1.5' }, poll, NOW_MS)).toEqual({ waitSeconds: 5, why: 'default interval' });
  });
});

describe('the wait after something went wrong', () => {
  const free = { ...poll, minSeconds: 0 };

  test('doubles from one second up to its limit', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((attempt) => backoffWait(undefined, attempt, 60, free, NOW_MS, 0).waitSeconds);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('jitter only adds, and at most a quarter', () => {
    for (const random of [0, 0.0001, 0.3, 0.5, 0.99999]) {
      const { waitSeconds } = backoffWait(undefined, 3, 60, free, NOW_MS, random);
      expect(waitSeconds).toBeGreaterThanOrEqual(8);
      expect(waitSeconds).toBeLessThanOrEqual(10);
    }
  });

  test('is as the service asks where it does, without jitter', () => {
    expect(backoffWait({ 'retry-after': '7' }, 5, 60, free, NOW_MS, 0.9)).toEqual({ waitSeconds: 7, why: 'Retry-After' });
    expect(backoffWait({ 'retry-after': '36000' }, 0, 60, free, NOW_MS, 0.9)).toMatchObject({
      waitSeconds: 3600,
      cappedFromSeconds: 36_000,
    });
  });

  test('keeps to floor and cap', () => {
    expect(backoffWait(undefined, 0, 60, { ...poll, minSeconds: 3 }, NOW_MS, 0)).toEqual({ waitSeconds: 3, why: 'backoff' });
    expect(backoffWait(undefined, 9, 60, { ...poll, maxSeconds: 10 }, NOW_MS, 0)).toEqual({ waitSeconds: 10, why: 'backoff' });
  });
});
