/** A service, and workers of one task queue as processes with a file each. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { LroClient, type OperationHandle } from '../../src/client';
import type { Child } from '../../src/devserver';
import type { EmulatorAdmin, RecordedRequest } from '../../src/emulator';
import type { OperationOptions } from '../../src/contract';
import { writeConfig, type ConnectionYaml } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startEmulatorProcess, startWorkerProcess, type EmulatorProcess } from '../support/programs';

/** A test with a service and a task queue of its own. Tests of a file run side by side: what they wait for is mostly time. */
export function rolloutTest(name: string, work: (rollout: Rollout) => Promise<void>): void {
  test.concurrent(name, async () => {
    const address = sharedAddress();
    const [emulator, connection] = await Promise.all([startEmulatorProcess(['--port', '0']), Connection.connect({ address })]);
    const rollout = new Rollout(emulator, address, connection);
    try {
      await work(rollout);
    } finally {
      await rollout.close();
    }
  });
}

/** A worker, and where its file is. */
export type RolledOut = Child & { path: string };

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

  get service(): EmulatorAdmin {
    return this.emulator.admin;
  }

  /** A worker with connections of these base URLs in its file. */
  async startWorker(baseUrls: Record<string, string>, env: NodeJS.ProcessEnv = {}, more: Record<string, unknown> = {}): Promise<RolledOut> {
    const path = writeConfig(connectionsAt(baseUrls), more);
    const worker = await startWorkerProcess({ configPath: path, address: this.address, taskQueue: this.taskQueue, env });
    this.workers.push(worker);
    return Object.assign(worker, { path });
  }

  /** Starts an operation that takes a second at the service. */
  start(connection: string, more: OperationOptions = {}): Promise<OperationHandle> {
    const submit = {
      path: '/mapData',
      query: { dataFormat: 'geojson' },
      headers: { 'Emulator-Plan': JSON.stringify({ retryAfter: '1', durationSeconds: 1 }) },
      body: { type: 'FeatureCollection', features: [] },
    };
    return this.lro.start({ connection, submit, ...more }, { id: `op-${randomUUID()}` });
  }

  /** Every submit that came to the service, answered or not. */
  submits(): Promise<RecordedRequest[]> {
    return this.service.requests({ method: 'POST', path: '^/mapData' });
  }

  /** Waits until the service holds so many requests. */
  async untilHeld(count: number): Promise<void> {
    await eventually(
      () => this.service.counts(),
      ({ held }) => held === count,
    );
  }

  /** Of the workers that take work, or have until a few minutes ago. */
  async identities(): Promise<string[]> {
    const { pollers } = await this.client.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: this.taskQueue },
    });
    return pollers.flatMap(({ identity }) => identity ?? []);
  }

  async close(): Promise<void> {
    await Promise.all([...this.workers, this.emulator].map((child) => child.kill()));
    await this.connection.close();
  }
}

/** Connections as they stand in a file, by their base URLs. */
export function connectionsAt(baseUrls: Record<string, string>): Record<string, ConnectionYaml> {
  return Object.fromEntries(Object.entries(baseUrls).map(([name, baseUrl]) => [name, { baseUrl, query: { 'api-version': '2.0' } }]));
}

/** The hash of the file that a worker says to have taken into use last. */
export function fileOf(worker: Child): string {
  return filesOf(worker).at(-1) ?? 'none';
}

/** The hashes of the files that a worker says to have taken into use, the first one first. */
export function filesOf(worker: Child): string[] {
  return [...worker.output().matchAll(/worker ready: .*, file ([0-9a-f]{8})/g)].flatMap((match) => match[1] ?? []);
}
