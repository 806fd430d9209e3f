/** A batch whose manifest, body files and report lie in Azure Blob Storage: what several workers share. */
import { randomUUID } from 'node:crypto';
import { startEmulator, type Emulator } from '../../src/emulator';
import { RUN_BATCH, type BatchInput, type BatchResult, type ItemReport } from '../../src/contract';
import { ACCOUNT_KEY, newContainer, startAzurite } from '../files/azurite';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

let emulator: Emulator;
let harness: TestHarness;
let url: string;
let container: Awaited<ReturnType<typeof newContainer>>;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0, retryAfterSeconds: 0 });
  container = await newContainer(await startAzurite(), 'nightly');
  ({ url } = container);
  const auth = { type: 'sharedKey', value: { env: 'STORE_KEY' } };
  const config = testConfig(
    { default: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, limits: { submitsPerSecond: 1000 } } },
    { files: { blobContainers: [{ url, auth, writable: true }] } },
    { STORE_KEY: ACCOUNT_KEY },
  );
  harness = await startTestHarness(config, { http: { env: { STORE_KEY: ACCOUNT_KEY } } });
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

async function lines(name: string): Promise<ItemReport[]> {
  const text = (await container.getBlobClient(name).downloadToBuffer()).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ItemReport);
}

async function run(input: BatchInput): Promise<BatchResult> {
  const id = `blob-${randomUUID()}`;
  return harness.client.workflow.execute<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
    workflowId: id,
    taskQueue: harness.taskQueue,
    args: [input],
  });
}

test('it reads pages and bodies there, writes its report there, and is retried from there', async () => {
  const ITEMS = 700;
  const body = Buffer.from(JSON.stringify({ type: 'FeatureCollection', features: [] }));
  await container.getBlockBlobClient('body.json').uploadData(body);
  const submit = {
    path: '/mapData',
    query: { dataFormat: 'geojson' },
    bodyFile: { url: `${url}/body.json`, contentType: 'application/json' },
  };
  const items = Array.from({ length: ITEMS }, (_, index) => ({ id: `i-${index}`, submit: { query: { description: `i-${index}` } } }));
  const manifest = Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  await container.getBlockBlobClient('nightly.jsonl').uploadData(manifest);
  const match = { method: 'POST', query: 'description=i-(7|77|177)(&|$)' };
  await emulator.admin.addFault({
    match,
    times: 0,
    action: { answer: { httpStatus: 400, body: { error: { code: 'No', message: 'not tonight' } } } },
  });

  const report = { url: `${url}/reports/first.jsonl` };
  const first = await run({ manifest: { url: `${url}/nightly.jsonl` }, defaults: { submit }, maxInFlight: 300, report });
  expect(first).toMatchObject({ counts: { total: ITEMS, succeeded: ITEMS - 3, failed: 3 }, report });
  const told = await lines('reports/first.jsonl');
  expect(new Set(told.map(({ id }) => id)).size).toBe(ITEMS);
  expect(told).toHaveLength(ITEMS);
  const blobs: string[] = [];
  for await (const { name } of container.listBlobsFlat()) blobs.push(name);
  expect(blobs.sort()).toEqual(['body.json', 'nightly.jsonl', 'reports/first.jsonl']);

  await emulator.admin.removeFaults();
  const again = await run({ retryOf: { report }, report: { url: `${url}/reports/second.jsonl` } });
  expect(again.counts).toMatchObject({ total: 3, succeeded: 3 });
  expect((await lines('reports/second.jsonl')).map(({ id, generation }) => [id, generation]).sort()).toEqual([
    ['i-177', 1],
    ['i-7', 1],
    ['i-77', 1],
  ]);
});

test('a report in a container that the worker does not know is refused at the start', async () => {
  const report = { url: 'https://other.blob.core.windows.net/nightly/r.jsonl' };
  await expect(run({ items: [{ id: 'a', submit: { path: '/mapData' } }], report })).rejects.toMatchObject({
    cause: { type: 'FileRefused' },
  });
});
