/**
 * The ways to run one operation: alone, as the only step of a chain, as the only item of a batch. Another way is another {@link Shape}.
 *
 * Keeps true: each brings its end, its progress and its history into the same form, and hides no difference but those of the contract: a
 * batch reports what a cancelled run can only say in its memo, and a chain wraps the failure of its step.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { LroClient } from '../../src/client';
import { typedFailure } from '../../src/client/errors';
import type {
  ChainProgress,
  ChainResult,
  FailureDetails,
  ItemReport,
  ItemStanding,
  OperationInput,
  OperationProgress,
  OperationResult,
} from '../../src/contract';
import { ITEM_UPDATE, PROGRESS_QUERY, RUN_BATCH, RUN_CHAIN, RUN_OPERATION } from '../../src/contract';
import { trackerId } from '../../src/jobs/tracked';
import { eventually } from '../support/eventually';
import { eventsOf, type HistoryEvent } from '../workflows/history';
import { without } from './normal-form';
import type { End, Progress } from './row';

export interface ShapeContext {
  client: Client;
  taskQueue: string;
  /** Where reports are written. */
  folder: string;
}

export interface Run {
  /** Where the operation stands; undefined before there is anything to say. */
  progress(): Promise<Progress | undefined>;
  /** Resolves when whatever drives the operation has the request. */
  cancel(): Promise<unknown>;
  ended(): Promise<End>;
  /** Of the workflow that drives the operation. */
  history(): Promise<HistoryEvent[]>;
  terminate(): Promise<unknown>;
}

export interface Shape {
  name: string;
  start(context: ShapeContext, id: string, input: OperationInput): Promise<Run>;
}

export const SHAPES: readonly Shape[] = [
  { name: 'operation', start: startOperation },
  { name: 'chain', start: startChain },
  { name: 'batch', start: startBatch },
  { name: 'shared', start: startShared },
];

/** Id of the only step and of the only item. */
const ONLY = 'only';

/** What the memo says of a cancelled run whose submit nobody knows about; a batch has the outcome `uncertain` for it. */
const UNKNOWN = 'cancelled while nobody knew whether the service had accepted it';

async function startOperation({ client, taskQueue }: ShapeContext, id: string, input: OperationInput): Promise<Run> {
  const handle = await client.workflow.start(RUN_OPERATION, { workflowId: id, taskQueue, args: [input] });
  return {
    ...basics(handle),
    progress: async () => without(await handle.query<OperationProgress>(PROGRESS_QUERY), 'phase'),
    cancel: () => handle.cancel(),
    ended: () => endOf(handle, (result) => result as OperationResult),
  };
}

/** An operation that a tracker polls: both histories are what drives it. */
async function startShared({ client, taskQueue }: ShapeContext, id: string, input: OperationInput): Promise<Run> {
  const handle = await client.workflow.start(RUN_OPERATION, { workflowId: id, taskQueue, args: [{ ...input, follow: 'shared' }] });
  const lro = new LroClient({ client, taskQueue });
  const tracker = client.workflow.getHandle(trackerId(taskQueue, input.connection ?? ''));
  return {
    ...basics(handle),
    progress: async () => without(await lro.get(id).progress(), 'phase', 'tracker'),
    cancel: () => handle.cancel(),
    ended: () => endOf(handle, (result) => result as OperationResult),
    history: async () => [...(await eventsOf(handle)), ...(await eventsOf(tracker).catch(() => []))].filter(isNoHousekeeping),
  };
}

/** Timers of a tracker that no operation waits for, and the one within which it hands an operation back. */
function isNoHousekeeping({ userMetadata }: HistoryEvent): boolean {
  const name = Buffer.from(userMetadata?.summary?.data ?? '').toString();
  return !['"look for workflows that were closed"', '"end without operations"', '"wait for its tracker"'].includes(name);
}

async function startChain({ client, taskQueue }: ShapeContext, id: string, input: OperationInput): Promise<Run> {
  const { deadlineSeconds, labels, ...step } = input;
  const chain = { steps: [{ id: ONLY, ...step }], deadlineSeconds, labels };
  const handle = await client.workflow.start(RUN_CHAIN, { workflowId: id, taskQueue, args: [chain] });
  return {
    ...basics(handle),
    progress: async () => {
      const { steps } = await handle.query<ChainProgress>(PROGRESS_QUERY);
      const [only] = steps;
      if (only === undefined) return undefined;
      return without(only, 'id', 'title', 'phase');
    },
    cancel: () => handle.cancel(),
    ended: () =>
      endOf(handle, (result) => {
        const { steps, labels: given } = result as ChainResult;
        return { ...without(steps[0]!, 'id'), labels: given };
      }),
  };
}

async function startBatch({ client, taskQueue, folder }: ShapeContext, id: string, input: OperationInput): Promise<Run> {
  const report = `${id}.jsonl`;
  const batch = { items: [{ id: ONLY, ...input }], report: { path: report } };
  const handle = await client.workflow.start(RUN_BATCH, { workflowId: id, taskQueue, args: [batch] });
  const shard = client.workflow.getHandle(`${id}/${handle.firstExecutionRunId}/0`);
  let wasCancelled = false;
  return {
    ...basics(handle),
    history: () => eventsOf(shard),
    progress: async () => {
      const standing = await handle.executeUpdate<ItemStanding, [string]>(ITEM_UPDATE, { args: [ONLY] });
      return standing.progress;
    },
    cancel: async () => {
      wasCancelled = true;
      await handle.cancel();
      await eventually(
        () => eventsOf(shard),
        (events) => events.some((event) => event.workflowExecutionCancelRequestedEventAttributes),
      );
    },
    ended: async () => {
      await handle.result().catch((err: unknown) => {
        if (!(wasCancelled && isCancelled(err))) throw err;
      });
      const [line = ''] = readFileSync(join(folder, report), 'utf8').split('\n');
      return endOfItem(JSON.parse(line) as ItemReport, wasCancelled);
    },
  };
}

function basics(handle: WorkflowHandle): Pick<Run, 'history' | 'terminate'> {
  return { history: () => eventsOf(handle), terminate: () => handle.terminate() };
}

/** The end of an operation or a chain. */
export async function endOf(handle: WorkflowHandle, resultOf: (result: unknown) => OperationResult): Promise<End> {
  try {
    return { end: 'succeeded', result: resultOf(await handle.result()) };
  } catch (err) {
    if (isCancelled(err)) {
      const { memo } = await handle.describe();
      return { end: 'canceled', left: (memo?.['cancel'] as string | undefined) ?? 'nothing' };
    }
    const details = typedFailure(err);
    if (details === undefined) throw err;
    return failed(details);
  }
}

/** The end of an item of a batch. */
export function endOfItem({ outcome, result, failure }: ItemReport, wasCancelled: boolean): End {
  if (outcome === 'succeeded') return { end: 'succeeded', result };
  if (wasCancelled) {
    if (outcome === 'notStarted') return { end: 'canceled', left: 'nothing' };
    if (outcome === 'uncertain') return { end: 'canceled', left: UNKNOWN };
    if (outcome === 'canceled') return { end: 'canceled', left: failure?.message.replace(/^.* was cancelled; /, '') };
  }
  if (failure === undefined) throw new Error(`an item that is ${outcome} has no failure`);
  return failed(failure);
}

function failed(details: FailureDetails): End {
  const { type, message, httpStatus, operationId, statusUrl, error } = details.cause ?? details;
  const ends: Record<string, End['end']> = { OperationCanceled: 'canceled', SubmissionUncertain: 'uncertain' };
  return { end: ends[type] ?? 'failed', type, message, httpStatus, operationId, statusUrl, error };
}

function isCancelled(err: unknown): boolean {
  return err instanceof WorkflowFailedError && err.cause instanceof CancelledFailure;
}
