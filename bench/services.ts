/** The services of the benchmarks of single operations: Temporal, the emulator and the worker, each its own process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { LroClient, type OperationInput } from '../src/client';
import { startChild, startDevServer, type Child, type DevServer } from '../src/devserver';
import { EmulatorAdmin } from '../src/emulator';
import { atEnd, isEnding } from './ending';

export interface Services {
  temporal: DevServer;
  emulator: Child;
  emulatorUrl: string;
  admin: EmulatorAdmin;
  temporalClient: Client;
  lro: LroClient;
  startWorker(): Promise<Child>;
  stop(): Promise<void>;
}

const DIST = resolve(__dirname, '../../../dist');

/** Starts Temporal (in memory) and the emulator; the benchmark starts the worker. */
export async function startServices(emulatorArgs: string[]): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-'));
  const temporal = await startDevServer();
  const emulator = await startChild({
    name: 'emulator',
    command: process.execPath,
    args: [join(DIST, 'emulator/main.js'), '--port', '0', ...emulatorArgs],
    readyLine: /emulator ready at (http\S+)/,
  });
  const emulatorUrl = emulator.ready?.[1] ?? '';
  const configPath = join(folder, 'lro.config.yaml');
  writeFileSync(
    configPath,
    stringify({ connections: { maps: { baseUrl: emulatorUrl, query: { 'api-version': '2.0' }, poll: { minSeconds: 0 } } } }),
  );
  const connection = await Connection.connect({ address: temporal.address });
  const temporalClient = new Client({ connection });
  const lro = new LroClient({ client: temporalClient });
  const workers: Child[] = [];
  return {
    temporal,
    emulator,
    emulatorUrl,
    admin: new EmulatorAdmin(emulatorUrl),
    temporalClient,
    lro,
    startWorker: async () => {
      const worker = await startChild({
        name: 'worker',
        command: process.execPath,
        args: [join(DIST, 'worker.js')],
        env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, LRO_CONFIG: configPath, LRO_LOG_LEVEL: 'error' },
        readyLine: /worker ready/,
      });
      workers.push(worker);
      return worker;
    },
    stop: atEnd(async () => {
      if (!isEnding()) await connection.close();
      for (const child of [...workers, emulator]) await child.stop();
      await temporal.stop();
      rmSync(folder, { recursive: true, force: true });
    }),
  };
}

/** The operation of all benchmarks: an upload whose bytes the emulator does not check. */
export const UPLOAD: OperationInput = {
  connection: 'maps',
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
};
