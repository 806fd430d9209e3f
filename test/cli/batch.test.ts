/** `lro batch …` as a process. */
import { randomUUID } from 'node:crypto';
import { CANCELED_MEMO, RUN_BATCH } from '../../src/client';
import { eventually } from '../support/eventually';
import type { CommandEnd } from '../support/lro-command';
import { standInBatch, startStandInHarness, type StandInHarness } from '../support/stand-in-harness';
import { batchYaml, fileWith, lroJson, lroOf, lroOnTerminal, startLro, type Lro } from './support';

let harness: StandInHarness;
let lro: Lro;
let unreachable: Promise<CommandEnd>;

beforeAll(async () => {
  harness = await startStandInHarness();
  lro = lroOf(harness);
  unreachable = lroOf({ ...harness, address: '127.0.0.1:1' })(['batch', 'progress', 'x']);
});

afterAll(() => harness.close());

test('a batch is started from a file, followed, paused, resumed and ended', async () => {
  const id = randomUUID();
  expect(await lroJson(lro, ['batch', 'start', '--id', id, '--input', fileWith(batchYaml('wait'))])).toEqual({ id, started: true });
  expect((await lro(['batch', 'pause', id])).stdout).toContain('submits nothing more');
  expect(await lroJson(lro, ['batch', 'progress', id])).toMatchObject({ phase: 'paused', counts: { total: 2 } });
  expect((await lro(['batch', 'resume', id])).stdout).toContain('goes on');
  const { stdout } = await lro(['batch', 'progress', id]);
  expect(stdout).toMatch(/phase +running/);
  expect(stdout).toContain('2026-11-25T02:00:00.000Z  the service is busy');
  expect(await lroJson(lro, ['batch', 'item', id, 'first'])).toMatchObject({ id: 'first', state: 'open' });
  await harness.finish(id);
  const result = await lro(['batch', 'result', id]);
  expect(result.stdout).toMatch(/items +2: 2 succeeded/);
  expect(result.code).toBe(0);
});

test('flags stand over the file, which may come from standard input', async () => {
  const id = randomUUID();
  const files = ['--report', './{workflowId}.jsonl', '--result-file', './{workflowId}/{id}.json'];
  const flags = [...files, '--max-in-flight', '7', '--submits-per-second', '2.5'];
  await lroJson(lro, ['batch', 'start', '--id', id, '--input', '-', ...flags], `${batchYaml('succeed')}\nmaxInFlight: 1`);
  expect(await inputOf(id)).toMatchObject({
    maxInFlight: 7,
    submitsPerSecond: 2.5,
    report: { path: './{workflowId}.jsonl' },
    defaults: { connection: 'maps', resultFile: { path: './{workflowId}/{id}.json' } },
  });
});

test('a batch that failed is exit code 1, with what became of its items', async () => {
  const { code, stderr, stdout } = await lro(['batch', 'start', '--wait', '--input', '-'], batchYaml('fail'));
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('failed (BatchFailed): 2 items did not succeed');
  expect(stderr).toMatch(/first +failed +OperationFailed +no such dataset/);
  expect(stderr).not.toMatch(/^ +at /m);
});

test('a cancelled batch is exit code 1', async () => {
  const { id } = await harness.lro.startBatch({ items: [{ id: 'first' }], defaults: { labels: { does: 'wait' } } });
  expect((await lro(['batch', 'cancel', id])).code).toBe(0);
  const { code, stderr } = await lro(['batch', 'result', id]);
  expect(stderr).toContain(`batch "${id}" was cancelled before all its items had an end\n`);
  expect(code).toBe(1);
});

test('a cancelled batch shows what became of its items, and where its report is', async () => {
  const id = randomUUID();
  const counts = { total: 2, succeeded: 1, failed: 0, uncertain: 0, canceled: 0, notStarted: 1, invalid: 0 };
  const times = {
    startedAt: '2026-11-25T02:00:00.000Z',
    completedAt: '2026-11-25T02:00:10.000Z',
    durationSeconds: 10,
    itemsPerSecond: 0.1,
  };
  await harness.client.workflow.start(RUN_BATCH, {
    workflowId: id,
    taskQueue: harness.taskQueue,
    args: [standInBatch('wait')],
    memo: { [CANCELED_MEMO]: { counts, ...times, report: { path: 'nightly.jsonl' } } },
  });
  await lro(['batch', 'cancel', id]);
  const { code, stdout, stderr } = await lro(['batch', 'result', id]);
  expect(stderr).toContain(`batch "${id}" was cancelled before all its items had an end\n`);
  expect(stderr).toMatch(/items +2: 1 succeeded, 1 notStarted/);
  expect(stderr).toMatch(/report +nightly\.jsonl/);
  expect(stdout).toBe('');
  expect(code).toBe(1);
});

test('a result that does not come in time is exit code 4, and the batch goes on', async () => {
  const id = randomUUID();
  const started = await lro(['batch', 'start', '--id', id, '--input', '-'], batchYaml('wait'));
  expect(started.stdout).toBe(`batch "${id}" is started\n`);
  const { code, stderr } = await lro(['batch', 'result', id, '--timeout-seconds', '0.2']);
  expect(stderr).toContain(
    `no answer from batch "${id}" within the time given; the batch goes on, its last problem: the service is busy: lro watch ${id}\n`,
  );
  expect(code).toBe(4);
});

test('a start under a used id says that it joined, or that the id belongs to another batch', async () => {
  const id = randomUUID();
  await lro(['batch', 'start', '--id', id, '--input', '-'], batchYaml('wait'));
  const again = await lro(['batch', 'start', '--id', id, '--input', '-'], batchYaml('wait'));
  expect(again).toMatchObject({
    code: 0,
    stdout: `batch "${id}" was started before with the same input; this call joined it and started nothing\n`,
  });
  expect(await lroJson(lro, ['batch', 'start', '--id', id, '--input', '-'], batchYaml('wait'))).toEqual({ id, started: false });
  const other = await lro(['batch', 'start', '--id', id, '--manifest', './other.jsonl']);
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect(other.stderr).toMatch(
    new RegExp(`^workflow id "${id}" belongs to another request: runBatch .*"batch of manifest ./other.jsonl".*\n$`),
  );
  await harness.finish(id);
});

test('a batch that nobody knows is exit code 1', async () => {
  const { code, stderr } = await lro(['batch', 'result', 'nobody']);
  expect(stderr).toBe('there is no batch "nobody" in namespace "default"; lro list names those there are\n');
  expect(code).toBe(1);
});

test.each<[string, string[], string, string]>([
  ['an unknown option', ['--imput', 'x'], '', "unknown option '--imput'"],
  ['no batch at all', [], '', 'name the batch with --input or --manifest'],
  ['a file that is not there', ['--input', '/nowhere.yaml'], '', '/nowhere.yaml does not exist; name the file'],
  ['what is no YAML', ['--input', '-'], 'items: [', 'standard input is not YAML or JSON'],
  ['what is no object', ['--input', '-'], '- 1', 'standard input must be an object'],
  ['a misspelt field', ['--input', '-'], 'manfest: { path: m }', 'manfest: is not a known key; did you mean "manifest"?'],
  ['two sources of items', ['--input', '-', '--manifest', 'm.jsonl'], batchYaml('succeed'), 'must have exactly one of "items"'],
  ['a number that is none', ['--manifest', 'm.jsonl', '--max-in-flight', 'many'], '', 'It must be a number.'],
])('%s is exit code 2', async (_, args, stdin, words) => {
  const { code, stderr } = await lro(['batch', 'start', ...args], stdin);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

test('a server that cannot be reached is exit code 3', async () => {
  const { code, stderr } = await unreachable;
  expect(stderr).toContain('Temporal cannot be reached at 127.0.0.1:1');
  expect(stderr).toContain('Set TEMPORAL_ADDRESS');
  expect(code).toBe(3);
});

test('help names the environment and the exit codes', async () => {
  const { code, stdout } = await lro(['--help']);
  expect(stdout).toContain('TEMPORAL_ADDRESS');
  expect(stdout).toContain('Exit codes: 0 done');
  expect(code).toBe(0);
});

test('batches are listed, and what failed is retried by id or by report', async () => {
  const id = `failed-${randomUUID()}`;
  await lro(['batch', 'start', '--id', id, '--wait', '--input', '-'], batchYaml('fail'));
  await eventually(
    async () => (await lro(['batch', 'list', '--limit', '1000'])).stdout,
    (listed) => listed.includes(id),
  );
  const again = await lroJson(lro, ['batch', 'retry-failed', id, '--outcome', 'failed', '--max-in-flight', '3', '--report', 'again.jsonl']);
  expect(await inputOf(again['id'] as string)).toEqual({
    retryOf: { workflowId: id, outcomes: ['failed'] },
    maxInFlight: 3,
    report: { path: 'again.jsonl' },
  });
  const ofReport = await lroJson(lro, ['batch', 'retry-failed', 'reports/nightly.jsonl']);
  expect(await inputOf(ofReport['id'] as string)).toEqual({ retryOf: { report: { path: 'reports/nightly.jsonl' } } });
  expect(await lro(['batch', 'retry-failed', 'nobody'])).toMatchObject({
    code: 1,
    stderr: 'there is no batch "nobody" in namespace "default"; lro list names those there are\n',
  });
  const open = randomUUID();
  await harness.lro.startBatch(standInBatch('wait'), { id: open });
  expect((await lro(['batch', 'retry-failed', open])).stderr).toContain(`batch "${open}" is still running`);
  await harness.finish(open);
});

test.each([100, 40])('on a terminal of %i columns a bar says how far a batch is, its rate and time left, in one line', async (columns) => {
  const { id } = await harness.lro.startBatch(standInBatch('wait'));
  const running = lroOnTerminal(['batch', 'result', id], harness, { columns });
  try {
    const seen = await running.shows(/█+ 2\/2 · 0 items\/s · ETA 1 min/);
    expect(seen.split('\n')).toHaveLength(1);
    if (columns === 100) expect(seen).toContain('ETA 1 min 5 s · 2 open · last problem: the service is bu…');
    await harness.finish(id);
    expect(await running.ended()).toBe(0);
    expect(await running.lines()).toContain('items      2: 2 succeeded');
  } finally {
    await running.close();
  }
});

test('without a terminal it is a line, and the id comes before anything is waited for', async () => {
  const id = `waited-${randomUUID()}`;
  const running = startLro(['batch', 'start', '--wait', '--id', id, '--input', fileWith(batchYaml('wait'))], harness);
  try {
    const written = await running.writes(/items\/s/);
    expect(written).toMatch(new RegExp(`^batch "${id}" is started\n2/2 · 0 items/s · ETA 1 min 5 s · 2 open`));
    await harness.finish(id);
    expect((await running.ended()).code).toBe(0);
  } finally {
    running.kill();
  }
});

/** What a workflow was started with. */
async function inputOf(id: string): Promise<unknown> {
  const { events } = await harness.client.workflow.getHandle(id).fetchHistory();
  return JSON.parse(Buffer.from(events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!.data!).toString());
}
