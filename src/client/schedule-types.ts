/** What callers write about schedules of batches, and what they read of them. Plain JSON. */
import type { AnyBody, BatchInput, PriorityOptions } from '../contract';
import type { ScheduleTimes } from './schedule-times';

/** Temporal's policy by this client's name for it: what happens to a start while the batch of an earlier one runs. */
export const OVERLAPS = {
  /** The start is skipped, and counted. */
  skip: 'SKIP',
  /** The start waits for the running batch to end; of several that wait only the first is kept. */
  bufferOne: 'BUFFER_ONE',
  /** All starts wait, and run one after the other. */
  bufferAll: 'BUFFER_ALL',
  /** The running batch is cancelled, at the service too; then the new one starts. */
  cancelOther: 'CANCEL_OTHER',
  /** They run side by side. */
  allowAll: 'ALLOW_ALL',
} as const;
// TERMINATE_OTHER is not offered: a terminated batch neither cancels its operations at the service nor writes its report.

/** What happens to a start while the batch of an earlier one runs. */
export type ScheduleOverlap = keyof typeof OVERLAPS;
export const SCHEDULE_OVERLAPS = Object.keys(OVERLAPS) as [ScheduleOverlap, ...ScheduleOverlap[]];

/** One hour: after a short outage the nightly batch still starts; after a long one its load does not come in the middle of the day. */
export const DEFAULT_CATCHUP_WINDOW_SECONDS = 3600;

export interface CreateScheduleOptions {
  /** The schedule's name. */
  id: string;
  times: ScheduleTimes;
  /** What each start runs. The place of its `report` must contain `{workflowId}` or `{runId}`. */
  batch: BatchInput<AnyBody>;
  /** What the ids of its batches begin with; Temporal adds `-` and the time of the start. Default: the schedule's id. */
  workflowId?: string;
  /** Default `skip`. */
  overlap?: ScheduleOverlap;
  /** Starts that were missed while Temporal was down are made up for when they are not older than this. At least 10; default one hour. */
  catchupWindowSeconds?: number;
  /** Pause the schedule when a batch fails, until somebody resumes it. Default false. */
  pauseOnFailure?: boolean;
  /** For people. `pause` and `resume` replace it. */
  note?: string;
  /** Begin paused. Default false. */
  paused?: boolean;
  /** Of its batches: who goes first where their tasks wait for workers. */
  priority?: PriorityOptions;
}

/** What of a schedule is changed; what is not named stays. */
export interface UpdateScheduleOptions extends Partial<Omit<CreateScheduleOptions, 'id' | 'times'>> {
  /** `cron`, `intervals` and `calendars` take the place of all three; any other field of its own only. */
  times?: ScheduleTimes;
  /** Of the workers of its batches. */
  taskQueue?: string;
}

/** A past span of time whose starts are run now, both ends included. */
export interface BackfillOptions {
  /** ISO 8601 with its offset. */
  from: string;
  /** ISO 8601 with its offset. */
  to: string;
  /** Default `bufferAll`: one after the other, none skipped. */
  overlap?: ScheduleOverlap;
}

/** A batch that a schedule started. Times are ISO 8601, UTC. */
export interface ScheduledRun {
  scheduledAt: string;
  startedAt: string;
  /** The batch's id, for `getBatch`. */
  workflowId: string;
  runId: string;
}

/** A schedule as lists show it, possibly some seconds old. */
export interface ScheduleSummary {
  id: string;
  paused: boolean;
  note?: string;
  times: ScheduleTimes;
  /** The next starts. ISO 8601, UTC. */
  nextTimes: string[];
  /** The last starts, oldest first. */
  recentRuns: ScheduledRun[];
}

export interface ScheduleDescription extends ScheduleSummary {
  batch: BatchInput;
  workflowId: string;
  taskQueue: string;
  overlap: ScheduleOverlap | 'terminateOther';
  catchupWindowSeconds: number;
  pauseOnFailure: boolean;
  /** Of its batches. */
  priority: PriorityOptions;
  /** Batches of this schedule that run now. */
  running: { workflowId: string; runId: string }[];
  /** Since it was created: batches started, starts missed for longer than the catch-up window, starts skipped because of an overlap. */
  counts: { started: number; missed: number; skipped: number };
  createdAt: string;
  updatedAt?: string;
}
