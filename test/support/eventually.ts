/** Waiting for a state that nobody announces: asks for it until it is there. */
import { setTimeout as sleep } from 'node:timers/promises';

const ASK_EVERY_MS = 50;

/**
 * Asks until the answer is the wanted one, and returns it.
 * @throws Error with the last answer after `timeoutSeconds`
 */
export async function eventually<T>(ask: () => T | Promise<T>, isWanted: (answer: T) => boolean, timeoutSeconds = 90): Promise<T> {
  const giveUpAt = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`not so after ${timeoutSeconds} s; at last: ${JSON.stringify(answer).slice(0, 2000)}`);
    await sleep(ASK_EVERY_MS);
  }
}
