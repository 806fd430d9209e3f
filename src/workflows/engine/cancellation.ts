/** Of the workflow, where nothing that waits would tell of it. */
import { CancellationScope } from '@temporalio/workflow';

/** @throws CancelledFailure when the workflow is cancelled */
export async function throwIfCancelled(): Promise<void> {
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) await scope.cancelRequested;
}
