/** What a finished workflow's history says: events by type, and how long each activity came after the last one. */
import type { Client, WorkflowHandle } from '@temporalio/client';

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
    if (name === 'lro.ask' && answeredAt !== undefined) waits.push((timeOf(event) - answeredAt) / 1000);
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

/** Follows the latest run's history, event by event as they come, and the run that continues it, until `found` says so of all events of one. */
export async function untilHistory(
  client: Client,
  { workflowId }: WorkflowHandle,
  found: (events: HistoryEvent[]) => boolean,
): Promise<void> {
  let execution: { workflowId: string; runId?: string | null } = { workflowId };
  for (let events: HistoryEvent[] = [], nextPageToken = new Uint8Array(); ;) {
    const request = { namespace: 'default', execution, waitNewEvent: true, nextPageToken };
    const page = await client.workflowService.getWorkflowExecutionHistory(request);
    events.push(...(page.history?.events ?? []));
    if (found(events)) return;
    nextPageToken = new Uint8Array(page.nextPageToken);
    if (nextPageToken.length > 0) continue;
    const continued = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
    if (!continued) throw new Error(`workflow ${workflowId} ended first`);
    execution = { workflowId, runId: continued.newExecutionRunId };
    events = [];
  }
}

/** Until the workflow has acted on its last activity and waits over a timer. */
export function untilTimer(client: Client, handle: WorkflowHandle): Promise<void> {
  return untilHistory(client, handle, (events) => {
    const last = (attributes: keyof HistoryEvent): number => events.findLastIndex((event) => Boolean(event[attributes]));
    return (
      last('timerStartedEventAttributes') >
      Math.max(last('activityTaskCompletedEventAttributes'), last('activityTaskScheduledEventAttributes'))
    );
  });
}
