/**
 * What calls about operations and batches have in common: how they are started with an id, and what errors of this client Temporal's errors become.
 *
 * Keeps true: the same id is the same run. A running one is joined, one that has succeeded is left as it is, and only one that has
 * failed is started anew; another request under its id is refused, and starts nothing.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { CancelledFailure, TerminatedFailure, TimeoutFailure, ValueError } from '@temporalio/common';
import { encryptionErrorIn } from '../encryption';
import {
  BatchCancelledError,
  BatchError,
  ChainCancelledError,
  ChainError,
  OperationCancelledError,
  OperationError,
  StillRunningError,
  typedFailure,
} from './errors';
import type { PriorityOptions } from '../contract';
import { reasonOf } from '../text/reason';
import { requireId, requireOptions } from './given';
import { findRun } from './runs';
import { requireSameRequest, type WantedRun } from './same-request';
import { standingOf, type Run } from './standing';

export interface StartOptions {
  /** The caller's name for it (`tileset/campus-7/2026-11-23`): asking twice with one id is asking once. Default: a random one. */
  id?: string;
  /** Who goes first where its tasks wait for workers. Of what is joined it changes nothing. */
  priority?: PriorityOptions;
}

/** What became of a start. */
export interface Started {
  /** Whether this call started it. False: it was there, of the same request, and was joined; one that has succeeded gives its recorded result. */
  readonly started: boolean;
}

export interface WaitOptions {
  /** Timeout of this call, not of the operation or batch. Default: none for results, 60 s for answers. */
  timeoutSeconds?: number;
}

const ASK_AGAIN_MS = 200;
/** Codes of gRPC. */
const DEADLINE_EXCEEDED = 4;
const CANCELLED_CALL = 1;

/** Timeout of a call that waits for a worker's answer, unless the caller sets one. */
export const DEFAULT_ANSWER_SECONDS = 60;

/** What makes the same id the same run: one that runs or has succeeded is found, and then compared. */
export const ONLY_NEW = {
  workflowIdConflictPolicy: 'FAIL',
  workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
} as const satisfies Partial<WorkflowStartOptions>;

/**
 * Starts a run under its id, or leaves the one that has it, where that is of the same request.
 * @returns whether it was started
 * @throws OperationError, BatchError or ChainError (`IdConflict`)
 */
export function startOnce(client: Client, kind: Run['kind'], taskQueue: string, wanted: WantedRun): Promise<boolean> {
  const { workflowId, workflowType, input, title, details, priority } = wanted;
  requireId(workflowId);
  return waitFor(client, { kind, id: workflowId }, 'start', undefined, async () => {
    try {
      const shown = { staticSummary: title, staticDetails: details };
      await client.workflow.start(workflowType, { workflowId, taskQueue, args: [input], ...shown, priority, ...ONLY_NEW });
      return true;
    } catch (err) {
      if (err instanceof ValueError) throw new TypeError(`input: cannot be written as JSON: ${whyNoJson(input)}`, { cause: err });
      if (!(err instanceof WorkflowExecutionAlreadyStartedError)) throw err;
      await requireSameRequest(client, wanted);
      return false;
    }
  });
}

/**
 * Runs a call with its own timeout, and turns what Temporal throws into the errors of this client.
 * @param what is waited for, as the timeout's message calls it
 * @throws OperationError, BatchError or ChainError, OperationCancelledError, BatchCancelledError or ChainCancelledError, StillRunningError,
 *   EncryptionError
 */
export async function waitFor<T>(
  client: Client,
  run: Run,
  what: string,
  timeoutSeconds: number | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    if (timeoutSeconds === undefined) return await (what === 'result' ? askedAgain(call) : call());
    return await client.connection.withDeadline(Date.now() + timeoutSeconds * 1000, call);
  } catch (err) {
    const undecrypted = encryptionErrorIn(err);
    if (undecrypted !== undefined) throw undecrypted;
    const details = typedFailure(err);
    if (details !== undefined) throw new FAILED[run.kind](run.id, details.type, details);
    if (err instanceof StillRunningError) throw err;
    if (isTimeout(err) && timeoutSeconds !== undefined)
      throw new StillRunningError(run.id, what, timeoutSeconds, run.kind, await standingOf(client, run, what !== 'progress'));
    const cause = err instanceof WorkflowFailedError || err instanceof WorkflowUpdateFailedError ? err.cause : undefined;
    if (cause instanceof CancelledFailure || cause instanceof TerminatedFailure || cause instanceof TimeoutFailure) {
      throw new CANCELLED[run.kind](run.id);
    }
    if (reasonOf(cause).startsWith('No registered handler')) await requireKind(client, run);
    if (causeText(err).includes('Workflow Task in failed state')) throw new Error(failingText(run), { cause: err });
    throw withAdvice(err, client, run);
  }
}

/** What a start was told, with an id of its own where it names none. @throws TypeError */
export function startOptionsOf(options: StartOptions): StartOptions & { id: string } {
  requireOptions(options, ['id', 'priority', 'timeoutSeconds']);
  const { id = randomUUID(), priority } = options;
  return { id, priority };
}

/** @throws TypeError where the run of this id is of another kind, and has no such answers */
export async function requireKind(client: Client, { kind, id }: Run): Promise<void> {
  const { kind: found, workflowType } = await findRun(client, id);
  const is = found === 'tileset' ? 'chain' : found;
  if (is === kind) return;
  const one = (word: string): string => `${word === 'operation' ? 'an' : 'a'} ${word}`;
  if (is === 'other')
    throw new TypeError(`"${id}" is a workflow of type "${workflowType}", not ${one(kind)}: nothing of this client reads it`);
  throw new TypeError(`"${id}" is ${one(found)}, not ${one(kind)}: ${FINDS[is]}("${id}") finds it`);
}

/** An answer that has the field by which its kind is known. @throws TypeError where the id is that of a run of another kind */
export async function ofKind<T extends object>(client: Client, run: Run, field: string, answer: T): Promise<T> {
  if (!(field in answer)) await requireKind(client, run);
  return answer;
}

/** Of what nobody knows, where it was looked for. */
export function withAdvice(err: unknown, client: Client, { kind, id }: Run | { kind: 'run'; id: string }): unknown {
  if (!(err instanceof WorkflowNotFoundError) || err.message.includes('already completed')) return err;
  const { namespace } = client.options;
  const message = `there is no ${kind} "${id}" in namespace "${namespace}": list() names those that were started there`;
  return new WorkflowNotFoundError(message, err.workflowId, err.runId);
}

const FINDS = { operation: 'get', batch: 'getBatch', chain: 'getChain' } as const;

function failingText({ kind, id }: Run): string {
  return `${kind} "${id}" cannot answer: its workflow task fails on the workers, which try it again; their log says why (an encryption key that they do not have, another version)`;
}

function causeText(err: unknown): string {
  return err instanceof Error ? `${err.message} ${reasonOf(err.cause)}` : '';
}

function whyNoJson(input: unknown): string {
  try {
    JSON.stringify(input);
    return 'it has a value that JSON has no form for';
  } catch (err) {
    return reasonOf(err).split('\n')[0] ?? '';
  }
}

const FAILED = { operation: OperationError, batch: BatchError, chain: ChainError } as const;

const CANCELLED = { operation: OperationCancelledError, batch: BatchCancelledError, chain: ChainCancelledError } as const;

/** A busy server may give up its side of the wait for an end: without a timeout of the caller's that is not the end of the wait. */
async function askedAgain<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (err) {
      if (grpcCodeIn(err) !== DEADLINE_EXCEEDED) throw err;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

function isTimeout(err: unknown): boolean {
  if (err instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const code = grpcCodeIn(err);
  return code === DEADLINE_EXCEEDED || code === CANCELLED_CALL;
}

/** Of a call that the server, or the way to it, has refused. */
function grpcCodeIn(err: unknown): number | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'number') return cause.code;
  }
  return undefined;
}
