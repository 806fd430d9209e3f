/**
 * Runs by their id and in lists, whatever they are: operations, chains, tilesets, batches.
 *
 * Keeps true: asks Temporal only, so it answers without a worker; no value of a filter can be read as a part of the query.
 */
import { Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { defineSearchAttributeKey, METADATA_ENCODING_KEY, type PayloadCodec } from '@temporalio/common';
import { BUILD_TILESET, RUN_BATCH, RUN_CHAIN, RUN_OPERATION, SEARCH_ATTRIBUTES } from '../contract';

export const RUN_KINDS = ['operation', 'chain', 'tileset', 'batch'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

const TYPES: Readonly<Record<RunKind, string>> = {
  operation: RUN_OPERATION,
  chain: RUN_CHAIN,
  tileset: BUILD_TILESET,
  batch: RUN_BATCH,
};

/** Temporal's own states of a workflow by this client's names. */
const STATES = {
  running: 'Running',
  succeeded: 'Completed',
  failed: 'Failed',
  canceled: 'Canceled',
  terminated: 'Terminated',
  timedOut: 'TimedOut',
} as const;
export type RunState = keyof typeof STATES;
export const RUN_STATES = Object.keys(STATES) as [RunState, ...RunState[]];

/** A run as Temporal knows it. Times are ISO 8601, UTC. */
export interface RunSummary {
  id: string;
  runId: string;
  /** `other`: a workflow that is not of this project, or one of a batch's shards. */
  kind: RunKind | 'other';
  workflowType: string;
  state: RunState;
  taskQueue: string;
  startedAt: string;
  closedAt?: string;
  /** Of the search attributes, where the namespace has them. */
  status?: string;
  connection?: string;
  operationId?: string;
  trouble?: string;
}

/** Which runs a list holds: those for which all of it is so. */
export interface RunFilter {
  kind?: RunKind;
  state?: RunState;
  /** `LroStatus`: the service's own word, `Submitting`, `Accepted`, … */
  status?: string;
  /** `LroConnection` */
  connection?: string;
  /** `LroTrouble`: a kind of trouble, or `any`. */
  trouble?: string;
  /** At most; default 20. */
  limit?: number;
}

const DEFAULT_LIMIT = 20;

/** Who works on a task queue, as Temporal saw them ask for work in the last minutes. */
export interface QueueWorkers {
  count: number;
  /** When one of them asked last. ISO 8601, UTC. */
  lastSeenAt?: string;
}

/** @throws WorkflowNotFoundError */
export async function findRun(client: Client, id: string): Promise<RunSummary> {
  return summaryOf(await withoutMemos(client).workflow.getHandle(id).describe());
}

/** Newest first. A run appears, and changes, within some seconds. */
export async function listRuns(client: Client, { limit = DEFAULT_LIMIT, ...filter }: RunFilter): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  if (limit < 1) return found;
  for await (const run of withoutMemos(client).workflow.list({ query: queryOf(filter), pageSize: Math.min(limit, 1000) })) {
    found.push(summaryOf(run));
    if (found.length >= limit) break;
  }
  return found;
}

export async function workersOf(client: Client, taskQueue: string): Promise<QueueWorkers> {
  const { pollers } = await client.workflow.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  const seen = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  return { count: seen.length, ...(seen.length === 0 ? {} : { lastSeenAt: new Date(Math.max(...seen)).toISOString() }) };
}

/** Leaves payloads unread. */
const UNREAD: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads),
  decode: (payloads) => Promise.resolve(payloads.map(() => ({ metadata: { [METADATA_ENCODING_KEY]: Buffer.from('binary/null') } }))),
};

/** The same client for what stands in the clear: one memo that is encrypted with a key that is not here would keep all the rest from being listed. */
function withoutMemos({ connection, options: { namespace } }: Client): Client {
  return new Client({ connection, namespace, dataConverter: { payloadCodecs: [UNREAD] } });
}

/** The visibility query of a filter. */
function queryOf({ kind, state, status, connection, trouble }: Omit<RunFilter, 'limit'>): string {
  const types = kind === undefined ? Object.values(TYPES) : [TYPES[kind]];
  const terms = [
    `WorkflowType IN (${types.map(quoted).join(', ')})`,
    // Of a run that continues as new only the last part is the run.
    state === undefined ? "ExecutionStatus != 'ContinuedAsNew'" : `ExecutionStatus = ${quoted(STATES[state])}`,
  ];
  if (status !== undefined) terms.push(`${SEARCH_ATTRIBUTES.status} = ${quoted(status)}`);
  if (connection !== undefined) terms.push(`${SEARCH_ATTRIBUTES.connection} = ${quoted(connection)}`);
  if (trouble === 'any') terms.push(`${SEARCH_ATTRIBUTES.trouble} IS NOT NULL`);
  else if (trouble !== undefined) terms.push(`${SEARCH_ATTRIBUTES.trouble} = ${quoted(trouble)}`);
  return terms.join(' AND ');
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

const STATE_OF: Readonly<Record<string, RunState>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'canceled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timedOut',
};

function summaryOf(run: Omit<WorkflowExecutionInfo, 'raw'>): RunSummary {
  const attribute = (name: string): string | undefined => run.typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
  return {
    id: run.workflowId,
    runId: run.runId,
    kind: RUN_KINDS.find((kind) => TYPES[kind] === run.type) ?? 'other',
    workflowType: run.type,
    state: STATE_OF[run.status.name] ?? 'running',
    taskQueue: run.taskQueue,
    startedAt: run.startTime.toISOString(),
    closedAt: run.closeTime?.toISOString(),
    status: attribute(SEARCH_ATTRIBUTES.status),
    connection: attribute(SEARCH_ATTRIBUTES.connection),
    operationId: attribute(SEARCH_ATTRIBUTES.operationId),
    trouble: attribute(SEARCH_ATTRIBUTES.trouble),
  };
}
