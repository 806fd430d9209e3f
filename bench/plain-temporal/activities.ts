/** The HTTP of the plain Temporal worker. */
import { poll, resourceOf, submit, type Accepted } from '../http-operation';

export function submitOperation(url: string, body: unknown): Promise<Accepted> {
  return submit(url, body);
}

export async function pollOperation(statusUrl: string): Promise<{ waitSeconds: number; resource?: string }> {
  const answer = await poll(statusUrl);
  return { waitSeconds: answer.waitSeconds, resource: resourceOf(answer) };
}
