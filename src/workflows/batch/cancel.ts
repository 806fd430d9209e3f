/**
 * Telling the service to cancel what a batch has open there.
 *
 * Keeps true: every operation gets an end here, and one that had ended already keeps its own.
 */
import { sleep } from '@temporalio/workflow';
import type { CancelRequest, FailureDetails } from '../../contract';
import type { CancelResult } from '../../activities/messages';
import type { OpenOperation, OperationEnd } from '../loop';
import { withMissing } from '../loop';
import { cancelMany } from './calls';

/** Operations in one activity. */
const CANCELLED_AT_ONCE = 100;
/** Whoever cancels waits for it: the service is told so often, then the report says that it was not told. */
const TRIES = 5;

/** @param requestOf how one is cancelled at the service, where its input says so */
export async function cancelAtService(
  operations: readonly OpenOperation[],
  requestOf: (id: string) => CancelRequest | undefined,
): Promise<Map<string, OperationEnd>> {
  const ends = new Map<string, OperationEnd>();
  let toTell: OpenOperation[] = [];
  for (const operation of operations) {
    if (requestOf(operation.id) === undefined)
      ends.set(operation.id, canceled(operation, 'the service was not told: its input names no cancel request'));
    else toTell.push(operation);
  }
  for (let attempt = 1; toTell.length > 0; attempt++) {
    const untold: OpenOperation[] = [];
    for (let from = 0; from < toTell.length; from += CANCELLED_AT_ONCE) {
      untold.push(...(await tell(toTell.slice(from, from + CANCELLED_AT_ONCE), requestOf, ends, attempt === TRIES)));
    }
    toTell = untold;
    if (toTell.length > 0) await sleep(`${2 ** (attempt - 1)} seconds`);
  }
  return ends;
}

/** @returns those that are to be told again */
async function tell(
  operations: OpenOperation[],
  requestOf: (id: string) => CancelRequest | undefined,
  ends: Map<string, OperationEnd>,
  isLast: boolean,
): Promise<OpenOperation[]> {
  const calls = operations.flatMap(({ id, monitor }) => {
    const cancel = requestOf(id);
    return cancel === undefined ? [] : [{ id, monitor, cancel }];
  });
  const results = new Map((await answered(calls, operations)).map(({ id, result }) => [id, result]));
  return operations.filter((operation) => {
    const result = results.get(operation.id);
    if (result === undefined || result.kind === 'undelivered') {
      if (!isLast) return true;
      ends.set(operation.id, canceled(operation, `the service was not told: ${result?.reason ?? 'no answer'}`));
    } else {
      ends.set(operation.id, endOf(operation, result));
    }
    return false;
  });
}

async function answered(calls: Parameters<typeof cancelMany>[0], operations: readonly OpenOperation[]): ReturnType<typeof cancelMany> {
  try {
    return await cancelMany(calls, Math.max(...operations.map(({ timeoutSeconds }) => timeoutSeconds)));
  } catch (err) {
    const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return calls.map(({ id }) => ({ id, result: { kind: 'undelivered', reason } }));
  }
}

function endOf(operation: OpenOperation, result: CancelResult): OperationEnd {
  if (result.kind === 'told') return canceled(operation, `the service was told (${result.httpStatus})`);
  if (result.kind === 'refused') return canceled(operation, `the service was not told: ${result.reason}`);
  const { decision } = result;
  if (decision.kind === 'succeeded') {
    const { outcome, shownLocation, fetches = [] } = decision;
    return { kind: 'succeeded', outcome: withMissing(outcome, fetches, 'cancelled before it was read'), shownLocation };
  }
  return decision.kind === 'failed' ? decision : canceled(operation, 'the service was told');
}

function canceled({ monitor }: OpenOperation, what: string): OperationEnd {
  const { operationId, statusUrl } = monitor;
  const name = operationId === undefined ? 'the operation' : `operation ${operationId}`;
  const failure: FailureDetails = {
    type: 'OperationCanceled',
    message: `${name} was cancelled with its batch; ${what}`,
    ...(operationId === undefined ? {} : { operationId }),
    statusUrl,
  };
  return { kind: 'failed', failure };
}
