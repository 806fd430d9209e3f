/**
 * A Temporal worker with this project's workflows and activities, for the worker process and for programs that embed one.
 *
 * Keeps true: the drain lasts longer than an HTTP exchange, so that the answer of a submit that is open at SIGTERM is recorded.
 */
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import { fileHashOfConfig, identityWith, requireConfig, type LroConfig } from '../config';
import { DEFAULT_TASK_QUEUE } from '../contract';
import { encryptedData, type KeySource } from '../encryption';
import { openConnections, type Connections, type OpenOptions } from '../http';
import type { RequestMeter } from '../metrics/request-meter';
import { WorkerMetrics } from '../metrics/worker-metrics';
import { createNexusService } from '../nexus/handlers';
import { workflowSource } from './bundle';
import { openGauges } from './gauges';
import { versioningOf, type WorkerVersion } from './deployment';
import { Limiters } from './limiters';
import { ListedWorkers } from './listed-workers';
import { RateSharing } from './share-rates';
import type { Traces } from './traces';
import { DEFAULT_TUNING } from './tuning';

export interface LroWorkerOptions {
  config: LroConfig;
  connection?: NativeConnection;
  /** Default `default`. */
  namespace?: string;
  /** Default `lro`. */
  taskQueue?: string;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
  /** For Worker Versioning: `{ deploymentName, buildId }`. Default: without it. */
  version?: WorkerVersion;
  /** Whether it serves the Nexus service `durable-lro`; default false. */
  nexus?: boolean;
  /** Payloads are encrypted with these keys. Default: they are not. */
  encryption?: KeySource;
  /**
   * Of workers that follow one another on a task queue. Default: own ones, in the `Runtime` that the program has installed; what there is without
   * metrics costs nothing.
   */
  metrics?: WorkerMetrics;
  /** How often open operations are counted for the metrics, in seconds; 0: never. Default 30. */
  countEverySeconds?: number;
  /** Of the HTTP connections. */
  http?: OpenOptions;
  /** Sends traces, see {@link openTraces}. Default: none. */
  traces?: Traces | undefined;
  /** Overrides all of the above: for tests, tuning and interceptors. */
  worker?: Partial<WorkerOptions>;
}

/** Beyond the longest HTTP exchange, in seconds. */
const DRAIN_MARGIN_SECONDS = 10;

/** Timeout of a drain: the longest HTTP timeout of all connections and a margin. */
export function drainSeconds(config: LroConfig): number {
  return Math.max(0, ...Object.values(config.connections).map(({ limits }) => limits.timeoutSeconds)) + DRAIN_MARGIN_SECONDS;
}

/** An identity with the hash of the worker's file, by which other workers see whether they know the same. @param identity default: process and host */
export function workerIdentity(config: LroConfig, identity = `${process.pid}@${hostname()}`): string {
  return identityWith(identity, fileHashOfConfig(config));
}

/** Creates the worker; `run()` starts it. Close the connections after it has ended. */
export async function createLroWorker(options: LroWorkerOptions): Promise<{ worker: Worker; connections: Connections }> {
  const { config, namespace = 'default', taskQueue = DEFAULT_TASK_QUEUE, continueAsNewAfterEvents, version, traces, encryption } = options;
  requireConfig(config);
  const given = options.worker?.connection ?? options.connection;
  const connection = given ?? (await NativeConnection.connect());
  const metrics = options.metrics ?? new WorkerMetrics(Runtime.instance().metricMeter, { namespace, taskQueue });
  const meterOf = (name: string): RequestMeter => metrics.requestsOf(name);
  const connections = openConnections(config, { ...options.http, ...(traces && { tracer: traces.tracer }), meterOf });
  const identity = workerIdentity(config, options.worker?.identity);
  const grace = drainSeconds(config);
  const worker = await Worker.create({
    ...(options.worker?.workflowBundle || options.worker?.workflowsPath
      ? {}
      : workflowSource({ traced: traces !== undefined, encodesFailures: encryption?.encrypts })),
    ...traces?.worker,
    dataConverter: encryptedData(encryption),
    activities: createActivities({
      connections,
      namespace,
      identity,
      continueAsNewAfterEvents,
      isQuiet: options.http?.log?.isLevelEnabled('debug') === false,
      slots: options.worker?.maxConcurrentActivityTaskExecutions,
    }),
    ...(options.nexus === true ? { nexusServices: [createNexusService()] } : {}),
    connection,
    ...(version === undefined ? {} : { workerDeploymentOptions: versioningOf(version) }),
    namespace,
    taskQueue,
    shutdownGraceTime: grace * 1000,
    shutdownForceTime: (grace + 10) * 1000,
    // Workflow tasks wait this long for a worker that was killed, before another one gets them.
    stickyQueueScheduleToStartTimeout: '2 seconds',
    // Heartbeats are not throttled: activities send one a second.
    maxHeartbeatThrottleInterval: '1 second',
    defaultHeartbeatThrottleInterval: '1 second',
    ...DEFAULT_TUNING,
    ...options.worker,
    identity,
  });
  const sharing = openSharing(worker, connections, connection, options);
  sharing.start();
  const gauges = openGauges({ worker, metrics, connections, connection, everySeconds: options.countEverySeconds, log: options.http?.log });
  const close = (): void => {
    sharing.stop();
    gauges.stop();
    connections.close();
    // Nobody else's.
    if (given === undefined) connection.close().catch(() => undefined);
  };
  return { worker, connections: { ...connections, close } };
}

/** What shares the rates of a worker's connections with other workers, once it is started. */
export function openSharing(
  worker: Worker,
  connections: Connections,
  connection: NativeConnection,
  options: Pick<LroWorkerOptions, 'config' | 'continueAsNewAfterEvents' | 'http'>,
): RateSharing {
  const { identity, namespace, taskQueue, dataConverter } = worker.options;
  const { config, continueAsNewAfterEvents, http } = options;
  return new RateSharing({
    connections,
    identity,
    listed: new ListedWorkers({ connection, namespace, taskQueue, identity, drainSeconds: drainSeconds(config) }),
    limiters: new Limiters({ client: new Client({ connection, namespace, identity, dataConverter }), taskQueue, continueAsNewAfterEvents }),
    log: http?.log,
  });
}
