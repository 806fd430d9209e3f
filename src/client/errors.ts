/**
 * Errors of the client, one class for each case: a run failed, was cancelled, is still running when the call's timeout is over, or has
 * ended already; a schedule was refused or does not exist.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { BatchResult, FailureDetails, FailureType } from '../contract';
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

/** The chain ended with a typed failure: most often `StepFailed`, whose details name the step and the input that a new run continues with. */
export class ChainError extends Error {
  override readonly name = 'ChainError';

  constructor(
    readonly workflowId: string,
    readonly type: FailureType,
    readonly details: FailureDetails,
  ) {
    super(details.message);
  }
}

/** The chain's workflow was cancelled (or terminated) before it had an end. `details` name what it has made, if it could record that. */
export class ChainCancelledError extends Error {
  override readonly name = 'ChainCancelledError';

  constructor(
    readonly workflowId: string,
    readonly details?: FailureDetails,
  ) {
    super(`chain "${workflowId}" was cancelled before it had an end${details === undefined ? '' : `: ${details.message}`}`);
  }
}

/** The batch ended with a typed failure: `BatchFailed`, `ManifestInvalid`, `InvalidInput`, … */
export class BatchError extends Error {
  override readonly name = 'BatchError';

  constructor(
    readonly workflowId: string,
    readonly type: FailureType,
    readonly details: FailureDetails,
  ) {
    super(details.message);
  }

  /** What became of the items, where the batch had begun. */
  get batch(): BatchResult | undefined {
    return this.details.batch;
  }
}

/** The batch's workflow was cancelled (or terminated) before all its items had an end. */
export class BatchCancelledError extends Error {
  override readonly name = 'BatchCancelledError';

  /**
   * @param batch its counts, times and the place of its report; `firstFailures` is empty, because the report has them. Absent where the
   *   workflow could not record it: it was terminated, or cancelled before it began.
   */
  constructor(
    readonly workflowId: string,
    readonly batch?: BatchResult,
  ) {
    super(`batch "${workflowId}" was cancelled before all its items had an end`);
  }
}

/** The batch has ended: it can be neither paused nor asked for an item. */
export class BatchEndedError extends Error {
  override readonly name = 'BatchEndedError';

  constructor(readonly workflowId: string) {
    super(`batch "${workflowId}" has ended; its result and its report say what became of its items`);
  }
}

/** The call's own timeout is over, or no worker is there to answer. The run is open; call again with its id. */
export class StillRunningError extends Error {
  override readonly name = 'StillRunningError';

  constructor(
    readonly workflowId: string,
    what: string,
    seconds: number,
    readonly kind: 'operation' | 'batch' | 'chain' = 'operation',
    /** What keeps it, as far as anybody says: that no worker is there, or its last problem. */
    readonly standing = `the ${kind} goes on`,
  ) {
    const again = `${{ operation: 'get', batch: 'getBatch', chain: 'getChain' }[kind]}("${workflowId}")`;
    super(`no ${what} of ${kind} "${workflowId}" within ${seconds} s; ${standing}: ${again} finds it again`);
  }
}

/** Why a call about a schedule was refused: wrong options, the id exists already, or there is no schedule of that id. */
export type ScheduleProblem = 'invalid' | 'exists' | 'missing';

/** A call about a schedule was refused, and nothing was changed. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';

  constructor(
    readonly scheduleId: string,
    readonly problem: ScheduleProblem,
    message: string,
    /** Of `invalid`: one line each. */
    readonly mistakes: readonly string[] = [],
  ) {
    super(message);
  }
}

/** The typed failure in a chain of causes, whatever Temporal wrapped around it. */
export function typedFailure(err: unknown): FailureDetails | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (!(cause instanceof ApplicationFailure)) continue;
    const { type, details, message } = cause;
    const known = FAILURE_TYPES.find((name) => name === type);
    if (known !== undefined) return (details?.[0] as FailureDetails | undefined) ?? { type: known, message };
  }
  return undefined;
}
