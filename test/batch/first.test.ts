import { startEmulator, type Emulator } from '../../src/emulator';
import { RUN_BATCH, type BatchInput, type BatchResult } from '../../src/contract';
import { testConfig, temporaryFolder } from '../support/config';
import { startTestBed, type TestBed } from '../support/in-process';
import { readFileSync, readdirSync } from 'node:fs';

let emulator: Emulator;
let bed: TestBed;
const folder = temporaryFolder();
beforeAll(async () => {
  emulator = await startEmulator();
  bed = await startTestBed(testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, limits: { concurrentRequests: 50, submitsPerSecond: 10000 } } }, { files: { readBelow: [folder], writeBelow: [folder] } }));
}, 60000);
afterAll(async () => {
  await bed.close();
  await emulator.close();
});

test('a batch', async () => {
  const input: BatchInput = {
    items: Array.from({ length: 300 }, (_, i) => ({ id: `i${i}`, submit: { path: '/mapData', query: { description: `i${i}` }, body: {} } })),
    defaults: { connection: 'maps', submit: { query: { dataFormat: 'geojson' } } } as never,
    report: { path: 'report.jsonl' },
  };
  const handle = await bed.client.workflow.start(RUN_BATCH, { args: [input], taskQueue: bed.taskQueue, workflowId: 'b1' });
  const result = (await handle.result()) as BatchResult;
  console.log(JSON.stringify(result, null, 1), readdirSync(folder), readFileSync(folder + '/report.jsonl', 'utf8').split('\n').slice(0, 2), (await handle.describe()).historyLength);
});
