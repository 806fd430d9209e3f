/**
 * Which workers live on a task queue, as Temporal lists them.
 *
 * Keeps true: nobody who may still send is left out. A worker that has ended stays in the list of pollers for about five minutes; it is left
 * out sooner only where it has said that it ends, has had time to do so, and has not asked for work since.
 */
import type { NativeConnection } from '@temporalio/worker';
import { heartbeatsOf, pollersOf, WORKER_STATUS, type TaskQueue } from '../activities/task-queue';

const TIMEOUT_MS = 1000;
/** Who ends is asked for so often. */
const ENDING_EVERY_MS = 5000;

export interface ListedWorkersOptions extends TaskQueue {
  connection: NativeConnection;
  /** Who asks. */
  identity: string;
  /** How long a worker may go on sending once it has said that it ends. */
  drainSeconds: number;
}

/** A worker that has said that it ends. */
interface Ending {
  leftAtMs: number;
  /** When it asked for work last. */
  lastAccess: string;
}

export class ListedWorkers {
  private readonly ending = new Map<string, Ending>();
  private askEndingAtMs = 0;

  constructor(private readonly options: ListedWorkersOptions) {}

  /** Their identities. @throws Error when Temporal does not answer in a second */
  async ask(): Promise<string[]> {
    const { connection, identity } = this.options;
    const pollers = await connection.withDeadline(Date.now() + TIMEOUT_MS, () => pollersOf(connection.workflowService, this.options));
    const lastAccess = new Map(pollers.map((poller) => [poller.identity, poller.lastAccess]));
    if ([...lastAccess.keys()].some((name) => name !== identity)) await this.askEnding(lastAccess);
    return [...lastAccess].filter(([name, access]) => name === identity || !this.hasLeft(name, access)).map(([name]) => name);
  }

  private hasLeft(identity: string, lastAccess: string): boolean {
    const ending = this.ending.get(identity);
    return ending !== undefined && ending.lastAccess === lastAccess && performance.now() >= ending.leftAtMs;
  }

  /** Servers without worker heartbeats say nothing: all are taken to live until they are no longer listed. */
  private async askEnding(lastAccess: ReadonlyMap<string, string>): Promise<void> {
    const nowMs = performance.now();
    if (nowMs < this.askEndingAtMs) return;
    this.askEndingAtMs = nowMs + ENDING_EVERY_MS;
    const ending = await this.endingNow().catch(() => undefined);
    if (ending === undefined) return;
    for (const identity of this.ending.keys()) if (!ending.has(identity)) this.ending.delete(identity);
    for (const identity of ending) {
      const access = lastAccess.get(identity);
      if (access === undefined || this.ending.get(identity)?.lastAccess === access) continue;
      this.ending.set(identity, { leftAtMs: nowMs + this.options.drainSeconds * 1000, lastAccess: access });
    }
  }

  private async endingNow(): Promise<Set<string>> {
    const { connection } = this.options;
    const workers = await connection.withDeadline(Date.now() + TIMEOUT_MS, () => heartbeatsOf(connection.workflowService, this.options));
    const isEnding = ({ status }: { status: number }): boolean => status === WORKER_STATUS.shuttingDown;
    // Several workers of one process have one identity.
    const living = new Set(workers.flatMap((worker) => (isEnding(worker) ? [] : worker.identity)));
    return new Set(workers.flatMap((worker) => (isEnding(worker) && !living.has(worker.identity) ? worker.identity : [])));
  }
}
