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
import { Runtime, type NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { pollersOf, type TaskQueue } from '../activities/task-queue';
import { ConfigError, fileHashOfConfig, type LroConfig } from '../config';
import type { KeySource } from '../encryption';
import type { Connections, OpenOptions } from '../http';
import { WorkerMetrics } from '../metrics/worker-metrics';
import { reasonOf } from '../text/reason';
import { connectTemporal } from './connect';
import { createLroWorker, drainSeconds } from './create-worker';
import type { WorkerVersion } from './deployment';
import { notReadyReason, type NotReady } from './health';
import { announce } from './log';
import { ProcessGauges } from './process-gauges';
import { warnOfMissingSearchAttributes } from './search-attribute-warning';
import { TemporalWatch } from './temporal-watch';
import type { Traces } from './traces';
import type { Tuning } from './tuning';
import { WebhookPort, type OpenedPort } from './webhook-port';

export interface WorkerProcessOptions {
  taskQueue: string;
  continueAsNewAfterEvents?: number;
  /** Whether it serves the Nexus service. */
  nexus?: boolean;
  version?: WorkerVersion;
  /** Payloads are encrypted with these keys, if there are any. */
  encryption: KeySource;
  tuning: Tuning;
  log: Logger;
  /** Of the HTTP connections. */
  http?: OpenOptions;
  traces?: Traces | undefined;
  /** How often open operations are counted, as in `LroWorkerOptions`. */
  countEverySeconds?: number;
  /** Reads the file. @throws ConfigError */
  readConfig: () => LroConfig;
  /** When that was written, in milliseconds since the epoch. */
  fileWrittenAtMs?: () => number | undefined;
}

/** A worker and what is its own. */
interface Generation {
  config: LroConfig;
  worker: Worker;
  connections: Connections;
  connection: NativeConnection;
  watch: TemporalWatch;
  /** Rejects when the worker failed. */
  ended: Promise<void>;
}

/** Signals by which the SDK ends its workers. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2'] as const;
/** Beyond the longest drain. */
const FORCE_MARGIN_SECONDS = 10;

/** Longest wait for the server to list a worker that has begun to ask for work. */
const LISTED_SECONDS = 5;
const LOOK_EVERY_MS = 50;
/** Connections that the ready line has in a field of their own. */
const MAX_NAMED = 20;

export class WorkerProcess {
  private current: Generation | undefined;
  private readonly draining = new Set<Promise<void>>();
  private reloading: Promise<void> = Promise.resolve();
  private isReloadWanted = false;
  private readonly gauges = new ProcessGauges(Runtime.instance().metricMeter);
  private metrics: WorkerMetrics | undefined;
  private readonly webhooks: WebhookPort;

  constructor(private readonly options: WorkerProcessOptions) {
    this.webhooks = new WebhookPort(options.log);
  }

  /** Runs until a signal ends it, and what is under way has ended. @throws TemporalUnreachableError, BundleError, and what stops a worker */
  async run(config: LroConfig): Promise<void> {
    let forced: NodeJS.Timeout | undefined;
    const force = (): void => {
      this.gauges.drains();
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
      this.gauges.stop();
      await this.webhooks.close();
      clearTimeout(forced);
      for (const signal of END_SIGNALS) process.off(signal, force);
    }
  }

  /** Why it takes no work now; undefined while it does. */
  notReady(): NotReady | undefined {
    return notReadyReason(this.current?.worker) ?? (this.current?.watch.isLost === true ? 'Temporal does not answer' : undefined);
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
      this.gauges.usesNoLonger(inUse);
      log.info({ fileHash, before: inUse }, 'another file with connections is in use; what is under way ends with the one before');
      if (old.worker.getState() === 'RUNNING') old.worker.shutdown();
    } catch (err) {
      const mistakes = err instanceof ConfigError ? err.mistakes : [reasonOf(err)];
      for (const mistake of mistakes)
        log.error({ mistake, fileHash: inUse }, 'the file with connections is refused, the one before stays in use');
    }
  }

  private async start(config: LroConfig): Promise<Generation> {
    const { taskQueue, continueAsNewAfterEvents, countEverySeconds, nexus, version, encryption, log, traces } = this.options;
    // The SDK lets no two workers of one connection take work from one task queue.
    const { connection, namespace, address } = await connectTemporal();
    let made: Awaited<ReturnType<typeof createLroWorker>>;
    let port: OpenedPort | undefined;
    try {
      port = await this.webhooks.open(config);
      const http = { ...this.options.http, log };
      // The end of the process is bounded as a whole (see `run`), a worker that another one has followed is not.
      const worker = { ...this.options.tuning, shutdownForceTime: undefined };
      // Each worker goes on with the metrics of the one before.
      const metrics = (this.metrics ??= new WorkerMetrics(Runtime.instance().metricMeter, { namespace, taskQueue }));
      const shared = { metrics, countEverySeconds, continueAsNewAfterEvents, nexus, version, encryption, traces };
      made = await createLroWorker({ config, connection, namespace, taskQueue, ...shared, http, worker });
    } catch (err) {
      await port?.discard();
      await connection.close();
      throw err;
    }
    const { worker, connections } = made;
    port.use(new Client({ connection, namespace, identity: worker.options.identity, dataConverter: worker.options.dataConverter }));
    const watch = new TemporalWatch(connection, address, log);
    const ended = worker.run().finally(async () => {
      watch.end();
      connections.close();
      await connection.close();
    });
    this.drainOf(ended);
    await listed(connection, { namespace, taskQueue, identity: worker.options.identity });
    // Once for the process, not for each file.
    if (this.current === undefined) void warnOfMissingSearchAttributes(connection, namespace, log);
    const fileHash = fileHashOfConfig(config);
    this.gauges.uses(fileHash, this.options.fileWrittenAtMs?.());
    const names = connections.names();
    const versioned = version === undefined ? '' : `, deployment "${version.deploymentName}", build "${version.buildId}"`;
    const place = `task queue "${taskQueue}", namespace "${namespace}" at ${address}`;
    const received = port.address === undefined ? '' : `, webhooks at ${port.address}`;
    const encryptionKeyId = encryption.current?.id;
    const encrypted = encryptionKeyId === undefined ? '' : `, payloads encrypted with key "${encryptionKeyId}"`;
    const said = { taskQueue, namespace, address, ...version, connections: names.slice(0, MAX_NAMED), fileHash, webhooks: port.address };
    const line = `worker ready: ${place}${versioned}, connections: ${names.join(', ') || 'none'}, file ${fileHash}${received}${encrypted}`;
    announce(log, { ...said, encryptionKeyId }, line);
    return { config, worker, connections, connection, watch, ended };
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
