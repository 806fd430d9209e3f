/** What a schedule starts: at its times, on demand, never two reports in one place, and what becomes of overlaps and failures. */
import { standInBatch, startStandInBed, type StandInBed } from '../support/stand-in-bed';

let bed: StandInBed;

beforeAll(async () => {
  bed = await startStandInBed();
});

afterAll(() => bed.close());

const everySecond = { intervals: [{ everySeconds: 1 }] };

test('a schedule starts batches at its times, each with a workflow id of its own', async () => {
  const batch = standInBatch('succeed', { report: { path: '{workflowId}.jsonl' } });
  const id = await bed.schedule({ batch, times: everySecond, workflowId: `nightly-${bed.taskQueue}` });
  const { recentRuns } = await bed.scheduleUntil(id, ({ counts }) => counts.started >= 2);
  await bed.lro.schedules.pause(id);
  expect(new Set(recentRuns.map(({ workflowId }) => workflowId)).size).toBe(recentRuns.length);
  for (const { workflowId, scheduledAt } of recentRuns) {
    expect(workflowId).toBe(`nightly-${bed.taskQueue}-${scheduledAt.replace('.000Z', 'Z')}`);
    expect((await bed.lro.getBatch(workflowId).result()).report).toEqual(batch.report);
    const described = await bed.client.workflow.getHandle(workflowId).describe();
    expect(await described.staticSummary()).toBe('batch of 2 · maps');
  }
});

test('a trigger starts a batch at once, though the schedule is paused', async () => {
  const id = await bed.schedule({ batch: standInBatch('succeed'), paused: true });
  await bed.lro.schedules.trigger(id);
  const { recentRuns } = await bed.scheduleUntil(id, ({ counts }) => counts.started === 1);
  expect((await bed.lro.getBatch(recentRuns[0]!.workflowId).result()).counts.succeeded).toBe(2);
});

test('starts are left out and counted while a batch runs', async () => {
  const id = await bed.schedule({ batch: standInBatch('wait'), times: everySecond });
  const { counts, running } = await bed.scheduleUntil(id, ({ counts: { skipped } }) => skipped >= 1);
  expect(counts.started).toBe(1);
  expect(running).toHaveLength(1);
  await bed.finish(running[0]!.workflowId);
  await bed.scheduleUntil(id, ({ counts: { started } }) => started === 2);
});

test('a trigger follows the overlap policy of its schedule, or the one it is given', async () => {
  const id = await bed.schedule({ batch: standInBatch('wait') });
  await bed.lro.schedules.trigger(id);
  await bed.scheduleUntil(id, ({ running }) => running.length === 1);
  await bed.lro.schedules.trigger(id);
  await bed.scheduleUntil(id, ({ counts }) => counts.skipped === 1 && counts.started === 1);
  await bed.lro.schedules.trigger(id, { overlap: 'bufferOne' });
  const [first] = (await bed.lro.schedules.describe(id)).running;
  await bed.finish(first!.workflowId);
  const { running } = await bed.scheduleUntil(id, ({ counts }) => counts.started === 2);
  expect(running.map(({ runId }) => runId)).not.toContain(first!.runId);
});

test('with pauseOnFailure a batch that failed pauses its schedule, until it is resumed', async () => {
  const id = await bed.schedule({ batch: standInBatch('fail'), times: everySecond, pauseOnFailure: true });
  const paused = await bed.scheduleUntil(id, (schedule) => schedule.paused);
  // The note names the batch that failed.
  expect(paused.recentRuns.some(({ workflowId }) => paused.note?.includes(workflowId))).toBe(true);
  await bed.lro.schedules.resume(id, 'repaired');
  const { recentRuns } = await bed.scheduleUntil(id, ({ counts }) => counts.started > paused.counts.started);
  expect(recentRuns.length).toBeGreaterThan(paused.recentRuns.length);
});

test('without it the next start comes all the same', async () => {
  const id = await bed.schedule({ batch: standInBatch('fail'), times: everySecond });
  const { paused } = await bed.scheduleUntil(id, ({ counts }) => counts.started >= 2);
  expect(paused).toBe(false);
});

test('a backfill runs each past start of its span, one after the other', async () => {
  const id = await bed.schedule({ batch: standInBatch('wait'), times: { intervals: [{ everySeconds: 3600 }] }, paused: true });
  await bed.lro.schedules.backfill(id, { from: '2026-11-20T01:00:00Z', to: '2026-11-20T03:00:00Z' });
  for (const started of [1, 2, 3]) {
    const { running } = await bed.scheduleUntil(id, ({ counts }) => counts.started === started);
    expect(running).toHaveLength(1);
    await bed.finish(running[0]!.workflowId);
  }
  expect((await bed.lro.schedules.describe(id)).recentRuns.map(({ scheduledAt }) => scheduledAt)).toEqual([
    '2026-11-20T01:00:00.000Z',
    '2026-11-20T02:00:00.000Z',
    '2026-11-20T03:00:00.000Z',
  ]);
});

test('a backfill of a start that was run before runs it again, under the same workflow id', async () => {
  const id = await bed.schedule({ batch: standInBatch('succeed'), times: { intervals: [{ everySeconds: 3600 }] }, paused: true });
  const span = { from: '2026-11-20T01:00:00Z', to: '2026-11-20T01:00:00Z' };
  await bed.lro.schedules.backfill(id, span);
  await bed.scheduleUntil(id, ({ counts, running }) => counts.started === 1 && running.length === 0);
  await bed.lro.schedules.backfill(id, span);
  const { recentRuns } = await bed.scheduleUntil(id, ({ counts }) => counts.started === 2);
  expect(recentRuns[1]!.workflowId).toBe(recentRuns[0]!.workflowId);
  expect(recentRuns[1]!.runId).not.toBe(recentRuns[0]!.runId);
});

test('a backfill that ends before it begins is refused', async () => {
  const id = await bed.schedule({ batch: standInBatch('succeed') });
  await expect(bed.lro.schedules.backfill(id, { from: '2026-11-20T03:00:00Z', to: '2026-11-20T01:00:00Z' })).rejects.toMatchObject({
    problem: 'invalid',
  });
});
