/** Questions begin before their members are due and wait for each: no poll is early, whoever is killed. */
import { leadsMs } from './leads';
import { batchTest, itemsNamed } from './process-harness';

const ITEMS = 40;
const RETRY_AFTER = 5;

batchTest(
  'a question begins before its first member is due and asks none early, nor does the next try after a worker was killed',
  { operations: { durationSeconds: 11, retryAfter: String(RETRY_AFTER) } },
  async (harness) => {
    const batch = await harness.start(itemsNamed(ITEMS));
    await harness.emulator.admin.waitForRequests({ method: 'GET', count: 5 });
    await harness.killWorker();
    await harness.startWorker();
    const { report, evidence, result } = await batch.end();
    expect(result.counts.succeeded).toBe(ITEMS);
    expect(evidence.early(report.values(), RETRY_AFTER)).toEqual([]);
    const leads = await leadsMs(batch);
    expect(Math.max(...leads)).toBeGreaterThan(100);
    expect(Math.max(...leads)).toBeLessThanOrEqual(1000);
  },
);
