/** Batches as tables. */
import type { BatchCounts, BatchProgress, BatchResult, ItemStanding } from '../../contract';
import { ITEM_OUTCOMES } from '../../contract';
import { writeError } from './terminal';
import { factTable, fileText, listTable, shorten } from './tables';

export function progressTable(progress: BatchProgress): string {
  const { phase, counts, submitted, running, itemsPerSecond, etaSeconds, startedAt, shards, lastProblems, report } = progress;
  const facts = factTable([
    ['phase', phase],
    ['items', countText(counts)],
    ['submitted', submitted],
    ['open', running],
    ['rate', `${rounded(itemsPerSecond)} items/s`],
    ['time left', etaSeconds === undefined ? undefined : `${Math.ceil(etaSeconds)} s`],
    ['started', startedAt],
    ['shards', shards],
    ['report', fileText(report)],
  ]);
  if (lastProblems.length === 0) return facts;
  const problems = listTable(
    ['last problems', ''],
    lastProblems.map(({ at, message }) => [at, shorten(message)]),
    '',
  );
  return `${facts}\n\n${problems}`;
}

export function resultTable(result: BatchResult): string {
  const { counts, startedAt, completedAt, durationSeconds, itemsPerSecond, firstFailures, report } = result;
  const facts = factTable([
    ['items', countText(counts)],
    ['started', startedAt],
    ['completed', completedAt],
    ['duration', `${rounded(durationSeconds)} s`],
    ['rate', `${rounded(itemsPerSecond)} items/s`],
    ['report', fileText(report)],
  ]);
  if (firstFailures.length === 0) return facts;
  const failures = listTable(
    ['first failures', 'outcome', 'type', 'message'],
    firstFailures.map(({ id, outcome, failure }) => [id, outcome, failure?.type, shorten(failure?.message)]),
    '',
  );
  return `${facts}\n\n${failures}`;
}

/** Beside the message of a batch that failed or was cancelled. */
export function printUnfinishedBatch(batch: BatchResult): void {
  writeError(resultTable(batch));
}

export function itemTable({ id, state, progress, report }: ItemStanding): string {
  const { result, failure } = report ?? {};
  return factTable([
    ['item', id],
    ['state', state],
    ['outcome', report?.outcome],
    ['status', progress?.status ?? result?.status],
    ['operation', progress?.operationId ?? result?.operationId ?? failure?.operationId],
    ['status URL', progress?.statusUrl ?? result?.statusUrl ?? failure?.statusUrl],
    ['polls', progress?.polls ?? result?.polls],
    ['last poll', progress?.lastPollAt],
    ['next poll', progress?.nextPollAt],
    ['last problem', shorten(progress?.lastProblem?.message)],
    ['resource', progress?.resourceLocation ?? result?.resourceLocation],
    ['failure', failure && `${failure.type}: ${shorten(failure.message) ?? ''}`],
  ]);
}

/** `200: 180 succeeded, 20 failed`; outcomes that did not happen are left out. */
function countText(counts: BatchCounts): string {
  const parts = ITEM_OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${outcome}`);
  return parts.length === 0 ? String(counts.total) : `${counts.total}: ${parts.join(', ')}`;
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10;
}
