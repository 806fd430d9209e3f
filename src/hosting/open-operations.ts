/**
 * Counts the open operations of a task queue, and those in trouble, in Temporal's visibility; and asks open batches how many items they have open.
 *
 * Keeps true: a round costs at most {@link MAX_COUNTS} counts and {@link MAX_BATCHES} questions, one at a time, and none goes on while nobody
 * wants to know; where there is nothing open it is two counts and one list. What cannot be counted (search attributes that are not registered, a server
 * that does not answer) leaves the values as they were, and stops nothing.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { BUILD_TILESET, PROGRESS_QUERY, RUN_BATCH, RUN_CHAIN, RUN_OPERATION, SEARCH_ATTRIBUTES, type BatchProgress } from '../contract';
import { OPEN_STATUSES, TROUBLES, UNKNOWN } from '../metrics/catalog';
import type { WorkerMetrics } from '../metrics/worker-metrics';
import { reasonOf } from '../text/reason';

const MAX_COUNTS = 100;
const MAX_BATCHES = 20;
const TIMEOUT_MS = 5000;

export interface OpenOperationsOptions {
  metrics: WorkerMetrics;
  client: Client;
  namespace: string;
  taskQueue: string;
  /** Of the worker's file. */
  connections: readonly string[];
  /** Whether the worker takes work, now: one that drains leaves these values to others. */
  takesWork: () => boolean;
  /** 0: never. */
  everySeconds: number;
  log?: Logger;
}

type Values = { labels: Record<string, string>; value: number }[];

/** What was counted last of a connection. */
interface Counted {
  open: Values;
  trouble: Values;
}

/** No further count is left to this round. */
class RoundIsOver extends Error {}

export class OpenOperations {
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private left = 0;
  /** Where the next round begins: with more connections than one can count they take turns. */
  private first = 0;
  private readonly counted = new Map<string, Counted>();

  constructor(private readonly options: OpenOperationsOptions) {}

  /** From now on, where anybody wants to know. Call {@link stop} when the worker has ended. */
  start(): void {
    if (this.options.metrics.boards !== undefined && this.options.everySeconds > 0) this.again(Math.min(1, this.options.everySeconds));
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private again(seconds: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.round(), seconds * 1000);
    this.timer.unref();
  }

  /** Never throws. */
  private async round(): Promise<void> {
    if (this.options.takesWork()) {
      await this.count().catch((err: unknown) => this.tell('open operations could not be counted', err));
      await this.askBatches().catch((err: unknown) => this.tell('open batches could not be asked', err));
    }
    this.again(this.options.everySeconds);
  }

  private async count(): Promise<void> {
    const { connections } = this.options;
    this.left = MAX_COUNTS;
    const { trouble, connection, status } = SEARCH_ATTRIBUTES;
    // First of all, and with all of them: where one is not registered nothing is told, rather than that nothing was open.
    const troubled = await this.number([trouble, connection, status].map((name) => `${name} IS NOT NULL`).join(' AND '));
    const all = await this.number('');
    try {
      for (let turn = 0; turn < connections.length; turn++) {
        const name = connections[this.first % connections.length] ?? '';
        this.counted.set(name, await this.countOf(name, all, troubled));
        this.first++;
      }
    } catch (err) {
      if (!(err instanceof RoundIsOver)) throw err;
    }
    this.show(all);
  }

  private async countOf(connection: string, all: number, troubled: number): Promise<Counted> {
    const own = `${SEARCH_ATTRIBUTES.connection} = ${quoted(connection)}`;
    let left = all === 0 ? 0 : await this.number(own);
    const open: Values = [];
    for (const status of OPEN_STATUSES) {
      // What is left at the end is in other words of the service.
      const isRest = status === 'other';
      const value = left === 0 || isRest ? left : await this.number(`${own} AND ${SEARCH_ATTRIBUTES.status} = ${quoted(status)}`);
      left = Math.max(0, left - value);
      open.push({ labels: { connection, status }, value });
    }
    const hasOpen = open.some(({ value }) => value > 0);
    const trouble: Values = [];
    for (const kind of TROUBLES) {
      const mayHave = hasOpen && troubled > 0;
      const value = mayHave ? await this.number(`${own} AND ${SEARCH_ATTRIBUTES.trouble} = ${quoted(kind)}`) : 0;
      trouble.push({ labels: { connection, trouble: kind }, value });
    }
    return { open, trouble };
  }

  private show(all: number): void {
    const counted = [...this.counted.values()];
    const open = counted.flatMap((one) => one.open);
    const known = open.reduce((sum, { value }) => sum + value, 0);
    // Of connections that only other workers know, and of operations whose input is still to be checked.
    const unknown = { labels: { connection: UNKNOWN, status: 'other' }, value: Math.max(0, all - known) };
    this.options.metrics.boards?.openOperations.show([...open, unknown]);
    this.options.metrics.boards?.inTrouble.show(counted.flatMap(({ trouble }) => trouble));
  }

  /** @param where beyond the task queue's open operations; empty: all of them */
  private async number(where: string): Promise<number> {
    if (this.left-- <= 0 || this.isStopped) throw new RoundIsOver();
    const { client, namespace } = this.options;
    const query = `${this.openOf(RUN_OPERATION, RUN_CHAIN, BUILD_TILESET)}${where === '' ? '' : ` AND ${where}`}`;
    const { count } = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
      client.workflowService.countWorkflowExecutions({ namespace, query }),
    );
    return Number(count);
  }

  /** The newest batches: what is open of others is not counted. */
  private async askBatches(): Promise<void> {
    const { client, metrics } = this.options;
    let open = 0;
    let asked = 0;
    const found = client.workflow.list({ query: this.openOf(RUN_BATCH), pageSize: MAX_BATCHES });
    for await (const { workflowId, runId } of found) {
      if (this.isStopped || asked++ >= MAX_BATCHES) break;
      const handle = client.workflow.getHandle(workflowId, runId);
      // One that does not answer, because it ends just now or cannot go on, is as good as one that has nothing open.
      const progress = await client
        .withDeadline(Date.now() + TIMEOUT_MS, () => handle.query<BatchProgress>(PROGRESS_QUERY))
        .catch(() => undefined);
      open += progress?.running ?? 0;
    }
    metrics.boards?.openItems.show([{ labels: {}, value: open }]);
  }

  private openOf(...types: string[]): string {
    return `TaskQueue = ${quoted(this.options.taskQueue)} AND ExecutionStatus = 'Running' AND WorkflowType IN (${types.map(quoted).join(', ')})`;
  }

  private tell(what: string, err: unknown): void {
    this.options.log?.debug({ reason: reasonOf(err) }, what);
  }
}

/** As a value of a query. Names of task queues may hold anything. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
