/** Calls of Temporal about workflows that may not be there any more. */
import { WorkflowNotFoundError } from '@temporalio/client';

/** @returns undefined where the workflow is closed, or never was. @throws what else goes wrong */
export async function unlessClosed<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (err) {
    if (err instanceof WorkflowNotFoundError) return undefined;
    throw err;
  }
}
