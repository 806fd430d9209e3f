/** `follow: "shared"`: a tracker polls operations for their workflows, whose histories do not grow. */
import { randomUUID } from 'node:crypto';
import type { OperationHandle } from '../../src/client';
import type { OperationInput, OperationResult } from '../../src/contract';
import { startEmulator, type Emulator, type OperationPlan } from '../../src/emulator';
import { REGISTER_SIGNAL, TOLD_SIGNAL } from '../../src/jobs/tracker-names';
import { trackerId } from '../../src/jobs/tracked';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { countOf, eventsOf } from '../workflows/history';

let emulator: Emulator;
let harness: TestHarness;

beforeAll(async () => {
  emulator = await startEmulator({ idempotency: false });
  const maps = { baseUrl: emulator.url, query: { 'api-version': '2.0' }, poll: { minSeconds: 0 }, cancel: { path: '{statusPath}:cancel' } };
  harness = await startTestHarness(
    testConfig({ maps, sharing: { ...maps, follow: 'shared' }, narrow: { ...maps, allow: { paths: ['/mapData'] } } }),
    { continueAsNewAfterEvents: 60 },
  );
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

/** @param more over an operation that ends after a second, and is polled without a wait */
function inputOf(plan: OperationPlan = {}, more: Partial<OperationInput> = {}): OperationInput {
  const headers = { 'Emulator-Plan': JSON.stringify({ durationSeconds: 1, retryAfter: '0', ...plan }) };
  const submit = { path: '/mapData', query: { dataFormat: 'geojson' }, headers, body: { type: 'FeatureCollection', features: [] } };
  return { connection: 'maps', follow: 'shared', submit, ...more } as OperationInput;
}

async function start(input: OperationInput): Promise<OperationHandle> {
  return harness.lro.start(input, { id: `shared-${randomUUID()}` });
}

/** Ends it well at the service once it has been polled so often. */
async function finishedAfter(operation: OperationHandle, times: number): Promise<OperationResult> {
  // A question, no update, which would stand in the history.
  const { operationId = '' } = await eventually(
    () => operation.progress(),
    ({ polls }) => polls >= times,
    60,
  );
  await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  return operation.result();
}

/** Without what search attributes add, where the namespace has them. */
async function historyOf(id: string): Promise<{ events: number; activities: string[] }> {
  const events = await eventsOf(harness.client.workflow.getHandle(id));
  const activities = events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? []);
  return { events: events.length - countOf(events, 'upsertWorkflowSearchAttributesEventAttributes'), activities };
}

const tracker = (connection = 'maps') => harness.client.workflow.getHandle(trackerId(harness.taskQueue, connection));

test('the history of an operation has 16 events, however often it is polled', async () => {
  const operation = await start(inputOf({ hold: true }));
  const result = await finishedAfter(operation, 10);
  expect(result).toMatchObject({ status: 'Succeeded', resourceLocation: expect.stringContaining('/mapData/metadata/') as string });
  const history = await historyOf(operation.id);
  expect(history.activities).toEqual(['lro.begin']);
  expect(history.events).toBeLessThanOrEqual(16);
});

test('a connection can say so for inputs that do not, and one that is attached to is handed over as well', async () => {
  const first = await start(inputOf({ hold: true }, { connection: 'sharing', follow: undefined }));
  const { statusUrl = '', operationId = '' } = await first.accepted();
  const second = await start({ connection: 'sharing', attach: { statusUrl } });
  await eventually(
    () => second.progress(),
    ({ polls, tracker: id }) => polls > 2 && id === trackerId(harness.taskQueue, 'sharing'),
  );
  await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  const results = await Promise.all([first.result(), second.result()]);
  expect(results.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
  expect((await historyOf(first.id)).activities).toEqual(['lro.prepare', 'lro.submit', 'lro.register']);
  expect((await historyOf(second.id)).activities).toEqual(['lro.prepare', 'lro.register']);
});

test('pollNow asks at once, and progress says what the tracker knows', async () => {
  const operation = await start(inputOf({ durationSeconds: 0.1, retryAfter: '3600' }));
  await operation.accepted();
  const progress = await eventually(
    () => operation.progress(),
    ({ tracker: id, nextPollAt }) => id !== undefined && nextPollAt !== undefined,
  );
  expect(progress).toMatchObject({ phase: 'waiting', polls: 0 });
  await operation.pollNow();
  expect(await operation.result()).toMatchObject({ polls: 1 });
});

test('an operation with a deadline ends there, and one that is cancelled has the service told', async () => {
  const late = await start(inputOf({ hold: true }, { deadlineSeconds: 2 }));
  const unwanted = await start(inputOf({ hold: true }));
  await unwanted.accepted();
  await unwanted.cancel();
  await expect(unwanted.result()).rejects.toMatchObject({ name: 'OperationCancelledError' });
  expect(await emulator.admin.requests({ method: 'POST', path: ':cancel$' })).toHaveLength(1);
  await expect(late.result()).rejects.toMatchObject({ type: 'DeadlineExceeded' });
});

test('trackers continue as new with all that they have', async () => {
  const operations = await Promise.all(Array.from({ length: 8 }, () => start(inputOf({ hold: true }))));
  const results = await Promise.all(operations.map((operation) => finishedAfter(operation, 30)));
  expect(results.map(({ status }) => status)).toEqual(operations.map(() => 'Succeeded'));
  const { raw } = await tracker().describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
});

test('a tracker that is cancelled hands its operations back: they go on by themselves', async () => {
  const operation = await start(inputOf({ hold: true }));
  const { operationId = '' } = await operation.accepted();
  await eventually(
    () => operation.progress(),
    ({ polls }) => polls > 1,
  );
  await tracker().cancel();
  await eventually(
    () => operation.progress(),
    (progress) => progress.tracker === undefined && progress.polls > 3,
  );
  await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  expect(await operation.result()).toMatchObject({ status: 'Succeeded' });
});

test('what a caller may not attach to is followed by its own workflow', async () => {
  const operation = await start(inputOf({}, { connection: 'narrow' }));
  expect(await operation.result()).toMatchObject({ status: 'Succeeded' });
  expect((await historyOf(operation.id)).activities).toContain('lro.ask');
});

describe('whoever reaches the namespace', () => {
  test('cannot have a tracker ask where callers may not', async () => {
    const elsewhere = await startEmulator();
    const real = await start(inputOf({ hold: true }));
    const { operationId = '' } = await real.accepted();
    const step = {
      at: 'poll',
      why: 'default interval',
      polls: 0,
      dueAtMs: 0,
      monitor: { connection: 'maps', style: 'monitor', statusUrl: `${elsewhere.url}/mapData/operations/1`, acceptedAtMs: 0 },
    };
    const about = { title: 'x', connection: 'maps', minSeconds: 0, timeoutSeconds: 30 };
    const owner = { workflowId: real.id, firstRunId: randomUUID() };
    const forged = [
      { ...owner, token: 'elsewhere', about, step },
      {
        ...owner,
        token: 'post',
        about,
        step: { ...step, monitor: { ...step.monitor, statusUrl: `${emulator.url}/x`, poll: { method: 'POST' } } },
      },
      { ...owner, token: 'odd', about, step: { ...step, monitor: { ...step.monitor, statusUrl: `${emulator.url}/y`, tally: 'odd' } } },
      { ...owner, token: 'no times', about, step: { ...step, dueAtMs: 'soon', problem: { message: 1 } } },
      { ...owner, token: 'other connection', about: { ...about, connection: 'sharing' }, step },
      null,
      'text',
      [[]],
      {},
    ];
    await tracker().signal(REGISTER_SIGNAL, forged);
    await tracker().signal(REGISTER_SIGNAL, 'nothing');
    await harness.client.workflow.getHandle(real.id).signal(TOLD_SIGNAL, { token: 'post', job: {}, end: { kind: 'failed' } });
    const { polls } = await real.progress();
    await eventually(
      () => real.progress(),
      (progress) => progress.polls > polls + 3,
    );
    await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    expect(await real.result()).toMatchObject({ status: 'Succeeded' });
    expect(await elsewhere.admin.requests()).toEqual([]);
    expect(await emulator.admin.requests({ path: '^/[xy]$' })).toEqual([]);
    await elsewhere.close();
  });

  test('cannot start a tracker with what is no input of one', async () => {
    const id = `tracker-${randomUUID()}`;
    const started = harness.client.workflow.execute('trackOperations', {
      taskQueue: harness.taskQueue,
      workflowId: id,
      args: [{ path: '2' }],
    });
    await expect(started).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  });
});

test('an item of a batch has no follow', async () => {
  const batch = await harness.lro.startBatch({ items: [{ id: 'a', ...inputOf() }] }, { id: `batch-${randomUUID()}` });
  await expect(batch.result()).rejects.toThrow(/follow: a batch follows its operations in sets by itself/);
});
