/** `lro schedule …` as a process. */
import { eventually } from '../support/eventually';
import { startStandInHarness, type StandInHarness } from '../support/stand-in-harness';
import { batchYaml, fileWith, lroJson, lroOf, type Lro } from './support';

let harness: StandInHarness;
let lro: Lro;

beforeAll(async () => {
  harness = await startStandInHarness();
  lro = lroOf(harness);
});

afterAll(() => harness.close());

test('a schedule is created, seen, triggered, paused, resumed, backfilled and deleted', async () => {
  const id = `nightly-${harness.taskQueue}`;
  const input = fileWith(batchYaml('succeed'));
  const times = ['--cron', '0 2 * * *', '--calendar', '{ hour: 4, dayOfWeek: [MONDAY, FRIDAY] }', '--time-zone', 'Europe/Berlin'];
  const policies = ['--pause-on-failure', '--catchup-window-seconds', '600', '--overlap', 'bufferOne', '--note', 'tiles', '--paused'];
  const created = await lro(['schedule', 'create', id, '--input', input, '--report', '{workflowId}.jsonl', ...times, ...policies]);
  expect(created).toMatchObject({ code: 0, stderr: '' });
  expect(created.stdout).toMatch(/batch +batch of 2 · maps/);
  expect(created.stdout).toContain('{ minute: 0, hour: 4, dayOfWeek: [ MONDAY, FRIDAY ] }');
  expect(created.stdout).toContain('time zone Europe/Berlin');
  expect(created.stdout).toMatch(/catch-up window +600 s/);
  expect(await harness.lro.schedules.describe(id)).toMatchObject({
    paused: true,
    note: 'tiles',
    overlap: 'bufferOne',
    pauseOnFailure: true,
    times: { timeZone: 'Europe/Berlin', cron: ['0 2 * * *'], calendars: [{ hour: 4, dayOfWeek: ['MONDAY', 'FRIDAY'] }] },
    batch: { report: { path: '{workflowId}.jsonl' } },
  });

  expect(created.stdout).toContain('cron 0 2 * * *');
  const changed = await lro(['schedule', 'update', id, '--max-in-flight', '7', '--cron', '15 3 * * MON-FRI', '--no-pause-on-failure']);
  expect(changed).toMatchObject({ code: 0, stderr: '' });
  expect(changed.stdout).toContain('cron 15 3 * * MON-FRI');
  expect(await harness.lro.schedules.describe(id)).toMatchObject({
    overlap: 'bufferOne',
    pauseOnFailure: false,
    taskQueue: harness.taskQueue,
    times: { timeZone: 'Europe/Berlin', cron: ['15 3 * * MON-FRI'] },
    batch: { maxInFlight: 7, report: { path: '{workflowId}.jsonl' }, items: [{ id: 'first' }, { id: 'second' }] },
  });
  expect(await lro(['schedule', 'update', id])).toMatchObject({ code: 2 });

  expect(await lro(['schedule', 'resume', id])).toMatchObject({ code: 0, stdout: `schedule "${id}" is active\n` });
  expect(await lro(['schedule', 'trigger', id])).toMatchObject({ code: 0, stdout: `schedule "${id}" is triggered\n` });
  await harness.scheduleUntil(id, ({ counts }) => counts.started === 1);
  expect(await lro(['schedule', 'pause', id, '--note', 'holiday'])).toMatchObject({ code: 0 });
  expect(await lroJson(lro, ['schedule', 'describe', id])).toMatchObject({ paused: true, note: 'holiday' });

  const span = ['--from', '2026-11-23T00:00:00Z', '--to', '2026-11-24T00:00:00Z'];
  expect(await lro(['schedule', 'backfill', id, ...span])).toMatchObject({ code: 0 });
  await harness.scheduleUntil(id, ({ counts }) => counts.started === 2);
  await eventually(
    async () => (await lro(['schedule', 'list'])).stdout,
    (listed) => listed.includes(id) && listed.includes('holiday'),
  );

  expect(await lro(['schedule', 'delete', id])).toMatchObject({ code: 0, stdout: `schedule "${id}" is deleted\n` });
  expect(await lro(['schedule', 'describe', id])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`there is no schedule "${id}"`) as string,
  });
});

test.each<[string, string[], string]>([
  [
    'a report of one name for all runs',
    ['--manifest', 'm', '--report', 'r.jsonl', '--cron', '0 2 * * *'],
    'must contain {workflowId} or {runId}',
  ],
  ['no times', ['--manifest', 'm'], 'times: must name at least one time'],
  ['an offset without an interval', ['--manifest', 'm', '--offset-seconds', '5'], '--offset-seconds needs --every-seconds'],
  ['a calendar that is none', ['--manifest', 'm', '--calendar', 'daily'], '--calendar daily must be an object'],
  [
    'an hour that no day has',
    ['--manifest', 'm', '--calendar', '{ hour: 25 }'],
    'times.calendars.0.hour: must be a whole number from 0 to 23',
  ],
  ['an unknown policy', ['--manifest', 'm', '--cron', '0 2 * * *', '--overlap', 'both'], 'Allowed choices are skip, bufferOne'],
  ['an unknown time zone', ['--manifest', 'm', '--cron', '0 2 * * *', '--time-zone', 'Mars'], 'unknown time zone Mars'],
])('%s is exit code 2', async (_, args, words) => {
  const { code, stderr } = await lro(['schedule', 'create', `refused-${harness.taskQueue}`, ...args]);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

test('a backfill needs both ends of its span', async () => {
  const { code, stderr } = await lro(['schedule', 'backfill', 'x', '--from', '2026-11-23T00:00:00Z']);
  expect(stderr).toContain("required option '--to <time>' not specified");
  expect(code).toBe(2);
});
