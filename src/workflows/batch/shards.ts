/**
 * The shards of a batch, as child workflows.
 *
 * Keeps true: a request to cancel reaches them by their ids, because one that has continued as new no longer hears it from its parent.
 */
import { CancellationScope, ParentClosePolicy, getExternalWorkflowHandle, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle, SignalDefinition } from '@temporalio/workflow';
import type { PreparedBatch } from '../../activities/batch/messages';
import type { Page } from '../../activities/messages';
import type { BatchInput } from '../../contract';
import { inParts } from '../../jobs/groups';
import { RUN_SHARD, type ShardInput, type ShardResult } from './messages';
import type { runShard } from './run-shard';

type ShardHandle = ChildWorkflowHandle<typeof runShard>;

export class Shards {
  private started: PromiseSettledResult<ShardHandle>[] = [];

  /** Starts them. One that cannot be started is among the results. */
  async start(input: BatchInput, prepared: PreparedBatch, isPaused: boolean): Promise<void> {
    const { workflowId, firstRunId } = prepared.source;
    this.started = await Promise.allSettled(
      shardInputs(input, prepared, isPaused).map((shard) =>
        startChild<typeof runShard>(RUN_SHARD, {
          workflowId: `${workflowId}/${firstRunId}/${shard.shard}`,
          args: [shard],
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: `shard ${shard.shard + 1} of ${shard.shards}`,
        }),
      ),
    );
  }

  ids(): string[] {
    return this.handles().map(({ workflowId }) => workflowId);
  }

  /** Waits for all of them, whatever becomes of some. */
  results(ended: (shard: number, result: ShardResult) => void): Promise<PromiseSettledResult<ShardResult>[]> {
    return Promise.allSettled(
      this.started.map(async (shard, index) => {
        if (shard.status === 'rejected') throw shard.reason;
        const result = await shard.value.result();
        ended(index, result);
        return result;
      }),
    );
  }

  signal(signal: SignalDefinition): void {
    // One that has ended hears nothing, and need not.
    for (const shard of this.handles()) void CancellationScope.nonCancellable(() => shard.signal(signal).catch(() => undefined));
  }

  cancel(): void {
    for (const workflowId of this.ids())
      void CancellationScope.nonCancellable(() =>
        getExternalWorkflowHandle(workflowId)
          .cancel()
          .catch(() => undefined),
      );
  }

  private handles(): ShardHandle[] {
    return this.started.flatMap((shard) => (shard.status === 'fulfilled' ? [shard.value] : []));
  }
}

/** What each shard has to do, and its part of what the whole batch may. */
function shardInputs(input: BatchInput, prepared: PreparedBatch, paused: boolean): ShardInput[] {
  const { source, shards, maxInFlight, report, settings } = prepared;
  const { submitsPerSecond, stopAfterFailures } = input;
  const count = shards.length;
  // Where all items may be open at once, each shard may have all of its own open.
  const pagesOf = shards.map(({ pages, from = 0, to = 0, duplicates }): Page[] => {
    const items = input.items?.slice(from, to) ?? [];
    return pages ?? [{ items, count: items.length, first: from > 0 ? from : undefined, duplicates }];
  });
  const partsOfOpen = inParts(
    maxInFlight,
    pagesOf.map((pages) => pages.reduce((sum, page) => sum + page.count, 0)),
  );
  return pagesOf.map((own, shard) => {
    return {
      source,
      shard,
      shards: count,
      pages: own,
      maxInFlight: partsOfOpen[shard] ?? 1,
      submitsPerSecond: submitsPerSecond === undefined ? undefined : submitsPerSecond / count,
      stopAfterFailures,
      report,
      settings,
      paused: paused ? true : undefined,
    };
  });
}
