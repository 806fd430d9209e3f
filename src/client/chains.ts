/**
 * Chains in the typed client: tilesets, and chains of any operations.
 *
 * Keeps true: ids mean what they mean for operations.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { BuildTilesetInput, BuildTilesetResult, ChainInput, ChainProgress, ChainResult, FailureDetails } from '../contract';
import { BUILD_TILESET, CANCELED_MEMO, DEFAULT_CONNECTION, POLL_NOW_SIGNAL, PROGRESS_QUERY, RUN_CHAIN } from '../contract';
import { startOnce, waitFor, type Started, type StartOptions, type WaitOptions } from './calls';
import { ChainCancelledError } from './errors';
import { priorityOf, type FairnessBy } from './priority';

/** One chain, found by its id. */
export interface ChainHandle<R extends ChainResult = ChainResult> {
  readonly id: string;
  /** Where each of its steps stands. */
  progress(): Promise<ChainProgress>;
  /**
   * Waits for the end.
   * @throws ChainError, ChainCancelledError, StillRunningError (with `timeoutSeconds`)
   */
  result(options?: WaitOptions): Promise<R>;
  /** Requests its cancellation, and that of its open step. */
  cancel(): Promise<void>;
  /** Polls the open step now instead of waiting. */
  pollNow(): Promise<void>;
}

export async function startTileset(
  client: Client,
  taskQueue: string,
  input: BuildTilesetInput,
  { id = randomUUID(), priority: given }: StartOptions,
  fairnessBy: FairnessBy,
): Promise<ChainHandle<BuildTilesetResult> & Started> {
  const title = `tileset · ${input.connection ?? DEFAULT_CONNECTION}`;
  const priority = priorityOf(BUILD_TILESET, input, fairnessBy, given);
  const started = await startOnce(client, 'chain', taskQueue, { workflowId: id, workflowType: BUILD_TILESET, input, title, priority });
  return { ...getChain<BuildTilesetResult>(client, id), started };
}

export async function startChain(
  client: Client,
  taskQueue: string,
  input: ChainInput,
  { id = randomUUID(), priority: given }: StartOptions,
  fairnessBy: FairnessBy,
): Promise<ChainHandle & Started> {
  const priority = priorityOf(RUN_CHAIN, input, fairnessBy, given);
  const wanted = { workflowId: id, workflowType: RUN_CHAIN, input, title: summaryOf(input), priority };
  const started = await startOnce(client, 'chain', taskQueue, wanted);
  return { ...getChain(client, id), started };
}

export function getChain<R extends ChainResult>(client: Client, id: string): ChainHandle<R> {
  const handle = client.workflow.getHandle(id);
  const run = { kind: 'chain', id } as const;
  return {
    id,
    progress: () => handle.query<ChainProgress>(PROGRESS_QUERY),
    result: async ({ timeoutSeconds } = {}) => {
      try {
        return await waitFor(client, run, 'result', timeoutSeconds, () => handle.result() as Promise<R>);
      } catch (err) {
        if (!(err instanceof ChainCancelledError)) throw err;
        const { memo } = await handle.describe();
        throw new ChainCancelledError(id, memo?.[CANCELED_MEMO] as FailureDetails | undefined);
      }
    },
    cancel: async () => {
      await handle.cancel();
    },
    pollNow: () => handle.signal(POLL_NOW_SIGNAL),
  };
}

/** `upload → conversion → dataset`: what the list of workflows shows. The input is not checked yet: the workflow refuses a wrong one. */
function summaryOf({ steps, connection = DEFAULT_CONNECTION }: ChainInput): string {
  const ids = Array.isArray(steps) ? steps.map(({ id }) => id).join(' → ') : 'chain';
  return `${ids.slice(0, 150)} · ${connection}`;
}
