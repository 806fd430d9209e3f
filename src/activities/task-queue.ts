/**
 * The workers of a task queue, as Temporal lists them.
 *
 * Keeps true: who is listed asks for activities, or has until about five minutes ago; only a heartbeat says that one ends.
 */
import type { Client } from '@temporalio/client';

type WorkflowService = Client['connection']['workflowService'];

export interface TaskQueue {
  namespace: string;
  taskQueue: string;
}

/** `TASK_QUEUE_TYPE_ACTIVITY`: activities are what sends. */
const ACTIVITIES = 2 as unknown as Exclude<Parameters<WorkflowService['describeTaskQueue']>[0], Uint8Array>['taskQueueType'];

/** Of one list. */
const MAX_HEARTBEATS = 1000;

/** A worker that asks for activities. */
interface Poller {
  identity: string;
  /** When it asked last: to be compared with another one. */
  lastAccess: string;
}

/** Those that take activities. @throws ServiceError */
export async function pollersOf(service: WorkflowService, { namespace, taskQueue }: TaskQueue): Promise<Poller[]> {
  const { pollers } = await service.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITIES });
  return pollers.map(({ identity, lastAccessTime: at }) => ({
    identity: identity ?? '',
    lastAccess: `${String(at?.seconds)}.${String(at?.nanos)}`,
  }));
}

/** Of `temporal.api.enums.v1`: what a worker's last heartbeat said of it. */
export const WORKER_STATUS = { shuttingDown: 2, shutdown: 3 };

interface Heartbeat {
  identity: string;
  /** One of {@link WORKER_STATUS}, or another. */
  status: number;
}

/** The last heartbeats of workers. @throws ServiceError of servers that do not keep them, too */
export async function heartbeatsOf(service: WorkflowService, { namespace, taskQueue }: TaskQueue): Promise<Heartbeat[]> {
  const query = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const { workersInfo } = await service.listWorkers({ namespace, pageSize: MAX_HEARTBEATS, query });
  return workersInfo.flatMap(({ workerHeartbeat }) => {
    const { workerIdentity, status } = workerHeartbeat ?? {};
    return workerIdentity ? [{ identity: workerIdentity, status: Number(status) }] : [];
  });
}
