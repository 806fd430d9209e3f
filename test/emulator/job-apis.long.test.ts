/** Each preset against its API as the emulator plays it, followed by a real worker: to a result through a bad stretch, to a failure, and cancelled. */
import { OperationError } from '../../src/client';
import type { Json, OperationInput } from '../../src/contract';
import type { Emulator } from '../../src/emulator';
import { startEmulator } from '../../src/emulator';
import { PRESETS } from '../../src/lro/dialects';
import { eventually } from '../support/eventually';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

interface Row {
  preset: string;
  path?: string;
  /** Part of the result. */
  result?: object;
  /** The API tells no reason of a failure, or knows no way to cancel. */
  lacks?: 'reason' | 'cancel';
}

const INPUT = { size: 3 };
const given = (path: string): Json => ({ path, input: INPUT });

const rows: Row[] = [
  { preset: 'aip-151', path: '/images:render', result: { body: given('/images:render') } },
  { preset: 'ogc-processes', path: '/processes/echo/execution', result: { body: given('/processes/echo/execution') } },
  { preset: 'openeo', path: '/jobs', result: { body: given('/jobs') }, lacks: 'reason' },
  { preset: 'openai-batches', path: '/batches', result: { body: given('/batches') } },
  {
    preset: 'openai-videos',
    path: '/videos',
    result: { resourceLocation: expect.stringMatching(/\/videos\/[^/]+\/content$/) },
    lacks: 'cancel',
  },
  { preset: 'replicate', path: '/predictions', result: { body: given('/predictions') } },
  { preset: 'fal-queue', path: '/fal-ai/fast-sdxl', result: { body: given('/fal-ai/fast-sdxl') } },
  { preset: 'snowflake-sql', path: '/api/v2/statements', result: { body: { code: '090001' } } },
  { preset: 'databricks-runs', path: '/jobs/runs/submit', result: { body: { state: { result_state: 'SUCCESS' } } } },
  { preset: 'fhir-export', path: '/Patient/$export', result: { body: { output: [{ type: 'Patient' }] } } },
  { preset: 'durable-functions', path: '/api/orchestrators/render', result: { body: given('/api/orchestrators/render') } },
];

const PAGE = '<!DOCTYPE html><html><body>Maintenance</body></html>';
let emulator: Emulator;
let harness: TestHarness;
const outcomes = new Map<string, Promise<Outcomes>>();

interface Outcomes {
  succeeded: unknown;
  failed: unknown;
  canceled: unknown;
}

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  const connections = Object.fromEntries(
    rows.map(({ preset }) => [
      preset,
      {
        baseUrl: `${emulator.url}/apis/${preset}`,
        dialect: { preset, backoff: { firstSeconds: 0.1, maxSeconds: 0.2, factor: 1.5 } },
        poll: { defaultSeconds: 0.1 },
      },
    ]),
  );
  harness = await startTestHarness(testConfig(connections));
  for (const { preset } of rows) {
    const match = { method: 'GET', path: `^/apis/${preset}/` };
    await emulator.admin.addFault({ match, action: { answer: { httpStatus: 503 } } });
    await emulator.admin.addFault({ match, action: { cut: 'beforeAccept' } });
    await emulator.admin.addFault({ match, action: { answer: { httpStatus: 200, headers: { 'Content-Type': 'text/html' }, body: PAGE } } });
  }
  await emulator.admin.addFault({ match: { method: 'POST', path: '^/apis/openeo/jobs/' }, action: { cut: 'afterAccept' } });
  // All at once: most of the time they wait.
  for (const row of rows) outcomes.set(row.preset, follow(row));
}, 60_000);

afterAll(async () => {
  await Promise.allSettled(outcomes.values());
  await harness.close();
  await emulator.close();
});

async function follow({ preset, path = '/jobs' }: Row): Promise<Outcomes> {
  const input = (plan: object): OperationInput => ({
    connection: preset,
    submit: { method: 'POST', path, body: INPUT, headers: { 'Emulator-Plan': JSON.stringify(plan) } },
    deadlineSeconds: 60,
  });
  const id = (end: string): string => `${preset}-${end}-${harness.taskQueue}`;
  const succeeded = await harness.lro.execute(input({}), { id: id('succeeds') });
  const error = { code: 'DiskFull', message: 'the disk is full' };
  const [failed, canceled] = await Promise.all([
    harness.lro.execute(input({ finish: 'Failed', error }), { id: id('fails') }).catch((reason: unknown) => reason),
    canceledWhilePolled(input({ durationSeconds: 600 }), id('cancels')),
  ]);
  return { succeeded, failed, canceled };
}

async function canceledWhilePolled(input: OperationInput, id: string): Promise<unknown> {
  const handle = await harness.lro.start(input, { id });
  await eventually(
    () => handle.progress(),
    ({ polls }) => polls > 1,
  );
  await handle.cancel();
  return handle.result().catch((reason: unknown) => reason);
}

test('every preset has a row', () => {
  expect(rows.map(({ preset }) => preset).sort()).toEqual(Object.keys(PRESETS).sort());
});

describe.each(rows)('$preset', ({ preset, result, lacks }) => {
  const of = async (): Promise<Outcomes> =>
    (await outcomes.get(preset)) ?? { succeeded: undefined, failed: undefined, canceled: undefined };

  it('comes to its result through a 503, a lost answer and a page of a gateway', async () => {
    expect((await of()).succeeded).toMatchObject({ status: 'Succeeded', ...result });
  }, 60_000);

  it('fails with the words of the service', async () => {
    const { failed } = await of();
    expect(failed).toBeInstanceOf(OperationError);
    expect(failed).toMatchObject({ type: 'OperationFailed' });
    if (lacks !== 'reason') expect((failed as OperationError).message).toContain('the disk is full');
  }, 60_000);

  it('is cancelled at the service', async () => {
    expect((await of()).canceled).toBeInstanceOf(Error);
    const { operations } = await emulator.admin.operations();
    const mine = operations.filter(({ family }) => family === preset);
    expect(mine.map(({ submitCount }) => submitCount)).toEqual([1, 1, 1]);
    const canceled = mine.find(({ durationSeconds }) => durationSeconds === 600);
    expect(canceled?.status).toBe(lacks === 'cancel' ? 'NotStarted' : 'Canceled');
  }, 60_000);
});
