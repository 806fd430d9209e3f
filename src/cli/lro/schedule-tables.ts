/** Schedules as tables. */
import { stringify } from 'yaml';
import type { CalendarTimes, ScheduleDescription, ScheduleSummary, ScheduleTimes } from '../../client';
import type { PriorityOptions } from '../../contract';
import { batchTitle } from '../../client/batches';
import { factTable, fileText, listTable } from './tables';

/** How many of the next starts are shown. */
const SHOWN_TIMES = 3;

export function scheduleList(schedules: ScheduleSummary[]): string {
  return listTable(
    ['schedule', 'state', 'next start', 'last batch', 'note'],
    schedules.map(({ id, paused, nextTimes, recentRuns, note }) => [
      id,
      stateText(paused),
      nextTimes[0] ?? 'never',
      recentRuns.at(-1)?.workflowId,
      note,
    ]),
    'there are no schedules of batches',
  );
}

export function scheduleTable(schedule: ScheduleDescription): string {
  const { id, paused, note, times, nextTimes, batch, overlap, catchupWindowSeconds, pauseOnFailure, counts, recentRuns } = schedule;
  const running = new Set(schedule.running.map(({ runId }) => runId));
  const facts = factTable([
    ['schedule', id],
    ['state', stateText(paused)],
    ['note', note],
    ['batch', batchTitle(batch)],
    ['report', fileText(batch.report)],
    ['task queue', schedule.taskQueue],
    ['times', timesText(times)],
    ['next starts', nextTimes.slice(0, SHOWN_TIMES).join('\n') || 'never'],
    ['overlap', overlap],
    ['catch-up window', `${catchupWindowSeconds} s`],
    ['on failure', pauseOnFailure ? 'pauses' : 'goes on'],
    ['priority', priorityText(schedule.priority)],
    ['starts', `${counts.started} started, ${counts.missed} missed, ${counts.skipped} skipped (overlap)`],
    ['created', schedule.createdAt],
    ['changed', schedule.updatedAt],
  ]);
  if (recentRuns.length === 0) return facts;
  const runs = listTable(
    ['last batches', 'started', ''],
    recentRuns.map(({ workflowId, startedAt, runId }) => [workflowId, startedAt, running.has(runId) ? 'running' : 'ended']),
    '',
  );
  return `${facts}\n\n${runs}`;
}

function priorityText({ priorityKey, fairnessKey, fairnessWeight }: PriorityOptions): string {
  const weight = fairnessWeight === undefined ? '' : ` × ${fairnessWeight}`;
  return `${priorityKey ?? 'default'}${fairnessKey === undefined ? '' : `, fairness key ${fairnessKey}${weight}`}`;
}

function stateText(paused: boolean): string {
  return paused ? 'paused' : 'active';
}

/** A line each; calendars in the syntax of `--calendar`. */
function timesText({ cron, intervals, calendars, except, timeZone, jitterSeconds, startAt, endAt }: ScheduleTimes): string {
  return [
    ...(cron ?? []).map((expression) => `cron ${expression}`),
    ...(intervals ?? []).map(({ everySeconds, offsetSeconds }) => `every ${everySeconds} s${offsetSeconds ? ` + ${offsetSeconds} s` : ''}`),
    ...(calendars ?? []).map(flowText),
    ...(except ?? []).map((calendar) => `not ${flowText(calendar)}`),
    `time zone ${timeZone ?? 'UTC'}`,
    jitterSeconds === undefined ? undefined : `later by up to ${jitterSeconds} s`,
    startAt && `from ${startAt}`,
    endAt && `until ${endAt}`,
  ]
    .filter((line) => line !== undefined)
    .join('\n');
}

function flowText(calendar: CalendarTimes): string {
  return stringify(calendar, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}
