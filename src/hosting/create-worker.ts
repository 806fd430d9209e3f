/**
 * A Temporal worker with this project's workflows and activities, for the worker process and for programs that embed one.
 *
 * Keeps true: the drain lasts longer than an HTTP exchange, so that the answer of a submit that is open at SIGTERM is recorded.
 */
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import { fileHashOfConfig, identityWith, type LroConfig } from '../config';
import { DEFAULT_TASK_QUEUE } from '../contract';
import { openConnections, type Connections, type OpenOptions } from '../http';
import { workflowSource } from './bundle';
import { versioningOf, type WorkerVersion } from './deployment';
import { Limiters } from './limiters';
import { ListedWorkers } from './listed-workers';
import { RateSharing } from './share-rates';
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
  /** Of the HTTP connections. */
  http?: OpenOptions;
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
  const { config, namespace = 'default', taskQueue = DEFAULT_TASK_QUEUE, continueAsNewAfterEvents, version } = options;
  const given = options.worker?.connection ?? options.connection;
  const connection = given ?? (await NativeConnection.connect());
  const connections = openConnections(config, options.http);
  const identity = workerIdentity(config, options.worker?.identity);
  const grace = drainSeconds(config);
  const worker = await Worker.create({
    ...(options.worker?.workflowBundle || options.worker?.workflowsPath ? {} : workflowSource()),
    activities: createActivities({
      connections,
      namespace,
      identity,
      continueAsNewAfterEvents,
    }),
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
  const close = (): void => {
    sharing.stop();
    connections.close();
    // Nobody else's.
    if (given === undefined) connection.close().catch(() => undefined);
  };
  return { worker, connections: { ...connections, close } };
}

function openSharing(worker: Worker, connections: Connections, connection: NativeConnection, options: LroWorkerOptions): RateSharing {
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
