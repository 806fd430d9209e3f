/** `lro run`, `start`, `attach`, `status`, `watch`, `wait`, `list`, `cancel`, `poll-now` and `tileset build` as processes. */
import { randomUUID } from 'node:crypto';
import { readOperationInput, type OperationInputOptions } from '../../src/cli/lro/operation-input';
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { fileWith, lroJson, lroOf, lroOnTerminal, startLro, type Lro } from './support';

const UPLOAD = ['--connection', 'maps', '--path', '/mapData', '--query', 'dataFormat=geojson'];
const BODY = ['--body', '{"type":"FeatureCollection","features":[]}'];
/** Goes on until it is told to end; asked again after an hour only, or each second. */
const HELD = ['--header', 'Emulator-Plan: {"hold":true,"durationSeconds":0,"retryAfter":"3600"}'];
const WATCHED = ['--header', 'Emulator-Plan: {"hold":true,"durationSeconds":0,"retryAfter":"1"}'];

let emulator: Emulator;
let harness: TestHarness;
let lro: Lro;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  harness = await startTestHarness(testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }));
  lro = lroOf(harness);
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

/** The service's id of an operation, once it is accepted. */
async function accepted(id: string): Promise<string> {
  return (await harness.lro.get(id).accepted()).operationId!;
}

async function finish(id: string): Promise<void> {
  await emulator.admin.changeOperation(await accepted(id), { hold: false });
}

test('run prints the id first, follows the operation, and prints its result', async () => {
  const id = `run-${randomUUID()}`;
  const { code, stdout, stderr } = await lro(['run', '--id', id, ...UPLOAD, ...BODY, '--label', 'campus=7']);
  expect(stderr.split('\n')[0]).toBe(`operation "${id}" is started`);
  expect(stdout).toMatch(/status +Succeeded/);
  expect(stdout).toContain(`${emulator.url}/mapData/metadata/`);
  expect(code).toBe(0);
  const status = await lroJson(lro, ['status', id]);
  expect(status).toMatchObject({ kind: 'operation', state: 'succeeded', result: { status: 'Succeeded', labels: { campus: '7' } } });
  expect((await lro(['watch', id])).stdout).toBe(stdout);
  expect((await lro(['poll-now', id])).stdout).toBe(`operation "${id}" has ended (succeeded); nothing is left to be polled\n`);
});

test('an operation from a file is started, looked at, polled now, waited for and cancelled', async () => {
  const id = `held-${randomUUID()}`;
  const input = fileWith('connection: maps\nsubmit: { path: /mapData, query: { dataFormat: shp } }');
  const flags = ['--input', input, '--query', 'dataFormat=geojson', ...BODY, ...HELD];
  expect(await lroJson(lro, ['start', '--id', id, ...flags])).toEqual({ id, started: true });
  expect((await lro(['start', '--id', id, ...flags])).stdout).toContain('this call joined it and started nothing');
  await accepted(id);
  const { stdout } = await lro(['status', id]);
  expect(stdout).toMatch(/state +running/);
  expect(stdout).toMatch(/next poll +2/);
  const polls = (await harness.lro.get(id).progress()).polls;
  expect((await lro(['poll-now', id])).stdout).toBe(`operation "${id}" is polled now\n`);
  await eventually(
    async () => (await harness.lro.get(id).progress()).polls,
    (now) => now > polls,
  );
  const waited = await lro(['wait', id, '--timeout-seconds', '0.2']);
  expect(waited).toMatchObject({ code: 4, stdout: '' });
  expect(waited.stderr).toContain(`the operation goes on: lro watch ${id}\n`);
  expect(await lroJson(lro, ['cancel', id])).toMatchObject({ id, done: true });
  const ended = await lro(['wait', id, '--json']);
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(JSON.parse(ended.stderr)).toMatchObject({ error: { type: 'OperationCancelledError', details: { id } } });
});

test('what the service refused is exit code 1 with its own words, and with --json nothing but JSON', async () => {
  const refused = ['run', '--connection', 'maps', '--path', '/tilesets', '--query', 'datasetId=nowhere'];
  const { code, stdout, stderr } = await lro(refused);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/operation ".*" failed \(SubmissionRejected\): .*400/);
  const lines = (await lro([...refused, '--json'])).stderr.trim().split('\n');
  expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([['id', 'started'], ['error']]);
  expect(JSON.parse(lines[1]!)).toMatchObject({ error: { type: 'SubmissionRejected', details: { httpStatus: 400 } } });
});

test('a run attaches to an operation that was submitted elsewhere', async () => {
  const answer = await fetch(`${emulator.url}/mapData?api-version=2.0&dataFormat=geojson`, { method: 'POST', body: BODY[1]! });
  const statusUrl = answer.headers.get('operation-location')!;
  const { code, stdout } = await lro(['attach', statusUrl, '--connection', 'maps', '--wait', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ started: true, result: { status: 'Succeeded' } });
  expect(code).toBe(0);
});

test('lists hold what the filter says', async () => {
  const id = `listed-${randomUUID()}`;
  await lroJson(lro, ['start', '--id', id, ...UPLOAD, ...BODY, ...HELD]);
  await accepted(id);
  const filter = ['list', '--type', 'operation', '--status', 'running', '--connection', 'maps', '--limit', '1000'];
  await eventually(
    async () => (await lro(filter)).stdout,
    (listed) => listed.includes(id),
  );
  expect((await lro(['list', '--trouble', 'Throttled', '--limit', '1000'])).stdout).not.toContain(id);
  expect((await lro(['list', '--status', "no' OR 'such"])).stdout).toBe('there are none\n');
  expect(await lro(['list', '--trouble', 'Bad'])).toMatchObject({ code: 2 });
  await finish(id);
});

test('an id of another kind is said with the right command', async () => {
  const batch = `batch-${randomUUID()}`;
  const operation = `operation-${randomUUID()}`;
  await harness.lro.startBatch({ items: [{ id: 'a', submit: { path: '/mapData' } }], defaults: { connection: 'maps' } }, { id: batch });
  await lroJson(lro, ['start', '--id', operation, ...UPLOAD, ...BODY]);
  expect(await lro(['batch', 'progress', operation])).toMatchObject({
    code: 2,
    stderr: `"${operation}" is an operation, not a batch; use: lro status ${operation}\n`,
  });
  const polled = await lro(['poll-now', batch]);
  expect(polled).toMatchObject({ code: 2 });
  expect(polled.stderr).toContain(`"${batch}" is a batch, not an operation or a chain`);
  expect(polled.stderr).toContain(`lro batch progress ${batch}`);
  expect(await lroJson(lro, ['wait', batch])).toMatchObject({ counts: { total: 1 } });
  const unknown = 'there is no operation, chain or batch "nobody" in namespace "default"; lro list names those there are\n';
  expect(await lro(['status', 'nobody'])).toMatchObject({ code: 1, stderr: unknown });
});

test('no worker on the task queue is said, and Ctrl-C ends the watching only', async () => {
  const id = `alone-${randomUUID()}`;
  const queue = `nobody-${randomUUID()}`;
  const running = startLro(['run', '--id', id, ...UPLOAD, '--task-queue', queue], harness);
  try {
    await running.writes(new RegExp(`no worker is listening on task queue "${queue}": start one`));
    running.interrupt();
    const { code, written } = await running.ended();
    expect(written).toContain(`stopped watching; the operation goes on. To see it again: lro watch ${id}\n`);
    expect(code).toBe(130);
    expect(await lroJson(lro, ['status', id])).toMatchObject({
      state: 'running',
      taskQueue: queue,
      note: expect.stringContaining(queue) as string,
    });
  } finally {
    running.kill();
    await harness.client.workflow.getHandle(id).terminate();
  }
});

test('tileset build checks its flags, and starts where they begin', async () => {
  const none = await lro(['tileset', 'build', '--connection', 'maps']);
  expect(none).toMatchObject({ code: 2 });
  expect(none.stderr).toContain('must have exactly one of "package", "udid", "conversionId", "datasetId"');
  const failed = await lro(['tileset', 'build', '--connection', 'maps', '--udid', 'unknown', '--wait', '--json']);
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  const [first = '', second = ''] = failed.stderr.trim().split('\n');
  expect(JSON.parse(first)).toMatchObject({ started: true });
  expect(JSON.parse(second)).toMatchObject({ error: { type: 'StepFailed', details: { step: 'conversion' } } });
});

test.each<[string, OperationInputOptions, string]>([
  ['no operation at all', {}, 'name the operation with --path or --input'],
  ['a query that is no pair', { path: '/x', query: ['a'] }, '--query a: must be written as name=value'],
  ['a body that is no JSON', { path: '/x', body: '{' }, '--body is not JSON'],
  ['two bodies', { path: '/x', body: '1', bodyFile: 'b.zip' }, 'must have at most one of "body" and "bodyFile"'],
  ['a type of no file', { path: '/x', contentType: 'text/plain' }, '--content-type needs a file'],
  ['credentials', { path: '/x', header: ['Authorization: Bearer x'] }, "come from the worker's connection only"],
])('%s is refused before anything is sent', (_, options, words) => {
  expect(() => readOperationInput(options)).toThrow(words);
});

test('wrong flags are exit code 2, and JSON with --json', async () => {
  const { code, stdout, stderr } = await lro(['run', '--path', '/x', '--method', 'FETCH', '--json']);
  expect(JSON.parse(stderr)).toMatchObject({
    error: { type: 'UsageError', message: expect.stringContaining('Allowed choices are GET, POST') as string },
  });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('on a terminal one line says status, polls and the next poll, and goes when the result comes', async () => {
  const id = `live-${randomUUID()}`;
  const running = lroOnTerminal(['run', '--id', id, ...UPLOAD, ...BODY, ...WATCHED], harness);
  try {
    const seen = await running.shows(/ · [1-9]\d* polls? · next poll /);
    expect(seen.split('\n')).toEqual([
      `operation "${id}" is started`,
      expect.stringMatching(/^Running · \d+ polls? · next poll (in 1 s|now)$/),
    ]);
    await finish(id);
    expect(await running.ended()).toBe(0);
    expect((await running.lines())[1]).toBe('status       Succeeded');
    // The cursor is there again.
    expect(running.written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(running.written.lastIndexOf('\u001b[?25l'));
  } finally {
    await running.close();
  }
});
