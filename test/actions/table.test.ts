/** What of a history Temporal Cloud bills: https://docs.temporal.io/cloud/actions. */
import type { temporal } from '@temporalio/proto';
import { actionsInHistory, actionTypesInMetrics, totalOf, type ActionCounts } from '../../bench/temporal-actions';

type Event = temporal.api.history.v1.IHistoryEvent;

const STARTED: Event = { workflowExecutionStartedEventAttributes: {} };
const TASK: Event = { workflowTaskScheduledEventAttributes: {} };
const SIGNALED: Event = { workflowExecutionSignaledEventAttributes: {} };
const marker = (task: number): Event => ({ markerRecordedEventAttributes: { workflowTaskCompletedEventId: task as never } });
const upserted = (...names: string[]): Event => ({
  upsertWorkflowSearchAttributesEventAttributes: {
    searchAttributes: { indexedFields: Object.fromEntries(names.map((name) => [name, {}])) },
  },
});

test.each<[what: string, events: Event[], counts: ActionCounts]>([
  ['a start', [STARTED, TASK], { 'Start Workflow': 1 }],
  [
    'a start that continues a run',
    [{ workflowExecutionStartedEventAttributes: { continuedExecutionRunId: 'r' } }],
    { 'Continue As New Workflow': 1 },
  ],
  ['a signal', [STARTED, TASK, SIGNALED], { 'Start Workflow': 1, 'Signal Workflow': 1 }],
  ['a signal with a start, which are one', [STARTED, SIGNALED, TASK], { 'Signal Workflow': 1 }],
  [
    'a start by a schedule, which are three',
    [{ workflowExecutionStartedEventAttributes: { searchAttributes: { indexedFields: { TemporalScheduledById: {} } } } }],
    { 'Start Workflow': 1, 'Schedule Workflow': 2 },
  ],
  ['the intent to start a child', [{ startChildWorkflowExecutionInitiatedEventAttributes: {} }], { 'Start Child Workflow': 1 }],
  ['the start of a child, which is in its own history', [{ childWorkflowExecutionStartedEventAttributes: {} }], {}],
  ['a signal to another workflow, which counts where it arrives', [{ signalExternalWorkflowExecutionInitiatedEventAttributes: {} }], {}],
  ['a timer, but not its end', [{ timerStartedEventAttributes: {} }, { timerFiredEventAttributes: {} }], { 'Start Timer': 1 }],
  [
    'an activity, and each try but its first',
    [
      { activityTaskScheduledEventAttributes: {} },
      { activityTaskStartedEventAttributes: { attempt: 4 } },
      { activityTaskCompletedEventAttributes: {} },
    ],
    { 'Schedule Activity': 1, 'Retry Activity': 3 },
  ],
  ['markers, once a workflow task', [marker(4), marker(4), marker(9)], { 'Record Activity Markers': 2 }],
  [
    'tries of local activities',
    [{ workflowTaskCompletedEventAttributes: { meteringMetadata: { nonfirstLocalActivityExecutionAttempts: 2 } } }],
    { 'Retry Local Activity': 2 },
  ],
  ['search attributes, however many at once', [upserted('LroStatus', 'LroConnection')], { 'Upsert Workflow Search Attributes': 1 }],
  ['the search attribute of versions, which is free', [upserted('TemporalChangeVersion')], {}],
  ['a memo', [{ workflowPropertiesModifiedEventAttributes: {} }], { 'Modify Workflow Properties': 1 }],
  [
    'an update that was accepted, once',
    [{ workflowExecutionUpdateAcceptedEventAttributes: {} }, { workflowExecutionUpdateCompletedEventAttributes: {} }],
    { 'Accept Workflow Update': 1 },
  ],
  ['a reset', [{ workflowTaskFailedEventAttributes: { cause: 20 as never } }], { 'Reset Workflow': 1 }],
  ['a workflow task that failed otherwise', [{ workflowTaskFailedEventAttributes: { cause: 24 as never } }], {}],
  [
    'a Nexus operation and the request to cancel it',
    [{ nexusOperationScheduledEventAttributes: {} }, { nexusOperationCancelRequestedEventAttributes: {} }],
    { 'Schedule Nexus Operation': 1, 'Request Nexus Operation Cancellation': 1 },
  ],
  ['ends', [{ workflowExecutionCompletedEventAttributes: {} }, { workflowTaskCompletedEventAttributes: {} }], {}],
])('counts %s', (_, events, counts) => {
  expect(actionsInHistory(events)).toEqual(counts);
});

test('reads the server’s own count of one namespace', () => {
  const metrics = [
    '# TYPE action counter',
    'action{action_type="command_StartTimer",namespace="default",operation="RespondWorkflowTaskCompleted",service_name="frontend"} 3',
    'action{action_type="command_StartTimer",namespace="default",operation="Other",service_name="frontend"} 2',
    'action{action_type="grpc_StartWorkflowExecution",namespace="temporal_system",operation="StartWorkflowExecution",service_name="frontend"} 7',
    'action_latency{action_type="command_StartTimer",namespace="default"} 9',
  ].join('\n');
  expect([...actionTypesInMetrics(metrics, 'default')]).toEqual([['command_StartTimer', 5]]);
});

test('adds up kinds', () => {
  expect(totalOf({ 'Start Timer': 2, 'Schedule Activity': 3 })).toBe(5);
});
