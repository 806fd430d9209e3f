/**
 * What each alert is about, counted at its source: the condition holds while the number is above 0.
 *
 * The one table that joins alerts and the running system: metrics of a worker that are scraped belong here, beside the source they count.
 */
import type { Bed, ServiceName } from './bed';

export type Condition = (bed: Bed, service: ServiceName) => Promise<number>;

const inTrouble =
  (...troubles: string[]): Condition =>
  async (bed, service) => {
    const words = troubles.map((trouble) => `'${trouble}'`).join(', ');
    const query = `LroTrouble IN (${words}) AND LroConnection = '${bed.connection(service)}' AND ExecutionStatus = 'Running'`;
    return (await bed.client.workflow.count(query)).count;
  };

const flagged: Condition = async (bed) => {
  const query = `TemporalReportedProblems IS NOT NULL AND TaskQueue = '${bed.taskQueue}' AND ExecutionStatus = 'Running'`;
  return (await bed.client.workflow.count(query)).count;
};

/** Operations that have failed so, and that nobody has followed (`<id>/followed`) or tried again. */
const failedAs =
  (type: string): Condition =>
  async (bed, service) => {
    const query = `ExecutionStatus = 'Failed' AND LroConnection = '${bed.connection(service)}'`;
    let count = 0;
    for await (const { workflowId } of bed.client.workflow.list({ query })) {
      const followed = await bed.client.workflow.count(`WorkflowId = '${workflowId}/followed' AND ExecutionStatus = 'Completed'`);
      const failure: unknown = await bed.lro
        .get(workflowId)
        .result()
        .catch((error: unknown) => error);
      if ((failure as { type?: string }).type === type && followed.count === 0) count++;
    }
    return count;
  };

/** Workflow tasks that wait for a worker. */
const waiting: Condition = async (bed) => {
  const { stats } = await bed.client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: bed.taskQueue },
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
};

/** Files that workers have in use beside the first one. */
const furtherFiles: Condition = (bed) => {
  const inUse = bed.workers.flatMap((worker) => [...worker.output().matchAll(/worker ready: .*, file ([0-9a-f]{8})$/gm)].at(-1)?.[1] ?? []);
  return Promise.resolve(new Set(inUse).size - 1);
};

/** Batches without a report that nobody has tried again (`<id>-retry`). */
const reportsLost: Condition = async (bed) => {
  const batches = `WorkflowType = 'runBatch' AND TaskQueue = '${bed.taskQueue}'`;
  let count = 0;
  for await (const { workflowId, memo } of bed.client.workflow.list({ query: `${batches} AND ExecutionStatus = 'Failed'` })) {
    const retried = await bed.client.workflow.count(`WorkflowId = '${workflowId}-retry' AND ExecutionStatus = 'Completed'`);
    if (memo?.['report'] === undefined && retried.count === 0) count++;
  }
  return count;
};

const unreachable: Condition = (bed) =>
  bed.client.connection
    .withDeadline(Date.now() + 2000, () => bed.client.workflowService.getSystemInfo({}))
    .then(
      () => 0,
      () => 1,
    );

export const CONDITIONS: Record<string, Condition> = {
  LroStuck: inTrouble('Unreachable', 'Unreadable'),
  LroThrottled: inTrouble('Throttled'),
  LroCredentialExpired: inTrouble('Unauthorized'),
  LroUncertainSubmit: failedAs('SubmissionUncertain'),
  LroWorkflowPoisoned: flagged,
  LroRollback: flagged,
  LroBacklog: waiting,
  LroFilesDiffer: furtherFiles,
  LroReportLost: reportsLost,
  LroTemporalLost: unreachable,
};
