/**
 * The worker of a process, which can take another version of its file into use while it runs.
 *
 * A worker of Temporal's SDK keeps its identity, and with it the file's hash, for life. So each version of the file has a worker of its own:
 *
 *     started ──▶ takes work ──another file──▶ drains, while its successor takes work ──▶ ended
 *
 * Keeps true:
 * 1. From the first worker's start to the process's end there is always one that takes work.
 * 2. What a worker has taken it ends with the file that it was taken with, however long that takes; only the end of the process bounds it.
 * 3. A file that is refused changes nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { MetricGauge } from '@temporalio/common';
import { Runtime, type NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { pollersOf, type TaskQueue } from '../activities/task-queue';
import { ConfigError, fileHashOfConfig, type LroConfig } from '../config';
import type { Connections } from '../http';
import { reasonOf } from '../text/reason';
import { connectTemporal } from './connect';
import { createLroWorker, drainSeconds } from './create-worker';
import type { WorkerVersion } from './deployment';
import { warnOfMissingSearchAttributes } from './search-attribute-warning';
import type { Tuning } from './tuning';
import { WebhookPort, type OpenedPort } from './webhook-port';

export interface WorkerProcessOptions {
  taskQueue: string;
  continueAsNewAfterEvents?: number;
  version?: WorkerVersion;
  tuning: Tuning;
  log: Logger;
  /** Reads the file. @throws ConfigError */
  readConfig: () => LroConfig;
  /** A worker takes work. @param line says so to people */
  ready: (line: string) => void;
}

/** A worker and what is its own. */
interface Generation {
  config: LroConfig;
  worker: Worker;
  connections: Connections;
  connection: NativeConnection;
  /** Rejects when the worker failed. */
  ended: Promise<void>;
}

/** Signals by which the SDK ends its workers. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2'] as const;
const FILE_METRIC_TEXT = 'Version of the file with connections: 1 where new work is done with it';
/** Beyond the longest drain. */
const FORCE_MARGIN_SECONDS = 10;

/** Longest wait for the server to list a worker that has begun to ask for work. */
const LISTED_SECONDS = 5;
const LOOK_EVERY_MS = 50;

export class WorkerProcess {
  private current: Generation | undefined;
  private readonly draining = new Set<Promise<void>>();
  private reloading: Promise<void> = Promise.resolve();
  private isReloadWanted = false;
  private readonly files: MetricGauge;
  private readonly webhooks: WebhookPort;

  constructor(private readonly options: WorkerProcessOptions) {
    this.webhooks = new WebhookPort(options.log);
    this.files = Runtime.instance().metricMeter.createGauge('lro_worker_file', 'int', undefined, FILE_METRIC_TEXT);
  }

  /** Runs until a signal ends it, and what is under way has ended. @throws TemporalUnreachableError, BundleError, and what stops a worker */
  async run(config: LroConfig): Promise<void> {
    let forced: NodeJS.Timeout | undefined;
    const force = (): void => {
      const seconds = drainSeconds(this.current?.config ?? config) + FORCE_MARGIN_SECONDS;
      forced ??= setTimeout(() => this.giveUp(seconds), seconds * 1000);
    };
    for (const signal of END_SIGNALS) process.once(signal, force);
    try {
      const first = this.start(config);
      this.reloading = first.then(
        () => undefined,
        () => undefined,
      );
      this.current = await first;
      // A successor may come while it runs.
      for (let running: Generation | undefined; running !== this.current;) {
        running = this.current;
        await running.ended;
        await this.reloading;
      }
      await Promise.all(this.draining);
    } finally {
      await this.webhooks.close();
      clearTimeout(forced);
      for (const signal of END_SIGNALS) process.off(signal, force);
    }
  }

  /** Reads the file again, and takes it into use unless it is refused. Several calls at once are one. */
  reload(): void {
    if (this.isReloadWanted) return;
    this.isReloadWanted = true;
    this.reloading = this.reloading.then(async () => {
      this.isReloadWanted = false;
      await this.takeUp();
    });
  }

  /** Never throws. */
  private async takeUp(): Promise<void> {
    const { log, readConfig } = this.options;
    const old = this.current;
    if (old === undefined || old.worker.getState() !== 'RUNNING') return;
    const inUse = fileHashOfConfig(old.config);
    try {
      const config = readConfig();
      const fileHash = fileHashOfConfig(config);
      if (fileHash === inUse) {
        log.info({ fileHash }, 'the file with connections is the one in use');
        return;
      }
      const next = await this.start(config);
      this.current = next;
      this.files.set(0, { file_hash: inUse });
      log.info({ fileHash, before: inUse }, 'another file with connections is in use; what is under way ends with the one before');
      if (old.worker.getState() === 'RUNNING') old.worker.shutdown();
    } catch (err) {
      const mistakes = err instanceof ConfigError ? err.mistakes : [reasonOf(err)];
      for (const mistake of mistakes)
        log.error({ mistake, fileHash: inUse }, 'the file with connections is refused, the one before stays in use');
    }
  }

  private async start(config: LroConfig): Promise<Generation> {
    const { taskQueue, continueAsNewAfterEvents, version, log, ready } = this.options;
    // The SDK lets no two workers of one connection take work from one task queue.
    const { connection, namespace, address } = await connectTemporal();
    let made: Awaited<ReturnType<typeof createLroWorker>>;
    let port: OpenedPort | undefined;
    try {
      port = await this.webhooks.open(config);
      const http = { log };
      // The end of the process is bounded as a whole (see `run`), a worker that another one has followed is not.
      const worker = { ...this.options.tuning, shutdownForceTime: undefined };
      made = await createLroWorker({ config, connection, namespace, taskQueue, continueAsNewAfterEvents, version, http, worker });
    } catch (err) {
      await port?.discard();
      await connection.close();
      throw err;
    }
    const { worker, connections } = made;
    port.use(new Client({ connection, namespace, identity: worker.options.identity, dataConverter: worker.options.dataConverter }));
    const ended = worker.run().finally(async () => {
      connections.close();
      await connection.close();
    });
    this.drainOf(ended);
    await listed(connection, { namespace, taskQueue, identity: worker.options.identity });
    // Once for the process, not for each file.
    if (this.current === undefined) void warnOfMissingSearchAttributes(connection, namespace, log);
    const fileHash = fileHashOfConfig(config);
    this.files.set(1, { file_hash: fileHash });
    const names = connections.names().join(', ') || 'none';
    const versioned = version === undefined ? '' : `, deployment "${version.deploymentName}", build "${version.buildId}"`;
    const place = `task queue "${taskQueue}", namespace "${namespace}" at ${address}`;
    const received = port.address === undefined ? '' : `, webhooks at ${port.address}`;
    ready(`worker ready: ${place}${versioned}, connections: ${names}, file ${fileHash}${received}`);
    return { config, worker, connections, connection, ended };
  }

  private drainOf(ended: Promise<void>): void {
    this.draining.add(ended);
    const forget = (): void => void this.draining.delete(ended);
    ended.then(forget, () => undefined);
  }

  private giveUp(seconds: number): void {
    this.options.log.error(`what was under way did not end within ${seconds} s`);
    process.exit(1);
  }
}

/**
 * Waits until the server lists the worker among those that take activities: before, others would take it that nobody else is there. One that the
 * server does not list works all the same.
 */
async function listed(connection: NativeConnection, { identity, ...queue }: TaskQueue & { identity: string }): Promise<void> {
  const giveUpAtMs = Date.now() + LISTED_SECONDS * 1000;
  const ask = (): Promise<boolean> =>
    connection.withDeadline(giveUpAtMs, async () => {
      const pollers = await pollersOf(connection.workflowService, queue);
      return pollers.some((poller) => poller.identity === identity);
    });
  while (Date.now() < giveUpAtMs && !(await ask().catch(() => false))) await sleep(LOOK_EVERY_MS);
}
