/**
 * Errors of the client, one class for what can be told apart: the operation's own failure, and a call that did not wait long enough.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails, FailureType } from '../contract';
import { FAILURE_TYPES } from '../contract';

/** The operation ended with a typed failure; `type` and `details` are the contract's. */
export class OperationError extends Error {
  override readonly name = 'OperationError';

  constructor(
    readonly workflowId: string,
    readonly type: FailureType,
    readonly details: FailureDetails,
  ) {
    super(details.message);
  }
}

/** The operation's workflow was cancelled (or terminated) before it had an end. */
export class OperationCancelledError extends Error {
  override readonly name = 'OperationCancelledError';

  constructor(readonly workflowId: string) {
    super(`operation "${workflowId}" was cancelled before it had an end; its memo says what it left at the service`);
  }
}

/** The call's own timeout is over. The operation goes on; ask for it again by its id. */
export class StillRunningError extends Error {
  override readonly name = 'StillRunningError';

  constructor(
    readonly workflowId: string,
    what: string,
    seconds: number,
  ) {
    super(`no ${what} of operation "${workflowId}" within ${seconds} s; the operation goes on: get("${workflowId}") finds it again`);
  }
}

/** The typed failure in a chain of causes, whatever Temporal wrapped around it. */
export function operationFailure(err: unknown): FailureDetails | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (!(cause instanceof ApplicationFailure)) continue;
    const { type, details, message } = cause;
    const known = FAILURE_TYPES.find((name) => name === type);
    if (known !== undefined) return (details?.[0] as FailureDetails | undefined) ?? { type: known, message };
  }
  return undefined;
}
