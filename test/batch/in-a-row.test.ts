/** Operations of a batch that ask for no wait: one activity asks them several times, and no poll is lost for it. */
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { AskResult } from '../../src/activities/messages';
import { rowsOf, type Rows } from '../../src/jobs/packing';
import { eventsOf } from '../workflows/history';
import { FAST } from './harness';
import { sharedWorkerTests } from './harness-tests';

const batchTest = sharedWorkerTests({ connection: { ...FAST, poll: { minSeconds: 0 } } });

const ITEMS = 25;
const POLLS = 6;

/** Runs so many operations of six polls each, that ask for no wait. */
const runOf = (items: number) => {
  const ids = Array.from({ length: items }, (_, index) => `i${index}`);
  const name = `in-a-row-${items}`;
  const running = { headers: { 'retry-after': '0' }, body: { status: 'Running' } };
  const answers = [...Array.from({ length: POLLS - 1 }, () => running), { body: { status: 'Succeeded' } }];
  const headers = (id: string) => ({ 'Operation-Location': `{base}/operations/${id}`, 'retry-after': '0' });
  const routes = ids.flatMap((id) => [
    { method: 'POST', path: `/things/${id}`, answers: [{ httpStatus: 202, headers: headers(id) }] },
    { method: 'GET', path: `/operations/${id}`, answers },
  ]);
  const batch = { items: ids.map((id) => ({ id, submit: { path: `/scripts/${name}/things/${id}` } })), report: { path: `${name}.jsonl` } };
  return { script: { name, routes }, batch };
};

batchTest('every poll counts, though few activities ask', async (harness) => {
  const { script, batch } = runOf(ITEMS);
  await harness.emulator.admin.addScript(script);
  const running = await harness.start(batch);
  const { counts, report } = await running.result();
  expect(counts.succeeded).toBe(ITEMS);
  expect(harness.lines(report).map(({ result }) => result?.polls)).toEqual(Array.from({ length: ITEMS }, () => POLLS));
  const polls = await harness.emulator.admin.requests({ method: 'GET', path: `^/scripts/${script.name}/` });
  expect(polls).toHaveLength(ITEMS * POLLS);
  expect(await longestRow(running.shard(0))).toBeGreaterThan(1);
});

batchTest('in a small set each answer is told before the next', async (harness) => {
  const { script, batch } = runOf(2);
  await harness.emulator.admin.addScript(script);
  const running = await harness.start(batch);
  await running.result();
  expect(await longestRow(running.shard(0))).toBe(1);
});

/** The longest row of answers about one operation that an activity has returned. */
async function longestRow(shard: WorkflowHandle): Promise<number> {
  const events = await eventsOf(shard);
  const asked = new Set<string>();
  const rows = events.flatMap(
    ({ eventId, activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed }) => {
      if (scheduled?.activityType?.name === 'lro.ask') asked.add(String(eventId));
      const [payload] = completed?.result?.payloads ?? [];
      if (payload === undefined || !asked.has(String(completed?.scheduledEventId))) return [];
      const results = rowsOf(defaultPayloadConverter.fromPayload<Rows<AskResult>>(payload));
      return results.map(({ before = [], decision }) => before.length + (decision === undefined ? 0 : 1));
    },
  );
  return Math.max(...rows);
}
