/** Sizes of workflow histories, over all runs of a workflow and of its children, or of all workflows of a server. */
import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';

/** Calls to Temporal at once. */
const READS_AT_ONCE = 20;
/** Visibility records are written behind the workflow's own. */
const SETTLE_MS = 500;

export interface HistorySize {
  events: number;
  bytes: number;
  /** Runs, those that continued as new included. */
  runs: number;
}

function sumOf(sizes: readonly HistorySize[]): HistorySize {
  return sizes.reduce((sum, size) => ({ events: sum.events + size.events, bytes: sum.bytes + size.bytes, runs: sum.runs + size.runs }), {
    events: 0,
    bytes: 0,
    runs: 0,
  });
}

type HistoryRequest = Parameters<Client['workflowService']['getWorkflowExecutionHistory']>[0];

/** `HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT`: the last event alone, which names the run that continues it. */
const CLOSE_EVENT_FILTER: unknown = 2;

async function nextRunId(client: Client, workflowId: string, runId: string): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    historyEventFilterType: CLOSE_EVENT_FILTER as HistoryRequest['historyEventFilterType'],
  });
  return history?.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
}

/** One workflow from its run `runId` (default: its latest) on, through all that continued it. */
async function historyOf(client: Client, workflowId: string, runId?: string): Promise<HistorySize> {
  const size: HistorySize = { events: 0, bytes: 0, runs: 0 };
  for (let run = runId, first = true; first || run !== undefined; first = false) {
    const { raw, runId: described } = await client.workflow.getHandle(workflowId, run).describe();
    const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
    size.events += Number(historyLength);
    size.bytes += Number(historySizeBytes);
    size.runs += 1;
    run = await nextRunId(client, workflowId, described);
  }
  return size;
}

/** A batch: the parent's own history, and that of all its shards, which the parent's history names. */
export async function historyOfBatch(client: Client, workflowId: string): Promise<{ parent: HistorySize; shards: HistorySize }> {
  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  const shards: HistorySize[] = [];
  for (const { childWorkflowExecutionStartedEventAttributes: started } of events ?? []) {
    const { workflowId: shardId, runId } = started?.workflowExecution ?? {};
    if (shardId == null || runId == null) continue;
    if (!shardId.startsWith(`${workflowId}/`)) throw new Error(`the batch ${workflowId} has a child that is no shard of it: ${shardId}`);
    shards.push(await historyOf(client, shardId, runId));
  }
  if (shards.length === 0) throw new Error(`the batch ${workflowId} has no shards`);
  return { parent: await historyOf(client, workflowId), shards: sumOf(shards) };
}

/** Events of all workflows of the client's namespace, counted again and again. */
export class EventCount {
  /** Of runs that have ended. */
  private readonly ofEnded = new Map<string, number>();

  constructor(private readonly client: Client) {}

  async total(): Promise<number> {
    // What has just begun or ended may not be in the visibility store yet.
    for (let before = await this.count(); ;) {
      await new Promise((resume) => setTimeout(resume, SETTLE_MS));
      const now = await this.count();
      if (now === before) return now;
      before = now;
    }
  }

  private async count(): Promise<number> {
    const open: string[][] = [];
    for await (const { workflowId, runId } of this.client.workflow.list()) {
      if (!this.ofEnded.has(runId)) open.push([workflowId, runId]);
    }
    const limit = pLimit(READS_AT_ONCE);
    const lengths = await Promise.all(
      open.map(([workflowId = '', runId = '']) =>
        limit(async () => {
          const { historyLength, status } = await this.client.workflow.getHandle(workflowId, runId).describe();
          if (status.name === 'RUNNING') return historyLength;
          this.ofEnded.set(runId, historyLength);
          return 0;
        }),
      ),
    );
    return [...this.ofEnded.values(), ...lengths].reduce((sum, length) => sum + length, 0);
  }
}
