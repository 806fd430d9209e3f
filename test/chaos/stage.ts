/**
 * Everything that runs: Temporal with a database file, the service with its own, links to both, and workers of two builds with Worker
 * Versioning. Callers reach Temporal directly, workers only over the links.
 */
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import { startDevServer, type DevServer } from '../../src/devserver';
import { startEmulatorProcess, type EmulatorProcess } from '../support/programs';
import { FIRST_BUILD, nextBuild } from '../upgrade/next-build';
import { eventually } from '../support/eventually';
import { CredentialFiles, type Credentials } from './credentials';
import type { Journal } from './journal';
import { Link } from './link';
import { writeWorkerFile, writeWrongFile, type WorkerFile } from './worker-file';
import { WorkerSlot } from './worker-slot';

const WORKERS_OF_A_BUILD = 2;
const MAX_RECORDED_REQUESTS = 10_000_000;
const SEARCH_ATTRIBUTES = { LroStatus: 'Keyword', LroConnection: 'Keyword', LroOperationId: 'Keyword', LroTrouble: 'Keyword' } as const;

export class Stage {
  readonly taskQueue = `chaos-${randomUUID()}`;
  readonly serviceDatabase: string;
  readonly temporalDatabase: string;
  readonly slots: WorkerSlot[] = [];
  readonly credentials: CredentialFiles;
  currentBuild = 'first';
  private readonly deployment = `chaos/${randomUUID()}`;
  private fileVersion = 0;
  private temporal!: DevServer;
  private emulator!: EmulatorProcess;
  private servicePort = 0;
  toTemporal!: Link;
  toService!: Link;
  client!: Client;
  lro!: LroClient;
  private connection!: Connection;
  private programs: Record<string, string> = {};
  private file!: WorkerFile;

  private constructor(
    readonly folder: string,
    private readonly journal: Journal,
  ) {
    this.serviceDatabase = join(folder, 'service.db');
    this.temporalDatabase = join(folder, 'temporal.db');
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    mkdirSync(this.callersFolder, { recursive: true });
    this.credentials = new CredentialFiles(join(folder, 'secrets'));
  }

  static async open(folder: string, journal: Journal): Promise<Stage> {
    const stage = new Stage(folder, journal);
    await stage.start();
    return stage;
  }

  /** Where callers have their reports. */
  get callersFolder(): string {
    return join(this.folder, 'callers');
  }

  get service(): EmulatorProcess['admin'] {
    return this.emulator.admin;
  }

  /** How resource locations and status URLs begin. */
  get serviceUrl(): string {
    return `http://${this.toService.address}`;
  }

  private async start(): Promise<void> {
    const next = nextBuild();
    this.toTemporal = await Link.open(() => this.temporal.port);
    this.toService = await Link.open(() => this.servicePort);
    await Promise.all([this.startTemporal(0), this.startService([this.credentials.current])]);
    this.programs = { first: FIRST_BUILD.program, next: (await next).program };
    this.connection = await Connection.connect({ address: this.temporal.address });
    this.client = new Client({ connection: this.connection });
    this.lro = new LroClient({ client: this.client, taskQueue: this.taskQueue });
    this.file = {
      path: join(this.folder, 'lro.config.yaml'),
      baseUrl: this.serviceUrl,
      folder: this.callersFolder,
      credentials: this.credentials,
    };
    writeWorkerFile(this.file, this.fileVersion);
    await this.addWorkers('first');
    await this.setCurrentBuild('first');
  }

  private async startTemporal(port: number): Promise<void> {
    this.temporal = await startDevServer({
      port,
      databaseFile: this.temporalDatabase,
      searchAttributes: SEARCH_ATTRIBUTES,
      logFile: join(this.folder, 'temporal.log'),
    });
  }

  private async startService(accepted: Credentials[]): Promise<void> {
    const args = ['--port', String(this.servicePort), '--database', this.serviceDatabase, '--public-url', this.serviceUrl];
    args.push('--max-recorded-requests', String(MAX_RECORDED_REQUESTS));
    args.push('--subscription-keys', accepted.map(({ key }) => key).join(','), '--tokens', accepted.map(({ token }) => token).join(','));
    this.emulator = await startEmulatorProcess(args);
    this.servicePort = Number(new URL(this.emulator.url).port);
  }

  async killTemporal(): Promise<void> {
    await this.temporal.kill();
  }

  /** On the same port and file. */
  async restartTemporal(): Promise<void> {
    await this.startTemporal(this.temporal.port);
  }

  async killService(): Promise<void> {
    await this.emulator.kill();
  }

  /** On the same port and file. @param accepted credentials, default the current ones */
  async restartService(accepted: Credentials[] = [this.credentials.current]): Promise<void> {
    await this.startService(accepted);
  }

  private async addWorkers(build: string): Promise<void> {
    const added = Array.from(
      { length: WORKERS_OF_A_BUILD },
      (_, index) =>
        new WorkerSlot({
          name: `${build}-${index + 1}`,
          folder: this.folder,
          address: this.toTemporal.address,
          configPath: this.file.path,
          taskQueue: this.taskQueue,
          program: this.programs[build] ?? '',
          deployment: { name: this.deployment, buildId: build },
          journal: this.journal,
        }),
    );
    this.slots.push(...added);
    await Promise.all(added.map((slot) => slot.start()));
  }

  /** New runs go to the other build from now on; the workers of each stay, for what began on it. */
  async rollVersion(): Promise<void> {
    const build = this.currentBuild === 'first' ? 'next' : 'first';
    if (!this.slots.some(({ buildId }) => buildId === build)) await this.addWorkers(build);
    await this.setCurrentBuild(build);
  }

  private async setCurrentBuild(buildId: string): Promise<void> {
    const request = { namespace: 'default', deploymentName: this.deployment, buildId, identity: 'chaos' };
    await eventually(
      () => this.client.workflowService.setWorkerDeploymentCurrentVersion(request).then(() => true, String),
      (answer) => answer === true,
      120,
    );
    this.currentBuild = buildId;
  }

  /** Another version of the worker's file, which every worker is told to read. */
  changeFile(): void {
    writeWorkerFile(this.file, ++this.fileVersion);
    this.hangUp();
  }

  /** A file that no worker takes; the one before has to be put back before a worker starts. */
  breakFile(): void {
    writeWrongFile(this.file);
    this.hangUp();
  }

  mendFile(): void {
    writeWorkerFile(this.file, this.fileVersion);
    this.hangUp();
  }

  private hangUp(): void {
    for (const slot of this.slots) slot.signal('SIGHUP');
  }

  /** Ends everything but Temporal and its client. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.kill()));
    await this.emulator.kill();
    await this.connection.close();
    await this.temporal.stop();
    await Promise.all([this.toTemporal.close(), this.toService.close()]);
  }
}
