/**
 * What a considerable part of a batch's open items is kept from going on by: what lists of workflows show of the batch. Pure.
 *
 * Keeps true: around its bounds it does not flutter, because every change of it is written into history.
 */
import { TROUBLE_KINDS, type TroubleKind } from '../../contract';
import { troubleOf } from '../../jobs/problem';
import type { Job } from '../../jobs/model';

/** Open items, and those of them that are in trouble, by kind. */
export interface TroubledItems {
  open: number;
  byKind: Partial<Record<TroubleKind, number>>;
}

/** From such a part of the open items on it is considerable, and below that one it no longer is. */
const CONSIDERABLE_PART = 0.1;
const NO_LONGER_PART = 0.05;

/** What anybody could send is only looked at where it has this shape. */
export function isTroubled(value: unknown): value is TroubledItems {
  const { byKind } = typeof value === 'object' && value !== null ? (value as Partial<TroubledItems>) : {};
  return typeof byKind === 'object' && (byKind as unknown) !== null;
}

/** @param jobs all that have begun and not ended */
export function troubledItems(jobs: readonly Job[]): TroubledItems {
  const byKind: TroubledItems['byKind'] = {};
  for (const job of jobs) {
    const kind = troubleOf(job);
    if (kind !== undefined) byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { open: jobs.length, byKind };
}

/** @param all of any builds, and of anybody who sends tallies: what is no number of a known kind is not counted */
export function sumOfTroubled(all: readonly (TroubledItems | undefined)[]): TroubledItems {
  const sum: TroubledItems = { open: 0, byKind: {} };
  for (const one of all) {
    sum.open += numberOf(one?.open);
    for (const kind of TROUBLE_KINDS) {
      const count = numberOf(one?.byKind[kind]);
      if (count > 0) sum.byKind[kind] = (sum.byKind[kind] ?? 0) + count;
    }
  }
  return sum;
}

/** The kind that keeps most from going on, where they are a considerable part. @param before what it was */
export function considerableTrouble({ open, byKind }: TroubledItems, before: TroubleKind | undefined): TroubleKind | undefined {
  const counts = TROUBLE_KINDS.map((kind) => ({ kind, count: byKind[kind] ?? 0 }));
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total === 0 || total < open * (before === undefined ? CONSIDERABLE_PART : NO_LONGER_PART)) return undefined;
  const most = counts.reduce((first, one) => (one.count > first.count ? one : first));
  const kept = counts.find(({ kind }) => kind === before);
  return kept !== undefined && kept.count * 2 >= most.count ? kept.kind : most.kind;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
