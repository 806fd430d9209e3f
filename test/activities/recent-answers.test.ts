/** A worker does not ask again what it was answered a moment ago, only because Temporal did not record it. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { RecentAnswers } from '../../src/activities/recent-answers';
import type { StatusDecision } from '../../src/lro/monitor';

const running: StatusDecision = { kind: 'running', waitSeconds: 30, why: 'Retry-After', status: 'Running' };

/** Runs `call` as attempt `attempt` of one activity. */
function inAttempt<T>(attempt: number, call: () => T, activityId = '1'): Promise<T> {
  return new MockActivityEnvironment({ attempt, activityId }).run(() => Promise.resolve(call()));
}

let nowMs = 0;
let recent: RecentAnswers;

beforeEach(() => {
  nowMs = 0;
  recent = new RecentAnswers(() => nowMs);
});

test('the next attempt of the activity is told the rest of the wait', async () => {
  await inAttempt(1, () => recent.remember('a', running));
  nowMs = 7000;
  expect(await inAttempt(2, () => recent.recall('a'))).toEqual({ ...running, waitSeconds: 23 });
});

test('a wait that is over is worth nothing: the service is asked again', async () => {
  await inAttempt(1, () => recent.remember('a', running));
  nowMs = 30_000;
  expect(await inAttempt(2, () => recent.recall('a'))).toBeUndefined();
});

test('a first attempt always asks', async () => {
  await inAttempt(1, () => recent.remember('a', running));
  expect(await inAttempt(1, () => recent.recall('a'))).toBeUndefined();
});

test('another activity, or another operation of the same one, knows nothing of it', async () => {
  await inAttempt(1, () => recent.remember('a', running));
  expect(await inAttempt(2, () => recent.recall('b'))).toBeUndefined();
  expect(await inAttempt(2, () => recent.recall('a'), '2')).toBeUndefined();
});

test('an end is not kept: it is small harm to read it again', async () => {
  await inAttempt(1, () => recent.remember('a', { kind: 'succeeded', outcome: { status: 'Succeeded' } }));
  expect(await inAttempt(2, () => recent.recall('a'))).toBeUndefined();
});
