/**
 * Checks the options of calls about schedules.
 *
 * Keeps true: what can be known to be wrong is refused before anything is created; two batches of one schedule never write one report.
 */
import { z } from 'zod';
import { strictObject } from '../config/strict-object';
import { batchInput } from '../schema/batch';
import { priorityOptions } from '../schema/priority';
import { instant, scheduleTimes } from './schedule-times';
import { DEFAULT_CATCHUP_WINDOW_SECONDS, SCHEDULE_OVERLAPS, type CreateScheduleOptions } from './schedule-types';

const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty');
const flag = z.boolean({ error: 'must be true or false' });
/** Temporal allows 1000 characters, and appends the time of the start. */
const name = text.max(900, 'must be at most 900 characters');
const overlap = z.enum(SCHEDULE_OVERLAPS, { error: `must be one of ${SCHEDULE_OVERLAPS.join(', ')}` });
const catchupMistake = 'must be a number of seconds >= 10';

/** {@link CreateScheduleOptions}. Cron expressions and names of time zones are left to the server. */
export const createOptions = strictObject(
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
    overlap: overlap.default('skip'),
    catchupWindowSeconds: z.number({ error: catchupMistake }).min(10, catchupMistake).default(DEFAULT_CATCHUP_WINDOW_SECONDS),
    pauseOnFailure: flag.default(false),
    note: text.optional(),
    paused: flag.default(false),
    priority: priorityOptions.optional(),
  } satisfies Record<keyof CreateScheduleOptions, z.ZodType>,
  'must be an object',
);

export const backfillOptions = strictObject(
  { from: instant, to: instant, overlap: overlap.default('bufferAll') },
  'must be an object',
).refine(({ from, to }) => Date.parse(from) <= Date.parse(to), { path: ['from'], error: 'must be before "to"' });

export const triggerOptions = z.object({ overlap: overlap.optional() });
