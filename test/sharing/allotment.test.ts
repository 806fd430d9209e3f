/** Windows that a limiter hands out, and what workers make of them. */
import fc from 'fast-check';
import { allot, hasRoomFor, noAllotment, type Allotment } from '../../src/sharing/allotment';
import { OwnWindow } from '../../src/sharing/own-window';
import { ratesOf, type Rates } from '../../src/sharing/rates';
import { isWindow, isWindowRequest, MAX_WORKERS, windowLengths, type Window, type WindowRequest } from '../../src/sharing/windows';

const LIMITS: Rates = { submitsPerSecond: 40, pollsPerSecond: 400, concurrentRequests: 20 };
/** Nobody holds anything any more of an earlier limiter. */
const LATER_MS = 1_000_000;

/** A limiter, asked. */
class Limiter {
  allotment: Allotment;
  constructor(sinceMs = 0) {
    this.allotment = noAllotment(sinceMs);
  }
  ask(worker: string, nowMs: number, more: Partial<WindowRequest> = {}): Window {
    // As it travels.
    const request = JSON.parse(JSON.stringify({ worker, workers: 3, limits: LIMITS, wanted: LIMITS, ...more })) as WindowRequest;
    const { after, window } = allot(JSON.parse(JSON.stringify(this.allotment)) as Allotment, request, nowMs);
    this.allotment = after;
    return window;
  }
}

const wants = (submitsPerSecond: number): Partial<WindowRequest> => ({ wanted: { ...LIMITS, submitsPerSecond } });

describe('a limiter', () => {
  it('gives one that is alone all but a twentieth, which is for those who come', () => {
    const limiter = new Limiter();
    expect(limiter.ask('a', LATER_MS)).toMatchObject({
      rates: { submitsPerSecond: 38, concurrentRequests: 19 },
      seconds: 12,
      askAgainSeconds: 6,
    });
    expect(limiter.ask('b', LATER_MS + 1)).toMatchObject({
      rates: { submitsPerSecond: 2, concurrentRequests: 1 },
      seconds: 18,
      askAgainSeconds: 12,
    });
  });

  it('gives all the same when all want all, after two rounds', () => {
    const limiter = new Limiter();
    for (let atMs = LATER_MS; atMs < LATER_MS + 60_000; atMs += 18_000) for (const worker of ['a', 'b', 'c']) limiter.ask(worker, atMs);
    for (const worker of ['a', 'b', 'c']) expect(limiter.ask(worker, LATER_MS + 72_000).rates.submitsPerSecond).toBeCloseTo(38 / 3);
    const requests = ['a', 'b', 'c'].map((worker) => limiter.ask(worker, LATER_MS + 90_000).rates.concurrentRequests);
    for (const places of requests) expect([6, 7]).toContain(places);
  });

  it('gives what one does not want to the others', () => {
    const limiter = new Limiter();
    limiter.ask('a', LATER_MS, wants(2));
    expect(limiter.ask('b', LATER_MS).rates.submitsPerSecond).toBeCloseTo(36);
  });

  it('gives the part of a worker that asks no more to the others when its window is over', () => {
    const limiter = new Limiter();
    limiter.ask('killed', LATER_MS);
    expect(limiter.ask('a', LATER_MS + 11_000).rates.submitsPerSecond).toBe(2);
    expect(limiter.ask('a', LATER_MS + 12_000).rates.submitsPerSecond).toBe(38);
  });

  it('takes the least of the limits in the files of all', () => {
    const limiter = new Limiter();
    limiter.ask('a', LATER_MS, { limits: { ...LIMITS, submitsPerSecond: 10 }, ...wants(1) });
    expect(limiter.ask('b', LATER_MS).rates.submitsPerSecond).toBeCloseTo(8.5);
  });

  it('that has just begun knows of nobody, and gives no more than what is surely free', () => {
    const limiter = new Limiter(LATER_MS);
    expect(limiter.ask('a', LATER_MS + 100).rates.submitsPerSecond).toBeCloseTo(40 / 3);
    expect(limiter.ask('b', LATER_MS + 100, { held: { ...LIMITS, submitsPerSecond: 5 } }).rates.submitsPerSecond).toBe(5);
    const { seconds } = windowLengths(3);
    expect(limiter.ask('c', LATER_MS + seconds * 1000, wants(100)).rates.submitsPerSecond).toBeGreaterThan(20);
  });

  it('lets workers take turns where there are fewer places than workers', () => {
    const limiter = new Limiter();
    const served = new Set<string>();
    for (let atMs = LATER_MS; atMs < LATER_MS + 120_000; atMs += 18_000) {
      for (const [index, worker] of ['a', 'b', 'c'].entries()) {
        const { rates } = limiter.ask(worker, atMs + index * 5000, { limits: { ...LIMITS, concurrentRequests: 1 } });
        if (rates.concurrentRequests > 0) served.add(worker);
      }
    }
    expect([...served].sort()).toEqual(['a', 'b', 'c']);
  });

  it('tells a hold to the others, until its time is over or its worker finds it over', () => {
    const limiter = new Limiter();
    expect(limiter.ask('a', LATER_MS, { hold: { httpStatus: 429, seconds: 8 } }).hold).toBeUndefined();
    expect(limiter.ask('b', LATER_MS + 2000).hold).toEqual({ httpStatus: 429, seconds: 6 });
    expect(limiter.ask('b', LATER_MS + 9000).hold).toBeUndefined();
    limiter.ask('a', LATER_MS + 9000, { hold: { httpStatus: 503, seconds: 8 } });
    limiter.ask('a', LATER_MS + 10_000);
    expect(limiter.ask('b', LATER_MS + 10_000).hold).toBeUndefined();
  });

  it('remembers a bounded number of workers, whoever asks however often', () => {
    const limiter = new Limiter();
    for (let i = 0; i < MAX_WORKERS; i++) for (let again = 0; again < 5; again++) limiter.ask(`w${i}`, LATER_MS + i);
    expect(hasRoomFor(limiter.allotment, 'another', LATER_MS + 200)).toBe(false);
    expect(hasRoomFor(limiter.allotment, 'w7', LATER_MS + 200)).toBe(true);
    expect(hasRoomFor(limiter.allotment, 'another', LATER_MS + 2_000_000)).toBe(true);
    expect(JSON.stringify(limiter.allotment).length).toBeLessThan(100_000);
  });
});

it.each([
  ['no object', 'x'],
  ['nobody', { workers: 1, limits: LIMITS, wanted: LIMITS }],
  ['a long name', { worker: 'x'.repeat(1001), workers: 1, limits: LIMITS, wanted: LIMITS }],
  ['no number of workers', { worker: 'a', workers: 0, limits: LIMITS, wanted: LIMITS }],
  ['limits without end', { worker: 'a', workers: 1, limits: { ...LIMITS, submitsPerSecond: Infinity }, wanted: LIMITS }],
  ['half a request', { worker: 'a', workers: 1, limits: LIMITS, wanted: { ...LIMITS, concurrentRequests: 0.5 } }],
  ['less than nothing held', { worker: 'a', workers: 1, limits: LIMITS, wanted: LIMITS, held: { ...LIMITS, pollsPerSecond: -1 } }],
  ['a hold for a day', { worker: 'a', workers: 1, limits: LIMITS, wanted: LIMITS, hold: { httpStatus: 429, seconds: 86_400 } }],
  ['a hold without reason', { worker: 'a', workers: 1, limits: LIMITS, wanted: LIMITS, hold: { httpStatus: 200, seconds: 1 } }],
])('what is no request is none: %s', (_, request) => {
  expect(isWindowRequest(request)).toBe(false);
});

it.each([
  ['nothing', undefined],
  ['no rates', { seconds: 12, askAgainSeconds: 6 }],
  ['a window for ever', { rates: LIMITS, seconds: 1e9, askAgainSeconds: 6 }],
  ['asked for all the time', { rates: LIMITS, seconds: 12, askAgainSeconds: 0 }],
])('what is no window is none: %s', (_, window) => {
  expect(isWindow(window)).toBe(false);
});

describe('a worker', () => {
  const SETTLED = { workers: 4, isFirm: true };
  const NO_USE = {
    used: ratesOf(() => 0),
    waited: { submitsPerSecond: false, pollsPerSecond: false, concurrentRequests: false },
  };
  const window: Window = { rates: { ...LIMITS, submitsPerSecond: 30 }, seconds: 12, askAgainSeconds: 6 };

  function asking(nowMs = 0): OwnWindow {
    const own = new OwnWindow('a', LIMITS);
    own.used();
    own.request(NO_USE, 4, undefined, nowMs);
    return own;
  }

  it('asks only with work, again before its window is over, and not twice at once', () => {
    const own = new OwnWindow('a', LIMITS);
    expect(own.isDue(0)).toBe(false);
    own.used();
    expect(own.isDue(0)).toBe(true);
    own.request(NO_USE, 4, undefined, 0);
    own.used();
    expect(own.isDue(1)).toBe(false);
    own.granted(window, 0);
    expect(own.isDue(5999)).toBe(false);
    expect(own.isDue(6000)).toBe(true);
    own.request(NO_USE, 4, undefined, 6000);
    own.granted(window, 6000);
    expect(own.isDue(60_000)).toBe(false);
    own.used();
    expect(own.isDue(60_000)).toBe(true);
  });

  it('wants all at first, then some more than it used, and all where it had to wait', () => {
    const own = new OwnWindow('a', LIMITS);
    expect(own.request(NO_USE, 4, undefined, 0)).toMatchObject({ wanted: LIMITS, held: undefined });
    own.granted(window, 0);
    const used = { submitsPerSecond: 12, pollsPerSecond: 600, concurrentRequests: 3 };
    const use = { used, waited: { ...NO_USE.waited, pollsPerSecond: true } };
    expect(own.request(use, 4, undefined, 6000)).toMatchObject({
      wanted: { submitsPerSecond: 8, pollsPerSecond: 400, concurrentRequests: 12 },
      held: window.rates,
    });
  });

  it('never uses more than its file says, whatever the limiter says', () => {
    const own = asking();
    own.granted({ ...window, rates: ratesOf(() => 1e6) }, 0);
    expect(own.at(0, SETTLED)).toEqual(LIMITS);
  });

  it('goes on with the lesser of its last window and its part when the limiter is dead, and with its part after the longest window', () => {
    const own = asking();
    own.granted({ ...window, rates: { ...LIMITS, submitsPerSecond: 4 } }, 0);
    own.used();
    own.request(NO_USE, 4, undefined, 6000);
    own.failed(6000);
    expect(own.at(11_999, SETTLED).submitsPerSecond).toBe(4);
    expect(own.at(12_001, SETTLED)).toEqual({ submitsPerSecond: 4, pollsPerSecond: 100, concurrentRequests: 5 });
    expect(own.at(6000 + windowLengths(4).seconds * 1000, SETTLED)).toEqual({
      submitsPerSecond: 10,
      pollsPerSecond: 100,
      concurrentRequests: 5,
    });
  });

  it('that never had a window waits with the most of its part no longer than a window may last', () => {
    const own = asking();
    own.failed(0);
    expect(own.at(windowLengths(4).seconds * 1000 - 1, SETTLED).submitsPerSecond).toBeCloseTo(0.5);
    expect(own.at(windowLengths(4).seconds * 1000, SETTLED).submitsPerSecond).toBe(10);
  });

  it('asks a limiter that does not answer again after 1, 2, 4 and then every 6 s', () => {
    const own = asking();
    let atMs = 0;
    for (const waitMs of [1000, 2000, 4000, 6000, 6000]) {
      own.failed(atMs);
      expect(own.isDue(atMs + waitMs - 1)).toBe(false);
      expect(own.isDue(atMs + waitMs)).toBe(true);
      atMs += waitMs;
      own.request(NO_USE, 4, undefined, atMs);
    }
  });
});

/** What one worker does in the simulation, when it is its turn. */
interface Turn {
  worker: number;
  afterMs: number;
  wanted: number;
  /** How long the way there and back takes; answers may be lost. */
  thereMs: number;
  isLost: boolean;
}

const turn = fc.record({
  worker: fc.integer({ min: 0, max: 4 }),
  afterMs: fc.integer({ min: 0, max: 6000 }),
  wanted: fc.double({ min: 0, max: 40, noNaN: true }),
  thereMs: fc.integer({ min: 0, max: 4000 }),
  isLost: fc.boolean(),
});

it('all windows together never come to more than the limits, whatever workers want and hear', () =>
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 60 }), (turns: Turn[]) => {
      const limiter = new Limiter();
      const held = new Map<number, { rates: Rates; endsAtMs: number }>();
      let nowMs = LATER_MS;
      for (const { worker, afterMs, wanted, thereMs, isLost } of turns) {
        nowMs += afterMs;
        const request = { wanted: { submitsPerSecond: wanted, pollsPerSecond: wanted * 10, concurrentRequests: Math.floor(wanted) } };
        const { rates, seconds } = limiter.ask(String(worker), nowMs, request);
        const askedAtMs = nowMs - thereMs;
        if (!isLost && askedAtMs + seconds * 1000 > nowMs) held.set(worker, { rates, endsAtMs: askedAtMs + seconds * 1000 });
        const open = [...held.values()].filter(({ endsAtMs }) => endsAtMs > nowMs);
        for (const rate of ['submitsPerSecond', 'pollsPerSecond', 'concurrentRequests'] as const)
          expect(open.reduce((total, { rates: one }) => total + one[rate], 0)).toBeLessThanOrEqual(LIMITS[rate] + 1e-6);
      }
    }),
    { numRuns: process.env['LRO_LONG'] === '1' ? 20_000 : 500 },
  ));
