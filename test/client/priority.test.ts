/** Priority and fairness of what is started: said by the start alone, inherited by all that comes of it. */
import { randomUUID } from 'node:crypto';
import { LroClient, RUN_BATCH, RUN_OPERATION, type BatchInput, type PriorityOptions } from '../../src/client';
import { priorityOf, type FairnessBy } from '../../src/client/priority';
import { startEmulator, type Emulator } from '../../src/emulator';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

const LABELLED: BatchInput = { manifest: { path: 'm' }, defaults: { connection: 'maps', labels: { team: 'geo' } } };

test.each<[string, string, object, FairnessBy, PriorityOptions | undefined, PriorityOptions]>([
  ['an operation', RUN_OPERATION, { connection: 'maps' }, 'connection', undefined, { fairnessKey: 'maps' }],
  ['one without a connection', RUN_OPERATION, {}, 'connection', undefined, { fairnessKey: 'default' }],
  ['a batch comes after it', RUN_BATCH, LABELLED, 'connection', undefined, { priorityKey: 4, fairnessKey: 'maps' }],
  ['a batch of items', RUN_BATCH, { items: [{ connection: 'maps' }] }, 'connection', undefined, { priorityKey: 4, fairnessKey: 'maps' }],
  ['by label', RUN_BATCH, LABELLED, { label: 'team' }, undefined, { priorityKey: 4, fairnessKey: 'geo' }],
  ['without that label', RUN_OPERATION, { connection: 'maps', labels: { team: 7 } }, { label: 'team' }, undefined, {}],
  ['by nothing', RUN_BATCH, LABELLED, 'none', undefined, { priorityKey: 4 }],
  [
    'as the start says',
    RUN_BATCH,
    LABELLED,
    'connection',
    { priorityKey: 1, fairnessKey: 'a', fairnessWeight: 2 },
    { priorityKey: 1, fairnessKey: 'a', fairnessWeight: 2 },
  ],
  ['a long name', RUN_OPERATION, { connection: 'ü'.repeat(40) }, 'connection', undefined, { fairnessKey: 'ü'.repeat(32) }],
  [
    'an input that is no such thing',
    RUN_BATCH,
    { items: [null], defaults: null },
    'connection',
    undefined,
    { priorityKey: 4, fairnessKey: 'default' },
  ],
])('%s', (_, workflowType, input, fairnessBy, given, expected) => {
  expect(priorityOf(workflowType, input, fairnessBy, given)).toEqual(expected);
});

test('a wrong priority is refused with every mistake', () => {
  const given = { priorityKey: 6, fairnessKey: 'x'.repeat(65), fairnessWeight: 0 };
  expect(() => priorityOf(RUN_OPERATION, {}, 'connection', given)).toThrow(
    'priorityKey: must be a whole number from 1 (first) to 5 (last); fairnessKey: must be at most 64 bytes; fairnessWeight: must be a number from 0.001 to 1000',
  );
});

describe('on a server', () => {
  let emulator: Emulator;
  let harness: TestHarness;

  beforeAll(async () => {
    emulator = await startEmulator({ port: 0 });
    const connection = { baseUrl: emulator.url, query: { 'api-version': '2.0' } };
    harness = await startTestHarness(testConfig({ maps: connection }), { continueAsNewAfterEvents: 30 });
  });

  afterAll(async () => {
    await harness.close();
    await emulator.close();
  });

  const submit = {
    path: '/mapData',
    query: { dataFormat: 'geojson' },
    headers: { 'Emulator-Plan': JSON.stringify({ retryAfter: '1', hold: true }) },
    body: { type: 'FeatureCollection', features: [] },
  };

  const priorityIn = async (id: string): Promise<PriorityOptions> => {
    return (await harness.client.workflow.getHandle(id).describe()).priority ?? {};
  };

  test('a batch, its shards and the runs that continue them have the one of its start', async () => {
    const id = randomUUID();
    const items = [1, 2].map((number) => ({ id: `item-${number}`, submit }));
    const priority = { priorityKey: 5, fairnessKey: 'tiles', fairnessWeight: 2 };
    const batch = await harness.lro.startBatch({ items, defaults: { connection: 'maps' } }, { id, priority });
    const query = `TaskQueue = '${harness.taskQueue}' AND WorkflowType = 'runShard' AND ExecutionStatus = 'ContinuedAsNew'`;
    const shards = await eventually(
      async () => {
        const found: string[] = [];
        for await (const { workflowId } of harness.client.workflow.list({ query })) found.push(workflowId);
        return found;
      },
      (found) => found.length > 0,
    );
    expect(await priorityIn(id)).toEqual(priority);
    expect(await priorityIn(shards[0]!)).toEqual(priority);
    await batch.cancel();
    await expect(batch.result()).rejects.toThrow();
  });

  test('an operation comes before a batch that says nothing, also by its first update', async () => {
    const started = await harness.lro.startAndWaitAccepted({ connection: 'maps', submit }, { id: randomUUID() });
    const batch = await harness.lro.startBatch({ items: [{ id: 'a', submit }], defaults: { connection: 'maps' } }, { id: randomUUID() });
    expect(await priorityIn(started.id)).toMatchObject({ fairnessKey: 'maps' });
    expect((await priorityIn(started.id)).priorityKey ?? 0).toBeLessThan(4);
    expect(await priorityIn(batch.id)).toMatchObject({ priorityKey: 4, fairnessKey: 'maps' });
    await Promise.all([started.cancel(), batch.cancel()]);
  });

  test('a schedule hands it to its batches', async () => {
    const id = `priority-${harness.taskQueue}`;
    const lro = new LroClient({ client: harness.client, taskQueue: harness.taskQueue, fairnessBy: { label: 'team' } });
    await lro.schedules.create({
      id,
      times: { cron: ['0 0 1 1 * 2099'] },
      batch: { items: [{ id: 'a', submit }], defaults: { connection: 'maps', labels: { team: 'geo' } } },
      priority: { priorityKey: 2 },
    });
    expect(await lro.schedules.describe(id)).toMatchObject({ priority: { priorityKey: 2, fairnessKey: 'geo' } });
    await lro.schedules.trigger(id);
    const { recentRuns } = await eventually(
      () => lro.schedules.describe(id),
      ({ recentRuns: runs }) => runs.length > 0,
    );
    expect(await priorityIn(recentRuns[0]!.workflowId)).toMatchObject({ priorityKey: 2, fairnessKey: 'geo' });
    await lro.schedules.delete(id);
    await lro.getBatch(recentRuns[0]!.workflowId).cancel();
  });
});
