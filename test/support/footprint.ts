/**
 * What workflows have left in Temporal: the size of everything that was passed on, and what had to be tried again. Of a workflow, of all its
 * runs, and of its children.
 */
import type { Client } from '@temporalio/client';
import type { HistoryEvent } from '../workflows/history';

/** [design.md section 3, "Sizes"] */
const MAX_PAYLOAD_BYTES = 1_048_576;
/** An activity that is tried more often than that is a workflow that nobody can see failing. */
const MAX_ATTEMPTS = 10;

/** One payload. */
interface PayloadSize {
  bytes: number;
  /** `activityTaskScheduled lro.submit of batch-1/…` */
  where: string;
}

export interface Footprint {
  payloads: PayloadSize[];
  /** Workflow tasks that failed, and activities that are beyond {@link MAX_ATTEMPTS}, in words. */
  troubles: string[];
  runs: number;
  events: number;
  /** Activities by name. */
  activities: Record<string, number>;
}

/** Where it stands as callers have sent it. What starts children and further runs is measured where it is sent. */
function isGiven(where: string): boolean {
  return /^workflowExecution(Started|Signaled|UpdateAccepted) /.test(where);
}

/** Everything of a workflow from the run that was started on. */
export async function footprintOf(client: Client, workflowId: string, firstRunId: string): Promise<Footprint> {
  const footprint: Footprint = { payloads: [], troubles: [], runs: 0, events: 0, activities: {} };
  await addWorkflow(client, { workflowId, runId: firstRunId }, footprint);
  return footprint;
}

/** Of what travels with an input that has the largest size that is taken: names, numbers, settings. */
const ENVELOPE_BYTES = 4096;

/** Payloads that are too large, of those that we make. @param givenBytes of the caller's input: what passes it on has names and numbers beside it */
export function tooLarge({ payloads }: Footprint, givenBytes = 0): PayloadSize[] {
  const most = givenBytes > MAX_PAYLOAD_BYTES / 2 ? MAX_PAYLOAD_BYTES + ENVELOPE_BYTES : MAX_PAYLOAD_BYTES;
  return payloads.filter(({ bytes, where }) => bytes > most && !isGiven(where));
}

interface Run {
  workflowId: string;
  runId: string;
}

async function addWorkflow(client: Client, first: Run, footprint: Footprint): Promise<void> {
  const children: Run[] = [];
  for (let run: Run | undefined = first; run !== undefined;) {
    const events: HistoryEvent[] = (await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory()).events ?? [];
    footprint.runs++;
    footprint.events += events.length;
    addRun(events, run, footprint);
    await addPending(client, run, footprint);
    for (const { childWorkflowExecutionStartedEventAttributes: started } of events) {
      const { workflowId, runId } = started?.workflowExecution ?? {};
      if (workflowId && runId) children.push({ workflowId, runId });
    }
    const next = nextRunOf(events.at(-1));
    run = next === undefined ? undefined : { workflowId: run.workflowId, runId: next };
  }
  for (const child of children) await addWorkflow(client, child, footprint);
}

function nextRunOf(last: HistoryEvent | undefined): string | undefined {
  const next =
    last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ??
    last?.workflowExecutionFailedEventAttributes?.newExecutionRunId ??
    last?.workflowExecutionCompletedEventAttributes?.newExecutionRunId;
  return next === '' || next === null ? undefined : next;
}

function addRun(events: readonly HistoryEvent[], { workflowId }: Run, footprint: Footprint): void {
  const names = new Map<string, string>();
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const name = scheduled?.activityType?.name ?? '';
    if (scheduled) {
      names.set(String(event.eventId), name);
      footprint.activities[name] = (footprint.activities[name] ?? 0) + 1;
    }
    const attributes = Object.entries(event).find(([key, value]) => key.endsWith('EventAttributes') && Boolean(value));
    const kind = attributes?.[0].replace('EventAttributes', '') ?? '';
    const of = (attributes?.[1] as { scheduledEventId?: unknown } | undefined)?.scheduledEventId;
    const activity = name || names.get(String(of)) || '';
    addPayloads(attributes?.[1], `${kind} ${activity} of ${workflowId}`, footprint.payloads);

    const failed = event.workflowTaskFailedEventAttributes;
    if (failed && !NOBODYS_FAULT.has(Number(failed.cause)))
      footprint.troubles.push(`a workflow task of ${workflowId} failed: ${failed.failure?.message ?? String(failed.cause)}`);
    const attempt = event.activityTaskStartedEventAttributes?.attempt ?? 0;
    if (attempt > MAX_ATTEMPTS) footprint.troubles.push(`${activity} of ${workflowId} was tried ${attempt} times`);
  }
}

/**
 * The task is done again, and nothing is wrong: something came while it ran (1, `UNHANDLED_COMMAND`), or what came is more than the server
 * keeps meanwhile (17, `FORCE_CLOSE_COMMAND`).
 */
const NOBODYS_FAULT = new Set([1, 17]);

/** What is being tried just now stands in no history. */
async function addPending(client: Client, { workflowId, runId }: Run, footprint: Footprint): Promise<void> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  for (const { activityType, attempt, heartbeatDetails, lastFailure } of raw.pendingActivities ?? []) {
    const name = activityType?.name ?? '';
    addPayloads(heartbeatDetails, `heartbeat of ${name} of ${workflowId}`, footprint.payloads);
    if ((attempt ?? 0) > MAX_ATTEMPTS)
      footprint.troubles.push(`${name} of ${workflowId} is tried for the ${attempt}th time: ${lastFailure?.message ?? ''}`);
  }
  const { attempt = 0 } = raw.pendingWorkflowTask ?? {};
  if ((attempt ?? 0) > 2) footprint.troubles.push(`a workflow task of ${workflowId} is tried for the ${attempt}th time`);
}

/** A payload is what has data and metadata, wherever it stands. */
function addPayloads(value: unknown, where: string, payloads: PayloadSize[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (data instanceof Uint8Array && metadata !== undefined) {
    payloads.push({ bytes: data.length, where });
    return;
  }
  for (const part of Object.values(value)) addPayloads(part, where, payloads);
}
