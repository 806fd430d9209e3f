/** The settings of a receiver of webhooks that is a process of its own: the worker's file, and a few variables of the environment. */
import { z } from 'zod';
import { ConfigError, isPlace, type LroConfig, type WebhooksConfig } from '../config';
import { LOG_LEVELS, type LogLevel } from './log';
import { readConfig } from './settings';

const DEFAULT_LISTEN = '0.0.0.0:8090';

export interface ReceiverProcessSettings {
  config: LroConfig & { webhooks: WebhooksConfig };
  /** `host:port`; the environment's before the file's. */
  listen: string;
  logLevel: LogLevel;
}

const environment = z.object({
  LRO_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  LRO_WEBHOOKS_LISTEN: z.string().refine(isPlace, 'must be host:port').optional(),
});

/** @throws ConfigError with every mistake of the environment, or of the file */
export function readReceiverSettings(env: NodeJS.ProcessEnv): ReceiverProcessSettings {
  const read = environment.safeParse(env);
  if (!read.success) throw new ConfigError(read.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`));
  const config = readConfig(env);
  const { webhooks } = config;
  if (webhooks === undefined)
    throw new ConfigError([
      'webhooks: is not in the file: a receiver needs "webhooks: { publicUrl, secret }", the same as the workers have',
    ]);
  const { LRO_LOG_LEVEL, LRO_WEBHOOKS_LISTEN } = read.data;
  return { config: { ...config, webhooks }, listen: LRO_WEBHOOKS_LISTEN ?? webhooks.listen ?? DEFAULT_LISTEN, logLevel: LRO_LOG_LEVEL };
}
