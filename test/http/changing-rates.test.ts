/** Rates that change while requests wait for them. */
import type { Clock } from '../../src/http/clock';
import { RateLimiter, type TurnKind } from '../../src/http/rate-limiter';

/** Time that passes when the test says so. */
class StillClock implements Clock {
  private ms = 1000;
  private sleepers: { atMs: number; resolve: () => void }[] = [];
  nowMs = () => this.ms;
  monotonicMs = () => this.ms;
  sleep = (milliseconds: number) => new Promise<void>((resolve) => this.sleepers.push({ atMs: this.ms + milliseconds, resolve }));

  async pass(milliseconds: number): Promise<void> {
    await new Promise(setImmediate);
    const endMs = this.ms + milliseconds;
    for (;;) {
      this.sleepers.sort((one, other) => one.atMs - other.atMs);
      const [next] = this.sleepers;
      if (next === undefined || next.atMs > endMs) break;
      this.sleepers.shift();
      this.ms = Math.max(this.ms, next.atMs);
      next.resolve();
      await new Promise(setImmediate);
    }
    this.ms = endMs;
  }
}

const RATES = { submitsPerSecond: 10, pollsPerSecond: 100, concurrentRequests: 2 };

function open() {
  const clock = new StillClock();
  const limiter = new RateLimiter(RATES, clock);
  const started: number[] = [];
  const turn = (kind: TurnKind, queueSeconds = 600) =>
    limiter.run({ kind, key: 'op', queueSeconds }, () => Promise.resolve(started.push(clock.monotonicMs() - 1000)));
  return { clock, limiter, started, turn };
}

it('those that wait go on at the new rate, faster or slower', async () => {
  const { clock, limiter, started, turn } = open();
  const turns = Array.from({ length: 9 }, () => turn('submit'));
  await clock.pass(150);
  limiter.change({ ...RATES, submitsPerSecond: 1 }, true);
  await clock.pass(2000);
  limiter.change({ ...RATES, submitsPerSecond: 4 }, true);
  await clock.pass(2000);
  expect(started).toEqual([0, 100, 1100, 2100, 2350, 2600, 2850, 3100, 3350]);
  await Promise.all(turns);
});

it('a pause is not made up for', async () => {
  const { clock, limiter, started, turn } = open();
  limiter.change({ ...RATES, submitsPerSecond: 0 }, false);
  const turns = [turn('submit'), turn('submit'), turn('submit')];
  await clock.pass(5000);
  expect(started).toEqual([]);
  limiter.change(RATES, true);
  await clock.pass(1000);
  expect(started).toEqual([5000, 5100, 5200]);
  await Promise.all(turns);
});

it('who would wait too long is refused at once, but not because of a rate that holds only for the moment', async () => {
  const { clock, limiter, started, turn } = open();
  limiter.change({ ...RATES, submitsPerSecond: 0.1 }, false);
  const first = turn('submit', 30);
  const [second, third] = [turn('submit', 30), turn('submit', 5)];
  await clock.pass(100);
  expect(started).toHaveLength(1);
  limiter.change({ ...RATES, submitsPerSecond: 0.05 }, true);
  await clock.pass(100);
  expect(await third).toEqual({ kind: 'refused', waitedSeconds: expect.any(Number) });
  expect(await turn('submit', 10)).toEqual({ kind: 'refused', waitedSeconds: 0 });
  await clock.pass(20_000);
  expect([await first, await second]).toMatchObject([{ kind: 'done' }, { kind: 'done' }]);
});

it('more or fewer requests go at once, and those that are under way stay so', async () => {
  const { clock, limiter } = open();
  const answers: (() => void)[] = [];
  const turns: Promise<unknown>[] = [];
  const ask = () =>
    turns.push(limiter.run({ kind: 'other', key: 'op', queueSeconds: 60 }, () => new Promise<void>((resolve) => answers.push(resolve))));
  for (let i = 0; i < 6; i++) ask();
  await clock.pass(1);
  expect(answers).toHaveLength(2);
  limiter.change({ ...RATES, concurrentRequests: 4 }, true);
  await clock.pass(1);
  expect(answers).toHaveLength(4);
  limiter.change({ ...RATES, concurrentRequests: 1 }, true);
  for (const answer of answers.splice(0, 3)) answer();
  await clock.pass(1);
  expect(answers).toHaveLength(1);
  answers.pop()?.();
  await clock.pass(1);
  expect(answers).toHaveLength(1);
  answers.pop()?.();
  await clock.pass(1);
  answers.pop()?.();
  await Promise.all(turns);
});

it('what was used is told once, and what made requests wait', async () => {
  const { clock, limiter, turn } = open();
  const turns = [turn('submit'), turn('submit'), turn('poll')];
  await clock.pass(200);
  await Promise.all(turns);
  expect(limiter.takeUse()).toEqual({
    used: { submitsPerSecond: 2, pollsPerSecond: 1, concurrentRequests: 2 },
    waited: { submitsPerSecond: true, pollsPerSecond: false, concurrentRequests: false },
  });
  expect(limiter.takeUse()).toEqual({
    used: { submitsPerSecond: 0, pollsPerSecond: 0, concurrentRequests: 0 },
    waited: { submitsPerSecond: false, pollsPerSecond: false, concurrentRequests: false },
  });
});
