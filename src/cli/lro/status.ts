/**
 * `lro status`: what Temporal knows of a run, and what its workflow says.
 *
 * Keeps true: it answers without a worker, too, and says then what it could not ask; it waits for nothing.
 */
import {
  BatchCancelledError,
  BatchError,
  ChainCancelledError,
  ChainError,
  EncryptionError,
  OperationCancelledError,
  OperationError,
  StillRunningError,
} from '../../client';
import type {
  BatchProgress,
  BatchResult,
  ChainProgress,
  ChainResult,
  FailureDetails,
  LroClient,
  OperationProgress,
  OperationResult,
} from '../../client';
import { reasonOf } from '../../text/reason';
import { progressTable, resultTable } from './batch-tables';
import { print, type CommonOptions } from './command';
import { workersText } from './follow';
import type { KnownRun } from './kinds';
import { chainResultTable, chainTable, operationFacts, operationResultTable, runFacts } from './operation-tables';
import { factTable, shorten } from './tables';

type Progress = OperationProgress | ChainProgress | BatchProgress;
type Result = OperationResult | ChainResult | BatchResult;

interface Status extends KnownRun {
  progress?: Progress;
  result?: Result;
  failure?: FailureDetails;
  /** Why there is no progress. */
  note?: string;
}

const ANSWER_SECONDS = 3;

/** Prints where it stands. */
export async function showStatus(lro: LroClient, run: KnownRun, options: CommonOptions): Promise<void> {
  const told = run.state === 'running' ? await standing(lro, run) : await ending(lro, run);
  print<Status>(options, { ...run, ...told }, statusText);
}

async function standing(lro: LroClient, run: KnownRun): Promise<Partial<Status>> {
  const asked = { timeoutSeconds: ANSWER_SECONDS };
  try {
    return { progress: await handleOf(lro, run).progress(asked) };
  } catch (err) {
    if (err instanceof EncryptionError) throw err;
    return { note: err instanceof StillRunningError ? await workersText(lro, run.taskQueue) : reasonOf(err) };
  }
}

async function ending(lro: LroClient, run: KnownRun): Promise<Partial<Status>> {
  try {
    return { result: await handleOf(lro, run).result({}) };
  } catch (err) {
    if (err instanceof OperationError || err instanceof ChainError || err instanceof BatchError) return { failure: err.details };
    if (err instanceof OperationCancelledError) return {};
    if (err instanceof ChainCancelledError) return err.details === undefined ? {} : { failure: err.details };
    if (err instanceof BatchCancelledError) return err.batch === undefined ? {} : { result: err.batch };
    throw err;
  }
}

interface AnyHandle {
  progress(options: { timeoutSeconds: number }): Promise<Progress>;
  result(options: object): Promise<Result>;
}

function handleOf(lro: LroClient, { kind, id }: KnownRun): AnyHandle {
  if (kind === 'batch') return lro.getBatch(id);
  return kind === 'operation' ? lro.get(id) : lro.getChain(id);
}

function statusText(status: Status): string {
  const { kind, progress, result, failure, note } = status;
  const isOperation = kind === 'operation' && progress !== undefined;
  const facts = factTable([
    ...runFacts(status),
    ...(isOperation ? operationFacts(progress as OperationProgress) : []),
    ['failure', failure && `${failure.type}: ${shorten(failure.message) ?? ''}`],
    ['operation', failure?.operationId],
    ['status URL', failure?.statusUrl],
  ]);
  return [facts, isOperation ? undefined : progressText(kind, progress), resultText(kind, result), note]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

function progressText(kind: KnownRun['kind'], progress: Progress | undefined): string | undefined {
  if (progress === undefined) return undefined;
  return kind === 'batch' ? progressTable(progress as BatchProgress) : chainTable(progress as ChainProgress);
}

function resultText(kind: KnownRun['kind'], result: Result | undefined): string | undefined {
  if (result === undefined) return undefined;
  if (kind === 'batch') return resultTable(result as BatchResult);
  return kind === 'operation' ? operationResultTable(result as OperationResult) : chainResultTable(result as ChainResult);
}
