/** A service, and workers of one task queue as processes with a file each. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { LroClient, type OperationHandle } from '../../src/client';
import type { Child } from '../../src/devserver';
import type { RecordedRequest } from '../../src/emulator';
import { writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startEmulatorProcess, startWorkerProcess, type EmulatorProcess } from '../support/programs';

export async function openRollout(): Promise<Rollout> {
  const address = sharedAddress();
  const [emulator, connection] = await Promise.all([startEmulatorProcess(['--port', '0']), Connection.connect({ address })]);
  return new Rollout(emulator, address, connection);
}

export class Rollout {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly client: Client;
  readonly lro: LroClient;
  private readonly workers: Child[] = [];

  constructor(
    private readonly emulator: EmulatorProcess,
    private readonly address: string,
    private readonly connection: Connection,
  ) {
    this.client = new Client({ connection });
    this.lro = new LroClient({ client: this.client, taskQueue: this.taskQueue });
  }

  get serviceUrl(): string {
    return this.emulator.url;
  }

  /** The connections of a file, by their base URLs. */
  connections(baseUrls: Record<string, string>): Record<string, { baseUrl: string }> {
    return Object.fromEntries(
      Object.entries(baseUrls).map(([name, baseUrl]) => [name, { baseUrl, query: { 'api-version': '2.0' }, poll: { defaultSeconds: 1 } }]),
    );
  }

  async startWorker(
    connections: Record<string, { baseUrl: string }>,
    more: Record<string, unknown> = {},
  ): Promise<Child & { path: string }> {
    const path = writeConfig(connections, more);
    const worker = await startWorkerProcess({ configPath: path, address: this.address, taskQueue: this.taskQueue });
    this.workers.push(worker);
    return Object.assign(worker, { path });
  }

  start(connection: string): Promise<OperationHandle> {
    const submit = {
      path: '/mapData',
      query: { dataFormat: 'geojson' },
      headers: { 'Emulator-Plan': JSON.stringify({ retryAfter: '1', durationSeconds: 1 }) },
      body: { type: 'FeatureCollection', features: [] },
    };
    return this.lro.start({ connection, submit }, { id: `op-${randomUUID()}` });
  }

  submits(): Promise<RecordedRequest[]> {
    return this.emulator.admin.requests({ method: 'POST', path: '^/mapData' });
  }

  async close(): Promise<void> {
    await Promise.all([...this.workers, this.emulator].map((child) => child.kill()));
    await this.connection.close();
  }
}
