/**
 * Chains in the typed client: tilesets, and chains of any operations.
 *
 * Keeps true: ids mean what they mean for operations.
 */
import type { Client } from '@temporalio/client';
import type { BuildTilesetInput, BuildTilesetResult, ChainInput, ChainProgress, ChainResult, FailureDetails } from '../contract';
import { BUILD_TILESET, CANCELED_MEMO, POLL_NOW_SIGNAL, PROGRESS_QUERY, RUN_CHAIN } from '../contract';
import { chainTitle } from '../identity/titles';
import {
  DEFAULT_ANSWER_SECONDS,
  ofKind,
  startOnce,
  startOptionsOf,
  waitFor,
  type Started,
  type StartOptions,
  type WaitOptions,
} from './calls';
import { requireId, requireInput, secondsOf } from './given';
import { askWorker } from './standing';
import { ChainCancelledError } from './errors';
import { priorityOf, type FairnessBy } from './priority';
import { chainDetails } from './static-details';
import type { WantedRun } from './same-request';

/** One chain, found by its id. */
export interface ChainHandle<R extends ChainResult = ChainResult> {
  readonly id: string;
  /**
   * Where each of its steps stands: a worker answers.
   * @throws StillRunningError when none does within `timeoutSeconds`
   */
  progress(options?: WaitOptions): Promise<ChainProgress>;
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
  options: StartOptions,
  fairnessBy: FairnessBy,
): Promise<ChainHandle<BuildTilesetResult> & Started> {
  requireInput(input);
  const { id, priority: given } = startOptionsOf(options);
  const priority = priorityOf(BUILD_TILESET, input, fairnessBy, given);
  const started = await startOnce(client, 'chain', taskQueue, { ...wantedTileset(input, id), priority });
  return { ...getChain<BuildTilesetResult>(client, id), started };
}

export async function startChain(
  client: Client,
  taskQueue: string,
  input: ChainInput,
  options: StartOptions,
  fairnessBy: FairnessBy,
): Promise<ChainHandle & Started> {
  requireInput(input);
  const { id, priority: given } = startOptionsOf(options);
  const priority = priorityOf(RUN_CHAIN, input, fairnessBy, given);
  const started = await startOnce(client, 'chain', taskQueue, { ...wantedChain(input, id), priority });
  return { ...getChain(client, id), started };
}

/** The run that a tileset's input asks for under an id. */
export function wantedTileset(input: BuildTilesetInput, workflowId: string): WantedRun {
  return { workflowId, workflowType: BUILD_TILESET, input, title: chainTitle('tileset', input), details: chainDetails(input) };
}

/** The run that a chain's input asks for under an id. */
export function wantedChain(input: ChainInput, workflowId: string): WantedRun {
  return { workflowId, workflowType: RUN_CHAIN, input, title: chainTitle('chain', input), details: chainDetails(input) };
}

export function getChain<R extends ChainResult>(client: Client, id: string): ChainHandle<R> {
  requireId(id);
  const handle = client.workflow.getHandle(id);
  const run = { kind: 'chain', id } as const;
  return {
    id,
    progress: async (options) =>
      waitFor(client, run, 'progress', secondsOf(options, DEFAULT_ANSWER_SECONDS), async () => {
        const answer = await askWorker(client, run, () => handle.query<ChainProgress>(PROGRESS_QUERY));
        return ofKind(client, run, 'steps', answer);
      }),
    result: async (options) => {
      const seconds = secondsOf(options, undefined);
      try {
        return await waitFor(client, run, 'result', seconds, () => handle.result() as Promise<R>);
      } catch (err) {
        if (!(err instanceof ChainCancelledError)) throw err;
        const { memo } = await handle.describe();
        throw new ChainCancelledError(id, memo?.[CANCELED_MEMO] as FailureDetails | undefined);
      }
    },
    cancel: async () => {
      await waitFor(client, run, 'answer', undefined, () => handle.cancel());
    },
    pollNow: async () => waitFor(client, run, 'answer', undefined, () => handle.signal(POLL_NOW_SIGNAL)),
  };
}
