/** Activities measure what lasts by Temporal's clock, whatever the worker's says. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { onTemporalTime, temporalNowMs } from '../../src/activities/temporal-clock';

const SCHEDULED_MS = Date.UTC(2026, 10, 27, 12);

function inActivity(work: () => Promise<number[]>): Promise<number[]> {
  const { activity } = onTemporalTime({ activity: work });
  return new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: SCHEDULED_MS }).run(activity);
}

afterEach(() => jest.restoreAllMocks());

test('the time of an activity begins when Temporal scheduled it, and goes on by the monotonic clock', async () => {
  let monotonicMs = 5000;
  jest.spyOn(performance, 'now').mockImplementation(() => monotonicMs);
  jest.spyOn(Date, 'now').mockImplementation(() => SCHEDULED_MS + 7_200_000);
  const times = await inActivity(() => {
    const began = temporalNowMs();
    monotonicMs += 1500;
    return Promise.resolve([began, temporalNowMs()]);
  });
  expect(times).toEqual([SCHEDULED_MS, SCHEDULED_MS + 1500]);
});

test('outside of an activity it is the time of this machine', () => {
  jest.spyOn(Date, 'now').mockImplementation(() => 42);
  expect(temporalNowMs()).toBe(42);
});
