/**
 * Failures as activities throw them: typed, never retried by Temporal, with the details that readers get.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../contract';

/** The non-retryable failure with `details[0]` as the contract says. */
export function typedFailure(details: FailureDetails): ApplicationFailure {
  return ApplicationFailure.create({ type: details.type, message: details.message, nonRetryable: true, details: [details] });
}
