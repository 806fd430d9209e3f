/**
 * Plugin for a worker of somebody else: this project's workflows and activities beside the host's own.
 *
 * Keeps true: what the host has set stays, but a drain is never shorter than an HTTP exchange: the answer of a submit that is open when the worker stops is
 * recorded.
 */
import { SimplePlugin } from '@temporalio/plugin';
import { msToNumber, type Duration } from '@temporalio/common/lib/time';
import type { DataConverter } from '@temporalio/common';
import type { BundleOptions, ReplayWorkerOptions, Worker, WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import { loadConfig, type LroConfig } from '../config';
import { openConnections, type Connections, type OpenOptions } from '../http';
import { workflowSource } from '../hosting/bundle';
import { drainSeconds, openSharing, workerIdentity } from '../hosting/create-worker';
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

/** For `plugins` of a worker, of its connection, of `bundleWorkflowCode`, of clients. One plugin may serve several workers. */
export class LroPlugin extends SimplePlugin {
  private readonly config: LroConfig;
  /** Connections of each worker, found by its activities. */
  private readonly opened = new WeakMap<object, Connections>();
  private readonly running = new WeakSet<Connections>();

  /** @throws ConfigError with every mistake of the file */
  constructor(private readonly lro: LroPluginOptions) {
    super({ name: 'durable-lro', dataConverter: lro.dataConverter });
    this.config = typeof lro.config === 'string' ? loadConfig(lro.config) : lro.config;
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    // Plugins of the connection are plugins of the worker, too.
    if (ACTIVITY in (options.activities ?? {})) return options;
    const { config } = this;
    const { http, continueAsNewAfterEvents, nexus } = this.lro;
    const { namespace = 'default', activities, nexusServices = [] } = options;
    const identity = workerIdentity(config, options.identity);
    const connections = openConnections(config, http);
    const own = createActivities({ connections, namespace, identity, continueAsNewAfterEvents });
    for (const activity of Object.values<object>({ ...own })) this.opened.set(activity, connections);
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
    const connections = activity && this.opened.get(activity);
    const { connection } = worker;
    if (connections === undefined || connection === undefined || this.running.has(connections)) return next(worker);
    this.running.add(connections);
    const sharing = openSharing(worker, connections, connection, { ...this.lro, config: this.config });
    sharing.start();
    try {
      await next(worker);
    } finally {
      sharing.stop();
      connections.close();
    }
  }
}

/** Without workflows of the host: this project's, as it has bundled them itself. */
function withWorkflows<T extends WorkerOptions | ReplayWorkerOptions>(options: T): T {
  return options.workflowBundle || options.workflowsPath ? options : { ...options, ...workflowSource() };
}

function drainOf(config: LroConfig, { shutdownGraceTime = 0, shutdownForceTime }: WorkerOptions): Partial<WorkerOptions> {
  const graceMs = longest(shutdownGraceTime, drainSeconds(config) * 1000);
  if (shutdownForceTime === undefined) return { shutdownGraceTime: graceMs };
  return { shutdownGraceTime: graceMs, shutdownForceTime: longest(shutdownForceTime, graceMs + FORCE_MARGIN_MS) };
}

function longest(given: Duration, leastMs: number): number {
  return Math.max(msToNumber(given), leastMs);
}
