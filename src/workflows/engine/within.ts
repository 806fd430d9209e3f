/** Waiting for a condition, but not for ever. */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';

/** Whether it comes true in that time. @param summary of the timer, which is set only where it is not true yet. @throws CancelledFailure */
export async function trueWithin(isTrue: () => boolean, seconds: number, summary: string): Promise<boolean> {
  if (isTrue()) return true;
  return CancellationScope.cancellable(async () => {
    try {
      const over = sleep(seconds * 1000, { summary }).then(() => false);
      return await Promise.race([over, condition(isTrue).then(() => true)]);
    } finally {
      CancellationScope.current().cancel();
    }
  });
}
