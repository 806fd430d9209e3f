/**
 * With encryption on, nothing of inputs, answers, failures, memos, heartbeats, signals, updates and batches can be read in Temporal's
 * database, but ids and search attributes; without, all of it can.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { LroClient, type OperationHandle } from '../../src/client';
import { SEARCH_ATTRIBUTES } from '../../src/contract';
import { startDevServer, type Child, type DevServer } from '../../src/devserver';
import { startEmulator, type Emulator } from '../../src/emulator';
import { encryptedData, EncryptionError, KeySource } from '../../src/encryption';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { runLro } from '../support/lro-command';
import { startWorkerProcess } from '../support/programs';
import { dump, PLACES, play, readable, words } from './story';

const folder = temporaryFolder();
const databaseFile = join(folder, 'temporal.db');
const keysFile = join(folder, 'keys.yaml');
const KEYS = Object.fromEntries(['k1', 'k2', 'k3'].map((id) => [id, randomBytes(32).toString('base64')]));
const keysText = (current: string, ...ids: string[]): string =>
  stringify({ current, keys: Object.fromEntries(ids.map((id) => [id, KEYS[id]])) });
const taskQueue = `lro-${randomUUID()}`;

const longTest = process.env['LRO_LONG'] === '1' ? test : test.skip;

let server: DevServer;
let emulator: Emulator;
let worker: Child;
let connection: Connection;
let lro: LroClient;

beforeAll(async () => {
  writeFileSync(keysFile, keysText('k1', 'k1'));
  const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword' as const]));
  const dynamicConfig = { 'history.timerProcessorMaxTimeShift': '50ms' };
  [server, emulator] = await Promise.all([startDevServer({ databaseFile, searchAttributes, dynamicConfig }), startEmulator()]);
  worker = await startWorker(taskQueue, { LRO_ENCRYPTION_KEYS_FILE: keysFile });
  connection = await Connection.connect({ address: server.address });
  lro = clientWith(KeySource.ofFile(keysFile));
});

afterAll(async () => {
  await Promise.all([worker.stop(), connection.close()]);
  await Promise.all([server.stop(), emulator.close()]);
});

function startWorker(queue: string, env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const configPath = writeConfig({ default: { baseUrl: emulator.url } });
  return startWorkerProcess({ configPath, address: server.address, taskQueue: queue, env });
}

function temporal(keys: KeySource): Client {
  return new Client({ connection, dataConverter: encryptedData(keys) });
}

function clientWith(keys: KeySource, queue = taskQueue): LroClient {
  return new LroClient({ client: temporal(keys), taskQueue: queue });
}

/** A service's operation below the returned path, whose first answer to a poll may wait for `release`. */
async function script(name: string, holdUntilReleased: boolean): Promise<string> {
  await emulator.admin.addScript({
    name,
    routes: [
      { method: 'POST', path: '/', answers: [{ httpStatus: 202, headers: { 'operation-location': '{base}/status', 'retry-after': '0' } }] },
      { path: '/status', answers: [{ holdUntilReleased, body: { status: 'succeeded' } }] },
    ],
  });
  return `/scripts/${name}/`;
}

/** An operation whose worker waits for the answer to its poll, until `release`. */
async function startHeld(id: string): Promise<OperationHandle> {
  const operation = await lro.start({ submit: { path: await script(id, true) } }, { id });
  await eventually(
    () => emulator.admin.counts(),
    ({ held }) => held === 1,
  );
  return operation;
}

/** Of every payload of its history. */
async function keyIdsOf(id: string): Promise<Set<string>> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'encryption-key-id') found.add(Buffer.from(inner as Uint8Array).toString());
      else walk(inner);
    }
  };
  walk(await temporal(KeySource.none()).workflow.getHandle(id).fetchHistory());
  return found;
}

test('nothing is readable but ids and search attributes', async () => {
  const keys = KeySource.ofFile(keysFile);
  const word = words();
  let whileHeld: Buffer | undefined;
  const ids = await play({ emulator, lro, client: temporal(keys), keys }, word, () => (whileHeld = dump(databaseFile)));
  const dumped = dump(databaseFile);
  expect(readable(whileHeld ?? Buffer.alloc(0), word)).toEqual([]);
  expect(readable(dumped, word)).toEqual([]);
  for (const text of [...ids, 'LroStatus', 'runOperation', 'k1', 'binary/encrypted'])
    expect([text, dumped.includes(text)]).toEqual([text, true]);
  // Failures' own words and stack traces are payloads, too.
  expect(dumped.includes('Encoded failure')).toBe(true);
  expect(dumped.includes('workflow-bundle')).toBe(false);
});

longTest('the same without encryption is readable, all of it', async () => {
  const queue = `lro-${randomUUID()}`;
  const plainWorker = await startWorker(queue);
  const word = words();
  const keys = KeySource.none();
  let whileHeld: Buffer | undefined;
  await play({ emulator, lro: clientWith(keys, queue), client: temporal(keys), keys }, word, () => (whileHeld = dump(databaseFile)));
  expect(readable(whileHeld ?? Buffer.alloc(0), word)).toContain('heartbeat');
  expect(readable(dump(databaseFile), word)).toEqual([...PLACES]);
  await plainWorker.stop();
});

test('rotated while an operation runs: it goes on with the new key, and what the old one has encrypted is read', async () => {
  const operation = await startHeld('rotated');
  // First all know it, then it is used.
  writeFileSync(keysFile, keysText('k1', 'k1', 'k2'));
  writeFileSync(keysFile, keysText('k2', 'k1', 'k2'));
  worker.signal('SIGHUP');
  await eventually(
    () => worker.output(),
    (output) => output.includes('other encryption keys are in use'),
  );
  await emulator.admin.release();
  expect((await operation.result()).status).toBe('Succeeded');
  expect(await keyIdsOf('rotated')).toEqual(new Set(['k1', 'k2']));
});

test('a client without the key is told which one, and the operation is not disturbed', async () => {
  const operation = await startHeld('secret');
  const stranger = clientWith(KeySource.ofText(keysText('k3', 'k3'))).get('secret');
  const nobody = clientWith(KeySource.none()).get('secret');
  await emulator.admin.release();
  await operation.result();
  const errors = await Promise.all([stranger, nobody].map((handle) => handle.result().catch((err: unknown) => err)));
  expect(errors.map((err) => err instanceof EncryptionError)).toEqual([true, true]);
  expect((errors[0] as Error).message).toMatch(
    /^a payload is encrypted with key "k2" \(known here: "k3"\); add "k2" to LRO_ENCRYPTION_KEYS_FILE/,
  );
  expect((errors[1] as Error).message).toContain('no keys are set here');
  expect(await nobody.progress().catch((err: unknown) => (err as Error).message)).toContain('a payload is encrypted with key "k2"');

  const path = await script('open', false);
  const batch = await lro.startBatch({ items: [{ id: 'one', submit: { path } }] }, { id: 'secret-batch' });
  await batch.result();
  const env = { TEMPORAL_ADDRESS: server.address, LRO_TASK_QUEUE: taskQueue };
  const [without, right, wrong] = await Promise.all([
    runLro(['batch', 'result', 'secret-batch'], env),
    runLro(['batch', 'result', 'secret-batch'], { ...env, LRO_ENCRYPTION_KEYS_FILE: keysFile }),
    runLro(['batch', 'result', 'secret-batch'], { ...env, LRO_ENCRYPTION_KEYS: 'current: k9' }),
  ]);
  expect(without).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a payload is encrypted with key "k2" (no keys are set here)') as string,
  });
  expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('1 succeeded') as string });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('LRO_ENCRYPTION_KEYS: keys: must be a map') as string });
});

// Temporal tries the task again after ten seconds.
longTest('a worker without the key fails no operation: it says once which it needs, and goes on when it has it', async () => {
  const stranger = clientWith(KeySource.ofText(keysText('k3', 'k2', 'k3')));
  const operation = await stranger.start({ submit: { path: await script('open', false) } }, { id: 'unknown-key' });
  const said = 'a payload is encrypted with key \\"k3\\" (known here: \\"k1\\", \\"k2\\"); add \\"k3\\" to LRO_ENCRYPTION_KEYS_FILE';
  await eventually(
    () => worker.output(),
    (output) => output.includes(said),
  );
  const { raw, status } = await temporal(KeySource.none()).workflow.getHandle('unknown-key').describe();
  expect(status.name).toBe('RUNNING');
  expect(raw.pendingWorkflowTask).toBeDefined();
  writeFileSync(keysFile, keysText('k2', 'k1', 'k2', 'k3'));
  expect((await operation.result()).status).toBe('Succeeded');
  const own = worker
    .output()
    .split('\n')
    .filter((line) => line.includes(said) && line.includes('what needs it is tried again'));
  expect(own).toHaveLength(1);
  expect(JSON.parse(own[0] ?? '{}')).toMatchObject({ level: 50, keyId: 'k3' });
});
