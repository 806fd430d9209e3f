/**
 * What Temporal Cloud bills as actions: https://docs.temporal.io/cloud/actions (source: `docs/evaluate/cloud/actions.mdx` of
 * temporalio/documentation, commit 24afc58a45403e4942a36ac4e4805c05c4298fb9).
 *
 * Two counts that a test compares: from histories, by the table of that page; and the server's own, its metric `action`, which according to
 * https://docs.temporal.io/cloud/migrate/estimate-actions closely reflects Temporal Cloud's pricing from version 1.22.3 on.
 * Histories do not have heartbeats and queries, the metric does.
 */
import type { temporal } from '@temporalio/proto';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Kinds of actions, by the names of that page. */
export type ActionKind =
  | 'Start Workflow'
  | 'Continue As New Workflow'
  | 'Start Child Workflow'
  | 'Schedule Workflow'
  | 'Update Workflow Options'
  | 'Upsert Workflow Search Attributes'
  /** Of the memo: not on that page, but in the server's metric. Counted, so that nobody is told too little. */
  | 'Modify Workflow Properties'
  | 'Reset Workflow'
  | 'Schedule Activity'
  | 'Retry Activity'
  | 'Retry Local Activity'
  | 'Record Activity Markers'
  | 'Start Timer'
  | 'Signal Workflow'
  | 'Accept Workflow Update'
  | 'Schedule Nexus Operation'
  | 'Request Nexus Operation Cancellation';

/** Kinds that were found, and how often. */
export type ActionCounts = Partial<Record<ActionKind, number>>;

/** `WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW` of Temporal's API. */
const CAUSE_RESET_WORKFLOW = 20;

/** The actions that the history of one run shows: heartbeats, queries and refused updates are in no history. @param events all of the run */
export function actionsInHistory(events: readonly HistoryEvent[]): ActionCounts {
  const counts: ActionCounts = {};
  const add = (kind: ActionKind, times = 1): void => {
    if (times > 0) counts[kind] = (counts[kind] ?? 0) + times;
  };
  // All markers of one workflow task, those of local activities and versions among them, are one action.
  const tasksWithMarkers = new Set<string>();
  for (const [index, event] of events.entries()) {
    const started = event.workflowExecutionStartedEventAttributes;
    const upserted = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
    if (started != null) {
      // A signal that comes with the start stands right behind it; both are one action, that of the signal.
      const isSignalWithStart = events[index + 1]?.workflowExecutionSignaledEventAttributes != null;
      if (started.continuedExecutionRunId) add('Continue As New Workflow');
      else if (!isSignalWithStart) add('Start Workflow');
      // Two beside that of the workflow.
      if (started.searchAttributes?.indexedFields?.['TemporalScheduledById'] != null) add('Schedule Workflow', 2);
    } else if (event.startChildWorkflowExecutionInitiatedEventAttributes != null) {
      // The intent; the start of the child is an action in the child's own history.
      add('Start Child Workflow');
    } else if (event.workflowExecutionOptionsUpdatedEventAttributes != null) {
      add('Update Workflow Options');
    } else if (upserted != null) {
      // The attribute that `patched` writes is free.
      if (Object.keys(upserted).some((name) => name !== 'TemporalChangeVersion')) add('Upsert Workflow Search Attributes');
    } else if (event.workflowPropertiesModifiedEventAttributes != null) {
      add('Modify Workflow Properties');
    } else if (event.workflowTaskFailedEventAttributes != null) {
      if (Number(event.workflowTaskFailedEventAttributes.cause) === CAUSE_RESET_WORKFLOW) add('Reset Workflow');
    } else if (event.activityTaskScheduledEventAttributes != null) {
      add('Schedule Activity');
    } else if (event.activityTaskStartedEventAttributes != null) {
      add('Retry Activity', (event.activityTaskStartedEventAttributes.attempt ?? 1) - 1);
    } else if (event.workflowTaskCompletedEventAttributes != null) {
      add('Retry Local Activity', event.workflowTaskCompletedEventAttributes.meteringMetadata?.nonfirstLocalActivityExecutionAttempts ?? 0);
    } else if (event.markerRecordedEventAttributes != null) {
      tasksWithMarkers.add(String(event.markerRecordedEventAttributes.workflowTaskCompletedEventId));
    } else if (event.timerStartedEventAttributes != null) {
      add('Start Timer');
    } else if (event.workflowExecutionSignaledEventAttributes != null) {
      // Sent by a client or a workflow: counted where it has arrived.
      add('Signal Workflow');
    } else if (event.workflowExecutionUpdateAcceptedEventAttributes != null) {
      add('Accept Workflow Update');
    } else if (event.nexusOperationScheduledEventAttributes != null) {
      add('Schedule Nexus Operation');
    } else if (event.nexusOperationCancelRequestedEventAttributes != null) {
      add('Request Nexus Operation Cancellation');
    }
  }
  add('Record Activity Markers', tasksWithMarkers.size);
  return counts;
}

export function totalOf(counts: ActionCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Adds up counts by kind. */
export function sumOfActions(all: readonly ActionCounts[]): ActionCounts {
  const sum: ActionCounts = {};
  for (const counts of all) {
    for (const [kind, count] of Object.entries(counts) as [ActionKind, number][]) sum[kind] = (sum[kind] ?? 0) + count;
  }
  return sum;
}

/** The server's own count in the text of its metrics: actions of one namespace by their type. */
export function actionTypesInMetrics(text: string, namespace: string): Map<string, number> {
  const types = new Map<string, number>();
  for (const [, labels = '', value] of text.matchAll(/^action\{([^}]*)\} (\S+)$/gm)) {
    const label = (name: string): string | undefined => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
    const type = label('action_type');
    if (label('namespace') === namespace && type !== undefined) types.set(type, (types.get(type) ?? 0) + Number(value));
  }
  return types;
}

export function actionsInMetrics(text: string, namespace: string): number {
  return [...actionTypesInMetrics(text, namespace).values()].reduce((sum, count) => sum + count, 0);
}
