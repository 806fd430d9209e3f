/** Temporal's HTTP API by the commands of docs/other-languages.md, as they stand there. */
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

const run = promisify(execFile);
const DOCUMENT = readFileSync(resolve(__dirname, '../../docs/other-languages.md'), 'utf8');

let emulator: Emulator;
let harness: TestHarness;
beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0, retryAfterSeconds: 0 });
  harness = await startTestHarness(testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }));
});
afterAll(async () => {
  await harness.close();
  await emulator.close();
});

/** The commands, each with its lines, about an operation of this test. */
function commands(id: string, taskQueue: string): string[] {
  const [, block = ''] = /## curl\n[^]*?```sh\n([^]*?)```/.exec(DOCUMENT) ?? [];
  const mine = block.replaceAll('tileset%2Fcampus-7', id).replace('"name": "lro"', `"name": "${taskQueue}"`);
  // Of a collection without rules of its own.
  return mine.replace('"/tilesets"', '"/dialects/data-plane/curl"').split(/\n(?=curl )/);
}

const hasCurl = spawnSync('curl', ['--json', '{}', '--version']).status === 0;
if (!hasCurl) console.warn('the commands of curl are not tested: curl 7.82 or newer is needed');

(hasCurl ? test : test.skip)('start an operation, join it, ask how it stands, and wait for its end', async () => {
  const env = { ...process.env, TEMPORAL_HTTP: `http://127.0.0.1:${process.env['LRO_TEST_TEMPORAL_HTTP_PORT']}` };
  const [start = '', progress = '', end = '', ...others] = commands(`curl-${randomUUID()}`, harness.taskQueue);
  expect(others).toEqual([]);
  const answer = async (command: string): Promise<unknown> => JSON.parse((await run('bash', ['-c', command], { env })).stdout);
  expect(await answer(start)).toMatchObject({ started: true });
  expect(await answer(end)).toMatchObject({
    history: { events: [{ workflowExecutionCompletedEventAttributes: { result: [{ status: 'Succeeded' }] } }] },
  });
  expect(await answer(progress)).toMatchObject({ queryResult: [{ phase: 'succeeded' }] });
  // One that has succeeded is not started anew.
  await expect(answer(start)).rejects.toMatchObject({ stdout: expect.stringContaining('already') });
});
