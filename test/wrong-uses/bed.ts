/**
 * What all wrong uses are tried on, started once: a folder in which commands are typed, a worker and a service that wants a key, a few runs,
 * ports that are taken or speak TLS, and namespaces that lack something.
 *
 * Keeps true: every name that a message may repeat is the same in each run of the test; what is not (ports, folders) is written as
 * {@link Bed.readable} says.
 */
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { encryptedData, KeySource, LroClient } from '../../src/client';
import type { OperationInput } from '../../src/contract';
import { startChild, type Child } from '../../src/devserver';
import { makeCertificates, type Certificates } from '../support/certificates';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { startEmulatorProcess } from '../support/programs';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy';
import { API_KEY, CODEC_TOKEN, ENCRYPTION_KEY, OTHER_ENCRYPTION_KEY, SERVICE_KEY, WRONG_KEY } from './secrets';

const ROOT = resolve(__dirname, '../..');
const DIST = join(ROOT, 'dist');
const WORKER = join(DIST, 'worker.js');

/** What may be typed, and the program of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  lro: 'cli/lro.js',
  worker: 'worker.js',
  webhooks: 'webhooks.js',
  emulator: 'emulator/main.js',
  demo: 'cli/demo.js',
};

const TASK_QUEUE = 'lro';

const NOBODYS_ID = 65_534;
const isRoot = process.getuid?.() === 0;
/** Of `spawn`: another user than root. */
export const NOBODY: { uid?: number; gid?: number } = isRoot ? { uid: NOBODYS_ID, gid: NOBODYS_ID } : {};

export interface Bed {
  /** Where commands are typed. */
  folder: string;
  /** Of every command. */
  env: NodeJS.ProcessEnv;
  client: Client;
  /** A text with the names that docs/wrong-uses.md has for what differs from run to run. */
  readable(text: string): string;
  close(): Promise<void>;
}

/** @param address of Temporal */
export async function makeBed(address: string): Promise<Bed> {
  const folder = temporaryFolder();
  // Others than its owner read in it: what may not be read is tried as another user.
  chmodSync(folder, 0o755);
  const emulator = await startEmulatorProcess(['--port', '0', '--subscription-keys', SERVICE_KEY]);
  const silent = await listen();
  const certificates = makeCertificates(join(folder, 'tls'));
  const expired = makeCertificates(join(folder, 'expired'), { serverDays: -1 });
  const proxies = await startProxies(address, certificates, expired);
  writePrograms(join(folder, 'bin'));
  writeFiles(folder, emulator.url, silent.address);
  if (isRoot)
    for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
      chownSync(join(folder, path), NOBODYS_ID, NOBODYS_ID);

  const places: Record<string, string> = {
    [address]: 'localhost:7233',
    [emulator.url]: 'http://localhost:4010',
    [silent.address]: 'localhost:9000',
    [proxies.right.address]: 'localhost:7243',
    [proxies.expired.address]: 'localhost:7244',
    [proxies.withKey.address]: 'localhost:7245',
  };
  const env: NodeJS.ProcessEnv = {
    PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
    HOME: folder,
    TEMPORAL_ADDRESS: address,
    MAPS_KEY: SERVICE_KEY,
    WRONG_KEY,
    TEMPORAL: address,
    TAKEN: silent.address,
    TAKEN_PORT: silent.address.split(':')[1],
    TLS: proxies.right.address,
    TLS_EXPIRED: proxies.expired.address,
    TLS_WITH_KEY: proxies.withKey.address,
    SERVICE: emulator.url,
    API_KEY,
    CODEC_TOKEN,
    ENCRYPTION_KEY,
    LRO_LOG_FORMAT: 'pretty',
  };
  const worker = await startWorker(folder, env);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  await startRuns(client, () => startWorker(folder, { ...env, LRO_ENCRYPTION_KEYS_FILE: 'keys.yaml', LRO_TASK_QUEUE: 'secret' }));
  await makeBareNamespace(client);
  return {
    folder,
    env,
    client,
    readable: (text) => readable(text, folder, places),
    close: async () => {
      await connection.close();
      await worker.stop();
      await emulator.kill();
      silent.server.close();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    },
  };
}

/** One command a program, as an installed package has it. */
function writePrograms(bin: string): void {
  mkdirSync(bin);
  for (const [name, file] of Object.entries(PROGRAMS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${join(DIST, file)}' "$@"\n`, { mode: 0o755 });
  }
}

function writeFiles(folder: string, service: string, taken: string): void {
  cpSync(join(__dirname, 'files'), folder, { recursive: true });
  const api = { baseUrl: service, query: { 'api-version': '2.0' } };
  const key = (name: string) => ({ type: 'key', in: 'query', name: 'subscription-key', value: { env: name } });
  const quick = { poll: { defaultSeconds: 1, minSeconds: 0 } };
  const config = {
    connections: {
      maps: { ...api, ...quick, auth: key('MAPS_KEY'), allow: { methods: ['POST', 'GET', 'PUT', 'DELETE'], headers: ['emulator-plan'] } },
      stranger: { ...api, ...quick, auth: key('WRONG_KEY') },
      keyless: { ...api, ...quick, auth: key('NOT_SET') },
      away: { baseUrl: 'http://127.0.0.1:9', ...quick },
    },
    files: { readBelow: ['./data'], writeBelow: ['./reports', './read-only'] },
  };
  writeFileSync(join(folder, 'lro.config.yaml'), stringify(config));
  for (const name of ['data', 'reports', 'a-folder', 'read-only']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'bom.yaml'), '\ufeffconnection: maps\nsubmit: { path: /tilesets }\n');
  writeFileSync(join(folder, 'bom.json'), '\ufeff{"connection":"maps","submit":{"path":"/tilesets"}}\n');
  writeFileSync(join(folder, 'bom.config.yaml'), `\ufeff${stringify(config)}`);
  writeFileSync(join(folder, 'utf16.yaml'), Buffer.from('\ufeffconnection: maps\n', 'utf16le'));
  writeFileSync(join(folder, 'unreadable.yaml'), stringify({ connection: 'maps' }), { mode: 0 });
  writeFileSync(join(folder, 'keys.yaml'), stringify({ current: 'spring', keys: { spring: ENCRYPTION_KEY } }));
  writeFileSync(join(folder, 'other-keys.yaml'), stringify({ current: 'spring', keys: { spring: OTHER_ENCRYPTION_KEY } }));
  writeFileSync(join(folder, 'short-keys.yaml'), stringify({ current: 'spring', keys: { spring: 'c2hvcnQ=' } }));
  writeFileSync(
    join(folder, 'taken-hooks.config.yaml'),
    stringify({ ...config, webhooks: { publicUrl: 'https://hooks.example', secret: { env: 'HOOK_SECRET' }, listen: taken } }),
  );
  chmodSync(join(folder, 'read-only'), 0o555);
}

async function startWorker(folder: string, env: NodeJS.ProcessEnv): Promise<Child> {
  return await startChild({
    name: 'worker',
    ...(isRoot
      ? {
          command: 'setpriv',
          args: ['--reuid', String(NOBODYS_ID), '--regid', String(NOBODYS_ID), '--clear-groups', process.execPath, WORKER],
        }
      : { command: process.execPath, args: [WORKER] }),
    cwd: folder,
    env,
    readyLine: /worker ready.*/,
    stopGraceSeconds: 20,
  });
}

/** Takes connections and never says a word. */
async function listen(): Promise<{ server: Server; address: string }> {
  const server = createServer((socket) => socket.on('error', () => undefined)).unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function startProxies(
  address: string,
  certificates: Certificates,
  expired: Certificates,
): Promise<Record<'right' | 'expired' | 'withKey', TlsProxy>> {
  return {
    right: await startTlsProxy(address, { certificates, asksForCertificate: true }),
    expired: await startTlsProxy(address, { certificates: expired }),
    withKey: await startTlsProxy(address, { certificates, apiKey: API_KEY }),
  };
}

/** Runs of every kind: open, ended well and badly, of others, encrypted, and one that no worker takes. */
async function startRuns(client: Client, startWorkerWithKeys: () => Promise<Child>): Promise<void> {
  const lro = new LroClient({ client, taskQueue: TASK_QUEUE });
  const upload = (plan: object): OperationInput => ({
    connection: 'maps',
    submit: {
      path: '/mapData',
      query: { dataFormat: 'geojson' },
      headers: { 'Emulator-Plan': JSON.stringify(plan) },
      body: { type: 'FeatureCollection', features: [] },
    },
  });
  const open = await lro.start(upload({ hold: true, retryAfter: '600' }), { id: 'campus-7' });
  const done = await lro.start(upload({ durationSeconds: 0 }), { id: 'campus-1' });
  const failed = await lro.start(
    { connection: 'maps', submit: { path: '/tilesets', query: { datasetId: 'no-such' } } },
    { id: 'campus-2' },
  );
  const items = ['first', 'second'].map((id) => ({ id, ...upload({ hold: true, retryAfter: '600' }) }));
  await lro.startBatch({ items }, { id: 'nightly-7' });
  const ended = await lro.startBatch({ items: [{ id: 'only', ...upload({ durationSeconds: 0 }) }] }, { id: 'nightly-1' });
  const batch = { manifest: { path: 'data/manifest.jsonl' } };
  await lro.schedules.create({ id: 'nights', times: { cron: ['0 0 1 1 *'] }, batch });
  await new LroClient({ client, taskQueue: 'nobody' }).start(upload({}), { id: 'waits-for-a-worker' });
  await client.workflow.start('fulfilOrder', { workflowId: 'order-1', taskQueue: 'orders', args: [] });
  const keys = KeySource.ofText(JSON.stringify({ current: 'spring', keys: { spring: ENCRYPTION_KEY } }));
  const dataConverter = encryptedData(keys);
  const encrypted = new Client({ connection: client.connection, dataConverter });
  await new LroClient({ client: encrypted, taskQueue: TASK_QUEUE }).start(upload({}), { id: 'secret-1' });
  const withKeys = await startWorkerWithKeys();
  const secret = await new LroClient({ client: encrypted, taskQueue: 'secret' }).start(upload({ durationSeconds: 0 }), {
    id: 'secret-done',
  });
  await secret.result();
  await withKeys.stop();
  await open.accepted();
  await done.result();
  await failed.result().catch(() => undefined);
  await ended.result();
}

/** A namespace without the search attributes of this project. */
async function makeBareNamespace(client: Client): Promise<void> {
  const { workflowService } = client.connection;
  await workflowService.registerNamespace({ namespace: 'bare', workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await eventually(
    () =>
      client.workflowService.listWorkflowExecutions({ namespace: 'bare', pageSize: 1 }).then(
        () => true,
        () => false,
      ),
    Boolean,
  );
}

function readable(text: string, folder: string, places: Record<string, string>): string {
  let told = text;
  for (const [from, to] of Object.entries(places)) {
    told = told.replaceAll(from, to).replaceAll(`port ${from.split(':').at(-1) ?? ''} `, `port ${to.split(':').at(-1) ?? ''} `);
  }
  return told
    .replaceAll(`${folder}/`, '')
    .replaceAll(folder, '.')
    .replaceAll(ROOT, '<package>')
    .replaceAll(process.execPath, 'node')
    .replaceAll(process.version, '<version>')
    .replace(/version \d+\.\d+\.\d+/g, 'version <version>')
    .replace(/\d+@[\w.-]+(?= \(file)/g, '<worker>')
    .replace(/\(file [\da-f]{8}\)/g, '(file <hash>)')
    .replace(/^ {2}\d\d:\d\d:\d\d {2}/gm, '  ')
    .replace(/^\[\d\d:\d\d:\d\d\.\d{3}\] /gm, '')
    .replace(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '<uuid>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:\d\d)/g, '<time>');
}
