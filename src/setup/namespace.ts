/** A namespace of Temporal that is made where it is missing: on servers that people run themselves. */
import type { SetupConnection } from './search-attributes';

const ALREADY_EXISTS = 6;
const NOT_FOUND = 5;
const SECONDS_OF_A_DAY = 86_400;

/**
 * Makes the namespace where there is none.
 * @param retentionDays how long the histories of ended workflows are kept, and with them their results
 * @returns whether it was made
 * @throws ServiceError
 */
export async function ensureNamespace(connection: SetupConnection, namespace: string, retentionDays: number): Promise<boolean> {
  const { workflowService } = connection;
  try {
    await workflowService.describeNamespace({ namespace });
    return false;
  } catch (err) {
    if (codeOf(err) !== NOT_FOUND) throw err;
  }
  try {
    const seconds = retentionDays * SECONDS_OF_A_DAY;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: seconds as never } });
    return true;
  } catch (err) {
    // Another program was faster.
    if (codeOf(err) === ALREADY_EXISTS) return false;
    throw err;
  }
}

function codeOf(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}
