/** What a schedule is made of reaches the server, and what is wrong with it is said before anything is created. */
import { randomUUID } from 'node:crypto';
import type { ScheduleSummary } from '@temporalio/client';
import type { CreateScheduleOptions } from '../../src/client';
import { eventually } from '../support/eventually';
import { standInBatch, startStandInHarness, type StandInHarness } from '../support/stand-in-harness';

let harness: StandInHarness;

beforeAll(async () => {
  harness = await startStandInHarness();
});

afterAll(() => harness.close());

const batch = standInBatch('succeed', { report: { path: './reports/{workflowId}.jsonl' } });

test('policies have safe defaults', async () => {
  const id = await harness.schedule({ batch });
  expect(await harness.lro.schedules.describe(id)).toMatchObject({
    id,
    workflowId: id,
    taskQueue: harness.taskQueue,
    batch,
    overlap: 'skip',
    catchupWindowSeconds: 3600,
    pauseOnFailure: false,
    paused: false,
    counts: { started: 0, missed: 0, skipped: 0 },
  });
});

test('policies, times and notes reach the server as they were given', async () => {
  const times = {
    intervals: [{ everySeconds: 86_400, offsetSeconds: 600 }],
    calendars: [
      { second: 30, minute: [0, { start: 10, end: 50, step: 20 }], hour: { start: 1, end: 3 }, dayOfWeek: 'MONDAY', comment: 'weekly' },
      { minute: 5, hour: 0, dayOfMonth: 1, month: { start: 'JANUARY', end: 'MARCH' }, year: 2027 },
      { minute: '*', hour: { start: 0 } },
    ],
    except: [{ minute: '*', hour: '*', dayOfMonth: 24, month: 'DECEMBER' }],
    timeZone: 'Europe/Berlin',
    jitterSeconds: 60,
    startAt: '2026-11-25T02:00:00+01:00',
    endAt: '2099-01-01T00:00:00Z',
  } satisfies CreateScheduleOptions['times'];
  const policies = { overlap: 'bufferOne', catchupWindowSeconds: 60, pauseOnFailure: true, note: 'nightly', paused: true } as const;
  const id = await harness.schedule({ batch, times, workflowId: 'nightly', ...policies });
  expect(await harness.lro.schedules.describe(id)).toMatchObject({
    ...policies,
    workflowId: 'nightly',
    times: {
      ...times,
      calendars: [times.calendars[0], times.calendars[1], { minute: '*', hour: 0 }],
      startAt: '2026-11-25T01:00:00.000Z',
      endAt: '2099-01-01T00:00:00.000Z',
    },
  });
});

test('cron expressions hold in the time zone of the schedule', async () => {
  const id = await harness.schedule({ batch, times: { cron: ['30 2 * * *'], timeZone: 'Asia/Tokyo' } });
  const { nextTimes, times } = await harness.lro.schedules.describe(id);
  expect(times).toMatchObject({ cron: ['30 2 * * *'], timeZone: 'Asia/Tokyo' });
  expect(nextTimes[0]).toMatch(/T17:30:00\.000Z$/);
});

test('cron expressions stay as they were typed, in describing and in a change of something else', async () => {
  const cron = ['0 2 * * 1-5', '30 6,18 1 */2 *', '@daily', '0 4 * * * # moon'];
  const id = await harness.schedule({ batch, times: { cron, timeZone: 'Europe/Berlin' }, note: 'first', pauseOnFailure: true });
  const { times, nextTimes } = await harness.lro.schedules.describe(id);
  expect(times.cron).toEqual(cron.slice(0, 3));
  expect(times.calendars).toMatchObject([{ hour: 4, comment: 'moon' }]);
  await harness.lro.schedules.update(id, { overlap: 'bufferOne' });
  expect(await harness.lro.schedules.describe(id)).toMatchObject({
    times,
    nextTimes,
    overlap: 'bufferOne',
    note: 'first',
    pauseOnFailure: true,
    batch,
  });
  await harness.lro.schedules.update(id, { times: { cron: ['15 3 * * *'] }, batch: { ...batch, maxInFlight: 7 } });
  const changed = await harness.lro.schedules.describe(id);
  expect(changed).toMatchObject({
    times: { cron: ['15 3 * * *'], timeZone: 'Europe/Berlin' },
    batch: { maxInFlight: 7 },
    overlap: 'bufferOne',
  });
  expect(changed.times.calendars).toBeUndefined();
  await expect(harness.lro.schedules.update(id, { times: { cron: ['at night'] } })).rejects.toMatchObject({ problem: 'invalid' });
  await expect(harness.lro.schedules.update('nobody', {})).rejects.toMatchObject({ problem: 'missing' });
});

test('lists hold schedules of batches only', async () => {
  const id = await harness.schedule({ batch, paused: true, note: 'not yet' });
  const foreign = `foreign-${harness.taskQueue}`;
  const other = await harness.client.schedule.create({
    scheduleId: foreign,
    spec: { cronExpressions: ['0 0 1 1 * 2099'] },
    action: { type: 'startWorkflow', workflowType: 'other', taskQueue: harness.taskQueue },
  });
  try {
    await eventually(
      async () => {
        const all: ScheduleSummary[] = [];
        for await (const schedule of harness.client.schedule.list()) all.push(schedule);
        // Of a new one the list does not know at once what it starts.
        return [id, foreign].every((name) => all.some(({ scheduleId, action }) => scheduleId === name && action !== undefined));
      },
      (listed) => listed,
    );
    const listed = await harness.lro.schedules.list();
    expect(listed.find((schedule) => schedule.id === id)).toMatchObject({ paused: true, note: 'not yet' });
    expect(listed.some((schedule) => schedule.id === foreign)).toBe(false);
  } finally {
    await other.delete();
  }
});

test('a schedule that is there already is left as it is', async () => {
  const id = await harness.schedule({ batch });
  await expect(harness.schedule({ id, batch, note: 'second' })).rejects.toMatchObject({ name: 'ScheduleError', problem: 'exists' });
  expect((await harness.lro.schedules.describe(id)).note).toBeUndefined();
});

test('a deleted schedule is gone', async () => {
  const id = await harness.schedule({ batch });
  await harness.lro.schedules.delete(id);
  const missing = {
    name: 'ScheduleError',
    problem: 'missing',
    message: `there is no schedule "${id}"; the list of schedules names those there are`,
  };
  await expect(harness.lro.schedules.describe(id)).rejects.toMatchObject(missing);
  await expect(harness.lro.schedules.trigger(id)).rejects.toMatchObject(missing);
  await expect(harness.lro.schedules.delete(id)).rejects.toMatchObject(missing);
});

const daily = { cron: ['0 2 * * *'] };

test.each<[string, Partial<CreateScheduleOptions>, string]>([
  [
    'a report of one name for all runs',
    { batch: { ...batch, report: { path: 'r.jsonl' } } },
    'batch.report: must contain {workflowId} or {runId}',
  ],
  ['a report URL of one name', { batch: { ...batch, report: { url: 'https://f.example/r' } } }, 'batch.report: must contain {workflowId}'],
  ['a batch without items', { batch: {} }, 'batch: must have exactly one of "items", "manifest" and "retryOf"'],
  [
    'a misspelt field of the batch',
    { batch: { ...batch, maxInflight: 5 } as never },
    'batch.maxInflight: is not a known key; did you mean "maxInFlight"?',
  ],
  ['no times at all', { times: {} }, 'times: must name at least one time in "cron", "intervals" or "calendars"'],
  ['an hour that no day has', { times: { calendars: [{ hour: 24 }] } }, 'times.calendars.0.hour: must be a whole number from 0 to 23'],
  [
    'a day that no week has',
    { times: { calendars: [{ dayOfWeek: 'FRYDAY' as never }] } },
    'times.calendars.0.dayOfWeek: must be the name of a day',
  ],
  ['a range that ends first', { times: { calendars: [{ hour: { start: 5, end: 3 } }] } }, 'must not end before it starts'],
  [
    'an offset above its interval',
    { times: { intervals: [{ everySeconds: 5, offsetSeconds: 5 }] } },
    'must have an offset below its interval',
  ],
  ['a misspelt policy', { overlap: 'skipp' as never }, 'overlap: must be one of skip, bufferOne, bufferAll, cancelOther, allowAll'],
  ['a short catch-up window', { catchupWindowSeconds: 1 }, 'catchupWindowSeconds: must be a number of seconds >= 10'],
  [
    'a time without its offset',
    { times: { ...daily, startAt: '2026-11-25' } },
    'times.startAt: must be a time in ISO 8601 with its offset',
  ],
  ['a time zone that the server does not know', { times: { ...daily, timeZone: 'Europe/Nowhere' } }, 'unknown time zone Europe/Nowhere'],
  ['a cron expression that the server cannot read', { times: { cron: ['at night'] } }, 'CronString does not have 5-7 fields'],
])('%s is refused before anything is created', async (_, options, words) => {
  const id = `refused-${randomUUID()}`;
  const error: unknown = await harness.schedule({ batch, times: daily, ...options, id }).catch((err: unknown) => err);
  expect(error).toMatchObject({ name: 'ScheduleError', problem: 'invalid' });
  expect((error as Error).message).toContain(`schedule "${id}" was not created:\n`);
  expect((error as Error).message).toContain(words);
  await expect(harness.lro.schedules.describe(id)).rejects.toMatchObject({ problem: 'missing' });
});

test('every mistake is named at once', async () => {
  const options = { id: 'x', times: {}, batch: {}, overlap: 'no' as never };
  await expect(harness.lro.schedules.create(options)).rejects.toMatchObject({ mistakes: { length: 3 } });
});
