/** What a batch and its shards say to each other. Plain JSON. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { BatchSource, Page, ReportTarget, ShardAnswer } from '../../activities/batch/messages';
import type { LearntSettings } from '../../activities/messages';
import { PAUSE_SIGNAL, RESUME_SIGNAL, type FailureDetails, type ItemOutcome, type ItemReport, type Problem } from '../../contract';

/** Type of the child workflow that works off a part of a batch. */
export const RUN_SHARD = 'runShard';

/** Input of a shard. */
export interface ShardInput {
  source: BatchSource;
  /** From 0. */
  shard: number;
  shards: number;
  pages: Page[];
  /** Of this shard. */
  maxInFlight: number;
  submitsPerSecond?: number;
  /** Of the whole batch: a shard that has so many failures stops by itself, and tells of each one at once. */
  stopAfterFailures?: number;
  report?: ReportTarget;
  settings: LearntSettings;
  /** From its very start. */
  paused?: boolean;
}

export type OutcomeCounts = Record<ItemOutcome, number>;

/** What a shard has come to. */
export interface ShardTally {
  counts: OutcomeCounts;
  /** Accepted by the service so far. */
  submitted: number;
  /** Open there now. */
  running: number;
  /** The first items that did not succeed. */
  firstFailures: ItemReport[];
  lastProblem?: Problem;
  /** Why it submits no more though there are items left. */
  broken?: FailureDetails;
}

export interface ShardResult extends ShardTally {
  /** Pages of the report that it has written. */
  reportPages: number;
}

/** A shard tells its batch, at most every ten seconds. */
export const toldSignal = defineSignal<[{ shard: number; tally: ShardTally; firstRunId?: string }]>('told');
/** A batch tells its shards to submit nothing more. */
export const stopSignal = defineSignal('stop');
export const pauseSignal = defineSignal(PAUSE_SIGNAL);
export const resumeSignal = defineSignal(RESUME_SIGNAL);
export const itemQuery = defineQuery<ShardAnswer, [string]>('item');
