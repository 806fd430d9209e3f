/**
 * Batches in the typed client: start, follow, pause, cancel.
 *
 * Keeps true: ids mean what they mean for operations, and nothing that shows in lists carries the query string of a URL.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { BatchInput, BatchItem, BatchProgress, BatchResult, FileRef, ItemStanding } from '../contract';
import { CANCELED_MEMO, DEFAULT_CONNECTION, ITEM_UPDATE, PAUSE_SIGNAL, PROGRESS_QUERY, RESUME_SIGNAL, RUN_BATCH } from '../contract';
import { DEFAULT_ANSWER_SECONDS, startOnce, waitFor, type Started, type StartOptions, type WaitOptions } from './calls';
import { BatchCancelledError, BatchEndedError } from './errors';
import { priorityOf, type FairnessBy } from './priority';

/** One batch, found by its id. */
export interface BatchHandle {
  readonly id: string;
  /** Where it stands. The counts are some seconds old. */
  progress(): Promise<BatchProgress>;
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
  { id = randomUUID(), priority: given }: StartOptions,
  fairnessBy: FairnessBy,
): Promise<BatchHandle & Started> {
  const priority = priorityOf(RUN_BATCH, input, fairnessBy, given);
  const wanted = { workflowId: id, workflowType: RUN_BATCH, input, title: batchSummary(input), priority };
  const started = await startOnce(client, 'batch', taskQueue, wanted);
  return { ...getBatch(client, id), started };
}

export function getBatch(client: Client, id: string): BatchHandle {
  const handle = client.workflow.getHandle(id);
  const run = { kind: 'batch', id } as const;
  return {
    id,
    progress: () => handle.query<BatchProgress>(PROGRESS_QUERY),
    item: (itemId, { timeoutSeconds = DEFAULT_ANSWER_SECONDS } = {}) =>
      whileItRuns(id, () =>
        waitFor(client, run, `answer about item "${itemId}"`, timeoutSeconds, () =>
          // A new id for every call: an update that Temporal knows would only repeat its first answer.
          handle.executeUpdate<ItemStanding, [string]>(ITEM_UPDATE, { updateId: randomUUID(), args: [itemId] }),
        ),
      ),
    pause: () => whileItRuns(id, () => handle.signal(PAUSE_SIGNAL)),
    resume: () => whileItRuns(id, () => handle.signal(RESUME_SIGNAL)),
    cancel: async () => {
      await handle.cancel();
    },
    result: async ({ timeoutSeconds } = {}) => {
      try {
        return await waitFor(client, run, 'result', timeoutSeconds, () => handle.result() as Promise<BatchResult>);
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

/** So that it fits a row of the Web UI. */
const MAX_SUMMARY_CHARS = 200;

/** `batch of 200 · maps`, `batch of manifest ./nightly.jsonl`: what the list of workflows shows. */
export function batchSummary(input: BatchInput): string {
  return wordsOf(input).slice(0, MAX_SUMMARY_CHARS);
}

function wordsOf({ items, manifest, retryOf, defaults }: BatchInput): string {
  if (Array.isArray(items)) {
    // Items are not checked yet: the workflow refuses bad ones.
    const ofItem = (item: BatchItem | null | undefined) => item?.connection ?? defaults?.connection ?? DEFAULT_CONNECTION;
    return `batch of ${items.length} · ${[...new Set(items.map(ofItem))].join(', ')}`;
  }
  const suffix = defaults?.connection === undefined ? '' : ` · ${defaults.connection}`;
  if (manifest !== undefined) return `batch of manifest ${placeOf(manifest)}${suffix}`;
  if (retryOf?.workflowId !== undefined) return `retry of batch ${retryOf.workflowId}${suffix}`;
  if (retryOf?.report !== undefined) return `retry of report ${placeOf(retryOf.report)}${suffix}`;
  return `batch${suffix}`;
}

/** A path, or a URL without what may be secret in it. */
function placeOf({ path, url }: FileRef): string {
  if (url === undefined || !URL.canParse(url)) return path ?? '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
