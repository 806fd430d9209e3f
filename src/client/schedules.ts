/**
 * Temporal Schedules of batches: what starts the nightly ones.
 *
 * Keeps true: only schedules of batches are listed; whatever Temporal refuses is a ScheduleError.
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
import type { z } from 'zod';
import { RUN_BATCH, type BatchInput } from '../contract';
import { check } from '../schema/check';
import { batchTitle } from '../identity/titles';
import { ScheduleError } from './errors';
import { requireOptions } from './given';
import { priorityOf, writtenPriority, type FairnessBy } from './priority';
import { backfillOptions, createOptions, triggerOptions } from './schedule-options';
import { batchDetails } from './static-details';
import { changedTimes, fromTemporalSpec, toTemporalSpec } from './schedule-times';
import {
  OVERLAPS,
  SCHEDULE_OVERLAPS,
  type BackfillOptions,
  type CreateScheduleOptions,
  type ScheduleDescription,
  type ScheduledRun,
  type ScheduleOverlap,
  type ScheduleSummary,
  type UpdateScheduleOptions,
} from './schedule-types';

/** Schedules of batches, as `LroClient.schedules`. Every call about a schedule that does not exist throws a ScheduleError (`missing`). */
export class LroSchedules {
  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
    private readonly fairnessBy: FairnessBy,
  ) {}

  /**
   * Creates a schedule.
   * @throws ScheduleError (`invalid` with every mistake, `exists`); nothing is created then
   */
  async create(options: CreateScheduleOptions): Promise<void> {
    requireOptions(options);
    const { id } = options;
    const schedule = this.temporalSchedule(options, this.taskQueue, 'was not created');
    await onSchedule(id, 'was not created', () => this.client.schedule.create({ scheduleId: id, ...schedule }), cronText(options));
  }

  /**
   * Changes a schedule: what is not named stays. Batches that run go on as they were started.
   * @throws ScheduleError (`invalid` with every mistake, `missing`); nothing is changed then
   */
  async update(id: string, { taskQueue, times, ...changes }: UpdateScheduleOptions): Promise<void> {
    const now = await this.describe(id);
    const { workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, paused, batch } = now;
    // Of another batch it is made anew.
    const priority = changes.batch === undefined ? now.priority : undefined;
    const kept = { workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, paused, batch, priority };
    const wanted = { ...kept, ...changes, id, times: changedTimes(now.times, times) } as CreateScheduleOptions;
    const schedule = this.temporalSchedule(wanted, taskQueue ?? now.taskQueue, 'was not changed');
    await onSchedule(id, 'was not changed', () => this.client.schedule.getHandle(id).update(() => schedule), cronText(wanted));
  }

  /** All schedules of batches. A new one may take some seconds to appear. */
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
      priority: writtenPriority(action.priority),
      running: info.runningActions.map(({ workflow }) => ({ workflowId: workflow.workflowId, runId: workflow.firstExecutionRunId })),
      counts: { started: info.numActionsTaken, missed: info.numActionsMissedCatchupWindow, skipped: info.numActionsSkippedOverlap },
      createdAt: info.createdAt.toISOString(),
      updatedAt: info.lastUpdatedAt?.toISOString(),
    };
  }

  /**
   * Starts a batch now, paused or not.
   * @param options `overlap`: instead of the schedule's own policy
   * @throws ScheduleError
   */
  async trigger(id: string, options: { overlap?: ScheduleOverlap } = {}): Promise<void> {
    const { overlap } = valid(triggerOptions, options, id, 'was not triggered');
    await this.on(id, async (schedule) => {
      // Without a policy the SDK would start the batch beside a running one.
      const policy = overlap === undefined ? (await schedule.describe()).policies.overlap : OVERLAPS[overlap];
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
   * Runs the starts of a past span of time now. A start whose batch has run before runs again with the same workflow id: its report replaces
   * the earlier one unless the report's name contains `{runId}`.
   * @throws ScheduleError
   */
  async backfill(id: string, options: BackfillOptions): Promise<void> {
    const { from, to, overlap } = valid(backfillOptions, options, id, 'was not backfilled');
    await this.on(id, (schedule) => schedule.backfill({ start: new Date(from), end: new Date(to), overlap: OVERLAPS[overlap] }));
  }

  /**
   * Deletes the schedule. Batches that it has started continue.
   * @throws ScheduleError
   */
  async delete(id: string): Promise<void> {
    await this.on(id, (schedule) => schedule.delete());
  }

  /** Temporal's form of a schedule. @throws ScheduleError with every mistake */
  private temporalSchedule(options: CreateScheduleOptions, taskQueue: string, problem: string) {
    // The batch goes on as it was written: its workflow fills in the defaults.
    const { id } = options;
    const batch = options.batch as BatchInput;
    const checked = valid(createOptions, options, id, problem);
    const { times, workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, paused, priority } = checked;
    return {
      spec: toTemporalSpec(times),
      action: {
        type: 'startWorkflow' as const,
        workflowType: RUN_BATCH,
        taskQueue,
        args: [batch],
        workflowId: workflowId ?? id,
        staticSummary: batchTitle(batch),
        staticDetails: batchDetails(batch),
        // The SDK sends it, though its type of an action does not name it (1.24.0).
        priority: priorityOf(RUN_BATCH, batch, this.fairnessBy, priority),
      },
      policies: { overlap: OVERLAPS[overlap], catchupWindow: catchupWindowSeconds * 1000, pauseOnFailure },
      state: { paused, note },
    };
  }

  private on<T>(id: string, call: (schedule: ScheduleHandle) => Promise<T>): Promise<T> {
    return onSchedule(id, 'was refused by Temporal', () => call(this.client.schedule.getHandle(id)));
  }
}

/** @throws ScheduleError (`invalid`) with every mistake */
function valid<T extends z.ZodType>(schema: T, options: unknown, id: string, problem: string): z.output<T> {
  const checked = check(schema, options, 'options');
  if (!checked.ok) throw refused(id, problem, checked.mistakes);
  return checked.value;
}

function refused(id: string, what: string, mistakes: readonly string[]): ScheduleError {
  return new ScheduleError(id, 'invalid', [`schedule "${id}" ${what}:`, ...mistakes].join('\n  '), mistakes);
}

/** Turns errors of Temporal into ScheduleErrors with the same message. */
async function onSchedule<T>(id: string, what: string, call: () => Promise<T>, about = ''): Promise<T> {
  try {
    return await call();
  } catch (err) {
    if (err instanceof ScheduleAlreadyRunning)
      throw new ScheduleError(id, 'exists', `there is a schedule "${id}" already; give this one another id, or update that one`);
    if (err instanceof ScheduleNotFoundError)
      throw new ScheduleError(id, 'missing', `there is no schedule "${id}"; the list of schedules names those there are`);
    const message = invalidArgument(err);
    if (message !== undefined) throw refused(id, what, [message + about]);
    throw err;
  }
}

/** Which times a message of the server may be about: it does not say. */
function cronText({ times: { cron = [] } }: CreateScheduleOptions): string {
  return cron.length === 0 ? '' : ` (times.cron: ${cron.map((one) => `"${one}"`).join(', ')})`;
}

/** The server's message about an argument that it refuses: the SDK throws it as a TypeError, or has it in the cause. */
function invalidArgument(err: unknown): string | undefined {
  if (err instanceof TypeError) return err.message;
  const cause = err instanceof Error ? err.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 3 ? cause.message.replace(/^3 INVALID_ARGUMENT: /, '') : undefined;
}

function summaryOf({ scheduleId, spec, state, info }: TemporalSummary | TemporalDescription): ScheduleSummary {
  return {
    id: scheduleId,
    paused: state.paused,
    note: state.note || undefined,
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
