/**
 * The worker process's settings in its environment (connections are in its file).
 */
import { statSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, loadConfig, NO_FILES, type LroConfig } from '../config';
import { DEFAULT_TASK_QUEUE } from '../contract';
import { DOCS_URL_VARIABLE, isDocsUrl } from '../contract/runbooks';
import { encryptionMistakes } from './encryption';
import { deploymentVariables, workerVersion, type WorkerVersion } from './deployment';
import { healthVariables } from './health';
import { logVariables } from './log';
import { metricsVariables, type MetricsSettings } from './telemetry';
import { tuningOf, tuningVariables, type Tuning } from './tuning';

const DEFAULT_CONFIG_PATH = 'lro.config.yaml';

export interface WorkerSettings {
  config: LroConfig;
  taskQueue: string;
  /** `host:port` of liveness and readiness. */
  healthAddress?: string;
  metrics: MetricsSettings;
  continueAsNewAfterEvents?: number;
  /** Whether it serves the Nexus service. */
  nexus: boolean;
  /** Absent: without Worker Versioning. */
  version?: WorkerVersion;
  tuning: Tuning;
}

const environment = z.object({
  LRO_CONFIG: z.string().min(1, 'must not be empty').default(DEFAULT_CONFIG_PATH),
  LRO_TASK_QUEUE: z.string().min(1, 'must not be empty').max(200, 'must be at most 200 characters').default(DEFAULT_TASK_QUEUE),
  ...logVariables,
  ...healthVariables,
  LRO_CONTINUE_AS_NEW_AFTER_EVENTS: z.coerce
    .number({ error: 'must be a whole number >= 20' })
    .int('must be a whole number >= 20')
    .min(20, 'must be a whole number >= 20')
    .optional(),
  LRO_NEXUS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((value) => value === 'true'),
  // Read by `src/activities/learn.ts`, and by the client.
  [DOCS_URL_VARIABLE]: z
    .string()
    .trim()
    .refine((text) => text === '' || isDocsUrl(text), 'must be an http(s) URL')
    .optional(),
  ...metricsVariables,
  ...deploymentVariables,
  ...tuningVariables,
});

/** Of all that {@link readSettings} reads but the keys, for what is said of them elsewhere. */
export const WORKER_VARIABLE_NAMES: readonly string[] = Object.keys(environment.shape);

/** The file with connections that the environment names. @throws ConfigError with every mistake of the file */
export function readConfig(env: NodeJS.ProcessEnv): LroConfig {
  return loadConfig(env['LRO_CONFIG'] ?? DEFAULT_CONFIG_PATH, env);
}

/** When that file was written, in milliseconds since the epoch; undefined where nobody can say. */
export function configWrittenAtMs(env: NodeJS.ProcessEnv): number | undefined {
  return statSync(env['LRO_CONFIG'] ?? DEFAULT_CONFIG_PATH, { throwIfNoEntry: false })?.mtimeMs;
}

/** @throws ConfigError with every mistake of the environment and of the file */
export function readSettings(env: NodeJS.ProcessEnv): WorkerSettings {
  const read = environment.safeParse(env);
  const mistakes = read.success ? [] : read.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
  const { version, mistake } = workerVersion(env);
  const { tuning, mistake: tuningMistake } = tuningOf(read.data ?? {});
  for (const one of [mistake, tuningMistake]) if (one !== undefined) mistakes.push(one);
  mistakes.push(...encryptionMistakes(env));
  let config: LroConfig = { connections: {}, files: NO_FILES };
  try {
    // An empty name is a mistake already.
    if (env['LRO_CONFIG'] !== '') config = readConfig(env);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    mistakes.push(...err.mistakes);
  }
  if (!read.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const { LRO_TASK_QUEUE, LRO_HEALTH_ADDRESS, LRO_CONTINUE_AS_NEW_AFTER_EVENTS, LRO_NEXUS } = read.data;
  const { LRO_METRICS_ADDRESS, LRO_METRICS_TAGS, LRO_METRICS_COUNT_SECONDS } = read.data;
  return {
    config,
    taskQueue: LRO_TASK_QUEUE,
    healthAddress: LRO_HEALTH_ADDRESS,
    metrics: { address: LRO_METRICS_ADDRESS, tags: LRO_METRICS_TAGS, countEverySeconds: LRO_METRICS_COUNT_SECONDS },
    continueAsNewAfterEvents: LRO_CONTINUE_AS_NEW_AFTER_EVENTS,
    nexus: LRO_NEXUS,
    version,
    tuning,
  };
}
