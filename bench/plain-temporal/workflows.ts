/** A workflow for each operation, in the two shapes that Temporal's documentation has for polls. */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities';

const { submitOperation, pollOperation } = proxyActivities<typeof activities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second' },
});

const { awaitOperation } = proxyActivities<typeof activities>({
  startToCloseTimeout: '1 minute',
  // Polls that fail otherwise; how long to wait for an operation that still runs, the activity itself says.
  retry: { initialInterval: '1 second', backoffCoefficient: 1 },
});

/** A loop of timers and activities, as a tutorial would write it. */
export async function pollInLoop(url: string, body: unknown): Promise<string> {
  const accepted = await submitOperation(url, body);
  let waitSeconds = accepted.waitSeconds;
  for (;;) {
    if (waitSeconds > 0) await sleep(waitSeconds * 1000);
    const answer = await pollOperation(accepted.statusUrl);
    if (answer.resource !== undefined) return answer.resource;
    waitSeconds = answer.waitSeconds;
  }
}

/** An activity that is retried until the operation has ended: https://docs.temporal.io/design-patterns/polling, "Infrequent polling", with https://docs.temporal.io/design-patterns/delayed-retry for `Retry-After`. */
export async function pollByRetries(url: string, body: unknown): Promise<string> {
  const { statusUrl, waitSeconds } = await submitOperation(url, body);
  if (waitSeconds > 0) await sleep(waitSeconds * 1000);
  return awaitOperation(statusUrl);
}
