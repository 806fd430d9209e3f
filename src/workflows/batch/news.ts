/**
 * When a shard reports to its batch. Pure; the time is passed in.
 *
 * Keeps true: every report stays in the batch's history and in its timeline, so they come more and more seldom: a day of one shard has about 150
 * of counts, and what flutters adds 450 at most.
 */
import type { TroubleKind } from '../../contract';
import type { Tally } from './tally';
import { considerableTrouble } from './trouble';

/** What a report has to tell besides counts. */
export interface News {
  trouble?: TroubleKind;
  /** Failures that are listed one by one. */
  failures: number;
}

/** Soonest after the report before. */
const REPORT_SECONDS = 10;
/** Of the shard's age, so much later than the one before. */
const REPORT_PART = 0.05;
/** The same of a report with something new: a failure that is among the first, a trouble that begins or is over. */
const NEWS_PART = 0.01;
/** For each of many shards. */
const SHARD_PART = 0.001;

/** @param before what was reported last */
export function newsOf({ troubled = { open: 0, byKind: {} }, firstFailures }: Tally, before: News | undefined): News {
  return { trouble: considerableTrouble(troubled, before?.trouble), failures: firstFailures.length };
}

/** How long after the report before the next may go, in seconds. */
export function reportSeconds(news: News, before: News | undefined, ageSeconds: number, shards: number): number {
  const isNew = news.trouble !== before?.trouble || news.failures !== (before?.failures ?? 0);
  return Math.max(REPORT_SECONDS, ageSeconds * Math.max(isNew ? NEWS_PART : REPORT_PART, shards * SHARD_PART));
}
