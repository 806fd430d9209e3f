/** The settings of a receiver of webhooks that is a process of its own: the worker's file, and a few variables of the environment. */
import { z } from 'zod';
import { ConfigError, isPlace, type LroConfig, type WebhooksConfig } from '../config';
import { logVariables } from './log';
import { readConfig } from './settings';

const DEFAULT_LISTEN = '0.0.0.0:8090';

export interface ReceiverProcessSettings {
  config: LroConfig & { webhooks: WebhooksConfig };
  /** `host:port`; the environment's before the file's. */
  listen: string;
}

const environment = z.object({
  ...logVariables,
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
  return { config: { ...config, webhooks }, listen: read.data.LRO_WEBHOOKS_LISTEN ?? webhooks.listen ?? DEFAULT_LISTEN };
}
