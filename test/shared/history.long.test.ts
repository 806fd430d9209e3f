/** The history of a tracker stays short, however often it polls: a worker that comes anew has to go through it before it can go on. */
import { randomUUID } from 'node:crypto';
import type { OperationInput } from '../../src/contract';
import { startEmulator, type Emulator } from '../../src/emulator';
import { trackerId } from '../../src/jobs/tracked';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

/** A little above what is too long: one turn may add some. */
const MOST_EVENTS = 1050;

let emulator: Emulator;
let harness: TestHarness;

beforeAll(async () => {
  emulator = await startEmulator({ idempotency: false });
  harness = await startTestHarness(
    testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, poll: { minSeconds: 0 } } }),
  );
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

test('it goes on in a new run after a thousand events, with all that it has', async () => {
  const headers = { 'Emulator-Plan': JSON.stringify({ durationSeconds: 3600, retryAfter: '0' }) };
  const submit = { path: '/mapData', query: { dataFormat: 'geojson' }, headers, body: { type: 'FeatureCollection', features: [] } };
  const input = { connection: 'maps', follow: 'shared', submit } as OperationInput;
  const operation = await harness.lro.start(input, { id: `shared-${randomUUID()}` });
  const tracker = harness.client.workflow.getHandle(trackerId(harness.taskQueue, 'maps'));
  const firstRunId = await eventually(
    () =>
      tracker.describe().then(
        ({ runId }) => runId,
        () => '',
      ),
    (runId) => runId !== '',
    60,
  );
  await eventually(
    () => tracker.describe(),
    ({ runId }) => runId !== firstRunId,
    120,
  );
  const { historyLength, status } = await harness.client.workflow.getHandle(tracker.workflowId, firstRunId).describe();
  expect(status.name).toBe('CONTINUED_AS_NEW');
  expect(historyLength).toBeGreaterThanOrEqual(1000);
  expect(historyLength).toBeLessThan(MOST_EVENTS);
  const { operationId = '' } = await operation.progress();
  await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  expect(await operation.result()).toMatchObject({ status: 'Succeeded' });
});
