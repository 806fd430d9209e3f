/** What a finished workflow's history says: events by type, and how long each activity came after the last one. */
import type { WorkflowHandle } from '@temporalio/client';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

export async function eventsOf(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  return (await handle.fetchHistory()).events ?? [];
}

/** Milliseconds since the epoch, in the server's time. */
export function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}

/** Seconds between the answer of each activity and the scheduling of the next `status` after it. */
export function pollWaits(events: readonly HistoryEvent[]): number[] {
  const waits: number[] = [];
  let answeredAt: number | undefined;
  for (const event of events) {
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (event.activityTaskCompletedEventAttributes) answeredAt = timeOf(event);
    if (name === 'status' && answeredAt !== undefined) waits.push((timeOf(event) - answeredAt) / 1000);
  }
  return waits;
}

/** Seconds from the first event to the last. */
export function duration(events: readonly HistoryEvent[]): number {
  return (timeOf(events.at(-1)) - timeOf(events[0])) / 1000;
}

export function countOf(events: readonly HistoryEvent[], attributes: keyof HistoryEvent): number {
  return events.filter((event) => event[attributes] !== null && event[attributes] !== undefined).length;
}
