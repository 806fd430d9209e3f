/**
 * A worker inside the test's own process, on a task queue of its own at the shared dev server, for tests that kill nothing.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { LroClient } from '../../src/client';
import type { LroConfig } from '../../src/config';
import { createLroWorker, type LroWorkerOptions } from '../../src/hosting/create-worker';
import { workflowBundle } from './bundle';

export interface TestHarness {
  address: string;
  taskQueue: string;
  /** The typed client, on this harness's task queue. */
  lro: LroClient;
  /** A plain Temporal client, as programs in other languages have. */
  client: Client;
  close(): Promise<void>;
}

let installed = false;

/** @param options over the worker's own; `address` of another server than the shared one */
export async function startTestHarness(
  config: LroConfig,
  options: Partial<LroWorkerOptions> & { address?: string } = {},
): Promise<TestHarness> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
  const { address = sharedAddress(), ...more } = options;
  const taskQueue = more.taskQueue ?? `lro-${randomUUID()}`;
  const native = await NativeConnection.connect({ address });
  const { worker, connections } = await createLroWorker({
    config,
    connection: native,
    ...more,
    taskQueue,
    worker: { workflowBundle: workflowBundle(), ...more.worker },
  });
  const ended = worker.run();
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  return {
    address,
    taskQueue,
    client,
    lro: new LroClient({ client, taskQueue }),
    close: async () => {
      worker.shutdown();
      await ended;
      connections.close();
      await connection.close();
      await native.close();
    },
  };
}

/** Address of the dev server that all test files share. */
export function sharedAddress(): string {
  const address = process.env['LRO_TEST_TEMPORAL_ADDRESS'];
  if (address === undefined) throw new Error('the shared dev server is started by the global setup of jest');
  return address;
}
