/**
 * Failures as activities throw them: typed, never retried by Temporal, with the details that readers get.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../contract';
import type { FileRefusedError } from '../files';
import { wellFormed } from '../lro/text';

/** The non-retryable failure with `details[0]` as the contract says. */
export function typedFailure(details: FailureDetails): ApplicationFailure {
  // A caller's half characters in a message would stop the worker.
  const message = wellFormed(details.message);
  const failure = ApplicationFailure.create({ type: details.type, message, nonRetryable: true, details: [{ ...details, message }] });
  return withoutStack(failure);
}

/** It is no error of the code, and in the UI a stack pushes the details out of sight. */
function withoutStack<F extends ApplicationFailure>(failure: F): F {
  failure.stack = '';
  return failure;
}

/** A typed failure that may be due to this worker's file: with the file of another worker the same request might not fail. */
export class FileDependentFailure extends ApplicationFailure {
  constructor(details: FailureDetails) {
    const { message, type, details: values } = typedFailure(details);
    super(message, type, true, values);
    withoutStack(this);
  }
}

/** Whether a failure may be due to this worker's file. */
export function isFileDependent(error: unknown): error is FileDependentFailure {
  return error instanceof FileDependentFailure;
}

/** The failure for a file that is refused. */
export function fileFailure(details: FailureDetails, { dependsOnFile }: FileRefusedError): ApplicationFailure {
  return dependsOnFile ? new FileDependentFailure(details) : typedFailure(details);
}

/** Runs what reads this worker's file: its typed failures may be due to that. */
export function dependingOnFile<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const details = error instanceof ApplicationFailure ? (error.details?.[0] as FailureDetails | undefined) : undefined;
    throw details === undefined ? error : new FileDependentFailure(details);
  }
}

const MAX_LISTED = 20;

/** Many mistakes in one message: the first of them, and how many there are besides. */
export function listed(mistakes: readonly string[], total = mistakes.length): string {
  const first = mistakes.slice(0, MAX_LISTED);
  return [...first, ...(total > first.length ? [`and ${total - first.length} more`] : [])].join('; ');
}
