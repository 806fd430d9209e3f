/**
 * A workflow of type `runBatch` that runs nothing: tests of what starts and follows batches say in `defaults.labels.does` how it is to
 * end. `wait`: not before signal `finish`; `fail`: as `BatchFailed`; anything else: at once.
 */
import { ApplicationFailure, condition, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { BatchCounts, BatchInput, BatchProgress, BatchResult, FailureDetails, ItemStanding } from '../../../src/contract';
import { ITEM_UPDATE, PAUSE_SIGNAL, PROGRESS_QUERY, RESUME_SIGNAL } from '../../../src/contract';

export async function runBatch(input: BatchInput): Promise<BatchResult> {
  const does = input.defaults?.labels?.['does'];
  const items = input.items ?? [];
  let paused = false;
  let finished = false;
  let questions = 0;
  setHandler(defineSignal(PAUSE_SIGNAL), () => void (paused = true));
  setHandler(defineSignal(RESUME_SIGNAL), () => void (paused = false));
  setHandler(defineSignal('finish'), () => void (finished = true));
  setHandler(defineQuery<BatchProgress>(PROGRESS_QUERY), () => ({
    phase: paused ? 'paused' : 'running',
    counts: countsOf(items.length, 0),
    submitted: items.length,
    running: items.length,
    itemsPerSecond: 0,
    etaSeconds: 65,
    shards: 1,
    lastProblems: [{ message: 'the service is busy', at: '2026-11-25T02:00:00.000Z' }],
  }));
  setHandler(defineUpdate<ItemStanding, [string]>(ITEM_UPDATE), (id) => {
    const message = `the batch has no item "${id}"`;
    if (!items.some((item) => item.id === id)) throw typed({ type: 'InvalidInput', message });
    return { id, state: 'open', progress: { polls: ++questions } };
  });
  if (does === 'wait') await condition(() => finished);
  const result: BatchResult = {
    counts: does === 'fail' ? countsOf(items.length, items.length) : countsOf(items.length, 0),
    startedAt: '2026-11-25T02:00:00.000Z',
    completedAt: '2026-11-25T02:00:10.000Z',
    durationSeconds: 10,
    itemsPerSecond: items.length / 10,
    firstFailures:
      does === 'fail'
        ? [
            {
              id: 'first',
              kind: 'operation',
              outcome: 'failed',
              generation: 0,
              failure: { type: 'OperationFailed', message: 'no such dataset' },
            },
          ]
        : [],
    ...(input.report && { report: input.report }),
  };
  if (does === 'fail') throw typed({ type: 'BatchFailed', message: `${items.length} items did not succeed`, batch: result });
  return result;
}

function typed(details: FailureDetails): ApplicationFailure {
  return ApplicationFailure.create({ type: details.type, message: details.message, nonRetryable: true, details: [details] });
}

function countsOf(total: number, failed: number): BatchCounts {
  return { total, succeeded: total - failed, failed, uncertain: 0, canceled: 0, notStarted: 0, invalid: 0 };
}
