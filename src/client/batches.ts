/**
 * Batches in the typed client: start, follow, pause, cancel.
 *
 * Keeps true: ids mean what they mean for operations, and nothing that shows in lists carries the query string of a URL.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { BatchInput, BatchProgress, BatchResult, ItemStanding } from '../contract';
import { CANCELED_MEMO, ITEM_UPDATE, PAUSE_SIGNAL, PROGRESS_QUERY, RESUME_SIGNAL, RUN_BATCH } from '../contract';
import { batchTitle } from '../identity/titles';
import { batchDetails } from './static-details';
import {
  DEFAULT_ANSWER_SECONDS,
  ofKind,
  requireKind,
  startOnce,
  startOptionsOf,
  waitFor,
  type Started,
  type StartOptions,
  type WaitOptions,
} from './calls';
import { requireId, requireInput, secondsOf } from './given';
import { askWorker } from './standing';
import { BatchCancelledError, BatchEndedError } from './errors';
import { priorityOf, type FairnessBy } from './priority';
import type { WantedRun } from './same-request';

/** What the list of workflows shows of a batch. */
export { batchTitle };

/** One batch, found by its id. */
export interface BatchHandle {
  readonly id: string;
  /**
   * Where it stands: a worker answers. The counts are seconds old at first, later up to a twentieth of the batch's age.
   * @throws StillRunningError when none does within `timeoutSeconds`
   */
  progress(options?: WaitOptions): Promise<BatchProgress>;
  /**
   * Where one of its items stands.
   * @throws BatchError when it has no such item, BatchEndedError, StillRunningError
   */
  item(itemId: string, options?: WaitOptions): Promise<ItemStanding>;
  /**
   * No new submits; polls and deadlines of open items go on.
   * @throws BatchEndedError
   */
  pause(): Promise<void>;
  /** @throws BatchEndedError */
  resume(): Promise<void>;
  /** Requests its cancellation, and that of its open items. Does nothing when it has ended. */
  cancel(): Promise<void>;
  /**
   * Waits for the end.
   * @throws BatchError, BatchCancelledError (both with what became of the items), StillRunningError (with `timeoutSeconds`)
   */
  result(options?: WaitOptions): Promise<BatchResult>;
}

export async function startBatch(
  client: Client,
  taskQueue: string,
  input: BatchInput,
  options: StartOptions,
  fairnessBy: FairnessBy,
): Promise<BatchHandle & Started> {
  requireInput(input);
  const { id, priority: given } = startOptionsOf(options);
  const priority = priorityOf(RUN_BATCH, input, fairnessBy, given);
  const started = await startOnce(client, 'batch', taskQueue, { ...wantedBatch(input, id), priority });
  return { ...getBatch(client, id), started };
}

/** The run that a batch's input asks for under an id. */
export function wantedBatch(input: BatchInput, workflowId: string): WantedRun {
  return { workflowId, workflowType: RUN_BATCH, input, title: batchTitle(input), details: batchDetails(input) };
}

export function getBatch(client: Client, id: string): BatchHandle {
  requireId(id);
  const handle = client.workflow.getHandle(id);
  const run = { kind: 'batch', id } as const;
  // Other workflows would take a signal that they do not know without a word.
  const signalled = (signal: string): Promise<void> =>
    whileItRuns(id, () =>
      waitFor(client, run, 'answer', undefined, async () => {
        await requireKind(client, run);
        await handle.signal(signal);
      }),
    );
  return {
    id,
    progress: async (options) =>
      waitFor(client, run, 'progress', secondsOf(options, DEFAULT_ANSWER_SECONDS), async () => {
        const answer = await askWorker(client, run, () => handle.query<BatchProgress>(PROGRESS_QUERY));
        return ofKind(client, run, 'counts', answer);
      }),
    item: async (itemId, options) =>
      whileItRuns(id, () =>
        waitFor(client, run, `answer about item "${itemId}"`, secondsOf(options, DEFAULT_ANSWER_SECONDS), () =>
          // A new id for every call: an update that Temporal knows would only repeat its first answer.
          handle.executeUpdate<ItemStanding, [string]>(ITEM_UPDATE, { updateId: randomUUID(), args: [itemId] }),
        ),
      ),
    pause: () => signalled(PAUSE_SIGNAL),
    resume: () => signalled(RESUME_SIGNAL),
    cancel: async () => {
      await waitFor(client, run, 'answer', undefined, () => handle.cancel());
    },
    result: async (options) => {
      const seconds = secondsOf(options, undefined);
      try {
        return await waitFor(client, run, 'result', seconds, async () =>
          ofKind(client, run, 'counts', (await handle.result()) as BatchResult),
        );
      } catch (err) {
        if (!(err instanceof BatchCancelledError)) throw err;
        throw new BatchCancelledError(id, await cancelledResult(handle));
      }
    },
  };
}

/** A cancelled workflow has no result: the batch leaves it in its memo, without the first failures. */
async function cancelledResult(handle: WorkflowHandle): Promise<BatchResult | undefined> {
  const { memo } = await handle.describe();
  const left = memo?.[CANCELED_MEMO] as Omit<BatchResult, 'firstFailures'> | undefined;
  return left && { ...left, firstFailures: [] };
}

/** Temporal has the same error for a workflow that has ended and for one that never was. */
async function whileItRuns<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (err) {
    if (err instanceof WorkflowNotFoundError && err.message.includes('already completed')) throw new BatchEndedError(id);
    throw err;
  }
}
