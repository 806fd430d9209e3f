/**
 * Looks for trackers (`follow: "shared"`) that ended before their operations, because somebody terminated them: the operations that they had are
 * told to register again.
 *
 * Keeps true: one small question of Temporal's visibility at a time; it never throws, and what cannot be asked is asked again.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { signalTracker } from '../activities/tracker/register';
import { ADOPT_SIGNAL, TRACK_OPERATIONS } from '../jobs/tracker-names';
import { trackerOf } from '../jobs/tracked';
import { reasonOf } from '../text/reason';

const EVERY_MS = 15_000;
/** Those that ended longer ago were found by others, or by this worker before. */
const LOOKS_BACK_MS = 3_600_000;
/** Of one look. */
const MAX_FOUND = 1000;

export interface LostTrackersOptions {
  client: Client;
  taskQueue: string;
  /** Whether the worker takes work, now. */
  takesWork: () => boolean;
  log?: Logger;
}

export class LostTrackers {
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  /** Runs whose operations were told. */
  private readonly seen = new Set<string>();

  constructor(private readonly options: LostTrackersOptions) {}

  /** From now on. Call {@link stop} when the worker has ended. */
  start(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.look().finally(() => this.start()), EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    const { client, taskQueue, takesWork, log } = this.options;
    if (!takesWork()) return;
    const since = new Date(Date.now() - LOOKS_BACK_MS).toISOString();
    const query = `WorkflowType = "${TRACK_OPERATIONS}" AND ExecutionStatus IN ("Terminated", "Failed", "TimedOut") AND CloseTime > "${since}"`;
    try {
      let found = 0;
      for await (const { workflowId, runId } of client.workflow.list({ query })) {
        const tracker = trackerOf(workflowId, taskQueue);
        if (tracker === undefined || this.seen.has(runId)) continue;
        if (++found > MAX_FOUND) break;
        await signalTracker(client, taskQueue, tracker, ADOPT_SIGNAL, runId);
        this.seen.add(runId);
        log?.warn({ tracker: workflowId, run: runId }, 'a tracker ended before its operations: they are told to register again');
      }
    } catch (err) {
      log?.debug({ reason: reasonOf(err) }, 'trackers could not be looked for');
    }
  }
}
