/** Failures as workflows throw and read them. */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { FailureDetails } from '../contract';

/**
 * The non-retryable failure with `details[0]` as the contract says. Without a stack: it is no error of the code, and in the UI a stack pushes
 * the details out of sight.
 */
export function typedFailure(details: FailureDetails): ApplicationFailure {
  const failure = ApplicationFailure.create({ type: details.type, message: details.message, nonRetryable: true, details: [details] });
  failure.stack = '';
  return failure;
}

/** The typed failure of an activity, or of this workflow, where it ended with one. */
export function failureIn(err: unknown): FailureDetails | undefined {
  const cause = err instanceof ActivityFailure ? err.cause : err;
  return cause instanceof ApplicationFailure ? (cause.details?.[0] as FailureDetails | undefined) : undefined;
}

/** What Temporal wrapped, in words. */
export function reasonOf(err: unknown): string {
  const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Why an input was refused before anything was sent. What failed without a type was no input that could be checked. @throws cancellations as they are */
export function refusalIn(err: unknown): FailureDetails {
  if (isCancellation(err)) throw err;
  return failureIn(err) ?? { type: 'InvalidInput', message: `the input could not be checked: ${reasonOf(err)}` };
}
