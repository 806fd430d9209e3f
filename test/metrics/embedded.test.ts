/** A worker inside another program: its metrics go to the runtime that the program has installed. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, MetricsBuffer, NativeConnection, Runtime } from '@temporalio/worker';
import { LroClient } from '../../src/client';
import { createLroWorker } from '../../src/hosting/create-worker';
import { service } from '../http/service';
import { workflowBundle } from '../support/bundle';
import { testConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';

test('metrics go to the runtime of the program, and Temporal is asked for open operations only as often as it wants', async () => {
  const buffer = new MetricsBuffer({ maxBufferSize: 100_000, useSecondsForDurations: true });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { metrics: { buffer } } });
  const { url } = await service(({ method }, response) =>
    method === 'POST'
      ? response.writeHead(202, { 'operation-location': '/status', 'retry-after': '0' }).end()
      : response.setHeader('content-type', 'application/json').end('{"status":"Succeeded"}'),
  );
  const taskQueue = `lro-${randomUUID()}`;
  const native = await NativeConnection.connect({ address: sharedAddress() });
  const connection = await Connection.connect({ address: sharedAddress() });
  const { worker, connections } = await createLroWorker({
    config: testConfig({ default: { baseUrl: url } }),
    connection: native,
    taskQueue,
    countEverySeconds: 0,
    worker: { workflowBundle: workflowBundle() },
  });
  const ended = worker.run();
  const client = new Client({ connection });
  const { id } = await new LroClient({ client, taskQueue }).start({ submit: { path: '/things' } });
  await client.workflow.getHandle(id).result();
  worker.shutdown();
  await ended;
  connections.close();
  const updates = [...buffer.retrieveUpdates()];
  const sumOf = (name: string, labels: object = {}): number =>
    updates.filter(({ metric, attributes }) => metric.name === name && has(attributes, labels)).reduce((sum, { value }) => sum + value, 0);
  expect(sumOf('lro_answers', { connection: 'default', request: 'submit', kind: 'ok', taskQueue })).toBe(1);
  expect(sumOf('lro_answers', { connection: 'default', request: 'poll', kind: 'ok', taskQueue })).toBe(1);
  expect(sumOf('lro_operations_ended', { connection: 'default', outcome: 'succeeded', workflowType: 'runOperation' })).toBe(1);
  expect(updates.map(({ metric }) => metric.name)).not.toContain('lro_open_operations');
  expect(updates.some(({ metric }) => metric.name.endsWith('workflow_task_schedule_to_start_latency'))).toBe(true);
  await Promise.all([connection.close(), native.close()]);
});

function has(attributes: object, labels: object): boolean {
  return Object.entries(labels).every(([name, value]) => (attributes as Record<string, unknown>)[name] === value);
}
