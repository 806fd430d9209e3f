/** `durable-lro/worker`: a worker inside another program. */
export { createActivities, type ActivityOptions } from '../activities';
export { ConfigError, loadConfig, type LroConfig } from '../config';
export { BundleError, workflowSource } from './bundle';
export { openReceiver, receiverSettings, type Receiver, type ReceiverSettings } from '../receiver';
export { createLroWorker, drainSeconds, workerIdentity, type LroWorkerOptions } from './create-worker';
export type { WorkerVersion } from './deployment';
export { prometheusMetrics } from './telemetry';
