/**
 * Messages and exit codes of commands that fail. No stack traces: a message names what failed and what to do.
 */
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { CommanderError } from 'commander';
import { BatchCancelledError, BatchError, ScheduleError, StillRunningError } from '../../client';
import { reasonOf } from '../../text/reason';
import { printUnfinishedBatch } from './batch-tables';
import { writeError } from './terminal';

/** Arguments or an input file are wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Temporal did not answer, or refuses the credentials. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Says where Temporal was looked for, and how to name another place. */
export function unreachable(err: unknown): UnreachableError {
  const address = process.env['TEMPORAL_ADDRESS'] ?? 'the address of temporal.toml, or localhost:7233';
  return new UnreachableError(
    `Temporal cannot be reached at ${address}: ${reasonOf(err)}\n` +
      'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE (and TEMPORAL_API_KEY or TLS for Temporal Cloud), or name a profile of temporal.toml.',
  );
}

// gRPC status codes.
const DEADLINE_EXCEEDED = 4;
/** PERMISSION_DENIED, UNAVAILABLE, UNAUTHENTICATED */
const UNREACHABLE = [7, 14, 16];

export function exitCodeOf(err: unknown): number {
  if (err instanceof CommanderError) return err.exitCode === 0 ? 0 : 2;
  if (err instanceof UsageError || (err instanceof ScheduleError && err.problem === 'invalid')) return 2;
  if (err instanceof UnreachableError || err instanceof NamespaceNotFoundError) return 3;
  return UNREACHABLE.includes(grpcCodeOf(err) ?? 0) ? 3 : 1;
}

/** Writes to standard error what happened. Commander prints its own errors. */
export function report(err: unknown): void {
  if (err instanceof CommanderError) return;
  writeError(messageOf(err));
  if ((err instanceof BatchError || err instanceof BatchCancelledError) && err.batch !== undefined) printUnfinishedBatch(err.batch);
}

function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  // Nothing was started, so nothing has failed.
  if (err instanceof BatchError && err.type === 'IdConflict') return err.message;
  if (err instanceof BatchError) return `batch "${err.workflowId}" failed (${err.type}): ${err.message}`;
  if (err instanceof StillRunningError) return `no answer from batch "${err.workflowId}" within the time given; the batch goes on`;
  if (err instanceof WorkflowNotFoundError) return `there is no batch "${err.workflowId}"`;
  if (err instanceof NamespaceNotFoundError) return `Temporal has no namespace "${err.namespace}"; set TEMPORAL_NAMESPACE`;
  if (grpcCodeOf(err) === DEADLINE_EXCEEDED) return 'no worker answered in time; is one running on the task queue of the batch?';
  const reason = err.cause instanceof Error ? `: ${err.cause.message}` : '';
  return `${err.message}${reason}`;
}

/** Of the error or of one it was caused by. */
function grpcCodeOf(err: unknown): number | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'number') return cause.code;
  }
  return undefined;
}
