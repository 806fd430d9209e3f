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
