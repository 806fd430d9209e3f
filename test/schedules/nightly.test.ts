/** A schedule of real batches: it fires, overlaps are left out, and a run that failed is retried with what it left. */
import { randomUUID } from 'node:crypto';
import type { ScheduleDescription } from '../../src/client';
import { item, openBatchHarness, WATCHED, type BatchHarness } from '../batch/harness';
import { eventually } from '../support/eventually';

let harness: BatchHarness;

beforeAll(async () => (harness = await openBatchHarness()));

afterAll(() => harness.close());

test('a night that fails pauses its schedule, starts meanwhile are left out, and a retry runs only what failed', async () => {
  const { lro, emulator } = harness;
  const id = `nightly-${randomUUID()}`;
  const until = (found: (schedule: ScheduleDescription) => boolean): Promise<ScheduleDescription> =>
    eventually(() => lro.schedules.describe(id), found);
  await harness.refuse(400, {}, 'broken');
  await lro.schedules.create({
    id,
    times: { intervals: [{ everySeconds: 1 }] },
    batch: {
      manifest: harness.manifest([item('good'), item('slow', WATCHED), item('broken')]),
      report: { path: 'night-{runId}.jsonl' },
      failWhen: { failedItems: 1 },
    },
    pauseOnFailure: true,
  });
  try {
    await until(({ counts }) => counts.started === 1 && counts.skipped >= 1);
    await harness.finish('slow');
    const { recentRuns, counts } = await until(({ paused }) => paused);
    expect(counts.started).toBe(1);
    const { workflowId } = recentRuns[0]!;
    await expect(lro.getBatch(workflowId).result()).rejects.toMatchObject({
      type: 'BatchFailed',
      batch: { counts: { total: 3, succeeded: 2, failed: 1 } },
    });
    await emulator.admin.removeFaults();
    expect((await lro.executeBatch({ retryOf: { workflowId } })).counts).toMatchObject({ total: 1, succeeded: 1 });
    expect(await harness.submits('good', 'slow')).toHaveLength(2);
  } finally {
    await lro.schedules.delete(id);
  }
});
