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

/** Events of all histories that one worker goes through in about ten seconds, as they are half as long on average. */
const EVENTS_TOGETHER = 20_000;
/** A shorter history is not worth a new run. */
const MIN_EVENTS = 150;

/**
 * Whether a new run is to take over already, where nothing is under way and it costs nothing: a worker that has come anew goes through the
 * history of each workflow before it can go on with it, and needs about a millisecond for an event. Never after a request to cancel.
 * @param workflows that are likely to have the same worker
 */
export function isHistoryDear(workflows: number): boolean {
  return !CancellationScope.current().consideredCancelled && workflowInfo().historyLength >= dearHistoryEvents(workflows);
}

/** From how many events on the history of one of so many workflows is too long for a worker that comes anew. */
export function dearHistoryEvents(workflows: number): number {
  return Math.max(MIN_EVENTS, EVENTS_TOGETHER / workflows);
}

/** Goes on in a new run of this workflow, on the version of the workers that is current. */
export function inNewRun<W extends Workflow>(...args: Parameters<W>): Promise<never> {
  return makeContinueAsNewFunc<W>({
    // Temporal hands on the memo that the workflow was started with, not what it wrote since.
    memo: workflowInfo().memo,
    initialVersioningBehavior: 'AUTO_UPGRADE',
  })(...args);
}
