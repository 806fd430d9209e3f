/** A loop for each operation in memory, as its own process: what this machine can do at most. */
import { serveLoads, submitUrl } from '../control';
import { SUBMIT_BODY } from '../fake-service/client';
import { poll, resourceOf, submit } from '../http-operation';
import { each } from '../load';

async function follow(url: string): Promise<void> {
  const { statusUrl, waitSeconds } = await submit(url, SUBMIT_BODY);
  for (let wait = waitSeconds; ;) {
    // Timers of Node may be a millisecond early.
    if (wait > 0) await new Promise((resume) => setTimeout(resume, wait * 1000 + 1));
    const answer = await poll(statusUrl);
    if (resourceOf(answer) !== undefined) return;
    wait = answer.waitSeconds;
  }
}

serveLoads(async (load) => {
  await each(load, () => follow(submitUrl(load)));
});
