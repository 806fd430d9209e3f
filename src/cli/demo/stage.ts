/**
 * The processes of the demo and its folder: Temporal, the emulator of the service, and the worker.
 *
 * Keeps true: whatever was started is ended by `clear()`, and by the end of this process in any case; a process that ends by itself
 * rejects `broken`, so that nothing waits for it.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { startChild, describeExit, type Child, type ChildExit } from '../../devserver';
// Not from the index: loading the emulator would cost half a second, and it runs in its own process.
import { EmulatorAdmin } from '../../emulator/admin-client';
import { findTemporal, isFree, type DemoTemporal, type TemporalOptions } from './temporal';

/** Name of the demo's connection. */
export const CONNECTION = 'maps';
/** The drawing package of the demo, as callers name it: the worker looks below the folders that it may read. */
export const PACKAGE = 'building.zip';

const DIST = resolve(__dirname, '../..');
/** Below the demo's folder: what the worker may read, without its own file. */
const FILES = 'files';
const USUAL_EMULATOR_PORT = 4010;
const KEY_VARIABLE = 'DEMO_MAPS_KEY';

/** After SIGTERM, until SIGKILL. */
const STOP_GRACE_SECONDS = 5;

export interface DemoService {
  url: string;
  pid: number;
  admin: EmulatorAdmin;
}

export class Stage {
  readonly folder: string;
  readonly configPath: string;
  /** Rejects when a process ends by itself. Never resolves. */
  readonly broken: Promise<never>;
  private reportBroken: (error: Error) => void = () => undefined;
  private temporalServer: DemoTemporal['server'];
  private emulator: Child | undefined;
  private worker: Child | undefined;
  private clearing: Promise<void> | undefined;
  private readonly key = randomBytes(12).toString('hex');

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'durable-lro-demo-'));
    this.configPath = join(this.folder, 'lro.config.yaml');
    this.broken = new Promise((_, reject) => (this.reportBroken = reject));
    // It may reject before anything waits for it.
    this.broken.catch(() => undefined);
  }

  async startTemporal(options: Omit<TemporalOptions, 'folder'>): Promise<DemoTemporal> {
    const temporal = await findTemporal({ ...options, folder: this.folder });
    this.temporalServer = temporal.server;
    if (temporal.server !== undefined) this.watch('the Temporal dev server', temporal.server.exited);
    return temporal;
  }

  /** The emulator, as a service that requires a key, and the worker's file that names it. */
  async startService(usualPorts: boolean): Promise<DemoService> {
    const port = usualPorts && (await isFree(USUAL_EMULATOR_PORT)) ? USUAL_EMULATOR_PORT : 0;
    const args = ['--port', String(port), '--operation-seconds', '1.8', '--retry-after-seconds', '1'];
    const emulator = await startChild({
      name: 'the emulator',
      command: process.execPath,
      args: [join(DIST, 'emulator/main.js'), ...args],
      env: { EMULATOR_SUBSCRIPTION_KEYS: this.key },
      readyLine: /emulator ready at (http\S+)/,
      logFile: join(this.folder, 'emulator.log'),
      stopGraceSeconds: STOP_GRACE_SECONDS,
    });
    this.emulator = emulator;
    this.watch('the emulator', emulator.exited);
    const url = emulator.ready?.[1] ?? '';
    this.writeConfig(url);
    return { url, pid: emulator.pid, admin: new EmulatorAdmin(url) };
  }

  /** The worker, as `npm start` runs it. */
  async startWorker(taskQueue: string): Promise<Child> {
    const worker = await startChild({
      name: 'the worker',
      command: process.execPath,
      args: [join(DIST, 'worker.js')],
      env: {
        LRO_CONFIG: this.configPath,
        LRO_TASK_QUEUE: taskQueue,
        LRO_LOG_LEVEL: 'warn',
        LRO_METRICS_ADDRESS: undefined,
        [KEY_VARIABLE]: this.key,
      },
      readyLine: /worker ready/,
      logFile: join(this.folder, 'worker.log'),
      stopGraceSeconds: STOP_GRACE_SECONDS,
    });
    this.worker = worker;
    this.watch('the worker', worker.exited, () => this.worker === worker);
    return worker;
  }

  /** SIGKILL, as a crash or the kernel would do it. Resolves when the worker is gone. */
  async killWorker(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.kill();
  }

  /** Puts a file into the folder that the worker may read from. */
  addFile(name: string, content: Buffer): string {
    const path = join(this.folder, FILES, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  get isClearing(): boolean {
    return this.clearing !== undefined;
  }

  /** Ends every process, those that need Temporal first. */
  clear(): Promise<void> {
    return (this.clearing ??= this.endAll());
  }

  /** Removes the folder with the database, the logs and the worker's file. */
  removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async endAll(): Promise<void> {
    await Promise.all([this.worker?.stop(), this.emulator?.stop()]);
    await this.temporalServer?.stop();
  }

  private watch(name: string, exited: Promise<ChildExit>, isMeant: () => boolean = () => true): void {
    void exited.then((exit) => {
      if (!this.isClearing && isMeant()) this.reportBroken(new Error(`${name} ${describeExit(exit)}`));
    });
  }

  private writeConfig(baseUrl: string): void {
    const connection = {
      baseUrl,
      query: { 'api-version': '2.0' },
      auth: { type: 'key', in: 'query', name: 'subscription-key', value: { env: KEY_VARIABLE } },
    };
    // Paths in the file are relative to its folder.
    writeFileSync(this.configPath, stringify({ connections: { [CONNECTION]: connection }, files: { readBelow: [FILES] } }));
  }
}
