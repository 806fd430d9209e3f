/** With the longest key id the longest inputs, results and summaries that there may be fit into Temporal's payloads all the same. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { LroClient } from '../../src/client';
import { MAX_INLINE_BYTES } from '../../src/contract';
import { startEmulator, type Emulator } from '../../src/emulator';
import { encryptedData, KeySource } from '../../src/encryption';
import { workflowBundle } from '../support/bundle';
import { testConfig } from '../support/config';
import { sharedAddress, startTestHarness, type TestHarness } from '../support/in-process';

const KEY_ID = 'k'.repeat(64);
const keys = KeySource.ofText(stringify({ current: KEY_ID, keys: { [KEY_ID]: randomBytes(32).toString('base64') } }));

let emulator: Emulator;
let harness: TestHarness;
let connection: Connection;
let lro: LroClient;

beforeAll(async () => {
  emulator = await startEmulator();
  const worker = { workflowBundle: workflowBundle({ encodesFailures: true }) };
  harness = await startTestHarness(testConfig({ default: { baseUrl: emulator.url } }), {
    encryption: keys,
    worker,
    continueAsNewAfterEvents: 30,
  });
  connection = await Connection.connect({ address: sharedAddress() });
  lro = new LroClient({ client: new Client({ connection, dataConverter: encryptedData(keys) }), taskQueue: harness.taskQueue });
});

afterAll(async () => {
  await harness.close();
  await connection.close();
  await emulator.close();
});

test('the longest summary, a body of a megabyte and a result that is cut', async () => {
  const path = `/scripts/long/${'ö'.repeat(200)}`;
  const long = 'x'.repeat(900_000);
  await emulator.admin.addScript({
    name: 'long',
    routes: [
      {
        method: 'POST',
        path: new URL(path, emulator.url).pathname.slice('/scripts/long'.length),
        answers: [{ httpStatus: 200, body: { note: long } }],
      },
    ],
  });
  const result = await lro.execute({ submit: { path, body: { note: long } } }, { id: `sizes-${randomUUID()}` });
  expect(result).toMatchObject({ status: 'Succeeded', truncated: ['body'] });
});

test('a batch whose items stand in its input, as many bytes as there may be, over several runs', async () => {
  await emulator.admin.addScript({
    name: 'items',
    routes: [
      { method: 'POST', path: '/', answers: [{ httpStatus: 202, headers: { 'operation-location': '{base}/status', 'retry-after': '0' } }] },
      { path: '/status', answers: [{ body: { status: 'succeeded', note: 'y'.repeat(4000) } }] },
    ],
  });
  const item = (id: number) => ({ id: String(id), submit: { path: '/scripts/items/', body: { note: 'z'.repeat(19_000) } } });
  const items = Array.from({ length: 54 }, (_, id) => item(id));
  const bytes = Buffer.byteLength(JSON.stringify(items));
  expect(bytes).toBeLessThan(MAX_INLINE_BYTES);
  expect(bytes).toBeGreaterThan(MAX_INLINE_BYTES * 0.95);
  const { counts } = await lro.executeBatch({ items, maxInFlight: 20 }, { id: `sizes-batch-${randomUUID()}` });
  expect(counts).toMatchObject({ total: 54, succeeded: 54 });
});
