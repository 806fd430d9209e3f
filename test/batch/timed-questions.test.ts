/** Questions begin before their members are due and wait for each: no poll is early, and a worker's slots are not all taken by those that wait. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Ask } from '../../src/activities/messages';
import { batchTest, itemsNamed, type RunningBatch } from './process-harness';

const ITEMS = 40;
const RETRY_AFTER = 2;
const OPERATIONS = { durationSeconds: 7, retryAfter: String(RETRY_AFTER) };

/** How long before the first of its members was due each question of the first shard was scheduled, in milliseconds. */
async function leadsMs(batch: RunningBatch): Promise<number[]> {
  const { events } = await batch.shard(0).fetchHistory();
  return (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) => {
    const [payload] = scheduled?.input?.payloads ?? [];
    if (scheduled?.activityType?.name !== 'lro.ask' || payload === undefined) return [];
    const asks = defaultPayloadConverter.fromPayload<Ask[]>(payload);
    const atMs = Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6;
    return [Math.min(...asks.map(({ dueAtMs = 0 }) => dueAtMs)) - atMs];
  });
}

batchTest('a question begins before its first member is due, and asks none early', { operations: OPERATIONS }, async (harness) => {
  const batch = await harness.start(itemsNamed(ITEMS));
  const { report, evidence, result } = await batch.end();
  expect(result.counts.succeeded).toBe(ITEMS);
  expect(evidence.early(report.values(), RETRY_AFTER)).toEqual([]);
  const leads = await leadsMs(batch);
  expect(Math.max(...leads)).toBeGreaterThan(100);
  expect(Math.max(...leads)).toBeLessThanOrEqual(1000);
});

batchTest(
  'where a worker has one slot for activities, no question waits in it',
  { operations: OPERATIONS, workerEnv: { LRO_MAX_CONCURRENT_ACTIVITIES: '1' } },
  async (harness) => {
    const batch = await harness.start(itemsNamed(ITEMS));
    const { report, evidence, result } = await batch.end();
    expect(result.counts.succeeded).toBe(ITEMS);
    expect(evidence.early(report.values(), RETRY_AFTER)).toEqual([]);
    // The first one that comes back unasked makes the set wait by itself.
    expect((await leadsMs(batch)).filter((leadMs) => leadMs > 100)).toHaveLength(1);
  },
);

batchTest(
  'what a killed worker may have asked waits once more',
  { operations: { ...OPERATIONS, retryAfter: '8', durationSeconds: 20 } },
  async (harness) => {
    const batch = await harness.start(itemsNamed(ITEMS));
    await harness.emulator.admin.waitForRequests({ method: 'GET', count: 5 });
    await harness.killWorker();
    await harness.startWorker();
    const { report, evidence, result } = await batch.end();
    expect(result.counts.succeeded).toBe(ITEMS);
    expect(evidence.early(report.values(), 8)).toEqual([]);
  },
);
