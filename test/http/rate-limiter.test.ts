import type { Clock } from '../../src/http/clock';
import { RateLimiter, type Report, type TurnKind } from '../../src/http/rate-limiter';
import { connectionTo, get, post, service } from './service';

/** Time that passes only by sleeping. Its date can be set. */
class TestClock implements Clock {
  private ms = 1_000_000;
  dateMs = Date.UTC(2026, 10, 23, 20, 0, 0);
  nowMs = () => this.dateMs + this.ms;
  monotonicMs = () => this.ms;
  sleep = (milliseconds: number) => {
    this.ms += milliseconds;
    return Promise.resolve();
  };
}

const turn = (kind: TurnKind, key = 'op', queueSeconds = 60) => ({ kind, key, queueSeconds });
const mustNotRun = () => Promise.reject(new Error('was run'));
const busy = (report: Report) => Promise.resolve(report('throttled', 429));

describe('submits', () => {
  it('and polls are spaced, other reads are not', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter({ concurrentRequests: 10, submitsPerSecond: 4, pollsPerSecond: 2 }, clock);
    const started: number[] = [];
    const start = () => Promise.resolve(started.push(clock.monotonicMs() - 1_000_000));
    for (let i = 0; i < 3; i++) await limiter.run(turn('submit'), start);
    await limiter.run(turn('other'), start);
    for (let i = 0; i < 2; i++) await limiter.run(turn('poll'), start);
    expect(started).toEqual([0, 250, 500, 500, 500, 1000]);
  });

  it('are spaced by the same time though the clock of the day is set back by an hour', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter({ concurrentRequests: 10, submitsPerSecond: 4, pollsPerSecond: 2 }, clock);
    await limiter.run(turn('submit'), () => Promise.resolve());
    clock.dateMs -= 3_600_000;
    expect(await limiter.run(turn('submit', 'op', 1), () => Promise.resolve('sent'))).toEqual({ kind: 'done', value: 'sent' });
  });

  it('are refused at once when their turn would come too late', async () => {
    const limiter = new RateLimiter({ concurrentRequests: 10, submitsPerSecond: 0.01, pollsPerSecond: 1 }, new TestClock());
    await limiter.run(turn('submit', 'op', 10), () => Promise.resolve());
    expect(await limiter.run(turn('submit', 'op', 10), mustNotRun)).toEqual({ kind: 'refused', waitedSeconds: 0 });
  });
});

describe('while the service has no room', () => {
  const open = (concurrentRequests = 10) => {
    const clock = new TestClock();
    return { clock, limiter: new RateLimiter({ concurrentRequests, submitsPerSecond: 1000, pollsPerSecond: 1000 }, clock) };
  };

  it('one submit or poll goes at a time, and the others are held at once, with the cause; other reads are not held', async () => {
    const { limiter, clock } = open();
    await limiter.run(turn('poll', 'bad'), busy);
    let answer: () => void = () => undefined;
    const probe = limiter.run(turn('poll', 'a'), (report) => new Promise<void>((resolve) => (answer = resolve)).then(() => report('good')));
    await new Promise(setImmediate);
    const held = { kind: 'held', waitSeconds: 0.5, cause: { httpStatus: 429, sinceMs: clock.nowMs() - 1 } };
    expect(await limiter.run(turn('submit', 'b'), mustNotRun)).toEqual(held);
    expect(await limiter.run(turn('poll', 'c'), mustNotRun)).toEqual(held);
    expect(await limiter.run(turn('other', 'd'), () => Promise.resolve('read'))).toEqual({ kind: 'done', value: 'read' });
    expect(limiter.heldSeconds).toBe(0.5);
    answer();
    await probe;
    expect(limiter.heldSeconds).toBe(0);
    expect(await limiter.run(turn('submit', 'b'), () => Promise.resolve('sent'))).toEqual({ kind: 'done', value: 'sent' });
  });

  it('those that wait in the queue are held as well', async () => {
    const { limiter } = open(1);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const first = limiter.run(turn('poll', 'bad'), (report) => answered.then(() => report('throttled', 503)));
    const probe = limiter.run(turn('poll', 'a'), busy);
    await new Promise(setImmediate);
    const second = limiter.run(turn('submit', 'b'), mustNotRun);
    await new Promise(setImmediate);
    answer();
    expect([await first, await probe]).toMatchObject([{ kind: 'done' }, { kind: 'done' }]);
    expect(await second).toMatchObject({ kind: 'held', cause: { httpStatus: 503 } });
  });

  it('one place is given to submits that are to be claimed, and all again afterwards', async () => {
    const { limiter } = open();
    await limiter.run(turn('submit', 'bad'), busy);
    expect(await limiter.enter(8, true)).toBe(1);
    limiter.leave(1);
    await limiter.run(turn('submit', 'a'), (report) => Promise.resolve(report('good')));
    expect(await limiter.enter(8, true)).toBe(8);
  });

  it('a submit that was told to wait before it asked for its turn has it before one that was refused already', async () => {
    const { limiter, clock } = open();
    await limiter.run(turn('submit', 'bad'), busy);
    expect(limiter.holdOf('a')).toBeUndefined();
    await limiter.run(turn('submit', 'worse'), busy);
    expect(limiter.holdOf('a')).toMatchObject({ kind: 'held', waitSeconds: 0.5, cause: { httpStatus: 429 } });
    await clock.sleep(500);
    expect(await limiter.run(turn('submit', 'worse'), mustNotRun)).toMatchObject({ kind: 'held' });
    expect(await limiter.run(turn('submit', 'a'), () => Promise.resolve('sent'))).toEqual({ kind: 'done', value: 'sent' });
  });

  it('work that breaks does not stop the next', async () => {
    const { limiter } = open();
    await limiter.run(turn('submit', 'bad'), busy);
    await expect(limiter.run(turn('submit', 'a'), mustNotRun)).rejects.toThrow('was run');
    expect(await limiter.run(turn('submit', 'b'), () => Promise.resolve('sent'))).toMatchObject({ kind: 'done' });
  });
});

describe('a service that is busy', () => {
  it.each([429, 503])('for one operation (%d) does not stop its neighbours', async (status) => {
    const { url } = await service((request, response) =>
      response.writeHead(request.url === '/bad' ? status : 200, { 'retry-after': '8' }).end(),
    );
    const connection = connectionTo({ baseUrl: url });
    for (let round = 0; round < 3; round++) {
      expect(await connection.exchange(get(`${url}/bad`))).toMatchObject({ httpStatus: status });
      for (let i = 0; i < 3; i++) expect(await connection.exchange(get(`${url}/${i}`))).toMatchObject({ httpStatus: 200 });
      expect(await connection.exchange(post(url))).toMatchObject({ httpStatus: 200 });
    }
  });

  it('for all is asked by one request at a time, and what is held says why and since when', async () => {
    const { url, seen } = await service((_, response) => response.writeHead(429, { 'retry-after': '8' }).end());
    const connection = connectionTo({ baseUrl: url });
    const exchanges = [];
    for (let i = 0; i < 20; i++) exchanges.push(await connection.exchange(get(`${url}/${i}`)));
    expect(seen).toHaveLength(2);
    expect(exchanges.at(-1)).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringMatching(/^not sent: the service answers 429 since \d{4}-\d\d-\d\dT[\d:]+Z, /),
      waitSeconds: expect.any(Number),
    });
    expect(connection.heldSeconds(true)).toBeGreaterThan(0);
  });

  it('gets no more requests at once than the connection allows', async () => {
    let now = 0;
    let most = 0;
    const { url } = await service((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end();
      }, 20);
    });
    const connection = connectionTo({ baseUrl: url, limits: { concurrentRequests: 3 } });
    await Promise.all(Array.from({ length: 9 }, () => connection.exchange(get(url))));
    expect(most).toBe(3);
  });
});
