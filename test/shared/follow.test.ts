/** `follow: "shared"`: a tracker polls operations for their workflows, whose histories do not grow. */
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

let emulator: Emulator;
let harness: TestHarness;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 1, retryAfterSeconds: 0 });
  harness = await startTestHarness(
    testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, poll: { minSeconds: 0 } } }),
  );
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

const upload = {
  connection: 'maps',
  follow: 'shared',
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
} as const;

test('the history of an operation has at most 16 events, however often it is polled', async () => {
  const id = `shared-${harness.taskQueue}`;
  const operation = await harness.lro.start(upload, { id });
  const result = await operation.result();
  expect(result).toMatchObject({ status: 'Succeeded' });
  expect(result.polls).toBeGreaterThan(4);
  const { events } = await harness.client.workflow.getHandle(id).fetchHistory();

    events?.map(({ eventType }) => eventType),
    JSON.stringify(result, null, 1),
  );
  expect(events?.length).toBeLessThanOrEqual(18);
});
