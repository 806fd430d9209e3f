/** `lro schedule …`: Temporal Schedules of batches. */
import { Option, type Command } from 'commander';
import { SCHEDULE_OVERLAPS, type CalendarTimes, type LroClient, type ScheduleOverlap, type ScheduleTimes } from '../../client';
import { BATCH_PRIORITY_KEY } from '../../contract';
import { addBatchInputOptions, namesBatch, readBatchInput, type BatchInputOptions } from './batch-input';
import { addCommand, collect, print, toNumber, withLro, type CommonOptions } from './command';
import { UsageError } from './failures';
import { parseMap, withoutUndefined } from './input-file';
import { addPriorityOptions, readPriority, type PriorityFlags } from './priority';
import { scheduleList, scheduleTable } from './schedule-tables';
import { forShell, writeError } from './terminal';

interface ScheduleFlags extends CommonOptions, BatchInputOptions, PriorityFlags {
  cron?: string[];
  everySeconds?: number;
  offsetSeconds?: number;
  calendar?: string[];
  except?: string[];
  timeZone?: string;
  jitterSeconds?: number;
  startAt?: string;
  endAt?: string;
  workflowId?: string;
  overlap?: ScheduleOverlap;
  catchupWindowSeconds?: number;
  pauseOnFailure?: boolean;
  note?: string;
  paused?: true;
}

interface OverlapOptions extends CommonOptions {
  overlap?: ScheduleOverlap;
}

export function addScheduleCommands(program: Command): void {
  const group = program.command('schedule').description('schedules of batches');

  addScheduleOptions(addCommand(group, 'create <id>', 'create a schedule that starts a batch at certain times'))
    .option('--paused', 'begin paused')
    .action(create);
  addScheduleOptions(addCommand(group, 'update <id>', 'change a schedule; what no flag names stays as it is'))
    .option('--no-pause-on-failure', 'go on after a batch that failed')
    .action(update);
  addCommand(group, 'list', 'all schedules of batches').action((options: CommonOptions) =>
    withLro(options, async (lro) => print(options, await lro.schedules.list(), scheduleList)),
  );
  addCommand(group, 'describe <id>', 'its times, policies and last batches').action((id: string, options: CommonOptions) =>
    withLro(options, (lro) => describe(lro, id, options)),
  );
  addCommand(group, 'trigger <id>', 'start a batch now')
    .addOption(overlapOption("while an earlier batch runs (default: the schedule's own)"))
    .action((id: string, options: OverlapOptions) =>
      act(id, options, 'is triggered', ({ schedules }) => schedules.trigger(id, { overlap: options.overlap })),
    );
  addCommand(group, 'pause <id>', 'start nothing until it is resumed')
    .option('--note <text>', 'why, for whoever looks at it')
    .action((id: string, options: CommonOptions & { note?: string }) =>
      act(id, options, 'is paused', ({ schedules }) => schedules.pause(id, options.note)),
    );
  addCommand(group, 'resume <id>', 'start batches again')
    .option('--note <text>', 'why, for whoever looks at it')
    .action((id: string, options: CommonOptions & { note?: string }) =>
      act(id, options, 'is active', ({ schedules }) => schedules.resume(id, options.note)),
    );
  addCommand(group, 'backfill <id>', 'run the starts of a past span of time now')
    .requiredOption('--from <time>', 'its begin, ISO 8601, included')
    .requiredOption('--to <time>', 'its end, ISO 8601, included')
    .addOption(overlapOption('among these batches (default: bufferAll, one after the other)'))
    .action((id: string, options: OverlapOptions & { from: string; to: string }) =>
      act(id, options, 'makes up for these starts', ({ schedules }) =>
        schedules.backfill(id, { from: options.from, to: options.to, overlap: options.overlap }),
      ),
    );
  addCommand(group, 'delete <id>', 'delete it; its batches go on').action((id: string, options: CommonOptions) =>
    act(id, options, 'is deleted', ({ schedules }) => schedules.delete(id)),
  );
}

/** Of what it starts, and when. New times of --cron, --every-seconds and --calendar take the place of all that there were. */
function addScheduleOptions(command: Command): Command {
  return addPriorityOptions(addBatchInputOptions(command), BATCH_PRIORITY_KEY)
    .option('--cron <expression>', 'minute, hour, day of month, month, day of week; may be repeated', collect)
    .option('--every-seconds <n>', 'every so many seconds, counted from 1970-01-01T00:00:00Z', toNumber)
    .option('--offset-seconds <n>', 'later than --every-seconds by so much', toNumber)
    .option('--calendar <yaml>', "such as '{ hour: 2, dayOfWeek: [MONDAY, FRIDAY] }'; may be repeated", collect)
    .option('--except <yaml>', 'a calendar whose times are left out; may be repeated', collect)
    .option('--time-zone <name>', 'such as Europe/Berlin (default: UTC)')
    .option('--jitter-seconds <n>', 'each start is later by a random part of so many seconds', toNumber)
    .option('--start-at <time>', 'no start before, ISO 8601')
    .option('--end-at <time>', 'no start after, ISO 8601')
    .option('--workflow-id <id>', 'what the ids of its batches begin with (default: the id of the schedule)')
    .addOption(overlapOption('while an earlier batch runs (default: skip)'))
    .option('--catchup-window-seconds <n>', 'make up for starts that were missed, if they are not older (default: 3600)', toNumber)
    .option('--pause-on-failure', 'pause after a batch that failed')
    .option('--note <text>', 'why, for whoever looks at it');
}

async function create(id: string, options: ScheduleFlags): Promise<void> {
  const { workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, paused } = options;
  const times = timesOf(options);
  const batch = readBatchInput(options);
  const priority = readPriority(options);
  await withLro(options, async (lro) => {
    await lro.schedules.create({ id, times, batch, overlap, workflowId, catchupWindowSeconds, pauseOnFailure, note, paused, priority });
    await describe(lro, id, options);
    await warnOfNever(lro, id);
  });
}

async function update(id: string, options: ScheduleFlags): Promise<void> {
  const { workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, taskQueue } = options;
  const times = withoutUndefined(timesOf(options));
  const priority = withoutUndefined(readPriority(options));
  const changes = withoutUndefined({ workflowId, overlap, catchupWindowSeconds, pauseOnFailure, note, taskQueue });
  const named = { ...changes, ...times, ...priority };
  if (Object.keys(named).length === 0 && !namesBatch(options))
    throw new UsageError('name what is to be changed: see lro schedule update --help');
  await withLro(options, async (lro) => {
    const batch = namesBatch(options) ? readBatchInput(options, (await lro.schedules.describe(id)).batch) : undefined;
    const rest = withoutUndefined({ batch, priority: Object.keys(priority).length === 0 ? undefined : priority });
    await lro.schedules.update(id, { ...changes, ...rest, times });
    await describe(lro, id, options);
    await warnOfNever(lro, id);
  });
}

/** @throws UsageError */
function timesOf(options: ScheduleFlags): ScheduleTimes {
  const { cron, everySeconds, offsetSeconds, calendar, except, timeZone, jitterSeconds, startAt, endAt } = options;
  if (everySeconds === undefined && offsetSeconds !== undefined) throw new UsageError('--offset-seconds needs --every-seconds');
  return {
    cron,
    intervals: everySeconds === undefined ? undefined : [{ everySeconds, offsetSeconds }],
    calendars: calendar && calendarsOf('--calendar', calendar),
    except: except && calendarsOf('--except', except),
    timeZone,
    jitterSeconds,
    startAt,
    endAt,
  };
}

async function describe({ schedules }: LroClient, id: string, options: CommonOptions): Promise<void> {
  print(options, await schedules.describe(id), scheduleTable);
}

/** Times can be right and never come, like 30 February. */
async function warnOfNever({ schedules }: LroClient, id: string): Promise<void> {
  const { nextTimes } = await schedules.describe(id);
  if (nextTimes.length > 0) return;
  writeError(`schedule "${id}" never starts by itself: no time to come matches; lro schedule update ${forShell(id)} gives it others`);
}

/** Does something to a schedule, and prints what was done. */
async function act(id: string, options: CommonOptions, done: string, work: (lro: LroClient) => Promise<void>): Promise<void> {
  await withLro(options, work);
  print(options, { id }, () => `schedule "${id}" ${done}`);
}

function overlapOption(description: string): Option {
  return new Option('--overlap <policy>', description).choices(SCHEDULE_OVERLAPS);
}

/** Their fields are checked with everything else, before the schedule is created. */
function calendarsOf(flag: string, written: string[]): CalendarTimes[] {
  return written.map((calendar) => parseMap(calendar, `${flag} ${calendar}`) as CalendarTimes);
}
