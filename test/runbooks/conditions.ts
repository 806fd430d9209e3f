/**
 * What each alert is about: counted at its source, where the condition holds while the number is above 0, and what a worker's metrics show.
 *
 * The one table that joins alerts and the running system. A metric of ours that the alert asks for gets its row in `SHOWN` as soon as
 * workers have it; its labels are those of the alert's expression.
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

/** Files that workers have in use, by their metrics, beside the first one. */
const furtherFiles: Condition = async (bed) => {
  const inUse = [...(await bed.metrics()).matchAll(/^lro_worker_file\{[^}]*file_hash="([0-9a-f]{8})"[^}]*\} 1$/gm)].map(([, hash]) => hash);
  return new Set(inUse).size - 1;
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

/** A series that a worker's metrics have while the condition holds; `_total` of a counter may be missing. */
export interface Series {
  metric: string;
  labels: Record<string, string>;
}

export const SHOWN: Partial<Record<string, Series[]>> = {
  LroStuck: [{ metric: 'lro_answers', labels: { kind: 'unreachable' } }],
  LroThrottled: [{ metric: 'lro_throttles', labels: {} }],
  LroCredentialExpired: [{ metric: 'lro_answers', labels: { kind: 'unauthorized' } }],
  LroUncertainSubmit: [{ metric: 'lro_uncertain_submits', labels: {} }],
  LroReportLost: [{ metric: 'lro_reports_lost', labels: {} }],
  LroWorkflowPoisoned: [
    {
      metric: 'temporal_request_failure',
      labels: { operation: 'RespondWorkflowTaskCompleted', status_code: 'INVALID_ARGUMENT' },
    },
  ],
  LroRollback: [{ metric: 'temporal_workflow_task_execution_failed', labels: { failure_reason: 'NonDeterminismError' } }],
  LroTemporalLost: [{ metric: 'temporal_long_request_failure', labels: { status_code: 'TRANSPORT_ERROR' } }],
};

/** Whether metrics in Prometheus' text have a series above 0. */
export function hasSeries(text: string, { metric, labels }: Series): boolean {
  return text.split('\n').some((line) => {
    const [, name, written = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (name !== metric && name !== `${metric}_total`) return false;
    return Number(value) > 0 && Object.entries(labels).every(([label, wanted]) => written.includes(`${label}="${wanted}"`));
  });
}
