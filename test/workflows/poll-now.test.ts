/** Signal `pollNow`: asks now instead of waiting, together with others that came, and not before the connection's floor. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  accepted,
  gate,
  openScriptedHarness,
  running,
  scripted,
  SUBMIT,
  SUCCEEDED,
  timeSkippingServer,
  type ScriptedHarness,
} from './harness';
import { countOf, duration, eventsOf, pollWaits } from './history';

const HOUR = 3600;
let env: TestWorkflowEnvironment;
let harness: ScriptedHarness;

beforeAll(async () => {
  env = await timeSkippingServer();
  harness = await openScriptedHarness(env);
});

afterAll(async () => {
  await harness.close();
  await env.teardown();
});

test('it wakes an operation from a long wait, and its next wait is as the service asks', async () => {
  const activities = scripted({ prepared: { minSeconds: 0 }, status: (poll) => (poll < 3 ? running(10 * HOUR) : SUCCEEDED) });
  const handle = await harness.start(activities);
  await harness.lro.get(handle.workflowId).accepted();
  await activities.called('status', 1);
  await handle.signal('pollNow');
  // Nobody waits for the result, so no time is skipped: only the signal can have done this.
  await activities.called('status', 2);
  expect(await handle.result()).toMatchObject({ polls: 3 });
  const waits = pollWaits(await eventsOf(handle));
  expect(waits[1]).toBeLessThan(60);
  expect(waits[2]).toBeGreaterThanOrEqual(10 * HOUR);
});

test('one that means another workflow, which had the id before, wakes nobody', async () => {
  const activities = scripted({ prepared: { minSeconds: 0 }, status: (poll) => (poll < 2 ? running(10 * HOUR) : SUCCEEDED) });
  const handle = await harness.start(activities);
  await activities.called('status', 1);
  await handle.signal('pollNow', { firstRunId: 'another', key: '0.0' });
  // The query is answered after all signals before it.
  expect(await harness.lro.get(handle.workflowId).progress()).toMatchObject({ polls: 1, phase: 'waiting' });
  expect(activities.polls).toBe(1);
  await handle.signal('pollNow', { firstRunId: handle.firstExecutionRunId, key: '0.0' });
  await activities.called('status', 2);
  expect(await handle.result()).toMatchObject({ polls: 2 });
});

test('many signals are one poll, not sooner after the last than the floor, and one timer', async () => {
  const activities = scripted({ prepared: { minSeconds: 300 }, status: (poll) => (poll < 2 ? running(10 * HOUR) : SUCCEEDED) });
  const handle = await harness.start(activities);
  await activities.called('status', 1);
  for (let signal = 0; signal < 8; signal++) await handle.signal('pollNow');
  expect(await handle.result()).toMatchObject({ polls: 2 });
  const events = await eventsOf(handle);
  const [, wait] = pollWaits(events);
  expect(wait).toBeGreaterThanOrEqual(300);
  expect(wait).toBeLessThan(360);
  expect(countOf(events, 'timerStartedEventAttributes')).toBeLessThanOrEqual(2);
});

test('one that comes while the service is asked is a question of its own, after the floor', async () => {
  const asked = gate();
  const activities = scripted({
    prepared: { minSeconds: 20 },
    status: async (poll) => {
      if (poll === 1) await asked.passed;
      return poll < 2 ? running(10 * HOUR) : SUCCEEDED;
    },
  });
  const handle = await harness.start(activities);
  await activities.called('status', 1);
  await handle.signal('pollNow');
  await handle.signal('pollNow');
  asked.open();
  expect(await handle.result()).toMatchObject({ polls: 2 });
  const [, wait] = pollWaits(await eventsOf(handle));
  expect(wait).toBeGreaterThanOrEqual(20);
  expect(wait).toBeLessThan(80);
});

test('one that comes before the service has accepted hurries the first poll', async () => {
  const submitted = gate();
  const activities = scripted({ submits: [submitted.passed.then(() => accepted(10 * HOUR))] });
  const handle = await harness.start(activities);
  await activities.called('submit');
  await handle.signal('pollNow');
  submitted.open();
  await activities.called('status', 1);
  await handle.result();
  expect(duration(await eventsOf(handle))).toBeLessThan(HOUR);
});

test('one that comes while a refused submit waits does not hurry the submit', async () => {
  const trouble = { message: 'busy', httpStatus: 429 };
  const activities = scripted({ submits: [{ kind: 'notAccepted', waitSeconds: HOUR, why: 'Retry-After', trouble }, accepted(10 * HOUR)] });
  const handle = await harness.start(activities);
  await activities.called('submit');
  await handle.signal('pollNow');
  await handle.result();
  const seconds = duration(await eventsOf(handle));
  expect(seconds).toBeGreaterThanOrEqual(HOUR);
  expect(seconds).toBeLessThan(2 * HOUR);
});

test('one that was sent before a continuation is not lost by it', async () => {
  const trouble = { message: 'busy', httpStatus: 429 };
  const busy = { kind: 'notAccepted' as const, waitSeconds: HOUR, why: 'Retry-After' as const, trouble };
  // Enough refused submits for continuations before the service accepts.
  const activities = scripted({ submits: [busy, busy, busy, busy, busy, accepted(100 * HOUR)], continueAsNewAfterEvents: 20 });
  const handle = await harness.start(activities, { ...SUBMIT, deadlineSeconds: 0 });
  await activities.called('submit');
  await handle.signal('pollNow');
  const result = await handle.result();
  expect(result.polls).toBe(1);
  expect((Date.parse(result.completedAt) - Date.parse(result.submittedAt!)) / 1000).toBeLessThan(20 * HOUR);
  const last = await env.client.workflow.getHandle(handle.workflowId).describe();
  expect(last.runId).not.toBe(handle.firstExecutionRunId);
});
