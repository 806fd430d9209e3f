/** What of a set of jobs is to be done, and when. */
import type { Job } from '../../src/jobs/model';
import * as due from '../../src/workflows/engine/due';
import { fetching, NOW_MS, polling, submitting } from '../jobs/given';

const NOTHING_HELD: due.Holds = {
  submitsFromMs: 0,
  pollsFromMs: -Infinity,
  isTimed: false,
  readsFromMs: -Infinity,
  filesFromMs: -Infinity,
  hasNew: false,
};

/** So many of a job, each with an index of its own. */
function many(count: number, make: (index: number) => Job): Job[] {
  return Array.from({ length: count }, (_, index) => ({ ...make(index), index }));
}

function dueIn(seconds: number, why = 'Retry-After'): { dueAtMs: number; why: string } {
  return { dueAtMs: NOW_MS + seconds * 1000, why };
}

/** A job without a deadline. */
function endless(job: Job): Job {
  return { ...job, deadlineAtMs: undefined };
}

/** A chain that deletes what it has made. */
function cleaning(seconds: number): Job {
  const { step, ...job } = submitting();
  if (step.at !== 'submit') throw new Error('not at submit');
  return { ...job, step: { at: 'cleanup', ...dueIn(seconds, 'clean up'), end: { kind: 'failed' }, requests: [], before: step } };
}

function expiring(job: Job, seconds: number): Job {
  return { ...job, deadlineAtMs: NOW_MS + seconds * 1000 };
}

const light = (): number => 100;

describe('submits in one activity', () => {
  test.each([
    [undefined, 100],
    [1000, 100],
    [100, 100],
    [7.9, 7],
    [1, 1],
    [0.2, 1],
  ])('at %p a second are %i at most', (submitsPerSecond, most) => {
    expect(due.chunkSize({ maxInFlight: 1000, submitsPerSecond })).toBe(most);
  });
});

describe('submits that are due again', () => {
  const jobs = [
    submitting(dueIn(0.001)),
    submitting(dueIn(0), { page: 2, index: 1 }),
    polling(dueIn(-9)),
    submitting(dueIn(-1), { page: 1, index: 2 }),
    submitting(dueIn(-2), { page: 2, index: 3 }),
  ];

  test('go with others of the same page, and no other job does', () => {
    expect(due.submitsDue(jobs, NOW_MS, 100, light)).toEqual([jobs[1], jobs[4]]);
  });

  test('are as many as one activity takes', () => {
    expect(due.submitsDue(jobs, NOW_MS, 1, light)).toEqual([jobs[1]]);
  });

  test('are fewer where they are long, and one at least', () => {
    expect(due.submitsDue(jobs, NOW_MS, 100, () => 300_000)).toEqual([jobs[1]]);
    expect(due.submitsDue(jobs, NOW_MS, 100, () => 2_000_000)).toEqual([jobs[1]]);
    expect(due.submitsDue(jobs, NOW_MS, 100, () => 262_144)).toEqual([jobs[1], jobs[4]]);
  });

  test('never go before they are due', () => {
    expect(due.submitsDue(jobs, NOW_MS - 10_000, 100, light)).toEqual([]);
  });
});

describe('new jobs of a page', () => {
  const begun = (left: number, room: number, maxInFlight = 1000, most = 100): number => due.newJobsDue(left, room, { maxInFlight }, most);

  test.each([
    ['are as many as one activity takes', begun(5000, 1000), 100],
    ['are as many as there is room for', begun(5000, 60), 60],
    ['are as many as are left', begun(7, 1000), 7],
    ['wait while there is room for few', begun(5000, 49), 0],
    ['go where few are all that are left', begun(3, 3), 3],
    ['go by a tenth, where few may be open at once', begun(5000, 1, 10), 1],
    ['go two by two, where twenty may be open at once', begun(5000, 1, 20), 0],
    ['are none without room', begun(5000, 0, 1), 0],
    ['are none with less than no room', begun(5000, -3), 0],
    ['are none where none are left', begun(0, 1000), 0],
    ['are none with less than no room, where none are left', begun(0, -3), 0],
  ])('%s', (_, count, expected) => {
    expect(count).toBe(expected);
  });
});

describe('the rate of submits', () => {
  const next = (earliestMs: number, count: number, submitsPerSecond?: number): number =>
    due.nextSubmitAtMs(NOW_MS, earliestMs, count, { maxInFlight: 10, submitsPerSecond });

  test('holds nothing where there is none', () => {
    expect(next(0, 100)).toBe(0);
  });

  test('lets the next ones go after the time of those that went', () => {
    expect(next(0, 10, 5)).toBe(NOW_MS + 2000);
    expect(next(NOW_MS + 500, 10, 5)).toBe(NOW_MS + 2500);
    expect(next(0, 1, 0.2)).toBe(NOW_MS + 5000);
  });

  test('is not held back by submits that did not go', () => {
    expect(next(NOW_MS + 500, 0, 5)).toBe(NOW_MS + 500);
  });

  test.each([0.2, 1, 3, 7.9, 50, 250])('of %d a second is kept over any time', (submitsPerSecond) => {
    const limits = { maxInFlight: 1000, submitsPerSecond };
    let [nowMs, sent] = [NOW_MS, 0];
    for (let turn = 0; turn < 200; turn++) {
      const count = due.chunkSize(limits);
      nowMs = due.nextSubmitAtMs(nowMs, nowMs, count, limits);
      sent += count;
    }
    expect(sent / ((nowMs - NOW_MS) / 1000)).toBeCloseTo(submitsPerSecond, 6);
  });
});

describe('one question', () => {
  const untimed = (jobs: Job[], weigh = light): Job[] => due.pollsDue(jobs, NOW_MS, false, weigh);

  test('takes all that are due to be asked, and no others', () => {
    const jobs = [polling(dueIn(0)), polling(dueIn(0.001)), fetching(dueIn(-5)), submitting(dueIn(-5))];
    expect(untimed(jobs)).toEqual([jobs[0]]);
  });

  test('takes 500 at most', () => {
    const jobs = many(800, () => polling(dueIn(0)));
    expect(untimed(jobs)).toEqual(jobs.slice(0, 500));
  });

  test('takes half a mebibyte at most', () => {
    const jobs = many(10, () => polling(dueIn(0)));
    expect(untimed(jobs, () => 524_288 / 4)).toHaveLength(4);
    expect(untimed(jobs, () => 524_288 / 4 + 1)).toHaveLength(3);
  });

  test('takes one that is larger alone, so that nothing is stuck', () => {
    const jobs = many(3, () => polling(dueIn(0)));
    expect(untimed(jobs, () => 2_000_000)).toEqual([jobs[0]]);
  });

  test('does not weigh what is not due', () => {
    const jobs = [...many(3, () => polling(dueIn(9))), polling(dueIn(0))];
    expect(untimed(jobs, () => 400_000)).toEqual([jobs[3]]);
  });
});

describe('one activity that reads', () => {
  test('takes all of which something is to be read, and no others', () => {
    const jobs = [polling(dueIn(0)), fetching(dueIn(0.001)), fetching(dueIn(-5)), submitting(dueIn(-5))];
    expect(due.readsDue(jobs, NOW_MS, light)).toEqual([jobs[2]]);
  });
});

describe('a timed question', () => {
  const waiting = (seconds: number, waitSeconds: number): Job => polling({ ...dueIn(seconds), waitMs: waitSeconds * 1000 });
  const timed = (jobs: Job[]): Job[] => due.pollsDue(jobs, NOW_MS, true, light);

  test('begins a second before its first member is due, and not before', () => {
    expect(timed([waiting(1, 10), waiting(5, 10)])).toHaveLength(1);
    expect(timed([waiting(1.001, 10), waiting(5, 10)])).toEqual([]);
  });

  test('takes along what comes due within a tenth of the wait, the first to come due first', () => {
    const jobs = [waiting(1.9, 10), waiting(1, 10), waiting(2.001, 10), waiting(2, 10)];
    expect(timed(jobs)).toEqual([jobs[1], jobs[0], jobs[3]]);
  });

  test('takes along what comes due within two seconds at most', () => {
    const jobs = [waiting(0.5, 600), waiting(2.9, 600), waiting(3.001, 600)];
    expect(timed(jobs)).toEqual(jobs.slice(0, 2));
  });

  test('does not wait for who waits less than a second', () => {
    const jobs = [waiting(0, 0.5), waiting(0.3, 0.5)];
    expect(timed(jobs)).toEqual([jobs[0]]);
    expect(timed([waiting(0.3, 10), ...jobs])).toHaveLength(2);
  });

  test('does not wait for who has to end before', () => {
    const late = expiring(waiting(0.9, 10), 0.8);
    expect(timed([late])).toEqual([]);
    expect(timed([waiting(0.5, 10), late])).toHaveLength(1);
  });

  test('takes 500 at most, those that are due first', () => {
    const jobs = many(800, (index) => waiting(1 - index / 1000, 10));
    expect(timed(jobs)).toEqual([...jobs].reverse().slice(0, 500));
  });
});

describe('what comes due one by one', () => {
  const gathered = (moments: number[], nowMs = NOW_MS): number => due.gatheredAtMs(moments, Math.min(...moments), nowMs) - NOW_MS;
  const spread = (count: number, stepMs: number): number[] => Array.from({ length: count }, (_, index) => NOW_MS + 1000 + index * stepMs);

  test('is asked at once in a small set', () => {
    expect(gathered(spread(19, 10))).toBe(1000);
  });

  test('is asked together in a large one, when a fifth of it is due', () => {
    expect(gathered(spread(20, 10))).toBe(1040);
    expect(gathered(spread(20, 10).reverse())).toBe(1040);
  });

  test('waits no longer than half a second more than due', () => {
    expect(gathered(spread(100, 500))).toBe(1500);
  });

  test('is not gathered any more once the first of it is due', () => {
    expect(gathered(spread(100, 500), NOW_MS + 1000)).toBe(1000);
  });
});

describe('the next moment', () => {
  const next = (jobs: Job[], holds: Partial<due.Holds> = {}): due.Moment | undefined =>
    due.nextMoment(jobs, NOW_MS, { ...NOTHING_HELD, ...holds });
  const at = (seconds: number): number => NOW_MS + seconds * 1000;

  test.each<[string, due.Moment | undefined, due.Moment | undefined]>([
    ['is none without jobs', next([]), undefined],
    [
      'is the first poll that is due, by its reason',
      next([polling(dueIn(9, 'backoff')), polling(dueIn(4))]),
      { atMs: at(4), why: 'Retry-After' },
    ],
    ['is a read like a poll', next([polling(dueIn(9)), fetching(dueIn(4, 'backoff'))]), { atMs: at(4), why: 'backoff' }],
    ['is a cleanup, which no rate limit holds', next([cleaning(4)], { submitsFromMs: Infinity }), { atMs: at(4), why: 'clean up' }],
    [
      'is a submit that is tried again',
      next([polling(dueIn(9)), submitting(dueIn(4, 'held'))]),
      { atMs: at(4), why: 'held', submitsAgain: true },
    ],
    ['is a deadline that comes before a poll', next([expiring(polling(dueIn(9)), 4)]), { atMs: at(4), why: 'deadline' }],
    ['is a poll that comes with its deadline', next([expiring(polling(dueIn(4)), 4)]), { atMs: at(4), why: 'Retry-After' }],
    [
      'is a deadline that comes before a submit',
      next([expiring(submitting(dueIn(9)), 4)]),
      { atMs: at(4), why: 'deadline', submitsAgain: true },
    ],
    [
      'is the rate limit, where a submit is due before it',
      next([submitting(dueIn(1))], { submitsFromMs: at(3) }),
      { atMs: at(3), why: 'Retry-After', submitsAgain: true },
    ],
    [
      'is the rate limit, where new jobs wait',
      next([polling(dueIn(9))], { submitsFromMs: at(3), hasNew: true }),
      { atMs: at(3), why: 'rate limit' },
    ],
    ['is no rate limit without new jobs', next([polling(dueIn(9))], { submitsFromMs: at(3) }), { atMs: at(9), why: 'Retry-After' }],
    ['is none while all submits are held', next([endless(submitting(dueIn(1)))], { submitsFromMs: Infinity, hasNew: true }), undefined],
    [
      'is the deadline while all submits are held',
      next([expiring(submitting(dueIn(1)), 60)], { submitsFromMs: Infinity }),
      { atMs: at(60), why: 'deadline', submitsAgain: true },
    ],
    ['is no poll before an answer that is awaited', next([polling(dueIn(1))], { pollsFromMs: at(3) }), { atMs: at(3), why: 'Retry-After' }],
    ['is no read before another one has ended', next([fetching(dueIn(1))], { readsFromMs: at(3) }), { atMs: at(3), why: 'Retry-After' }],
    [
      'is a second before a poll of a timed set is due',
      next([polling({ ...dueIn(9), waitMs: 10_000 })], { isTimed: true }),
      { atMs: at(8), why: 'Retry-After' },
    ],
    [
      'is a poll that waits for less',
      next([polling({ ...dueIn(0.5), waitMs: 500 })], { isTimed: true }),
      { atMs: at(0.5), why: 'Retry-After' },
    ],
    ['is at once, where a poll is due already', next([polling(dueIn(-5))]), { atMs: at(-5), why: 'Retry-After' }],
  ])('%s', (_, moment, expected) => {
    expect(moment).toEqual(expected);
  });

  test('gathers the polls of a large set, and no submits', () => {
    const polls = many(100, (index) => polling(dueIn(4 + index / 100)));
    expect(next(polls)).toEqual({ atMs: at(4.2), why: 'Retry-After' });
    expect(next([...polls, submitting(dueIn(4.1, 'held'))])).toEqual({ atMs: at(4.1), why: 'held', submitsAgain: true });
  });
});
