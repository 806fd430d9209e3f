/**
 * How a handler says no.
 *
 * Keeps true: what will never be otherwise is an `OperationError`, because Nexus repeats everything else for ever; it carries the typed failure as its cause,
 * so that callers in any language read the type and `details[0]` that workflows end with.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { OperationError } from 'nexus-rpc';
import {
  BatchCancelledError,
  BatchError,
  ChainCancelledError,
  ChainError,
  OperationCancelledError,
  OperationError as LroOperationError,
} from '../client';
import { typedFailure } from '../client/errors';
import type { FailureDetails } from '../contract';
import { wellFormed } from '../lro/text';

/** The refusal that carries a typed failure. */
function refusal(details: FailureDetails): OperationError {
  // A caller's half characters in a message would stop the worker.
  const message = wellFormed(details.message);
  const cause = ApplicationFailure.create({ type: details.type, message, nonRetryable: true, details: [{ ...details, message }] });
  const refused = new OperationError('failed', message, { cause });
  // Where in this worker it was decided is nothing to callers of other namespaces.
  for (const error of [cause, refused]) error.stack = '';
  return refused;
}

/** @param mistakes one line each @throws OperationError `InvalidInput` where there are any */
export function refuseMistakes(mistakes: readonly string[]): void {
  if (mistakes.length === 0) return;
  const shown = mistakes.slice(0, MAX_SHOWN);
  const rest = mistakes.length > shown.length ? [`and ${mistakes.length - shown.length} more`] : [];
  throw refusal({ type: 'InvalidInput', message: [...shown, ...rest].join('; ') });
}

const MAX_SHOWN = 20;

/** Runs a handler's calls of Temporal: what is final there is final for the caller, all else is left to the SDK, by which Nexus repeats what may pass. */
export async function refusing<T>(calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (err) {
    const details = detailsOf(err);
    if (details !== undefined) throw refusal(details);
    if (isCancelled(err)) throw new OperationError('canceled', err.message, { cause: new CancelledFailure(err.message) });
    throw err;
  }
}

function detailsOf(err: unknown): FailureDetails | undefined {
  if (err instanceof LroOperationError || err instanceof BatchError || err instanceof ChainError) return err.details;
  return typedFailure(err);
}

function isCancelled(err: unknown): err is Error {
  return err instanceof OperationCancelledError || err instanceof BatchCancelledError || err instanceof ChainCancelledError;
}
