/**
 * The worker process: configuration → connection → work → drain.
 *
 * Exit codes: 0 after a clean drain, 1 when the worker failed, 2 when the configuration is wrong, 3 when Temporal cannot be reached.
 */
import { Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import { ConfigError } from './config';
import { BundleError } from './hosting/bundle';
import { createLroWorker } from './hosting/create-worker';
import { openLog, temporalLogger } from './hosting/log';
import { connectTemporal, TemporalUnreachableError } from './hosting/connect';
import { readSettings } from './hosting/settings';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const log = openLog(settings.logLevel);
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
      ...(settings.metricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: settings.metricsAddress } } }),
    },
  });
  const { connection, namespace, address } = await connectTemporal();
  try {
    const { config, taskQueue, continueAsNewAfterEvents, version } = settings;
    const { worker, connections } = await createLroWorker({
      config,
      connection,
      namespace,
      taskQueue,
      continueAsNewAfterEvents,
      version,
      http: { log },
    });
    const ended = worker.run();
    const versioned = version === undefined ? '' : `, deployment "${version.deploymentName}", build "${version.buildId}"`;
    const names = connections.names().join(', ') || 'none';
    console.log(`worker ready: task queue "${taskQueue}", namespace "${namespace}" at ${address}${versioned}, connections: ${names}`);
    await ended;
    connections.close();
  } finally {
    await connection.close();
  }
}

main().then(
  () => process.exit(0),
  (err: unknown) => {
    if (err instanceof ConfigError) {
      console.error(`configuration refused:\n${err.message}`);
      process.exit(2);
    }
    if (err instanceof TemporalUnreachableError || err instanceof BundleError) {
      console.error(err.message);
      process.exit(err instanceof BundleError ? 2 : 3);
    }
    console.error(err);
    process.exit(1);
  },
);
