/** A program with workflows and activities of its own takes operations into its worker by a plugin. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { LroClient } from '../../src/client';
import { typedFailure } from '../../src/client/errors';
import type { OperationInput } from '../../src/contract';
import { startEmulator, type Emulator } from '../../src/emulator';
import { loadConfig, LroPlugin } from '../../src/plugin';
import { writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { openHarness, quietRuntime } from '../workflows/harness';
import { hostActivities } from './host-activities';
import type { refreshMap, Refresh } from './host-workflows';
import { shiftingCodec } from './shifting-codec';

const HOST_WORKFLOWS = join(__dirname, 'host-workflows.ts');

let emulator: Emulator;
let configPath: string;
let native: NativeConnection;
let connection: Connection;
let client: Client;
let plugin: LroPlugin;

/** Made by the host before its worker starts. */
let workflowBundle: { code: string };

beforeAll(async () => {
  quietRuntime();
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  configPath = writeConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } });
  plugin = new LroPlugin({ config: loadConfig(configPath), dataConverter: { payloadCodecs: [shiftingCodec] } });
  workflowBundle = await bundleWorkflowCode({ workflowsPath: HOST_WORKFLOWS, plugins: [plugin], logger: new DefaultLogger('ERROR') });
  native = await NativeConnection.connect({ address: sharedAddress() });
  connection = await Connection.connect({ address: sharedAddress() });
  client = new Client({ connection });
});

afterAll(async () => {
  await native.close();
  await connection.close();
  await emulator.close();
});

const upload: OperationInput = {
  connection: 'maps',
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
};
const REFUSED: OperationInput = { connection: 'maps', submit: { path: '/tilesets', query: { datasetId: 'none' } } };

/** Runs a host's worker on a task queue of its own while `work` goes on. */
async function withHost<T>(options: Partial<WorkerOptions>, work: (taskQueue: string, worker: Worker) => Promise<T>): Promise<T> {
  const taskQueue = `host-${randomUUID()}`;
  const worker = await Worker.create({ connection: native, taskQueue, activities: hostActivities, ...options });
  return worker.runUntil(() => work(taskQueue, worker));
}

function refresh(taskQueue: string, request: Refresh, by = client): Promise<WorkflowHandle<typeof refreshMap>> {
  return by.workflow.start<typeof refreshMap>('refreshMap', { workflowId: randomUUID(), taskQueue, args: [request] });
}

/** Bundles once more: with `LRO_LONG=1`. */
const longTest = process.env['LRO_LONG'] === '1' ? test : test.skip;

longTest('workflows of the host run operations on its own task queue, beside its own activities', async () => {
  // Of the connection, and of the worker too: once is enough, and twice is no more.
  const plugins = [new LroPlugin({ config: configPath })];
  const withPlugin = await NativeConnection.connect({ address: sharedAddress(), plugins });
  await withHost({ workflowsPath: HOST_WORKFLOWS, connection: withPlugin, plugins }, async (taskQueue, worker) => {
    const id = randomUUID();
    const lro = new LroClient({ client, taskQueue });
    const done = await refresh(taskQueue, { id, input: upload });
    expect(await done.result()).toBe(`noted ${String((await lro.get(id).result()).resourceId)}`);
    // The host's own default takes what nobody knows.
    expect(await client.workflow.execute('noSuchType', { workflowId: randomUUID(), taskQueue })).toBe('unknown');
    // Its identity tells other workers which file it has.
    expect(worker.options.identity).toMatch(/file/);
    const error: unknown = await (await refresh(taskQueue, { id: randomUUID(), input: REFUSED })).result().catch((err: unknown) => err);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(typedFailure(error)).toMatchObject({ type: 'SubmissionRejected', httpStatus: 400 });
  });
  await withPlugin.close();
});

test('workflows of the host run operations on the task queue of another worker', async () => {
  const harness = await openHarness({ nativeConnection: native, client }, { config: loadConfig(configPath) });
  try {
    await withHost({ workflowBundle }, async (taskQueue) => {
      const [id, cancelled] = [randomUUID(), randomUUID()];
      const done = await refresh(taskQueue, { id, input: upload, taskQueue: harness.taskQueue });
      expect(await done.result()).toBe(`noted ${String((await harness.lro.get(id).result()).resourceId)}`);
      const held = { ...upload.submit, headers: { 'Emulator-Plan': '{"hold":true}' } };
      const open = await refresh(taskQueue, { id: cancelled, input: { ...upload, submit: held }, taskQueue: harness.taskQueue });
      const progressOf = () =>
        harness.lro
          .get(cancelled)
          .progress()
          .catch(() => undefined);
      await eventually(progressOf, (progress) => progress?.operationId !== undefined);
      await open.cancel();
      await expect(open.result()).rejects.toThrow('cancelled');
      expect((await client.workflow.getHandle(cancelled).describe()).status.name).toBe('CANCELLED');
    });
  } finally {
    await harness.close();
  }
});

test('a bundle that the host makes before holds both, and its data converter is that of clients and workers', async () => {
  const by = new Client({ connection, plugins: [plugin] });
  await withHost({ workflowBundle, plugins: [plugin] }, async (taskQueue) => {
    const id = randomUUID();
    const done = await refresh(taskQueue, { id, input: upload }, by);
    const noted = await done.result();
    const { resourceId } = await new LroClient({ client: by, taskQueue }).get(id).result();
    expect(noted).toBe(`noted ${String(resourceId)}`);
    const refused: unknown = await (
      await refresh(taskQueue, { id: randomUUID(), input: REFUSED }, by)
    )
      .result()
      .catch((err: unknown) => err);
    expect(typedFailure(refused)).toMatchObject({ type: 'SubmissionRejected', httpStatus: 400 });
    for (const { events } of await Promise.all([done.fetchHistory(), client.workflow.getHandle(id).fetchHistory()])) {
      const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const written = Buffer.from(input?.data ?? []);
      expect(written.includes('FeatureCollection')).toBe(false);
      expect(written.includes('GfbuvsfDpmmfdujpo')).toBe(true);
    }
  });
});

test('a workflow of the host with a name of this project stops all of them, with the reason', () => {
  const loaded = (host: object) => (): unknown => {
    jest.resetModules();
    jest.doMock('../../src/plugin/host-workflows', () => host);
    return jest.requireActual('../../src/plugin/all-workflows');
  };
  expect(loaded({ runBatch: () => undefined })).toThrow(
    'workflow type "runBatch" is durable-lro\'s: export the workflow of the host under another name',
  );
  expect(loaded({ refreshMap: () => undefined })()).toHaveProperty('refreshMap');
});

test('what the host has set stays, but no drain is shorter than an HTTP exchange', () => {
  const serving = new LroPlugin({ config: configPath, nexus: true });
  const given = {
    taskQueue: 'host',
    activities: hostActivities,
    shutdownForceTime: '20 seconds',
    maxHeartbeatThrottleInterval: 5000,
  } as const;
  const options = serving.configureWorker(given);
  expect(options).toMatchObject({ shutdownGraceTime: 40_000, shutdownForceTime: 50_000, maxHeartbeatThrottleInterval: 5000 });
  expect(Object.keys(options.activities ?? {})).toEqual(expect.arrayContaining(['noted', 'lro.submit']));
  expect(options.nexusServices).toHaveLength(1);
  expect(serving.configureWorker(options)).toBe(options);
  expect(serving.configureWorker({ ...given, shutdownGraceTime: '10 minutes' })).toMatchObject({
    shutdownGraceTime: 600_000,
    shutdownForceTime: 610_000,
  });
  // Without workflows of the host: this project's.
  expect(options.workflowsPath).toBe(join(__dirname, '../../src/workflows'));
  expect(serving.configureWorker({ ...given, workflowsPath: HOST_WORKFLOWS }).workflowsPath).toBe(HOST_WORKFLOWS);
});
