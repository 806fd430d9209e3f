/** Why a batch as a whole did not succeed, if so. */
import type { BatchCounts, BatchInput, FailureDetails } from '../../contract';
import { reasonOf } from '../failures';
import type { ShardResult } from './messages';
import { endedOf, failuresOf, type Tally } from './tally';

/** @param lostReport why the report could not be put together */
export function batchFailure(
  { failWhen }: BatchInput,
  results: readonly PromiseSettledResult<ShardResult>[],
  tallies: readonly Tally[],
  counts: BatchCounts,
  lostReport: string | undefined,
): FailureDetails | undefined {
  const lost = results.flatMap((result, shard) => (result.status === 'rejected' ? [`shard ${shard + 1}: ${reasonOf(result.reason)}`] : []));
  if (lost.length > 0) {
    const missing = counts.total - endedOf(counts);
    const message = `${lost.length} of ${results.length} shards did not come to their end, and ${missing} items are not accounted for (${lost.slice(0, 3).join('; ')})`;
    return { type: 'BatchFailed', message };
  }
  const broken = tallies.find((tally) => tally.broken !== undefined)?.broken;
  if (broken !== undefined) return broken;
  if (lostReport !== undefined)
    return { type: 'BatchFailed', message: `all items have ended, but the report could not be put together: ${lostReport}` };
  const { failedItems = Infinity, failedPercent = Infinity } = failWhen ?? {};
  const failures = failuresOf(counts);
  const percent = counts.total === 0 ? 0 : (failures / counts.total) * 100;
  if (failures === 0 || (failures < failedItems && percent < failedPercent)) return undefined;
  return { type: 'BatchFailed', message: `${failures} of ${counts.total} items did not succeed (${percent.toFixed(1)} %)` };
}
