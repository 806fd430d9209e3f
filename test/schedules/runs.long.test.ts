/** What a schedule starts: at its times, on demand, never two reports in one place, and what becomes of overlaps and failures. */
import { standInBatch, startStandInHarness, type StandInHarness } from '../support/stand-in-harness';

let harness: StandInHarness;

beforeAll(async () => {
  harness = await startStandInHarness();
});

afterAll(() => harness.close());

const everySecond = { intervals: [{ everySeconds: 1 }] };

test('a schedule starts batches at its times, each with a workflow id of its own', async () => {
  const batch = standInBatch('succeed', { report: { path: '{workflowId}.jsonl' } });
  const id = await harness.schedule({ batch, times: everySecond, workflowId: `nightly-${harness.taskQueue}` });
  const { recentRuns } = await harness.scheduleUntil(id, ({ counts }) => counts.started >= 2);
  await harness.lro.schedules.pause(id);
  expect(new Set(recentRuns.map(({ workflowId }) => workflowId)).size).toBe(recentRuns.length);
  for (const { workflowId, scheduledAt } of recentRuns) {
    expect(workflowId).toBe(`nightly-${harness.taskQueue}-${scheduledAt.replace('.000Z', 'Z')}`);
    expect((await harness.lro.getBatch(workflowId).result()).report).toEqual(batch.report);
    const described = await harness.client.workflow.getHandle(workflowId).describe();
    expect(await described.staticSummary()).toBe('batch of 2 · maps');
  }
});

test('a trigger starts a batch at once, though the schedule is paused', async () => {
  const id = await harness.schedule({ batch: standInBatch('succeed'), paused: true });
  await harness.lro.schedules.trigger(id);
  const { recentRuns } = await harness.scheduleUntil(id, ({ counts }) => counts.started === 1);
  expect((await harness.lro.getBatch(recentRuns[0]!.workflowId).result()).counts.succeeded).toBe(2);
});

test('starts are left out and counted while a batch runs', async () => {
  const id = await harness.schedule({ batch: standInBatch('wait'), times: everySecond });
  const { counts, running } = await harness.scheduleUntil(id, ({ counts: { skipped } }) => skipped >= 1);
  expect(counts.started).toBe(1);
  expect(running).toHaveLength(1);
  await harness.finish(running[0]!.workflowId);
  await harness.scheduleUntil(id, ({ counts: { started } }) => started === 2);
});

test('a trigger follows the overlap policy of its schedule, or the one it is given', async () => {
  const id = await harness.schedule({ batch: standInBatch('wait') });
  await harness.lro.schedules.trigger(id);
  await harness.scheduleUntil(id, ({ running }) => running.length === 1);
  await harness.lro.schedules.trigger(id);
  await harness.scheduleUntil(id, ({ counts }) => counts.skipped === 1 && counts.started === 1);
  await harness.lro.schedules.trigger(id, { overlap: 'bufferOne' });
  const [first] = (await harness.lro.schedules.describe(id)).running;
  await harness.finish(first!.workflowId);
  const { running } = await harness.scheduleUntil(id, ({ counts }) => counts.started === 2);
  expect(running.map(({ runId }) => runId)).not.toContain(first!.runId);
});

test('with pauseOnFailure a batch that failed pauses its schedule, until it is resumed', async () => {
  const id = await harness.schedule({ batch: standInBatch('fail'), times: everySecond, pauseOnFailure: true });
  const paused = await harness.scheduleUntil(id, (schedule) => schedule.paused);
  // The note names the batch that failed.
  expect(paused.recentRuns.some(({ workflowId }) => paused.note?.includes(workflowId))).toBe(true);
  await harness.lro.schedules.resume(id, 'repaired');
  const { recentRuns } = await harness.scheduleUntil(id, ({ counts }) => counts.started > paused.counts.started);
  expect(recentRuns.length).toBeGreaterThan(paused.recentRuns.length);
});

test('without it the next start comes all the same', async () => {
  const id = await harness.schedule({ batch: standInBatch('fail'), times: everySecond });
  const { paused } = await harness.scheduleUntil(id, ({ counts }) => counts.started >= 2);
  expect(paused).toBe(false);
});

test('a backfill runs each past start of its span, one after the other', async () => {
  const id = await harness.schedule({ batch: standInBatch('wait'), times: { intervals: [{ everySeconds: 3600 }] }, paused: true });
  await harness.lro.schedules.backfill(id, { from: '2026-11-20T01:00:00Z', to: '2026-11-20T03:00:00Z' });
  for (const started of [1, 2, 3]) {
    const { running } = await harness.scheduleUntil(id, ({ counts }) => counts.started === started);
    expect(running).toHaveLength(1);
    await harness.finish(running[0]!.workflowId);
  }
  expect((await harness.lro.schedules.describe(id)).recentRuns.map(({ scheduledAt }) => scheduledAt)).toEqual([
    '2026-11-20T01:00:00.000Z',
    '2026-11-20T02:00:00.000Z',
    '2026-11-20T03:00:00.000Z',
  ]);
});

test('a backfill of a start that was run before runs it again, under the same workflow id', async () => {
  const id = await harness.schedule({ batch: standInBatch('succeed'), times: { intervals: [{ everySeconds: 3600 }] }, paused: true });
  const span = { from: '2026-11-20T01:00:00Z', to: '2026-11-20T01:00:00Z' };
  await harness.lro.schedules.backfill(id, span);
  await harness.scheduleUntil(id, ({ counts, running }) => counts.started === 1 && running.length === 0);
  await harness.lro.schedules.backfill(id, span);
  const { recentRuns } = await harness.scheduleUntil(id, ({ counts }) => counts.started === 2);
  expect(recentRuns[1]!.workflowId).toBe(recentRuns[0]!.workflowId);
  expect(recentRuns[1]!.runId).not.toBe(recentRuns[0]!.runId);
});

test('a backfill that ends before it begins is refused', async () => {
  const id = await harness.schedule({ batch: standInBatch('succeed') });
  await expect(harness.lro.schedules.backfill(id, { from: '2026-11-20T03:00:00Z', to: '2026-11-20T01:00:00Z' })).rejects.toMatchObject({
    problem: 'invalid',
  });
});
