/**
 * The receiver of webhooks as a process of its own: it needs the worker's file, the secret that the file names, and Temporal. SIGHUP: the
 * file is read again.
 *
 * Exit codes: 0 after SIGTERM, 1 when it failed, 2 when the configuration is wrong.
 */
import { once } from 'node:events';
import { ConfigError } from './config';
import { workerKeys } from './hosting/encryption';
import { openLog } from './hosting/log';
import { readReceiverSettings } from './hosting/receiver-settings';
import { listenAt } from './hosting/webhook-port';
import { connectLazily } from './hosting/connect-client';
import { receiverSettings } from './receiver';
import { reasonOf } from './text/reason';

async function main(): Promise<void> {
  const { listen, logLevel, config } = readReceiverSettings(process.env);
  const log = openLog(logLevel);
  const encryption = workerKeys(process.env, log);
  const { client, address } = connectLazily(encryption);
  const settings = receiverSettings(config, client);
  const receiver = await listenAt(listen, log);
  receiver.use(settings);
  process.on('SIGHUP', () => {
    encryption.reload();
    try {
      receiver.use(receiverSettings(readReceiverSettings(process.env).config, client));
      log.info('another file is in use');
    } catch (err) {
      log.error({ reason: reasonOf(err) }, 'the file is refused, the one before stays in use');
    }
  });
  console.log(`webhooks ready: at ${receiver.address}, namespace "${client.options.namespace}" at ${address}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await receiver.close();
  await client.connection.close();
}

main().then(
  () => process.exit(0),
  (err: unknown) => {
    if (err instanceof ConfigError) {
      console.error(`configuration refused:\n${err.message}`);
      process.exit(2);
    }
    console.error(reasonOf(err));
    process.exit(1);
  },
);
