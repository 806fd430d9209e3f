/** When an operation is asked again: hours of Retry-After, dates, floors, a thousand polls. In workflow time no poll is ever early. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import {
  accepted,
  openHarness,
  running,
  scripted,
  SUBMIT,
  SUCCEEDED,
  timeSkippingServer,
  openScriptedHarness,
  type ScriptedHarness,
} from './harness';
import { countOf, duration, eventsOf, pollWaits } from './history';

let env: TestWorkflowEnvironment;
let emulator: Emulator;
let harness: ScriptedHarness;

beforeAll(async () => {
  [env, emulator] = await Promise.all([timeSkippingServer(), startEmulator()]);
  harness = await openScriptedHarness(env);
});

afterAll(async () => {
  await harness.close();
  await env.teardown();
  await emulator.close();
});

test('hours of Retry-After are waited for, between submit and first poll and between polls', async () => {
  const hours = [2, 10, 1, 7];
  const handle = await harness.start(
    scripted({ submits: [accepted(3 * 3600)], status: (poll) => (poll <= 4 ? running(hours[poll - 1]! * 3600) : SUCCEEDED) }),
    SUBMIT,
  );
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 5 });
  const waits = pollWaits(await eventsOf(handle));
  expect(waits).toHaveLength(5);
  [3, ...hours].forEach((asked, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(asked * 3600);
    expect(waits[index]).toBeLessThan(asked * 3600 + 60);
  });
});

test("an HTTP date is waited for by the service's own clock, however wrong that is", async () => {
  const poll = (date: string, retryAfter: string, status: string) => ({
    headers: { date, 'retry-after': retryAfter },
    body: { operationId: 'op', status },
  });
  const { url } = await emulator.admin.addScript({
    name: 'dates',
    routes: [
      {
        method: 'POST',
        path: '/submit',
        // Five hours behind: by our clock the date is long past.
        answers: [
          {
            httpStatus: 202,
            headers: { 'operation-location': '{base}/status', date: '{httpDate-18000}', 'retry-after': '{httpDate-14400}' },
          },
        ],
      },
      {
        path: '/status',
        answers: [
          poll('{httpDate-18000}', '{httpDate-10800}', 'Running'),
          // A day ahead: by our clock the date is a day too far.
          poll('{httpDate+86400}', '{httpDate+88200}', 'Running'),
          { body: { status: 'Succeeded' } },
        ],
      },
    ],
  });
  const dated = await openHarness(env, { config: testConfig({ default: { baseUrl: url, poll: { maxSeconds: 86_400 } } }) });
  const handle = await dated.start({ submit: { path: '/submit' } });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 3 });
  await dated.close();
  const waits = pollWaits(await eventsOf(handle));
  [3600, 7200, 1800].forEach((asked, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(asked);
    expect(waits[index]).toBeLessThan(asked + 60);
  });
});

test('a wait of nothing sets no timer', async () => {
  const handle = await harness.start(scripted({ status: (poll) => (poll <= 3 ? running(0) : SUCCEEDED) }), SUBMIT);
  await handle.result();
  expect(countOf(await eventsOf(handle), 'timerStartedEventAttributes')).toBe(0);
});

test('an operation without deadline is followed for a year', async () => {
  const handle = await harness.start(scripted({ status: (poll) => (poll <= 73 ? running(5 * 86_400) : SUCCEEDED) }), {
    ...SUBMIT,
    deadlineSeconds: 0,
  });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 74 });
  expect(duration(await eventsOf(handle))).toBeGreaterThanOrEqual(365 * 86_400);
});

test('a hundred polls cost at most eleven events each, and none is early', async () => {
  const handle = await harness.start(scripted({ status: (poll) => (poll < 100 ? running(30) : SUCCEEDED) }), {
    ...SUBMIT,
    deadlineSeconds: 0,
  });
  await handle.result();
  const events = await eventsOf(handle);
  // Start, validation, submit, memo and end are no part of polling.
  expect(events.length).toBeLessThanOrEqual(100 * 11 + 20);
  for (const wait of pollWaits(events).slice(1)) expect(wait).toBeGreaterThanOrEqual(30);
});

// Scripted: HTTP would add nothing to the loop but minutes.
const POLLS = process.env['LRO_LONG'] === '1' ? 10_000 : 1000;
test(
  `${POLLS} polls of one operation end with its result, over several continuations`,
  async () => {
    const handle = await harness.start(
      scripted({ status: (poll) => (poll < POLLS ? running(60) : SUCCEEDED), continueAsNewAfterEvents: 4000 }),
      { ...SUBMIT, deadlineSeconds: 0 },
    );
    expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: POLLS });
  },
  POLLS * 60,
);
