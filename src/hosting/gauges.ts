/** What looks about for a worker: begun with it, ended with it. */
import { Client } from '@temporalio/client';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Connections } from '../http';
import type { WorkerMetrics } from '../metrics/worker-metrics';
import { ConnectionGauges } from './connection-gauges';
import { LostTrackers } from './lost-trackers';
import { OpenOperations } from './open-operations';

const COUNT_EVERY_SECONDS = 30;

export interface GaugesOptions {
  worker: Worker;
  metrics: WorkerMetrics;
  connections: Connections;
  connection: NativeConnection;
  everySeconds?: number;
  log?: Logger;
}

/** Looks for lost trackers from now on, and counts where the runtime has metrics. */
export function openGauges(options: GaugesOptions): { stop(): void } {
  const { worker, metrics, connections, connection, everySeconds = COUNT_EVERY_SECONDS, log } = options;
  const { namespace, taskQueue, identity, dataConverter } = worker.options;
  const takesWork = (): boolean => worker.getState() === 'RUNNING';
  const client = new Client({ connection, namespace, identity, dataConverter });
  const counting = { metrics, client, namespace, taskQueue, connections: connections.names(), takesWork, everySeconds, log };
  const gauges = [
    new ConnectionGauges(metrics, connections, takesWork),
    new OpenOperations(counting),
    new LostTrackers({ client, taskQueue, takesWork, log }),
  ];
  for (const gauge of gauges) gauge.start();
  return { stop: () => gauges.forEach((gauge) => gauge.stop()) };
}
