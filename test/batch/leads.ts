/** When a batch's questions begin, by its history. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Ask } from '../../src/activities/messages';
import { rowsOf, type Rows } from '../../src/jobs/packing';
import type { RunningBatch } from './process-harness';

/** How long before the first of its members was due each question of the first shard was scheduled, in milliseconds. */
export async function leadsMs(batch: RunningBatch): Promise<number[]> {
  const { events } = await batch.shard(0).fetchHistory();
  return (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) => {
    const [payload] = scheduled?.input?.payloads ?? [];
    if (scheduled?.activityType?.name !== 'lro.ask' || payload === undefined) return [];
    const asks = rowsOf(defaultPayloadConverter.fromPayload<Rows<Ask>>(payload));
    const atMs = Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6;
    return [Math.min(...asks.map(({ dueAtMs = 0 }) => dueAtMs)) - atMs];
  });
}
