/**
 * Messages and exit codes of commands that fail. No stack traces: a message names what failed and what to do.
 *
 * Keeps true: with `--json` an error is one line of JSON, `{"error":{"type","message","details"?}}`; exit codes are those of docs/cli.md.
 */
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { CommanderError } from 'commander';
import {
  BatchCancelledError,
  BatchError,
  ChainCancelledError,
  ChainError,
  OperationCancelledError,
  OperationError,
  ScheduleError,
  StillRunningError,
} from '../../client';
import { reasonOf } from '../../text/reason';
import { printUnfinishedBatch } from './batch-tables';
import { forShell, writeError } from './terminal';

/** Of every command. */
export const EXIT_CODES = { failed: 1, usage: 2, unreachable: 3, stillRunning: 4, interrupted: 130 } as const;

/** Arguments or an input file are wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Temporal did not answer, or refuses the credentials. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Nobody knows the id. */
export class UnknownIdError extends Error {
  override readonly name = 'UnknownIdError';
}

/** Ctrl-C while something was followed, which goes on. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Says where Temporal was looked for, and how to name another place. */
export function unreachable(err: unknown, address: string): UnreachableError {
  const code = grpcCodeOf(err);
  const refused = code !== undefined && [7, 16].includes(code);
  const reason = refused ? `it refuses the credentials (${lastReasonOf(err)}); TEMPORAL_API_KEY holds them` : lastReasonOf(err);
  return new UnreachableError(
    `Temporal cannot be reached at ${address}: ${reason}\n` +
      'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE (and TEMPORAL_API_KEY or TLS for Temporal Cloud), or name a profile of temporal.toml.',
  );
}

/** What the system or the server said first. */
function lastReasonOf(err: unknown): string {
  let last = err;
  for (let depth = 0; last instanceof Error && last.cause instanceof Error && depth < 5; depth++) last = last.cause;
  return reasonOf(last).replace(/^\d+ [A-Z_]+: /, '');
}

// gRPC status codes.
const DEADLINE_EXCEEDED = 4;
/** PERMISSION_DENIED, UNAVAILABLE, UNAUTHENTICATED */
const UNREACHABLE = [7, 14, 16];

export function exitCodeOf(err: unknown): number {
  if (err instanceof CommanderError) return err.exitCode === 0 ? 0 : EXIT_CODES.usage;
  if (err instanceof UsageError || (err instanceof ScheduleError && err.problem === 'invalid')) return EXIT_CODES.usage;
  if (err instanceof UnreachableError || err instanceof NamespaceNotFoundError) return EXIT_CODES.unreachable;
  if (err instanceof StillRunningError) return EXIT_CODES.stillRunning;
  if (err instanceof InterruptedError) return EXIT_CODES.interrupted;
  return UNREACHABLE.includes(grpcCodeOf(err) ?? 0) ? EXIT_CODES.unreachable : EXIT_CODES.failed;
}

/** Writes to standard error what happened. Without `asJson` commander has printed its own errors. */
export function report(err: unknown, asJson = false): void {
  if (err instanceof CommanderError) {
    if (asJson && err.exitCode !== 0) {
      writeError(JSON.stringify({ error: { type: 'UsageError', message: err.message.replace(/^error: /, '') } }));
    }
    return;
  }
  if (asJson) {
    writeError(JSON.stringify({ error: { type: typeOf(err), message: messageOf(err), details: detailsOf(err) } }));
    return;
  }
  writeError(messageOf(err));
  if ((err instanceof BatchError || err instanceof BatchCancelledError) && err.batch !== undefined) printUnfinishedBatch(err.batch);
}

function typeOf(err: unknown): string {
  if (isFailed(err)) return err.type;
  return err instanceof Error ? err.name : 'Error';
}

function detailsOf(err: unknown): unknown {
  if (isFailed(err) || err instanceof ChainCancelledError) return err.details;
  if (err instanceof BatchCancelledError) return err.batch;
  if (err instanceof ScheduleError && err.mistakes.length > 0) return { mistakes: err.mistakes };
  if (err instanceof StillRunningError || err instanceof OperationCancelledError) return { id: err.workflowId };
  return undefined;
}

function isFailed(err: unknown): err is OperationError | ChainError | BatchError {
  return err instanceof OperationError || err instanceof ChainError || err instanceof BatchError;
}

function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  // Nothing was started, so nothing has failed.
  if (isFailed(err) && err.type === 'IdConflict') return err.message;
  if (isFailed(err)) return `${kindOf(err)} "${err.workflowId}" failed (${err.type}): ${err.message}${adviceOn(err)}`;
  if (err instanceof StillRunningError) {
    const { kind, workflowId, standing } = err;
    return `no answer from ${kind} "${workflowId}" within the time given; ${standing}: lro watch ${forShell(workflowId)}`;
  }
  if (err instanceof WorkflowNotFoundError) return `there is no operation, chain or batch "${err.workflowId}"`;
  if (err instanceof NamespaceNotFoundError)
    return `Temporal has no namespace "${err.namespace}"; name another (--namespace, TEMPORAL_NAMESPACE), or make it: lro setup --create-namespace`;
  if (grpcCodeOf(err) === DEADLINE_EXCEEDED) return 'no worker answered in time; is one running on the task queue?';
  const reason = err.cause instanceof Error ? `: ${err.cause.message}` : '';
  return `${err.message}${reason}`;
}

function kindOf(err: OperationError | ChainError | BatchError): string {
  if (err instanceof BatchError) return 'batch';
  return err instanceof ChainError ? 'chain' : 'operation';
}

/** After these the operation may go on at the service. */
const MAY_GO_ON: readonly string[] = ['DeadlineExceeded', 'ProtocolError', 'Unauthorized'];

function adviceOn({ type, details }: OperationError | ChainError | BatchError): string {
  if (!MAY_GO_ON.includes(type) || details.statusUrl === undefined) return '';
  return `\nIt may go on at the service. To follow it again: lro attach ${forShell(details.statusUrl)}`;
}

/** Of the error or of one it was caused by. */
function grpcCodeOf(err: unknown): number | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'number') return cause.code;
  }
  return undefined;
}
