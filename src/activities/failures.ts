/**
 * Failures as activities throw them: typed, never retried by Temporal, with the details that readers get.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../contract';
import { wellFormed } from '../lro/text';

/** The non-retryable failure with `details[0]` as the contract says. */
export function typedFailure(details: FailureDetails): ApplicationFailure {
  // A caller's half characters in a message would stop the worker.
  const message = wellFormed(details.message);
  return ApplicationFailure.create({ type: details.type, message, nonRetryable: true, details: [{ ...details, message }] });
}

const MAX_LISTED = 20;

/** Many mistakes in one message: the first of them, and how many there are besides. */
export function listed(mistakes: readonly string[], total = mistakes.length): string {
  const first = mistakes.slice(0, MAX_LISTED);
  return [...first, ...(total > first.length ? [`and ${total - first.length} more`] : [])].join('; ');
}
