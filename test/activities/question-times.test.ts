/** When each member of a question is asked, by Temporal's clock. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Ask } from '../../src/activities/messages';
import { QuestionTimes, WaitingQuestions, type Turn } from '../../src/activities/question-times';
import { onTemporalTime } from '../../src/activities/temporal-clock';
import type { Monitor } from '../../src/lro/monitor';

const SCHEDULED_MS = Date.UTC(2026, 10, 27, 12);
const monitor = {} as Monitor;

/** The turn of the only member of a question, and after how many milliseconds it came. */
async function turnOf(dueInMs: number, { attempt = 1, waitMs = 0, slots = 100, cancelAfterMs = Infinity } = {}): Promise<[Turn, number]> {
  const ask: Ask = { id: 'a', monitor, dueAtMs: SCHEDULED_MS + dueInMs, waitMs };
  const env = new MockActivityEnvironment({ attempt, currentAttemptScheduledTimestampMs: SCHEDULED_MS });
  if (Number.isFinite(cancelAfterMs)) setTimeout(() => env.cancel(), cancelAfterMs);
  const { activity } = onTemporalTime({
    activity: async () => {
      const beganMs = performance.now();
      const times = new QuestionTimes([ask], new WaitingQuestions(slots));
      const turn = await times.turnOf(ask);
      times.end();
      return [turn, performance.now() - beganMs] as [Turn, number];
    },
  });
  return env.run(activity);
}

const again = (atLeastSeconds: number) => ({
  kind: 'running',
  why: 'backoff',
  notAsked: true,
  waitSeconds: expect.closeTo(atLeastSeconds, 0),
});

test('who is due is asked at once', async () => {
  expect((await turnOf(-500))[0]).toBe('ask');
});

test('who is not is waited for, by Temporal’s clock', async () => {
  const [turn, afterMs] = await turnOf(150);
  expect(turn).toBe('ask');
  expect(afterMs).toBeGreaterThanOrEqual(149);
});

test('without a slot to wait in it comes back unasked', async () => {
  const [turn, afterMs] = await turnOf(60_000, { slots: 1 });
  expect(turn).toBe('early');
  expect(afterMs).toBeLessThan(30_000);
});

test('a question that is canceled asks no more', async () => {
  const [turn, afterMs] = await turnOf(60_000, { cancelAfterMs: 50 });
  expect(turn).toBe('early');
  expect(afterMs).toBeLessThan(30_000);
});

test('whom an earlier try may have asked waits once more what it was told, durably', async () => {
  expect((await turnOf(-500, { attempt: 2, waitMs: 30_000 }))[0]).toEqual(again(30));
});

test('a short wait is waited here', async () => {
  const [turn, afterMs] = await turnOf(-500, { attempt: 2, waitMs: 150 });
  expect(turn).toBe('ask');
  expect(afterMs).toBeGreaterThanOrEqual(149);
});

test('but never asked before it is over, where no slot is left to wait in', async () => {
  expect((await turnOf(-500, { attempt: 2, waitMs: 1500, slots: 1 }))[0]).toEqual(again(1.5));
});

test('whom no earlier try can have asked does not wait once more', async () => {
  expect((await turnOf(150, { attempt: 2, waitMs: 30_000 }))[0]).toBe('ask');
});

test('so many questions wait as are half of the slots', () => {
  const waiting = new WaitingQuestions(4);
  expect([waiting.enter(), waiting.enter(), waiting.enter()]).toEqual([true, true, false]);
  waiting.leave();
  expect(waiting.enter()).toBe(true);
});
