/**
 * How much a worker takes on at once, from its environment: cached workflows, slots, pollers.
 *
 * The SDK's `maxConcurrent…TaskPolls` are ignored by 1.24.0 where a poller behavior is set, so pollers are set by behaviors only.
 */
import { z } from 'zod';
import type { WorkerOptions } from '@temporalio/worker';

type PollerBehavior = NonNullable<WorkerOptions['activityTaskPollerBehavior']>;

/** What the environment may set of a worker. */
export type Tuning = Required<
  Pick<
    WorkerOptions,
    | 'maxCachedWorkflows'
    | 'maxConcurrentActivityTaskExecutions'
    | 'maxConcurrentWorkflowTaskExecutions'
    | 'activityTaskPollerBehavior'
    | 'workflowTaskPollerBehavior'
  >
>;

/** Measured: see docs/operations.md, "How much a worker takes on". */
export const DEFAULT_TUNING: Tuning = {
  maxCachedWorkflows: 300,
  maxConcurrentActivityTaskExecutions: 300,
  maxConcurrentWorkflowTaskExecutions: 16,
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
};

/** Beyond them a worker runs out of memory before it is of use. */
const MAX_CACHED = 20_000;
const MAX_SLOTS = 5000;
const MAX_POLLERS = 500;

/** A whole number, written in decimal digits. An empty variable counts as one that is not set. */
function whole(min: number, max: number): z.ZodType<number | undefined> {
  const mistake = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .transform((written) => (written === '' ? undefined : /^\d{1,9}$/.test(written) ? Number(written) : Number.NaN))
    .refine((number) => number === undefined || (number >= min && number <= max), mistake)
    .optional();
}

/** `10`, or `2-40`: as many as the server's answers suggest. */
function pollers(min: number): z.ZodType<PollerBehavior | undefined> {
  const mistake = `must be a whole number from ${min} to ${MAX_POLLERS}, or two of them like ${min}-40 (the first not above the second)`;
  return z
    .string()
    .transform((written): PollerBehavior | undefined | null => {
      if (written === '') return undefined;
      const [, from, to] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(written) ?? [];
      if (from === undefined) return null;
      const [minimum, maximum] = [Number(from), Number(to ?? from)];
      if (minimum < min || maximum > MAX_POLLERS || minimum > maximum) return null;
      if (to === undefined) return { type: 'simple-maximum', maximum };
      return { type: 'autoscaling', minimum, maximum, initial: Math.max(minimum, Math.min(maximum, 5)) };
    })
    .refine((behavior): behavior is PollerBehavior | undefined => behavior !== null, mistake)
    .optional();
}

/** The part of the environment that tunes a worker. */
export const tuningVariables = {
  LRO_MAX_CACHED_WORKFLOWS: whole(2, MAX_CACHED),
  LRO_MAX_CONCURRENT_ACTIVITIES: whole(1, MAX_SLOTS),
  // One for workflows that the worker has cached, one for those that it has not: so of tasks, and of those who ask for them.
  LRO_MAX_CONCURRENT_WORKFLOW_TASKS: whole(2, MAX_SLOTS),
  LRO_ACTIVITY_TASK_POLLERS: pollers(1),
  LRO_WORKFLOW_TASK_POLLERS: pollers(2),
};

type ReadVariables = { [name in keyof typeof tuningVariables]?: z.output<(typeof tuningVariables)[name]> };

/**
 * The worker's options: defaults where the environment says nothing.
 * @param read an environment whose variables are right, each for itself
 * @returns with the mistake where two of them do not go together
 */
export function tuningOf(read: ReadVariables): { tuning: Tuning; mistake?: string } {
  const cached = read.LRO_MAX_CACHED_WORKFLOWS ?? DEFAULT_TUNING.maxCachedWorkflows;
  const tasks = read.LRO_MAX_CONCURRENT_WORKFLOW_TASKS;
  const tuning: Tuning = {
    maxCachedWorkflows: cached,
    // A task takes a place in the cache: the SDK would only warn, and use fewer.
    maxConcurrentWorkflowTaskExecutions: tasks ?? Math.min(cached, DEFAULT_TUNING.maxConcurrentWorkflowTaskExecutions),
    maxConcurrentActivityTaskExecutions: read.LRO_MAX_CONCURRENT_ACTIVITIES ?? DEFAULT_TUNING.maxConcurrentActivityTaskExecutions,
    activityTaskPollerBehavior: read.LRO_ACTIVITY_TASK_POLLERS ?? DEFAULT_TUNING.activityTaskPollerBehavior,
    workflowTaskPollerBehavior: read.LRO_WORKFLOW_TASK_POLLERS ?? DEFAULT_TUNING.workflowTaskPollerBehavior,
  };
  if (tasks === undefined || tasks <= cached) return { tuning };
  return { tuning, mistake: `LRO_MAX_CONCURRENT_WORKFLOW_TASKS: must not be above LRO_MAX_CACHED_WORKFLOWS (${cached})` };
}
