/** What one run hands to the next, and who may hand it. */
import { workflowInfo } from '@temporalio/workflow';
import type { WorkflowIdentity } from '../../activities/messages';
import { typedFailure } from '../failures';

/** The run that all of this workflow's runs go back to. */
export function firstRunId(): string {
  const { firstExecutionRunId, runId } = workflowInfo();
  return firstExecutionRunId || runId;
}

/** The workflow that all of its runs are. */
export function ownIdentity(): WorkflowIdentity {
  return { workflowId: workflowInfo().workflowId, firstRunId: firstRunId() };
}

/**
 * What the run before handed on; undefined in a first run.
 * @throws ApplicationFailure `InvalidInput` where it cannot be ours: whoever starts a workflow can pass any arguments
 */
export function carriedBy<T>(carried: T | undefined | null): T | undefined {
  const { continuedFromExecutionRunId, cronSchedule, attempt } = workflowInfo();
  // A cron run has a run before it, too, whose failure or result it does not know.
  if (cronSchedule !== undefined && cronSchedule !== '')
    throw typedFailure({
      type: 'InvalidInput',
      message: 'cronSchedule is not supported: use a Temporal Schedule, which starts a run of its own each time',
    });
  if (carried === undefined || carried === null) return undefined;
  if (continuedFromExecutionRunId !== undefined && attempt === 1) return carried;
  throw typedFailure({ type: 'InvalidInput', message: 'the input must be the only argument' });
}
