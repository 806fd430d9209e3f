/** A workflow per operation as a Temporal tutorial would write it. */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities';

const { submitOperation, pollOperation } = proxyActivities<typeof activities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second' },
});

export async function plainOperation(url: string, body: unknown): Promise<string> {
  const accepted = await submitOperation(url, body);
  let waitSeconds = accepted.waitSeconds;
  for (;;) {
    if (waitSeconds > 0) await sleep(waitSeconds * 1000);
    const answer = await pollOperation(accepted.statusUrl);
    if (answer.resource !== undefined) return answer.resource;
    waitSeconds = answer.waitSeconds;
  }
}
