/** Receives the webhooks of services. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { ConnectionConfig, LroConfig } from '../config';
import { POLL_NOW_SIGNAL, type PollNowTarget } from '../contract';
import { openCallbacks } from '../transport/callbacks';
import type { ReceiverSettings } from './receiver';
import { Signatures } from './signatures';

export { openReceiver, type Receiver, type ReceiverSettings } from './receiver';

/** For one signal. */
const SIGNAL_SECONDS = 5;

/**
 * What the worker's file says of calls, with `client` to wake by.
 * @throws CredentialsError when the secret of "webhooks" can no longer be had
 */
export function receiverSettings(
  { webhooks, connections }: Pick<LroConfig, 'connections'> & { webhooks: NonNullable<LroConfig['webhooks']> },
  client: Client,
  env: NodeJS.ProcessEnv = process.env,
): ReceiverSettings {
  const entries = Object.entries(connections).map(([name, connection]) => [name, signaturesOf(connection, env)] as const);
  return {
    callbacks: openCallbacks(webhooks, env),
    signatures: new Map(entries),
    wake: async ({ workflowId, firstRunId, key }) => {
      const target: PollNowTarget = { firstRunId, key };
      try {
        await client.connection.withDeadline(Date.now() + SIGNAL_SECONDS * 1000, () =>
          client.workflow.getHandle(workflowId).signal<[PollNowTarget]>(POLL_NOW_SIGNAL, target),
        );
      } catch (err) {
        // It has ended, and there is nothing to be woken.
        if (!(err instanceof WorkflowNotFoundError)) throw err;
      }
    },
  };
}

function signaturesOf({ webhooks: { signature } }: ConnectionConfig, env: NodeJS.ProcessEnv): Signatures | undefined {
  return signature && new Signatures(signature, env);
}
