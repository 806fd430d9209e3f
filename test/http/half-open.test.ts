/** One request at a time while the service has no room, and everybody after the first good answer. */
import fc from 'fast-check';
import { HalfOpen, type Arrival, type Ticket } from '../../src/http/half-open';

const CAUSE = { httpStatus: 429, sinceMs: 1_700_000_000_000 };

function letGo(arrival: Arrival): Ticket {
  if (arrival.kind === 'held') throw new Error(`held for ${arrival.waitSeconds} s`);
  return arrival.ticket;
}

/** Half open since 0, because of the operation `bad`. */
function halfOpen(): HalfOpen {
  const state = new HalfOpen();
  state.answered(letGo(state.arrive('bad', 0)), 'throttled', 0, CAUSE);
  return state;
}

describe('a service that answers 429', () => {
  it('is asked by one request at a time, and the others are told to come back', () => {
    const state = halfOpen();
    expect(state.cause).toEqual(CAUSE);
    expect(state.arrive('a', 1).kind).toBe('go');
    expect(state.arrive('b', 2)).toEqual({ kind: 'held', waitSeconds: 0.5 });
    expect(state.arrive('c', 3)).toEqual({ kind: 'held', waitSeconds: 0.5 });
    expect(state.heldMs(3)).toBe(500);
  });

  it('gets all requests again after the first good answer', () => {
    const state = halfOpen();
    state.answered(letGo(state.arrive('a', 1)), 'good', 2);
    expect(state.cause).toBeUndefined();
    for (const key of ['a', 'b', 'bad']) expect(state.arrive(key, 3).kind).toBe('go');
  });

  it('gets them further and further apart while all are in vain, ten seconds at most', () => {
    const state = halfOpen();
    let now = 0;
    const gapsMs = Array.from({ length: 8 }, (_, index) => {
      state.answered(letGo(state.arrive(`op-${index}`, now)), 'throttled', now, CAUSE);
      const gapMs = state.heldMs(now);
      now += gapMs;
      return gapMs;
    });
    expect(gapsMs).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it('says nothing by what was sent before it was asked one at a time', () => {
    const state = new HalfOpen();
    const [first, second, third] = ['a', 'b', 'c'].map((key) => letGo(state.arrive(key, 0)));
    state.answered(first!, 'throttled', 1, CAUSE);
    state.answered(second!, 'good', 2);
    state.answered(third!, 'throttled', 3, CAUSE);
    expect(state.heldMs(3)).toBe(0);
    expect(state.cause).toBeDefined();
    state.answered(letGo(state.arrive('d', 4)), 'good', 5);
    expect(state.cause).toBeUndefined();
  });

  it('is not waited for when it leaves the one request unanswered', () => {
    const state = halfOpen();
    const hanging = letGo(state.arrive('a', 0));
    expect(state.arrive('b', 4999).kind).toBe('held');
    const next = letGo(state.arrive('b', 5000));
    // The late end of the first is not the end of the second.
    state.answered(hanging, 'unclear', 5001);
    expect(state.arrive('c', 5002).kind).toBe('held');
    state.answered(next, 'unclear', 5003);
    expect(state.arrive('c', 5004).kind).toBe('go');
  });
});

describe('those that wait', () => {
  it('come back soon while one good answer may let them go, and one after the other once that has become unlikely', () => {
    const state = halfOpen();
    let now = 0;
    const waits = (failures: number): number[] => {
      state.answered(letGo(state.arrive(`probe-${failures}`, now)), 'throttled', now, CAUSE);
      const held = [0, 1, 2, 3].map((index) => state.arrive(`n${index}`, now));
      now += state.heldMs(now);
      return held.map((arrival) => (arrival.kind === 'held' ? arrival.waitSeconds : NaN));
    };
    expect([1, 2, 3].map(waits)).toEqual([
      [0.5, 0.5, 0.5, 0.5],
      [1, 1, 1, 1],
      [2, 4, 6, 8],
    ]);
  });
});

describe('an operation that is always refused', () => {
  it('is not asked again before those that wait', () => {
    const state = halfOpen();
    const probe = letGo(state.arrive('a', 1));
    expect(state.arrive('b', 2).kind).toBe('held');
    state.answered(probe, 'throttled', 3, CAUSE);
    expect(state.arrive('bad', 600).kind).toBe('held');
    expect(state.arrive('a', 600).kind).toBe('held');
    expect(state.arrive('b', 600).kind).toBe('go');
  });

  it('is asked when those that waited do not come back', () => {
    const state = halfOpen();
    const probe = letGo(state.arrive('a', 1));
    expect(state.arrive('b', 2).kind).toBe('held');
    state.answered(probe, 'throttled', 3, CAUSE);
    expect(state.arrive('bad', 7000).kind).toBe('go');
  });

  it('never keeps its neighbours from being asked, whatever the order and the moments in which they come', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 5, maxLength: 40 }),
        (neighbours, answerMs, lateMs) => {
          const state = new HalfOpen();
          let late = 0;
          let now = 0;
          /** When each comes next; `bad` is answered 429 with Retry-After: 5, always. */
          const due = new Map([['bad', 0], ...Array.from({ length: neighbours }, (_, index): [string, number] => [`n${index}`, 0])]);
          const asked = new Set<string>();
          while (asked.size < neighbours) {
            const [key, at] = [...due].reduce((first, other) => (other[1] < first[1] ? other : first));
            now = Math.max(now, at);
            expect(now).toBeLessThan(60_000 + neighbours * 100);
            const arrival = state.arrive(key, now);
            const delayMs = lateMs[late++ % lateMs.length] ?? 0;
            if (arrival.kind === 'held') {
              due.set(key, now + arrival.waitSeconds * 1000 + delayMs);
              continue;
            }
            state.answered(arrival.ticket, key === 'bad' ? 'throttled' : 'good', now + Math.min(answerMs, 10), CAUSE);
            if (key === 'bad') due.set(key, now + 5000);
            else {
              asked.add(key);
              due.delete(key);
            }
          }
        },
      ),
    ));
});
