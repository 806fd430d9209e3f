/** A service may take its time over a submit, up to the connection's timeout: its answer counts. */
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

/** More than twice the time after which a worker without heartbeats is taken for dead. */
const SLOW_MS = 13_000;

let emulator: Emulator;
let harness: TestHarness;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0, idempotency: false });
  harness = await startTestHarness(testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }));
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

test('a submit that is answered after 13 s is accepted once, in both modes', async () => {
  await emulator.admin.addFault({ match: { method: 'POST' }, times: 0, delayMs: SLOW_MS });
  await Promise.all(
    (['retry', 'fail'] as const).map(async (onUncertainSubmit) => {
      const submit = {
        path: '/mapData',
        query: { dataFormat: 'geojson', description: onUncertainSubmit },
        body: { type: 'FeatureCollection', features: [] },
      };
      const result = await harness.lro.execute({ connection: 'maps', submit, onUncertainSubmit });
      expect(result).toMatchObject({ status: 'Succeeded' });
      expect(await emulator.admin.requests({ method: 'POST', query: `description=${onUncertainSubmit}` })).toHaveLength(1);
    }),
  );
});

test('what a caller adds behind the input is refused: it could be taken for the state of a run before', async () => {
  await emulator.admin.removeFaults();
  const submit = { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } };
  const options = { workflowId: `second-${harness.taskQueue}`, taskQueue: harness.taskQueue, args: [{ connection: 'maps', submit }, {}] };
  await expect(harness.client.workflow.execute('runOperation', options)).rejects.toMatchObject({
    cause: { type: 'InvalidInput', message: 'the input must be the only argument' },
  });
});
