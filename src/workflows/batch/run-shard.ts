/**
 * Workflow `runShard`: a part of a batch.
 *
 * Keeps true:
 * 1. Every item of its pages ends once, in the counts and in the report, whatever becomes of the batch.
 * 2. It continues as new with all that is begun; what it has to report is written before.
 * 3. After its batch is cancelled, or gone, nothing more is submitted.
 */
import { CancellationScope, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Page } from '../../activities/messages';
import { inGroups } from '../../jobs/groups';
import type { Job } from '../../jobs/model';
import { packed, rowsOf, type Rows } from '../../jobs/packing';
import { cancelAll } from '../engine/cancel';
import { carriedBy } from '../engine/carry';
import { throwIfCancelled } from '../engine/cancellation';
import { inNewRun, isHistoryDear, isNewRunDue } from '../engine/new-run';
import { typedFailure } from '../failures';
import { isMeant, pollNowSignal } from '../poll-now';
import { itemQuery, pauseSignal, resumeSignal, stopSignal, type ShardInput, type ShardResult } from './messages';
import { Shard, type CarriedShard } from './shard';

/** Temporal ends a workflow at 51,200: before that, what is under way is waited for without asking. */
const MAX_HISTORY_EVENTS = 30_000;

/** Jobs that continue as new travel in arguments of at most so many characters: a payload may have 2 MB. */
const MAX_ARGUMENT_CHARS = 500_000;

/** @returns what became of its items; also when it is cancelled */
export async function runShard(
  input: ShardInput,
  carried?: CarriedShard,
  pages?: [number, Page][],
  ...jobs: Rows<Job>[]
): Promise<ShardResult> {
  requireParent(input);
  const shard = new Shard(input, carriedBy(carried), pages, jobs.flatMap(rowsOf));
  setHandler(pauseSignal, () => shard.change({ isPaused: true }));
  setHandler(resumeSignal, () => shard.change({ isPaused: false }));
  setHandler(stopSignal, () => shard.change({ isStopped: true }));
  setHandler(pollNowSignal, (target) => {
    if (isMeant(target, input.source.firstRunId)) shard.pollNow(target?.key);
  });
  setHandler(itemQuery, (id) => shard.find(id));
  const { engine } = shard;
  try {
    while (engine.isOpen) {
      // Before anything is sent: what has failed may be the end of it.
      shard.collect();
      if (isToContinueAsNew(shard) && (await settled(shard))) return await continueAsNew(input, shard);
      await engine.send(shard.room());
      shard.tell();
      await engine.rest(shard.room());
    }
  } catch (err) {
    if (!isCancellation(err)) throw err;
    await CancellationScope.nonCancellable(() => cancelAll(engine));
  }
  return CancellationScope.nonCancellable(() => shard.close());
}

/** Nobody but a batch starts shards. @throws ApplicationFailure `InvalidInput` */
function requireParent(input: Partial<ShardInput> | undefined): void {
  const { parent } = workflowInfo();
  if (parent !== undefined && input?.source?.workflowId === parent.workflowId && Array.isArray(input.pages)) return;
  throw typedFailure({ type: 'InvalidInput', message: 'runShard is a part of runBatch, which starts it: start a batch instead' });
}

/** Whether a new run is to go on. Until it does nothing more is begun. */
function isToContinueAsNew(shard: Shard): boolean {
  const { engine, input } = shard;
  if (!engine.isUnderWay && isHistoryDear(input.shards)) return true;
  const isDue = isNewRunDue(input.settings, true);
  shard.change({ isWaitingForNewRun: isDue });
  engine.holdsFiles = isDue;
  // A chunk that is long in coming back, a large file say, does not keep the others from being asked.
  return isDue && (!engine.isStreaming || workflowInfo().historyLength > MAX_HISTORY_EVENTS);
}

/** Waits for all that is under way, and writes what was told of it. @returns whether anything is left for the next run */
async function settled(shard: Shard): Promise<boolean> {
  await shard.engine.settle();
  await shard.flush();
  // The next run would not know of a cancellation that this one was told of.
  await throwIfCancelled();
  return shard.engine.isOpen;
}

async function continueAsNew(input: ShardInput, shard: Shard): Promise<never> {
  const { carried, pages, jobs } = shard.carried();
  const groups = inGroups(jobs, MAX_ARGUMENT_CHARS, (job) => JSON.stringify(job).length);
  return await inNewRun<typeof runShard>({ ...input, pages: [] }, carried, pages, ...groups.map(packed));
}
