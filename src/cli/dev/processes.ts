/**
 * The processes of `lro dev`: Temporal's dev server, the emulator and the worker.
 *
 * Keeps true: ports that somebody else has are named before anything is started; the file with connections is written only where there is none;
 * credentials for another Temporal, in the environment or in `temporal.toml`, are not sent to this one.
 */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ConfigError, loadConfig } from '../../config';
import { provisionTemporalCli, startChild, startDevServer, type Child, type ChildExit, type DevServer } from '../../devserver';
import { SEARCH_ATTRIBUTE_TYPES } from '../../setup';
import { CLI_SOURCES, isFree, ownTemporalEnvironment } from '../demo/temporal';
import { UsageError } from '../lro/failures';
import type { TaskList } from './task-list';

export interface DevOptions {
  config: string;
  dbFilename?: string;
  /** 0: a free one, like the two below. */
  port: number;
  uiPort: number;
  emulatorPort: number;
  taskQueue: string;
}

export interface Started {
  temporal: DevServer;
  cli: { path: string; source: string };
  emulatorUrl: string;
  configPath: string;
  /** Whether the file was written by this call. */
  isWritten: boolean;
  /** The one that leads to the emulator; absent where the file has none. */
  connection: string | undefined;
}

/** A process that ended by itself. */
export interface Ended {
  name: string;
  exit: ChildExit;
  output: string;
}

const DIST = resolve(__dirname, '../..');
/** Of the connection that is written. */
const CONNECTION = 'maps';
const API_VERSION = '2.0';
const STOP_GRACE_SECONDS = 5;
/** Of the worker. */
const READY_LINE = /worker ready/;

export class DevProcesses {
  /** Resolves when one of them ends by itself. */
  readonly firstEnd: Promise<Ended>;
  private ended: (ended: Ended) => void = () => undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'lro-dev-'));
  private temporal: DevServer | undefined;
  private emulator: Child | undefined;
  private worker: Child | undefined;
  private starting: Promise<Started> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly options: DevOptions,
    private readonly tasks: TaskList,
  ) {
    this.firstEnd = new Promise((resolve) => (this.ended = resolve));
  }

  /** @throws UsageError for ports that are in use and a wrong file, ChildStartError, ProvisionError */
  start(): Promise<Started> {
    this.starting = this.startAll();
    return this.starting;
  }

  /** Those that need Temporal first. */
  async stop(): Promise<void> {
    this.stopping.abort();
    // One that is being started would be left otherwise.
    await this.endAll();
    await this.starting?.catch(() => undefined);
    await this.endAll();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async endAll(): Promise<void> {
    await Promise.all([this.worker?.stop(), this.emulator?.stop()]);
    await this.temporal?.stop();
  }

  private async startAll(): Promise<Started> {
    const { config, port, uiPort, emulatorPort, dbFilename, taskQueue } = this.options;
    if (dbFilename !== undefined && existsSync(dbFilename) && statSync(dbFilename).isDirectory())
      throw new UsageError(`--db-filename ${dbFilename} is a folder; name the file that is to keep what Temporal knows`);
    await this.requireFree({ '--port': port, '--ui-port': uiPort, '--emulator-port': emulatorPort });
    // A file with a mistake would end the worker after all the rest has started.
    if (existsSync(config)) this.read(config);
    const { path, source } = await provisionTemporalCli({ onStep: (step) => this.tasks.say(step) });
    this.stopping.signal.throwIfAborted();
    const both = [
      this.tasks.show('the Temporal dev server', this.startTemporal(path, { port, uiPort, dbFilename })),
      this.tasks.show('the emulator', this.startEmulator(emulatorPort)),
    ] as const;
    // When one cannot be started, the other is still ended.
    await Promise.allSettled(both);
    const [temporal, emulator] = await Promise.all(both);
    const emulatorUrl = emulator.ready?.[1] ?? '';
    const isWritten = this.writeConfig(emulatorUrl);
    const connection = Object.values(this.read(config).connections).find(({ baseUrl }) => baseUrl.startsWith(emulatorUrl))?.name;
    this.stopping.signal.throwIfAborted();
    await this.tasks.show('the worker', this.startWorker(temporal, taskQueue));
    const cli = { path, source: CLI_SOURCES[source] };
    return { temporal, cli, emulatorUrl, configPath: config, isWritten, connection };
  }

  private async requireFree(ports: Record<string, number>): Promise<void> {
    const asked = Object.entries(ports);
    const free = await Promise.all(asked.map(async ([, port]) => port === 0 || (await isFree(port))));
    const taken = asked.filter((_, index) => free[index] === false);
    if (taken.length === 0) return;
    const lines = taken.map(
      ([flag, port]) => `  port ${port} is in use by another process: ${flag} <n> names another, ${flag} 0 any free one`,
    );
    throw new UsageError(`lro dev needs its ports:\n${lines.join('\n')}`);
  }

  private read(config: string): ReturnType<typeof loadConfig> {
    try {
      return loadConfig(config);
    } catch (err) {
      if (err instanceof ConfigError) throw new UsageError(`the worker would refuse ${config}:\n${err.message}`);
      throw err;
    }
  }

  private async startTemporal(cliPath: string, ports: { port: number; uiPort: number; dbFilename?: string }): Promise<DevServer> {
    const { port, uiPort, dbFilename: databaseFile } = ports;
    const database = databaseFile === undefined ? {} : { databaseFile };
    const server = await startDevServer({ cliPath, ui: true, port, uiPort, ...database, searchAttributes: SEARCH_ATTRIBUTE_TYPES });
    this.temporal = server;
    this.watch('the Temporal dev server', server);
    return server;
  }

  private async startEmulator(port: number): Promise<Child> {
    this.emulator = await startChild({
      name: 'the emulator',
      command: process.execPath,
      args: [join(DIST, 'emulator/main.js'), '--port', String(port)],
      readyLine: /emulator ready at (http\S+)/,
      stopGraceSeconds: STOP_GRACE_SECONDS,
    });
    this.watch('the emulator', this.emulator);
    return this.emulator;
  }

  private async startWorker(temporal: DevServer, taskQueue: string): Promise<Child> {
    const worker = await startChild({
      name: 'the worker',
      command: process.execPath,
      args: [join(DIST, 'worker.js')],
      env: {
        ...ownTemporalEnvironment(temporal.address, this.folder),
        LRO_CONFIG: this.options.config,
        LRO_TASK_QUEUE: taskQueue,
        LRO_LOG_LEVEL: process.env['LRO_LOG_LEVEL'] ?? 'warn',
        LRO_LOG_FORMAT: 'json',
      },
      readyLine: READY_LINE,
      // That it is ready is said anyway.
      onLine: (line) => READY_LINE.test(line) || this.tasks.say(`worker │ ${workerLine(line)}`),
      stopGraceSeconds: STOP_GRACE_SECONDS,
    });
    this.worker = worker;
    this.watch('the worker', worker);
    return worker;
  }

  private watch(name: string, process: Pick<Child, 'exited' | 'output'>): void {
    void process.exited.then((exit) => {
      if (!this.stopping.signal.aborted) this.ended({ name, exit, output: process.output() });
    });
  }

  /** @returns whether there was none */
  private writeConfig(baseUrl: string): boolean {
    const connections = { [CONNECTION]: { baseUrl, query: { 'api-version': API_VERSION } } };
    const head = '# Written by `lro dev`, for the emulator. docs/configuration.md has all that can stand here.\n';
    try {
      writeFileSync(this.options.config, head + stringify({ connections }), { flag: 'wx' });
      return true;
    } catch (err) {
      const { code = 'unknown error' } = err as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      throw new UsageError(`${this.options.config} cannot be written (${code})`);
    }
  }
}

/** A line of the worker's log, without its fields. */
function workerLine(line: string): string {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return typeof msg === 'string' ? `${String(level)}: ${msg}` : line;
  } catch {
    return line;
  }
}
