/** A plain Temporal worker with a workflow per operation, as its own process: nothing of this project's in it. */
import { NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import * as activities from './activities';

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233' });
  const worker = await Worker.create({
    connection,
    taskQueue: 'plain',
    workflowsPath: require.resolve('./workflows'),
    activities,
    // The same as this project's worker: more gave nothing on two cores.
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
  });
  const ended = worker.run();
  console.log('worker ready');
  await ended;
  await connection.close();
}

main().then(
  () => process.exit(0),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
