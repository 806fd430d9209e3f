/**
 * Kills while questions wait for their members to come due: of the worker, of Temporal, of the service, 20 times each. By the service's own
 * clock no poll is early, with no excuse for a kill; nothing is lost, and nothing is submitted twice that may not be.
 */
import { leadsMs } from './leads';
import { BatchHarness, batchTest, halfOnce, itemsNamed, killsOf, roundsOf } from './process-harness';

const ITEMS = 300;
const RETRY_AFTER = 4;

let harness: BatchHarness;
beforeAll(async () => {
  harness = await BatchHarness.open({
    ownTemporal: true,
    operations: { durationSeconds: 14, retryAfter: String(RETRY_AFTER) },
    connection: { limits: { submitsPerSecond: 1000 } },
  });
});
afterAll(() => harness.close());

const ROUNDS = roundsOf(
  killsOf(() => harness),
  20,
);

test.each(ROUNDS)('%s is killed while questions wait (%i)', async (_, __, kill) => {
  const items = itemsNamed(ITEMS, halfOnce);
  await harness.fresh();
  const batch = await harness.start(items);
  await harness.emulator.admin.waitForRequests({ method: 'POST', count: ITEMS });
  // Anywhere in the first rounds of polls.
  await harness.emulator.admin.waitForRequests({ method: 'GET', count: Math.ceil(Math.random() * 2 * ITEMS) });
  await kill();
  const { report, evidence } = await batch.end();
  expect([...report.values()].filter(({ outcome }) => outcome !== 'succeeded')).toEqual([]);
  expect(evidence.submits).toHaveLength(ITEMS);
  expect(evidence.early(report.values(), RETRY_AFTER)).toEqual([]);
});

batchTest(
  'where a worker has one slot for activities, no question waits in it',
  { operations: { durationSeconds: 7, retryAfter: '2' }, workerEnv: { LRO_MAX_CONCURRENT_ACTIVITIES: '1' } },
  async (one) => {
    const batch = await one.start(itemsNamed(40));
    const { report, evidence, result } = await batch.end();
    expect(result.counts.succeeded).toBe(40);
    expect(evidence.early(report.values(), 2)).toEqual([]);
    // The first one that comes back unasked makes the set wait by itself.
    expect((await leadsMs(batch)).filter((leadMs) => leadMs > 100)).toHaveLength(1);
  },
);
