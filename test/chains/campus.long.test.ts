/** Batches whose items are chains: the buildings of a campus, gathered step by step into the same submits and polls. */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchItem, BuildTilesetInput, ChainResult, ItemReport } from '../../src/client';
import { buildDrawingPackage } from '../../src/emulator';
import { eventually } from '../support/eventually';
import { startChainHarness, type ChainHarness } from './harness';

let harness: ChainHarness;
beforeAll(async () => {
  harness = await startChainHarness();
});
afterEach(async () => {
  await harness.emulator.admin.removeFaults();
  await harness.emulator.admin.reset();
});
afterAll(() => harness.close());

function linesOf(path: string): Map<string, ItemReport> {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as ItemReport).map((report) => [report.id, report]));
}

/** Writes so many packages, of which the named ones are broken. */
async function campus(
  count: number,
  breaks: Record<number, 'missingDwg' | 'badJson' | 'unknownLayer' | 'noZip'> = {},
): Promise<BatchItem[]> {
  const items: BatchItem[] = [];
  for (let number = 0; number < count; number++) {
    const broken = breaks[number];
    const content =
      broken === 'noZip'
        ? Buffer.from('this is no archive')
        : await buildDrawingPackage({ facilityName: `Building ${number}`, ...(broken && { broken }) });
    const path = harness.addFile(`building-${number}.zip`, content);
    items.push({ kind: 'tileset', id: `building-${number}`, package: { path }, descriptions: { tileset: `Building ${number}` } });
  }
  return items;
}

async function count(path: string): Promise<number> {
  return (await harness.submits()).filter((one) => one === path).length;
}

test('a campus of 50 buildings, started by a schedule, 5 of them broken, gives 45 tilesets and 5 named failures; after mending a retry gives 50', async () => {
  const breaks = { 3: 'missingDwg', 11: 'badJson', 22: 'unknownLayer', 33: 'noZip', 44: 'missingDwg' } as const;
  const items = await campus(50, breaks);
  const common = { defaults: { connection: 'maps', labels: { campus: '7' } } };
  const schedule = `campus-${randomUUID()}`;
  const nightly = { items, ...common, report: { path: join(harness.folder, 'campus-{runId}.jsonl') } };
  await harness.lro.schedules.create({ id: schedule, times: { cron: ['0 2 1 1 * 2099'] }, batch: nightly });
  await harness.lro.schedules.trigger(schedule);
  const { recentRuns } = await eventually(
    () => harness.lro.schedules.describe(schedule),
    (described) => described.recentRuns.length === 1,
  );
  await harness.lro.schedules.delete(schedule);
  const first = harness.lro.getBatch(recentRuns[0]!.workflowId);
  const { counts, firstFailures, report } = await first.result();
  const lines = linesOf(report!.path!);
  expect(counts).toMatchObject({ total: 50, succeeded: 45, failed: 5 });
  expect(firstFailures).toHaveLength(5);
  const words = { 3: /Level_2\.dwg/, 11: /manifest/i, 22: /NO-SUCH-LAYER/, 33: /archive/i, 44: /Level_2\.dwg/ };
  for (const [number, pattern] of Object.entries(words)) {
    expect(lines.get(`building-${number}`)).toMatchObject({
      kind: 'tileset',
      outcome: 'failed',
      labels: { campus: '7' },
      failure: {
        type: 'StepFailed',
        step: 'conversion',
        message: expect.stringMatching(pattern),
        cause: { type: 'OperationFailed', error: expect.anything() },
        made: { upload: { resourceId: expect.any(String) } },
        // A package that is wrong is uploaded anew once it is mended.
        resumeFrom: { package: { path: expect.stringContaining(`building-${number}.zip`) } },
      },
    });
  }
  const good = lines.get('building-0')!;
  expect(good).toMatchObject({ outcome: 'succeeded', result: { status: 'Succeeded', labels: { campus: '7' } } });
  const { made, steps } = good.result as ChainResult;
  expect(Object.keys(made)).toEqual(['upload', 'conversion', 'dataset', 'tileset']);
  expect(steps.map(({ id, submittedAt, completedAt, polls }) => [id, typeof submittedAt, typeof completedAt, polls > 0])).toEqual(
    ['upload', 'conversion', 'dataset', 'tileset'].map((id) => [id, 'string', 'string', true]),
  );
  const tileset = (await (await fetch(`${made['tileset']!.resourceLocation!}?api-version=2.0`)).json()) as Record<string, unknown>;
  expect(tileset).toMatchObject({ description: 'Building 0', datasetId: made['dataset']!.resourceId });

  for (const number of Object.keys(breaks)) {
    writeFileSync(join(harness.folder, `building-${number}.zip`), await buildDrawingPackage({ facilityName: `Building ${number}` }));
  }
  const again = join(harness.folder, 'again.jsonl');
  const second = await harness.lro.startBatch({ retryOf: { workflowId: first.id }, ...common, report: { path: again } });
  expect((await second.result()).counts).toMatchObject({ total: 5, succeeded: 5 });
  const retried = [...linesOf(again).values()].map(({ outcome, generation }) => `${outcome} ${generation}`);
  expect(retried).toEqual(Array<string>(5).fill('succeeded 1'));
  expect(await Promise.all(['/mapData', '/conversions', '/datasets', '/tilesets'].map(count))).toEqual([55, 55, 50, 50]);
  const keys = (await harness.requests('POST')).map(({ headers }) => headers['operation-id']);
  expect(new Set(keys).size).toBe(210);
}, 180_000);

test('steps of different buildings go into the same submits and polls', async () => {
  await harness.emulator.admin.setDefaults({ durationSeconds: 0, retryAfter: '1' });
  const batch = await harness.lro.startBatch({ items: await campus(20), defaults: { connection: 'maps' } });
  expect((await batch.result()).counts).toMatchObject({ succeeded: 20 });
  const activities = await activitiesOf(batch.id);
  // 80 operations: alone they would be 80 of each.
  expect(activities.filter((name) => name === 'lro.submit').length).toBeLessThanOrEqual(12);
  expect(activities.filter((name) => name === 'lro.ask').length).toBeLessThanOrEqual(16);
});

test('a retry goes on from where each building failed, and makes nothing again', async () => {
  const no = { httpStatus: 400, body: { error: { code: 'BadRequest', message: 'not today' } } };
  await harness.emulator.admin.addFault({ match: { method: 'POST', path: '^/datasets$' }, times: 3, action: { answer: no } });
  const report = join(harness.folder, 'resumed.jsonl');
  const first = await harness.lro.startBatch({ items: await campus(6), defaults: { connection: 'maps' }, report: { path: report } });
  expect((await first.result()).counts).toMatchObject({ succeeded: 3, failed: 3 });
  const failed = [...linesOf(report).values()].filter(({ outcome }) => outcome === 'failed');
  for (const { failure } of failed) {
    expect(failure).toMatchObject({
      step: 'dataset',
      cause: { type: 'SubmissionRejected' },
      resumeFrom: { conversionId: expect.any(String) },
    });
  }
  const second = await harness.lro.startBatch({ retryOf: { report: { path: report } } });
  expect((await second.result()).counts).toMatchObject({ total: 3, succeeded: 3 });
  expect(await Promise.all(['/mapData', '/conversions', '/datasets', '/tilesets'].map(count))).toEqual([6, 6, 9, 6]);
});

test('chains, tilesets and operations stand in one batch; broken items are named before anything is sent', async () => {
  const [tileset] = await campus(1);
  const geojson = { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection' } };
  const chain: BatchItem = {
    kind: 'chain',
    id: 'chain',
    connection: 'maps',
    steps: [
      { id: 'one', submit: geojson },
      {
        id: 'two',
        submit: { path: '/styles', query: { description: '{{steps.one.resourceId}}' }, body: { of: '{{steps.one.operationId}}' } },
      },
    ],
  };
  const operation: BatchItem = { id: 'operation', submit: geojson };
  const refused = await harness.lro.startBatch({ items: [tileset!, { ...chain, steps: [] }, { kind: 'tileset', id: 'x' }] });
  await expect(refused.result()).rejects.toMatchObject({
    type: 'InvalidInput',
    message: expect.stringMatching(/items\[1\]: .*steps: must have at least one step.*items\[2\]: .*must have exactly one of "package"/),
  });
  expect(await harness.submits()).toEqual([]);
  const report = join(harness.folder, 'mixed.jsonl');
  const batch = await harness.lro.startBatch({
    items: [tileset!, chain, operation],
    defaults: { connection: 'maps' },
    report: { path: report },
  });
  expect((await batch.result()).counts).toMatchObject({ succeeded: 3 });
  const lines = linesOf(report);
  expect(lines.get('chain')).toMatchObject({ kind: 'chain', result: { made: { one: {}, two: {} } } });
  const style = (await harness.requests('POST')).find(({ path }) => path === '/styles')!;
  expect(style.query).toContain((lines.get('chain')!.result as ChainResult).made['one']!.resourceId!);
  expect(lines.get('operation')).toMatchObject({ kind: 'operation', result: { status: 'Succeeded' } });
});

test('a shard that continues as new carries what its items have made', async () => {
  const short = await startChainHarness({ continueAsNewAfterEvents: 30 });
  try {
    const items: BatchItem[] = [];
    for (let number = 0; number < 5; number++)
      items.push({ kind: 'tileset', id: `b-${number}`, package: { path: await short.addPackage() } });
    const batch = await short.lro.startBatch({ items, defaults: { connection: 'maps', onUncertainSubmit: 'fail' } });
    expect((await batch.result()).counts).toMatchObject({ succeeded: 5 });
    const submits = await short.submits();
    expect(submits).toHaveLength(20);
    const { executions } = {
      executions: short.client.workflow.list({ query: `WorkflowType = 'runShard' AND TaskQueue = '${short.taskQueue}'` }),
    };
    await eventually(
      async () => {
        const statuses: string[] = [];
        for await (const { status } of executions) statuses.push(status.name);
        return statuses;
      },
      (statuses) => statuses.includes('CONTINUED_AS_NEW'),
    );
  } finally {
    await short.close();
  }
});

test('a batch that is cancelled ends its buildings at their steps, says what each has made, and cleans up where it was told to', async () => {
  await harness.emulator.admin.addFault({
    match: { method: 'POST', path: '^/datasets$' },
    times: 0,
    action: { answer: { httpStatus: 429, headers: { 'retry-after': '1' } } },
  });
  const items = (await campus(4)).map((item, index) => (index < 2 ? { ...item, cleanup: 'onFailure' as const } : item));
  const report = join(harness.folder, 'cancelled.jsonl');
  const batch = await harness.lro.startBatch({ items, defaults: { connection: 'maps' }, report: { path: report } });
  for (const index of [0, 1, 2, 3]) {
    await eventually(
      () => batch.item(`building-${index}`),
      ({ step }) => step === 'dataset',
    );
  }
  await batch.cancel();
  await expect(batch.result()).rejects.toMatchObject({ name: 'BatchCancelledError' });
  const lines = linesOf(report);
  for (const index of [0, 1]) {
    expect(lines.get(`building-${index}`)).toMatchObject({
      outcome: 'canceled',
      failure: {
        type: 'StepFailed',
        step: 'dataset',
        made: {},
        cleanup: [
          { step: 'conversion', deleted: true },
          { step: 'upload', deleted: true },
        ],
        resumeFrom: { package: {} },
      },
    });
  }
  for (const index of [2, 3]) {
    expect(lines.get(`building-${index}`)).toMatchObject({
      outcome: 'canceled',
      failure: { made: { upload: {}, conversion: {} }, resumeFrom: { conversionId: expect.any(String) } },
    });
  }
  expect(await harness.requests('DELETE')).toHaveLength(4);
});

test('the deadline of an item holds for all its steps', async () => {
  await harness.emulator.admin.addFault({
    match: { method: 'GET', path: '^/conversions/operations/' },
    times: 0,
    action: { answer: { httpStatus: 404 } },
  });
  await harness.emulator.admin.addFault({
    match: { method: 'POST', path: '^/conversions$' },
    times: 0,
    action: { changeHeaders: { set: { 'retry-after': '3600' } } },
  });
  const [item] = await campus(1);
  const report = join(harness.folder, 'deadline.jsonl');
  const input = { ...(item as BuildTilesetInput), deadlineSeconds: 4 };
  const batch = await harness.lro.startBatch({ items: [input as BatchItem], defaults: { connection: 'maps' }, report: { path: report } });
  expect((await batch.result()).counts).toMatchObject({ failed: 1 });
  const { failure } = linesOf(report).get('building-0')!;
  expect(failure).toMatchObject({
    step: 'conversion',
    cause: { type: 'DeadlineExceeded', operationId: expect.any(String) },
    resumeFrom: { udid: expect.any(String) },
  });
});

/** Names of the activities of a batch's shards, in order. */
async function activitiesOf(batchId: string): Promise<string[]> {
  const { raw } = await harness.client.workflow.getHandle(batchId).describe();
  const firstRunId = raw.workflowExecutionInfo?.execution?.runId ?? '';
  const { events } = await harness.client.workflow.getHandle(`${batchId}/${firstRunId}/0`).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? []);
}
