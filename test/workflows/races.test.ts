/**
 * What reaches a workflow in one and the same workflow task as the answer of its activity. Workflow tasks and activities have workers of
 * their own here; that of the workflow tasks is away until both things have happened.
 */
import { randomUUID } from 'node:crypto';
import { CancelledFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { ACCEPTED_UPDATE, RUN_OPERATION, type Acceptance, type OperationInput, type OperationResult } from '../../src/contract';
import { workflowBundle } from '../support/bundle';
import {
  accepted,
  gate,
  registered,
  running,
  scripted,
  sharedServer,
  SUBMIT,
  SUCCEEDED,
  type Gate,
  type Handle,
  type OperationActivities,
  type ScriptedActivities,
} from './harness';
import { untilHistory, type HistoryEvent } from './history';

let server: Awaited<ReturnType<typeof sharedServer>>;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await sharedServer();
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

afterAll(async () => {
  await server.close();
});

const HOUR = 3600;

/** Without a sticky queue, so that another worker takes over at once. */
async function workflowWorker(taskQueue: string): Promise<() => Promise<void>> {
  const options = { connection: server.nativeConnection, taskQueue, workflowBundle: workflowBundle(), maxCachedWorkflows: 0 };
  return run(await Worker.create(options));
}

function run(worker: Worker): () => Promise<void> {
  const ended = worker.run();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (worker.shutdown(), ended);
    return stopped;
  };
  ends.push(stop);
  return stop;
}

/**
 * Starts an operation, and when `activity` has been called for the `times`th time, lets `meanwhile` happen and the activity be answered
 * before the workflow is told of either.
 */
async function inOneTask(
  activities: ScriptedActivities,
  held: Gate,
  [activity, times]: [keyof OperationActivities, number],
  meanwhile: (handle: Handle) => Promise<unknown>,
  input: OperationInput = SUBMIT,
): Promise<Handle> {
  const taskQueue = `lro-${randomUUID()}`;
  run(await Worker.create({ connection: server.nativeConnection, taskQueue, activities: registered(() => activities) }));
  const stop = await workflowWorker(taskQueue);
  const handle = await server.client.workflow.start<(input: OperationInput) => Promise<OperationResult>>(RUN_OPERATION, {
    workflowId: `operation-${randomUUID()}`,
    taskQueue,
    args: [input],
  });
  await activities.called(activity, times);
  await stop();
  await meanwhile(handle);
  held.open();
  await untilHistory(server.client, handle, isAnswered);
  await workflowWorker(taskQueue);
  return handle;
}

function isAnswered(events: HistoryEvent[]): boolean {
  const scheduled = events.filter((event) => event.activityTaskScheduledEventAttributes).length;
  return events.filter((event) => event.activityTaskCompletedEventAttributes).length === scheduled;
}

test('a cancellation and an answer after which it would continue as new: it is cancelled, and the service is told', async () => {
  const held = gate();
  const activities = scripted({ continueAsNewAfterEvents: 20, status: async () => (await held.passed, running(0)) });
  const handle = await inOneTask(activities, held, ['status', 1], (one) => one.cancel(), {
    ...SUBMIT,
    cancel: { path: '{statusPath}:cancel' },
  });
  await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
  expect(activities.cancels).toBe(1);
});

test('a cancellation and a refused submit after which it would continue as new: it is cancelled', async () => {
  const held = gate();
  const busy = { kind: 'notAccepted' as const, waitSeconds: 0, why: 'Retry-After' as const, trouble: { message: 'busy' } };
  const submits = [busy, busy, held.passed.then(() => busy)];
  const activities = scripted({ continueAsNewAfterEvents: 20, submits });
  const handle = await inOneTask(activities, held, ['submit', 3], (one) => one.cancel());
  await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
  expect(activities.submitted).toHaveLength(3);
});

test('a cancellation and the checked input: nothing is sent', async () => {
  const held = gate();
  const activities = scripted({ prepare: () => held.passed });
  const handle = await inOneTask(activities, held, ['prepare', 1], (one) => one.cancel());
  await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
  expect(activities.submitted).toHaveLength(0);
});

test('a cancellation and the end: it has ended', async () => {
  const held = gate();
  const activities = scripted({ status: async () => (await held.passed, SUCCEEDED) });
  const handle = await inOneTask(activities, held, ['status', 1], (one) => one.cancel(), {
    ...SUBMIT,
    cancel: { path: '{statusPath}:cancel' },
  });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded' });
  expect(activities.cancels).toBe(0);
});

test('pollNow and an answer after which it continues as new: the next run asks now', async () => {
  const held = gate();
  const activities = scripted({
    continueAsNewAfterEvents: 20,
    prepared: { minSeconds: 0 },
    status: async (poll) => (poll === 1 ? (await held.passed, running(10 * HOUR)) : SUCCEEDED),
  });
  const handle = await inOneTask(activities, held, ['status', 1], (one) => one.signal('pollNow'));
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 2 });
  expect((await server.client.workflow.getHandle(handle.workflowId).describe()).runId).not.toBe(handle.firstExecutionRunId);
});

test('the update and the acceptance: it is answered, also when the operation ends in the same task', async () => {
  const held = gate();
  const outcome = { status: 'Succeeded', operationId: 'op-1' };
  const activities = scripted({ submits: [held.passed.then(() => ({ kind: 'succeeded' as const, outcome }))] });
  let answer: Promise<Acceptance> | undefined;
  const handle = await inOneTask(activities, held, ['submit', 1], (one) => {
    answer = one.executeUpdate<Acceptance, []>(ACCEPTED_UPDATE);
    return Promise.resolve();
  });
  expect(await answer).toEqual({ operationId: 'op-1' });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded' });
});

test('a cancellation, the update and the acceptance: the update is answered, and the service is told', async () => {
  const held = gate();
  const activities = scripted({ submits: [held.passed.then(() => accepted(HOUR))] });
  let answer: Promise<Acceptance> | undefined;
  const input = { ...SUBMIT, cancel: { path: '{statusPath}:cancel' } };
  const handle = await inOneTask(
    activities,
    held,
    ['submit', 1],
    async (one) => {
      answer = one.executeUpdate<Acceptance, []>(ACCEPTED_UPDATE);
      await one.cancel();
    },
    input,
  );
  expect(await answer).toMatchObject({ operationId: 'op-1' });
  await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
  expect(activities.cancels).toBe(1);
});
