// Health check of a worker container: Temporal knows a poller of the task queue whose identity names this host. That holds only while the
// worker runs, reaches Temporal and takes work; the SDK's default identity is `<pid>@<hostname>`.
const { hostname } = require('node:os');
const { Client, Connection } = require('@temporalio/client');
const { loadClientConnectConfig } = require('@temporalio/envconfig');

// A poll takes up to a minute, and is counted when it starts.
const RECENT_MS = 90_000;
const WORKFLOW_TASK_QUEUE = 1;

async function check() {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  const client = new Client({ connection, namespace });
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: process.env.LRO_TASK_QUEUE ?? 'lro' },
    taskQueueType: WORKFLOW_TASK_QUEUE,
  });
  const isOurs = ({ identity, lastAccessTime }) =>
    identity?.includes(hostname()) && Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < RECENT_MS;
  await connection.close();
  if (!pollers?.some(isOurs)) throw new Error('no poller of this host on the task queue');
}

check().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
