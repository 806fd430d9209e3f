/**
 * The worker process: configuration → connection → work → drain. SIGHUP: the file with connections is read again.
 *
 * Exit codes: 0 after a clean drain, 1 when the worker failed, 2 when the configuration is wrong, 3 when Temporal cannot be reached.
 */
import { Runtime } from '@temporalio/worker';
import { ConfigError } from './config';
import { BundleError } from './hosting/bundle';
import { workerKeys } from './hosting/encryption';
import { openHealth } from './hosting/health';
import { runtimeLogging } from './hosting/log';
import { TemporalUnreachableError } from './hosting/connect';
import { inProcess, type Process } from './hosting/process';
import { configWrittenAtMs, readConfig, readSettings } from './hosting/settings';
import { prometheusMetrics, requireFree } from './hosting/telemetry';
import { openTraces } from './hosting/traces';
import { answerArguments, unknownVariables } from './hosting/variables';
import { WorkerProcess } from './hosting/worker-process';

async function main({ log, redaction, atEnd }: Process): Promise<void> {
  for (const line of unknownVariables(process.env)) log.warn(line);
  const settings = readSettings(process.env);
  const { logger, telemetryOptions } = runtimeLogging(log);
  const { address, tags, countEverySeconds } = settings.metrics;
  if (address !== undefined) await requireFree(address);
  const runtime = Runtime.install({
    logger,
    telemetryOptions: {
      ...telemetryOptions,
      ...(address === undefined ? {} : { metrics: prometheusMetrics({ address, tags }) }),
    },
  });
  atEnd(() => runtime.flushLogs());
  const { config, taskQueue, continueAsNewAfterEvents, nexus, version, tuning, healthAddress } = settings;
  const encryption = workerKeys(process.env, log);
  const traces = await openTraces(redaction.clean);
  const work = new WorkerProcess({
    encryption,
    taskQueue,
    continueAsNewAfterEvents,
    nexus,
    version,
    tuning,
    log,
    http: { redaction },
    traces,
    countEverySeconds,
    readConfig: () => readConfig(process.env),
    fileWrittenAtMs: () => configWrittenAtMs(process.env),
  });
  process.on('SIGHUP', () => {
    encryption.reload();
    work.reload();
  });
  if (healthAddress !== undefined) {
    const { address } = await openHealth(healthAddress, () => work.notReady());
    log.info({ address }, 'liveness and readiness are told: /livez and /readyz');
  }
  await work.run(config);
  await traces?.close();
}

const answered = answerArguments(process.argv.slice(2));
if (answered !== undefined) process.exitCode = answered;
else
  inProcess(main, (err) => {
    if (err instanceof ConfigError || err instanceof BundleError) return 2;
    return err instanceof TemporalUnreachableError ? 3 : 1;
  });
