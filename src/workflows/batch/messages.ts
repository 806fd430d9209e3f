/**
 * What a batch and its shards send each other. Plain JSON.
 *
 * With Worker Versioning a batch stays on the build that began it, while its shards move to newer ones, and back after a rollback. So the two
 * ends may be of different builds, and either may be the newer one:
 *
 * 1. Messages only grow: no field, signal or query is removed, renamed or given another meaning, and what is added is optional.
 * 2. A reader ignores what it does not know, and does without what is missing (`knownOf` in `tally.ts` for counts of outcomes).
 * 3. A new signal is nothing to an older shard, and an older shard has no answer to a new query: the batch does without.
 *
 * The same holds for what one run hands to the next: `CarriedShard`, `CarriedOperation`, `CarriedChain`, `Job`, `EngineState`.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { ReportTarget, ShardAnswer } from '../../activities/batch/messages';
import type { LearntSettings, Page, Source } from '../../activities/messages';
import { PAUSE_SIGNAL, RESUME_SIGNAL } from '../../contract';
import type { Tally } from './tally';

/** Type of the child workflow that works off a part of a batch. */
export const RUN_SHARD = 'runShard';

/** Input of a shard. */
export interface ShardInput {
  source: Source;
  /** From 0. */
  shard: number;
  shards: number;
  pages: Page[];
  /** Of this shard. */
  maxInFlight: number;
  submitsPerSecond?: number;
  /** Of the whole batch: a shard that has so many failures stops by itself, and reports each one at once. */
  stopAfterFailures?: number;
  report?: ReportTarget;
  settings: LearntSettings;
  /** From its very start. */
  paused?: boolean;
}

export interface ShardResult extends Tally {
  /** Pages of the report that it has written. */
  reportPages: number;
}

/** A shard's report to its batch (`news.ts` says when). */
export interface ShardReport {
  shard: number;
  tally: Tally;
  /** Of the batch: another that had its id before is not meant. */
  firstRunId: string;
}

export const tallySignal = defineSignal<[ShardReport]>('tally');
/** A batch has its shards submit nothing more. */
export const stopSignal = defineSignal('stop');
export const pauseSignal = defineSignal(PAUSE_SIGNAL);
export const resumeSignal = defineSignal(RESUME_SIGNAL);
export const itemQuery = defineQuery<ShardAnswer, [string]>('item');
