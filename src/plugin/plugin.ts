/**
 * Plugin for a worker of somebody else: this project's workflows and activities beside the host's own.
 *
 * Keeps true: what the host has set stays, but a drain is never shorter than an HTTP exchange: the answer of a submit that is open when the worker stops is
 * recorded.
 */
import { SimplePlugin } from '@temporalio/plugin';
import { msToNumber, type Duration } from '@temporalio/common/lib/time';
import type { DataConverter } from '@temporalio/common';
import { Runtime, type BundleOptions, type ReplayWorkerOptions, type Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import { loadConfig, requireConfig, type LroConfig } from '../config';
import { FAILURE_CONVERTER_PATH } from '../encryption';
import { openConnections, type Connections, type OpenOptions } from '../http';
import { workflowSource } from '../hosting/bundle';
import { drainSeconds, openSharing, workerIdentity } from '../hosting/create-worker';
import { openGauges } from '../hosting/gauges';
import { WorkerMetrics } from '../metrics/worker-metrics';
import { createNexusService } from '../nexus/handlers';
import { withHostWorkflows } from './bundling';

export interface LroPluginOptions {
  /** The file with connections: its path, or what `loadConfig` has read. */
  config: string | LroConfig;
  /** For clients and workers with this plugin; its fields go over those that they have. Default: what they have. */
  dataConverter?: DataConverter;
  /** Whether workers serve the Nexus service `durable-lro`; default false. */
  nexus?: boolean;
  /** Of the HTTP connections, with the log. */
  http?: OpenOptions;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

/** By which a worker's options are known to have been through this plugin. */
const ACTIVITY = 'lro.prepare';
/** Beyond the drain. */
const FORCE_MARGIN_MS = 10_000;

/** What a worker with this plugin has of its own. */
interface Opened {
  connections: Connections;
  metrics: WorkerMetrics;
}

/** For `plugins` of a worker, of its connection, of `bundleWorkflowCode`, of clients. One plugin may serve several workers. */
export class LroPlugin extends SimplePlugin {
  private readonly config: LroConfig;
  /** Connections of each worker, found by its activities. */
  private readonly opened = new WeakMap<object, Opened>();
  private readonly running = new WeakSet<Connections>();

  /** @throws ConfigError with every mistake of the file */
  constructor(private readonly lro: LroPluginOptions) {
    super({ name: 'durable-lro', dataConverter: lro.dataConverter });
    if (typeof lro.config !== 'string') requireConfig(lro.config);
    this.config = typeof lro.config === 'string' ? loadConfig(lro.config) : lro.config;
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    // Plugins of the connection are plugins of the worker, too.
    if (ACTIVITY in (options.activities ?? {})) return options;
    const { config } = this;
    const { http, continueAsNewAfterEvents, nexus } = this.lro;
    const { namespace = 'default', taskQueue, activities, nexusServices = [] } = options;
    const identity = workerIdentity(config, options.identity);
    // Into the runtime that the host has installed: what there is without metrics costs nothing.
    const metrics = new WorkerMetrics(Runtime.instance().metricMeter, { namespace, taskQueue });
    const connections = openConnections(config, { ...http, meterOf: (name) => metrics.requestsOf(name) });
    const { maxConcurrentActivityTaskExecutions: slots } = options;
    const own = createActivities({ connections, namespace, identity, continueAsNewAfterEvents, slots });
    for (const activity of Object.values<object>({ ...own })) this.opened.set(activity, { connections, metrics });
    return {
      // As in a worker of this project's own: who dies is noticed in time.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      maxHeartbeatThrottleInterval: '1 second',
      defaultHeartbeatThrottleInterval: '1 second',
      ...withWorkflows(super.configureWorker(options)),
      ...drainOf(config, options),
      identity,
      activities: { ...activities, ...own },
      nexusServices: nexus === true ? [...nexusServices, createNexusService()] : options.nexusServices,
    };
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return withWorkflows(super.configureReplayWorker(options));
  }

  override configureBundler(options: BundleOptions): BundleOptions {
    return withHostWorkflows(super.configureBundler(options));
  }

  /** Shares the rates of connections with other workers while it runs, and closes the connections after. */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const activity = worker.options.activities.get(ACTIVITY);
    const opened = activity && this.opened.get(activity);
    const { connection } = worker;
    if (opened === undefined || connection === undefined || this.running.has(opened.connections)) return next(worker);
    const { connections, metrics } = opened;
    this.running.add(connections);
    const sharing = openSharing(worker, connections, connection, { ...this.lro, config: this.config });
    sharing.start();
    const gauges = openGauges({ worker, metrics, connections, connection, log: this.lro.http?.log });
    try {
      await next(worker);
    } finally {
      sharing.stop();
      gauges.stop();
      connections.close();
    }
  }
}

/** Without workflows of the host: this project's, as it has bundled them itself. */
function withWorkflows<T extends WorkerOptions | ReplayWorkerOptions>(options: T): T {
  if (options.workflowBundle || options.workflowsPath) return options;
  const encodesFailures = options.dataConverter?.failureConverterPath === FAILURE_CONVERTER_PATH;
  return { ...options, ...workflowSource({ encodesFailures }) };
}

function drainOf(config: LroConfig, { shutdownGraceTime = 0, shutdownForceTime }: WorkerOptions): Partial<WorkerOptions> {
  const graceMs = longest(shutdownGraceTime, drainSeconds(config) * 1000);
  if (shutdownForceTime === undefined) return { shutdownGraceTime: graceMs };
  return { shutdownGraceTime: graceMs, shutdownForceTime: longest(shutdownForceTime, graceMs + FORCE_MARGIN_MS) };
}

function longest(given: Duration, leastMs: number): number {
  return Math.max(msToNumber(given), leastMs);
}
