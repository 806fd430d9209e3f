/**
 * Where the worker process receives webhooks, over all versions of its file:
 *
 *     closed ──a file names a place──▶ open ──another file: same place──▶ open, judges by the new file
 *                                        └─ another place ─▶ the new one is open before the old one closes
 *
 * Keeps true: a file that is refused leaves it as it was.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ConfigError, type LroConfig } from '../config';
import { whyNotListening } from '../text/reason';
import { openReceiver, receiverSettings, type Receiver } from '../receiver';

interface OpenPort {
  listen: string;
  receiver: Receiver;
}

/** A place that the process listens at, before it is known whether its file stays. */
export interface OpenedPort {
  /** `127.0.0.1:8090`; undefined: nowhere. */
  address: string | undefined;
  /** The file is in use. */
  use(client: Client): void;
  /** The file is refused after all. */
  discard(): Promise<void>;
}

export class WebhookPort {
  private current: OpenPort | undefined;

  constructor(private readonly log: Logger) {}

  /** Listens where the file says. @throws ConfigError when nobody can listen there */
  async open(config: LroConfig): Promise<OpenedPort> {
    const { webhooks } = config;
    const before = this.current;
    const port = webhooks?.listen === before?.listen ? before : await this.listen(webhooks?.listen);
    return {
      address: port?.receiver.address,
      use: (client) => {
        if (webhooks !== undefined) port?.receiver.use(receiverSettings({ ...config, webhooks }, client));
        this.current = port;
        if (before !== port) void before?.receiver.close();
      },
      discard: async () => {
        if (before !== port) await port?.receiver.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.current?.receiver.close();
  }

  private async listen(listen: string | undefined): Promise<OpenPort | undefined> {
    return listen === undefined ? undefined : { listen, receiver: await listenAt(listen, this.log) };
  }
}

/** @throws ConfigError when nobody can listen there */
export async function listenAt(listen: string, log: Logger): Promise<Receiver> {
  try {
    return await openReceiver(listen, log);
  } catch (err) {
    throw new ConfigError([`webhooks: cannot listen at ${listen}: ${whyNotListening(err)}`]);
  }
}
