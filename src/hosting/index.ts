/** `durable-lro/worker`: a worker inside another program. */
export { createActivities, type ActivityOptions } from '../activities';
export { ConfigError, loadConfig, type LroConfig } from '../config';
export { encryptedData, EncryptionError, KeySource, keysOfEnvironment, type KeyEvents, type Keys } from '../encryption';
export { BundleError, workflowSource } from './bundle';
export { openReceiver, receiverSettings, type Receiver, type ReceiverSettings } from '../receiver';
export { createLroWorker, drainSeconds, workerIdentity, type LroWorkerOptions } from './create-worker';
export { createNexusService } from '../nexus/handlers';
export type { WorkerVersion } from './deployment';
export { prometheusMetrics } from './telemetry';
export { notReadyReason, openHealth, type Health, type NotReady } from './health';
export { openTraces, type Traces } from './traces';
