/**
 * The worker process: configuration → connection → work → drain. SIGHUP: the file with connections is read again.
 *
 * Exit codes: 0 after a clean drain, 1 when the worker failed, 2 when the configuration is wrong, 3 when Temporal cannot be reached.
 */
import { Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import { ConfigError } from './config';
import { BundleError } from './hosting/bundle';
import { openLog, temporalLogger } from './hosting/log';
import { TemporalUnreachableError } from './hosting/connect';
import { readConfig, readSettings } from './hosting/settings';
import { WorkerProcess } from './hosting/worker-process';

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
  const { config, taskQueue, continueAsNewAfterEvents, version, tuning } = settings;
  const work = new WorkerProcess({
    taskQueue,
    continueAsNewAfterEvents,
    version,
    tuning,
    log,
    readConfig: () => readConfig(process.env),
    ready: (line) => console.log(line),
  });
  process.on('SIGHUP', () => work.reload());
  await work.run(config);
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
