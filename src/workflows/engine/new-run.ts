/**
 * When a workflow goes on in a new run, and on which version of the workers.
 *
 * With Worker Versioning a run is worked by one version of the workers, from its first task to its last (it is pinned). A new run starts on
 * the version that is current then, which may be a newer one or, after a rollback, an older one. So what one run hands to the next follows
 * the rule of `../batch/messages.ts`: fields are only added.
 */
import { CancellationScope, makeContinueAsNewFunc, workflowInfo, type Workflow } from '@temporalio/workflow';
import type { LearntSettings } from '../../activities/messages';

/**
 * Whether a new run is to take over: the history is long enough, or another version of the workers has become current. Never after a
 * request to cancel: the next run would not know of it.
 * @param mayMove whether another version may take over now
 */
export function isNewRunDue(
  { continueAsNewAfterEvents = Infinity }: Pick<LearntSettings, 'continueAsNewAfterEvents'>,
  mayMove: boolean,
): boolean {
  if (CancellationScope.current().consideredCancelled) return false;
  const { continueAsNewSuggested, historyLength, targetWorkerDeploymentVersionChanged } = workflowInfo();
  // Of servers that do not tell it, and of workers without a version, it is always false.
  const moves = mayMove && targetWorkerDeploymentVersionChanged;
  return moves || continueAsNewSuggested || historyLength >= continueAsNewAfterEvents;
}

/** Goes on in a new run of this workflow, on the version of the workers that is current. */
export function inNewRun<W extends Workflow>(...args: Parameters<W>): Promise<never> {
  return makeContinueAsNewFunc<W>({
    // Temporal hands on the memo that the workflow was started with, not what it wrote since.
    memo: workflowInfo().memo,
    initialVersioningBehavior: 'AUTO_UPGRADE',
  })(...args);
}
