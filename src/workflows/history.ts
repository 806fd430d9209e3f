/** When a workflow's history is long enough. */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { LearntSettings } from '../activities/messages';

/** Never after a request to cancel: the next run would not know of it. */
export function shouldContinueAsNew({ continueAsNewAfterEvents = Infinity }: LearntSettings): boolean {
  if (CancellationScope.current().consideredCancelled) return false;
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= continueAsNewAfterEvents;
}
