/**
 * The worker is killed (SIGKILL) in every step of a chain and between its steps, alone and in a batch: in at-most-once mode the service
 * sees one upload, one conversion, one dataset and one tileset.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient, type BatchItem, type ChainHandle } from '../../src/client';
import type { Child } from '../../src/devserver';
import { buildDrawingPackage } from '../../src/emulator';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startEmulatorProcess, startWorkerProcess, type EmulatorProcess } from '../support/programs';
import { described } from './harness';

const STEPS = ['upload', 'conversion', 'dataset', 'tileset'] as const;
const PATHS = { upload: '/mapData', conversion: '/conversions', dataset: '/datasets', tileset: '/tilesets' } as const;

const folder = temporaryFolder();

/** Four kills, each with what Temporal needs to notice it. */
const TIMEOUT_MS = 300_000;

/** A service and a worker of a test's own, on a task queue of their own. */
interface Processes {
  taskQueue: string;
  emulator: EmulatorProcess;
  lro: LroClient;
  /** Kills the worker and starts another. */
  killWorker: () => Promise<void>;
}

/** Tests that run side by side: what they wait for is mostly that Temporal notices the end of a worker. */
function killTest(name: string, work: (processes: Processes) => Promise<void>): void {
  const run = async (): Promise<void> => {
    const taskQueue = `killed-${randomUUID()}`;
    const options = { port: '0', idempotency: 'false', 'operation-seconds': '0.1', 'retry-after-seconds': '1' };
    const emulator = await startEmulatorProcess(Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]));
    const maps = { baseUrl: emulator.url, query: { 'api-version': '2.0' } };
    const configPath = writeConfig({ maps }, { files: { readBelow: [folder] } });
    const startWorker = (): Promise<Child> => startWorkerProcess({ configPath, address: sharedAddress(), taskQueue });
    const connection = await Connection.connect({ address: sharedAddress() });
    const lro = new LroClient({ client: new Client({ connection }), taskQueue });
    let worker: Child | undefined;
    const killWorker = async (): Promise<void> => {
      await worker?.kill();
      worker = await startWorker();
    };
    try {
      worker = await startWorker();
      await work({ taskQueue, emulator, lro, killWorker });
    } finally {
      await Promise.all([worker?.kill(), emulator.kill()]);
      await connection.close();
    }
  };
  test.concurrent(name, run, TIMEOUT_MS);
}

async function packageFile(name: string): Promise<{ path: string }> {
  const path = join(folder, `${name}.zip`);
  writeFileSync(path, await buildDrawingPackage({ facilityName: name }));
  return { path };
}

/** Submits that came to the service for one step. */
async function submitsOf({ emulator }: Processes, step: (typeof STEPS)[number], name = ''): Promise<number> {
  const posts = await emulator.admin.requests({ method: 'POST', path: `^${PATHS[step]}$`, query: `description=${name}` });
  return posts.length;
}

async function expectOneOfEach(processes: Processes, name: string): Promise<void> {
  expect(await Promise.all(STEPS.map((step) => submitsOf(processes, step, `${name}.`)))).toEqual([1, 1, 1, 1]);
}

/** Starts a chain whose operations end when the test says so. */
async function start({ emulator, lro, taskQueue }: Processes, name: string): Promise<ChainHandle> {
  await emulator.admin.setDefaults({ hold: true });
  const input = { connection: 'maps', package: await packageFile(name), descriptions: described(name), onUncertainSubmit: 'fail' as const };
  return lro.buildTileset(input, { id: `${name}-${taskQueue}` });
}

/** The operation of a step, once it waits for its next poll. */
async function openStep(handle: ChainHandle, step: string): Promise<string> {
  const progress = await eventually(
    () => handle.progress(),
    (one) => one.steps.some(({ id, phase, polls }) => id === step && phase === 'waiting' && polls > 0),
    120,
  );
  return progress.steps.find(({ id }) => id === step)?.operationId ?? '';
}

killTest('killed while each step is open at the service', async (processes) => {
  const { emulator, killWorker } = processes;
  const handle = await start(processes, 'within');
  for (const step of STEPS) {
    const operationId = await openStep(handle, step);
    await killWorker();
    await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  }
  const result = await handle.result({ timeoutSeconds: 120 });
  expect(result.steps.map(({ id }) => id)).toEqual(STEPS);
  await expectOneOfEach(processes, 'within');
});

killTest('killed while the service says that a step has succeeded, before the next one is sent', async (processes) => {
  const { emulator, killWorker } = processes;
  const handle = await start(processes, 'between');
  for (const step of STEPS) {
    const operationId = await openStep(handle, step);
    // First, or a poll could pass in between.
    await emulator.admin.addFault({ match: { method: 'GET', path: `/${operationId}$` }, waitAt: 'afterAccept', holdUntilReleased: true });
    await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    await eventually(
      () => emulator.admin.counts(),
      ({ held }) => held === 1,
      120,
    );
    await killWorker();
    await emulator.admin.removeFaults();
    await emulator.admin.release();
  }
  const result = await handle.result({ timeoutSeconds: 120 });
  expect(result.steps.map(({ id }) => id)).toEqual(STEPS);
  await expectOneOfEach(processes, 'between');
});

killTest('killed while it uploads: nobody knows, nothing is sent again, and the failure says where to go on', async (processes) => {
  const { emulator, killWorker } = processes;
  await emulator.admin.addFault({
    match: { method: 'POST', query: 'description=uncertain' },
    waitAt: 'afterAccept',
    holdUntilReleased: true,
  });
  const handle = await start(processes, 'uncertain');
  await eventually(
    () => emulator.admin.counts(),
    ({ held }) => held === 1,
  );
  await killWorker();
  await expect(handle.result({ timeoutSeconds: 120 })).rejects.toMatchObject({
    type: 'StepFailed',
    details: { step: 'upload', cause: { type: 'SubmissionUncertain' }, made: {}, resumeFrom: { package: {} } },
  });
  await emulator.admin.removeFaults();
  await emulator.admin.release();
  expect(await submitsOf(processes, 'upload', 'uncertain')).toBe(1);
});

killTest('ten buildings of a batch, killed while they are open at each of their steps', async (processes) => {
  const { emulator, lro, taskQueue, killWorker } = processes;
  await emulator.admin.setDefaults({ hold: true });
  const items: BatchItem[] = [];
  for (let number = 0; number < 10; number++) items.push({ kind: 'tileset', id: `b-${number}`, package: await packageFile(`b-${number}`) });
  const batch = await lro.startBatch({ items, defaults: { connection: 'maps', onUncertainSubmit: 'fail' } }, { id: `batch-${taskQueue}` });
  for (const step of STEPS) {
    const open = await eventually(
      () => emulator.admin.operations(),
      ({ operations }) => operations.filter(({ collection, status }) => collection === PATHS[step] && status === 'Running').length === 10,
      120,
    );
    // Their acceptance is recorded once they are asked.
    const own = open.operations.filter(({ collection }) => collection === PATHS[step]);
    for (const { operationId } of own) await emulator.admin.waitForRequests({ method: 'GET', path: `/${operationId}$`, answered: true });
    await killWorker();
    for (const { operationId } of own) await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  }
  expect((await batch.result({ timeoutSeconds: 120 })).counts).toMatchObject({ total: 10, succeeded: 10 });
  const posts = await emulator.admin.requests({ method: 'POST' });
  expect(STEPS.map((step) => posts.filter(({ path }) => path === PATHS[step]).length)).toEqual([10, 10, 10, 10]);
});
