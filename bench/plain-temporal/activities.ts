/** The HTTP of the plain Temporal worker. */
import { ApplicationFailure } from '@temporalio/activity';
import { poll, resourceOf, submit, type Accepted } from '../http-operation';

export function submitOperation(url: string, body: unknown): Promise<Accepted> {
  return submit(url, body);
}

/** For the loop: one poll. */
export async function pollOperation(statusUrl: string): Promise<{ waitSeconds: number; resource?: string }> {
  const answer = await poll(statusUrl);
  return { waitSeconds: answer.waitSeconds, resource: resourceOf(answer) };
}

/** For the retries: fails until the operation has ended, and says when it is to be tried again. */
export async function awaitOperation(statusUrl: string): Promise<string> {
  const answer = await poll(statusUrl);
  const resource = resourceOf(answer);
  if (resource !== undefined) return resource;
  // Temporal takes a delay of 0 for the end of all tries.
  throw ApplicationFailure.create({ message: 'still running', nextRetryDelay: Math.max(1, answer.waitSeconds * 1000) });
}
