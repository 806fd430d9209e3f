/** Where an operation stands that a tracker polls: its own workflow knows only how it stood when it was handed over. */
import type { Client } from '@temporalio/client';
import { TRACKED_QUERY, type OperationProgress, type TrackedStanding } from '../contract';

/** Trackers that were split pass a question on so often at most. */
const MAX_STEPS = 20;

/** The progress with what the tracker knows; as it is where no tracker has it, or none answers. @param id of the operation's workflow */
export async function withTracked(client: Client, id: string, progress: OperationProgress): Promise<OperationProgress> {
  let next = progress.tracker;
  for (let step = 0; next !== undefined && step < MAX_STEPS; step++) {
    const standing: TrackedStanding = await client.workflow
      .getHandle(next)
      .query<TrackedStanding, [string]>(TRACKED_QUERY, id)
      .catch(() => ({}));
    if (standing.progress !== undefined) return { ...standing.progress, tracker: progress.tracker };
    next = standing.next;
  }
  return progress;
}
