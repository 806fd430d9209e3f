/**
 * The receiver of webhooks as a process of its own: it needs the worker's file, the secret that the file names, and Temporal. SIGHUP: the
 * file is read again.
 *
 * Exit codes: 0 after SIGTERM, 1 when it failed, 2 when the configuration or an argument is wrong.
 */
import { once } from 'node:events';
import { ConfigError } from './config';
import { workerKeys } from './hosting/encryption';
import { announce } from './hosting/log';
import { inProcess, type Process } from './hosting/process';
import { readReceiverSettings } from './hosting/receiver-settings';
import { answerArguments } from './hosting/variables';
import { listenAt } from './hosting/webhook-port';
import { connectLazily } from './hosting/connect-client';
import { receiverSettings, type ReceiverSettings } from './receiver';
import { reasonOf } from './text/reason';

async function main({ log, redaction }: Process): Promise<void> {
  const { listen, config } = readReceiverSettings(process.env);
  const encryption = workerKeys(process.env, log);
  const { client, address } = connectLazily(encryption);
  const known = (settings: ReceiverSettings): ReceiverSettings => {
    for (const mark of settings.callbacks.marks) redaction.addMark(mark);
    return settings;
  };
  const settings = known(receiverSettings(config, client));
  const receiver = await listenAt(listen, log);
  receiver.use(settings);
  process.on('SIGHUP', () => {
    encryption.reload();
    try {
      receiver.use(known(receiverSettings(readReceiverSettings(process.env).config, client)));
      log.info('another file is in use');
    } catch (err) {
      log.error({ reason: reasonOf(err) }, 'the file is refused, the one before stays in use');
    }
  });
  const { namespace } = client.options;
  announce(
    log,
    { listen: receiver.address, namespace, address },
    `webhooks ready: at ${receiver.address}, namespace "${namespace}" at ${address}`,
  );
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await receiver.close();
  await client.connection.close();
}

const answered = answerArguments(process.argv.slice(2), 'webhooks');
if (answered !== undefined) process.exitCode = answered;
else inProcess(main, (err) => (err instanceof ConfigError ? 2 : 1));
