/** The main job: a tileset operation is submitted, followed to its end, and whoever asked gets the location or the reason. */
import { startEmulator, type Emulator } from '../../src/emulator';
import { OperationError } from '../../src/client';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

let emulator: Emulator;
let harness: TestHarness;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  harness = await startTestHarness(testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }));
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

const upload = {
  connection: 'maps',
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
};

test('an operation that succeeds returns its resource location and id', async () => {
  const result = await harness.lro.execute({ ...upload, labels: { campus: '7' } }, { id: `ok-${harness.taskQueue}` });
  expect(result).toMatchObject({ status: 'Succeeded', labels: { campus: '7' } });
  expect(result.resourceLocation).toBe(`${emulator.url}/mapData/metadata/${result.resourceId}`);
  expect(result.polls).toBeGreaterThan(0);
});

test('a rejected submit fails with the body of the service, and is sent once', async () => {
  const id = `rejected-${harness.taskQueue}`;
  const error = await harness.lro
    .execute({ connection: 'maps', submit: { path: '/tilesets', query: { datasetId: id } } }, { id })
    .catch((err: unknown) => err);
  expect(error).toBeInstanceOf(OperationError);
  expect(error).toMatchObject({ type: 'SubmissionRejected', details: { httpStatus: 400, error: { code: 'BadRequest' } } });
  const posts = (await emulator.admin.requests()).filter(
    (request) => request.method === 'POST' && JSON.stringify(request.query).includes(id),
  );
  expect(posts).toHaveLength(1);
});

test('update-with-start brings the 202 back in one call, and the same id is the same operation', async () => {
  const id = `once-${harness.taskQueue}`;
  const [first, second] = await Promise.all([
    harness.lro.startAndWaitAccepted(upload, { id }),
    harness.lro.startAndWaitAccepted(upload, { id }),
  ]);
  expect(first.acceptance.operationId).toBeDefined();
  expect(second.acceptance).toEqual(first.acceptance);
  const result = await first.result();
  // And after it has succeeded, the recorded result.
  const third = await harness.lro.startAndWaitAccepted(upload, { id });
  expect(third.acceptance.operationId).toBe(result.operationId);
  expect(await third.result()).toEqual(result);
});
