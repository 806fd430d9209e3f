/**
 * Temporal Schedules of batches: what starts the nightly ones.
 *
 * Keeps true: what can be known to be wrong is refused before anything is created; the batches of two starts never write one report;
 * only schedules of batches are listed.
 */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription as TemporalDescription,
  type ScheduleExecutionResult,
  type ScheduleHandle,
  type ScheduleSummary as TemporalSummary,
} from '@temporalio/client';
import { z } from 'zod';
import { strictObject } from '../config/strict-object';
import { RUN_BATCH, type BatchInput } from '../contract';
import { batchInput } from '../schema/batch';
import { check } from '../schema/check';
import { batchSummary } from './batches';
import { ScheduleError } from './errors';
import { fromTemporalSpec, scheduleTimes, toTemporalSpec, type ScheduleTimes } from './schedule-times';

/** What becomes of a start while the batch of an earlier one runs, by our word for it. */
const OVERLAPS = {
  /** It is left out, and counted. */
  skip: 'SKIP',
  /** It follows the running one; of several that wait only the first is kept. */
  bufferOne: 'BUFFER_ONE',
  /** They follow one after the other. */
  bufferAll: 'BUFFER_ALL',
  /** The running one is cancelled, at the service too, and then it starts. */
  cancelOther: 'CANCEL_OTHER',
  /** They run side by side. */
  allowAll: 'ALLOW_ALL',
} as const;
// Not offered: TERMINATE_OTHER. A batch that is terminated neither tells the service nor writes its report.

/** What becomes of a start while the batch of an earlier one runs. */
export type ScheduleOverlap = keyof typeof OVERLAPS;
export const SCHEDULE_OVERLAPS = Object.keys(OVERLAPS) as [ScheduleOverlap, ...ScheduleOverlap[]];

/** After a short outage the night's batch still starts; after a long one nobody meets its load in the middle of the day. */
export const DEFAULT_CATCHUP_WINDOW_SECONDS = 3600;

export interface CreateScheduleOptions {
  /** The schedule's name. */
  id: string;
  times: ScheduleTimes;
  /** What each start runs. The place of its `report` must contain `{workflowId}` or `{runId}`. */
  batch: BatchInput;
  /** What the ids of its batches begin with; Temporal adds `-` and the time of the start. Default: the schedule's id. */
  workflowId?: string;
  /** Default `skip`. */
  overlap?: ScheduleOverlap;
  /** Starts that were missed, because Temporal was away, are made up when they are not older. At least 10; default one hour. */
  catchupWindowSeconds?: number;
  /** Pause after a batch that failed, until somebody resumes it. Default false. */
  pauseOnFailure?: boolean;
  /** For people. Pauses and resumptions write over it. */
  note?: string;
  /** Begin paused. Default false. */
  paused?: boolean;
}

/** A past span of time whose starts are run now; both ends are in it. */
export interface BackfillOptions {
  /** ISO 8601 with its offset. */
  from: string;
  /** ISO 8601 with its offset. */
  to: string;
  /** Default `bufferAll`: one after the other, none left out. */
  overlap?: ScheduleOverlap;
}

/** A batch that a schedule started. Times are ISO 8601, UTC. */
export interface ScheduledRun {
  scheduledAt: string;
  startedAt: string;
  /** `getBatch` takes it. */
  workflowId: string;
  runId: string;
}

/** A schedule as lists show it; some seconds old. */
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
  /** Batches that it started and that run now. */
  running: { workflowId: string; runId: string }[];
  /** Since it was created: batches started, starts missed for longer than the catch-up window, starts left out because of an overlap. */
  counts: { started: number; missed: number; skipped: number };
  createdAt: string;
  updatedAt?: string;
}

const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty');
const flag = z.boolean({ error: 'must be true or false' }).optional();
/** Temporal takes 1000, and adds the time of the start. */
const name = text.max(900, 'must be at most 900 characters');
const overlap = z.enum(SCHEDULE_OVERLAPS, { error: `must be one of ${SCHEDULE_OVERLAPS.join(', ')}` }).optional();
const catchupMistake = 'must be a number of seconds >= 10';

const createOptions = strictObject(
  {
    id: name,
    times: scheduleTimes,
    batch: batchInput.superRefine(({ report: file }, context) => {
      const report = file?.path ?? file?.url;
      if (report !== undefined && !report.includes('{workflowId}') && !report.includes('{runId}')) {
        context.addIssue({
          code: 'custom',
          path: ['report'],
          message: 'must contain {workflowId} or {runId}: all runs of the schedule would write one file',
        });
      }
    }),
    workflowId: name.optional(),
    overlap,
    catchupWindowSeconds: z.number({ error: catchupMistake }).min(10, catchupMistake).default(DEFAULT_CATCHUP_WINDOW_SECONDS),
    pauseOnFailure: flag,
    note: text.optional(),
    paused: flag,
  } satisfies Record<keyof CreateScheduleOptions, z.ZodType>,
  'must be an object',
);

const instant = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 with its offset, such as 2026-11-25T02:00:00Z' });
const backfillOptions = strictObject({ from: instant, to: instant, overlap }, 'must be an object').refine(
  ({ from, to }) => Date.parse(from) <= Date.parse(to),
  'must have its "from" before its "to"',
);

/** Schedules of batches, as `LroClient.schedules`. All calls about one that is not there throw a ScheduleError (`missing`). */
export class LroSchedules {
  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
  ) {}

  /**
   * Creates a schedule.
   * @throws ScheduleError (`invalid` with every mistake, `exists`); nothing is created then
   */
  async create(options: CreateScheduleOptions): Promise<void> {
    const { id, batch } = options;
    const checked = check(createOptions, options, 'options');
    if (!checked.ok) throw refused(id, 'was not created', checked.mistakes);
    const {
      times,
      workflowId = id,
      overlap: policy = 'skip',
      catchupWindowSeconds,
      pauseOnFailure = false,
      note,
      paused = false,
    } = createOptions.parse(options);
    await onSchedule(id, 'was not created', () =>
      this.client.schedule.create({
        scheduleId: id,
        spec: toTemporalSpec(times),
        action: {
          type: 'startWorkflow',
          workflowType: RUN_BATCH,
          taskQueue: this.taskQueue,
          args: [batch],
          workflowId,
          staticSummary: batchSummary(batch),
        },
        policies: { overlap: OVERLAPS[policy], catchupWindow: catchupWindowSeconds * 1000, pauseOnFailure },
        state: { paused, ...(note !== undefined && { note }) },
      }),
    );
  }

  /** All schedules of batches. A new one may be missing for some seconds. */
  async list(): Promise<ScheduleSummary[]> {
    const summaries: ScheduleSummary[] = [];
    for await (const schedule of this.client.schedule.list()) {
      if (schedule.action?.workflowType === RUN_BATCH) summaries.push(summaryOf(schedule));
    }
    return summaries;
  }

  /** @throws ScheduleError */
  async describe(id: string): Promise<ScheduleDescription> {
    const found = await this.on(id, (schedule) => schedule.describe());
    const { action, policies, info } = found;
    return {
      ...summaryOf(found),
      batch: (action.args as BatchInput[] | undefined)?.[0] ?? {},
      workflowId: action.workflowId,
      taskQueue: action.taskQueue,
      overlap: SCHEDULE_OVERLAPS.find((word) => OVERLAPS[word] === policies.overlap) ?? 'terminateOther',
      catchupWindowSeconds: policies.catchupWindow / 1000,
      pauseOnFailure: policies.pauseOnFailure,
      running: info.runningActions.map(({ workflow }) => ({ workflowId: workflow.workflowId, runId: workflow.firstExecutionRunId })),
      counts: { started: info.numActionsTaken, missed: info.numActionsMissedCatchupWindow, skipped: info.numActionsSkippedOverlap },
      createdAt: info.createdAt.toISOString(),
      ...(info.lastUpdatedAt && { updatedAt: info.lastUpdatedAt.toISOString() }),
    };
  }

  /**
   * Starts a batch now, paused or not.
   * @param options `overlap` where it is not to be the schedule's own
   * @throws ScheduleError
   */
  async trigger(id: string, options: { overlap?: ScheduleOverlap } = {}): Promise<void> {
    const checked = check(z.object({ overlap }), options, 'options');
    if (!checked.ok) throw refused(id, 'was not triggered', checked.mistakes);
    await this.on(id, async (schedule) => {
      // Left to itself the SDK would start it beside a running one.
      const policy = options.overlap === undefined ? (await schedule.describe()).policies.overlap : OVERLAPS[options.overlap];
      await schedule.trigger(policy);
    });
  }

  /** @throws ScheduleError */
  async pause(id: string, note = 'paused'): Promise<void> {
    await this.on(id, (schedule) => schedule.pause(note));
  }

  /** @throws ScheduleError */
  async resume(id: string, note = 'resumed'): Promise<void> {
    await this.on(id, (schedule) => schedule.unpause(note));
  }

  /**
   * Runs the starts of a past span of time now. One whose batch has been there and has ended is run again, under the same workflow id:
   * its report replaces the earlier one unless its place has `{runId}` in it.
   * @throws ScheduleError
   */
  async backfill(id: string, options: BackfillOptions): Promise<void> {
    const checked = check(backfillOptions, options, 'options');
    if (!checked.ok) throw refused(id, 'was not backfilled', checked.mistakes);
    const { from, to, overlap: policy = 'bufferAll' } = options;
    await this.on(id, (schedule) => schedule.backfill({ start: new Date(from), end: new Date(to), overlap: OVERLAPS[policy] }));
  }

  /**
   * Deletes the schedule. Batches that it started go on.
   * @throws ScheduleError
   */
  async delete(id: string): Promise<void> {
    await this.on(id, (schedule) => schedule.delete());
  }

  private on<T>(id: string, call: (schedule: ScheduleHandle) => Promise<T>): Promise<T> {
    return onSchedule(id, 'was refused by Temporal', () => call(this.client.schedule.getHandle(id)));
  }
}

function refused(id: string, what: string, mistakes: readonly string[]): ScheduleError {
  return new ScheduleError(id, 'invalid', [`schedule "${id}" ${what}:`, ...mistakes].join('\n  '), mistakes);
}

/** Turns what Temporal throws into ScheduleErrors that carry its words. */
async function onSchedule<T>(id: string, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (err) {
    if (err instanceof ScheduleAlreadyRunning) throw new ScheduleError(id, 'exists', `there is a schedule "${id}" already`);
    if (err instanceof ScheduleNotFoundError) throw new ScheduleError(id, 'missing', `there is no schedule "${id}"`);
    const words = invalidArgument(err);
    if (words !== undefined) throw refused(id, what, [words]);
    throw err;
  }
}

/** The server's words about an argument it refuses: the SDK makes a TypeError of them, or keeps them in the cause. */
function invalidArgument(err: unknown): string | undefined {
  if (err instanceof TypeError) return err.message;
  const cause = err instanceof Error ? err.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 3 ? cause.message.replace(/^3 INVALID_ARGUMENT: /, '') : undefined;
}

function summaryOf({ scheduleId, spec, state, info }: TemporalSummary | TemporalDescription): ScheduleSummary {
  return {
    id: scheduleId,
    paused: state.paused,
    ...(state.note && { note: state.note }),
    times: fromTemporalSpec(spec ?? {}),
    nextTimes: info.nextActionTimes.map((time) => time.toISOString()),
    recentRuns: info.recentActions.map(runOf),
  };
}

function runOf({ scheduledAt, takenAt, action: { workflow } }: ScheduleExecutionResult): ScheduledRun {
  return {
    scheduledAt: scheduledAt.toISOString(),
    startedAt: takenAt.toISOString(),
    workflowId: workflow.workflowId,
    runId: workflow.firstExecutionRunId,
  };
}
