/**
 * The worker process's settings in its environment (connections are in its file).
 */
import { z } from 'zod';
import { ConfigError, loadConfig, NO_FILES, type LroConfig } from '../config';
import { DEFAULT_TASK_QUEUE } from '../contract';
import { deploymentVariables, workerVersion, type WorkerVersion } from './deployment';
import { LOG_LEVELS, type LogLevel } from './log';
import { tuningOf, tuningVariables, type Tuning } from './tuning';

const DEFAULT_CONFIG_PATH = 'lro.config.yaml';

export interface WorkerSettings {
  config: LroConfig;
  taskQueue: string;
  logLevel: LogLevel;
  /** `host:port` of the Prometheus endpoint. */
  metricsAddress?: string;
  continueAsNewAfterEvents?: number;
  /** Absent: without Worker Versioning. */
  version?: WorkerVersion;
  tuning: Tuning;
}

const environment = z.object({
  LRO_CONFIG: z.string().min(1, 'must not be empty').default(DEFAULT_CONFIG_PATH),
  LRO_TASK_QUEUE: z.string().min(1, 'must not be empty').max(200, 'must be at most 200 characters').default(DEFAULT_TASK_QUEUE),
  LRO_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  LRO_METRICS_ADDRESS: z
    .string()
    .regex(/^.+:\d+$/, 'must be host:port')
    .optional(),
  LRO_CONTINUE_AS_NEW_AFTER_EVENTS: z.coerce
    .number({ error: 'must be a whole number >= 20' })
    .int('must be a whole number >= 20')
    .min(20, 'must be a whole number >= 20')
    .optional(),
  ...deploymentVariables,
  ...tuningVariables,
});

/** The file with connections that the environment names. @throws ConfigError with every mistake of the file */
export function readConfig(env: NodeJS.ProcessEnv): LroConfig {
  return loadConfig(env['LRO_CONFIG'] ?? DEFAULT_CONFIG_PATH, env);
}

/** @throws ConfigError with every mistake of the environment and of the file */
export function readSettings(env: NodeJS.ProcessEnv): WorkerSettings {
  const read = environment.safeParse(env);
  const mistakes = read.success ? [] : read.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
  const { version, mistake } = workerVersion(env);
  const { tuning, mistake: tuningMistake } = tuningOf(read.data ?? {});
  for (const one of [mistake, tuningMistake]) if (one !== undefined) mistakes.push(one);
  let config: LroConfig = { connections: {}, files: NO_FILES };
  try {
    config = readConfig(env);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    mistakes.push(...err.mistakes);
  }
  if (!read.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const { LRO_TASK_QUEUE, LRO_LOG_LEVEL, LRO_METRICS_ADDRESS, LRO_CONTINUE_AS_NEW_AFTER_EVENTS } = read.data;
  return {
    config,
    taskQueue: LRO_TASK_QUEUE,
    logLevel: LRO_LOG_LEVEL,
    metricsAddress: LRO_METRICS_ADDRESS,
    continueAsNewAfterEvents: LRO_CONTINUE_AS_NEW_AFTER_EVENTS,
    version,
    tuning,
  };
}
