/** Counting the items of a batch by outcome. */
import { jsonBytes } from '../engine/weights';
import { isTroubled, type TroubledItems } from './trouble';
import { ITEM_OUTCOMES, type FailureDetails, type ItemOutcome, type ItemReport, type Problem } from '../../contract';

export type OutcomeCounts = Record<ItemOutcome, number>;

/** What a shard, or a batch, has come to. */
export interface Tally {
  counts: OutcomeCounts;
  /** Accepted by the service so far. */
  submitted: number;
  /** Open there now. */
  running: number;
  /** The first items that did not succeed. */
  firstFailures: ItemReport[];
  lastProblem?: Problem;
  /** Of items that are open now, those that are in trouble. Absent: nobody knows, the shard is of an older build. */
  troubled?: TroubledItems;
  /** Why it submits no more though there are items left. */
  broken?: FailureDetails;
}

/** Failures that are listed one by one, and how long what stands in them may be: they travel with every report to the batch. */
const MAX_FIRST_FAILURES = 10;
const MAX_URL_CHARS = 2048;
const MAX_FIELD_CHARS = 1024;
/** Of each failure, whatever stands in it, and of each problem: a batch's result has ten of them. */
const MAX_LISTED_BYTES = 16_384;

export function noTally(): Tally {
  return { counts: noCounts(), submitted: 0, running: 0, firstFailures: [] };
}

function noCounts(): OutcomeCounts {
  return Object.fromEntries(ITEM_OUTCOMES.map((outcome) => [outcome, 0])) as OutcomeCounts;
}

/** @param all of any builds: an outcome that one of them did not know counts as none, and one that this build does not know is not counted */
export function sumOf(all: readonly Partial<OutcomeCounts>[]): OutcomeCounts {
  const sum = noCounts();
  for (const counts of all) for (const outcome of ITEM_OUTCOMES) sum[outcome] += counts[outcome] ?? 0;
  return sum;
}

/** What another build may have told, with all outcomes of this one and no others. */
export function knownOf(tally: Tally): Tally {
  return { ...tally, counts: sumOf([tally.counts]) };
}

/** Items that have ended, however. */
export function endedOf(counts: OutcomeCounts): number {
  return ITEM_OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** Items that the service was asked for and that did not succeed: what `stopAfterFailures` and `failWhen` count. */
export function failuresOf(counts: OutcomeCounts): number {
  return counts.failed + counts.uncertain + counts.canceled;
}

/** The first of all failures, without what is large in them: the report has it. */
export function firstOf(failures: readonly ItemReport[]): ItemReport[] {
  return failures.slice(0, MAX_FIRST_FAILURES).map(({ failure, labels, ...report }) => {
    const listed = { ...report, labels: unlessLong(labels), failure: failure && small(failure) };
    if (jsonBytes(listed) <= MAX_LISTED_BYTES) return listed;
    const { id, kind, outcome, generation } = report;
    return { id, kind, outcome, generation, failure: failure && { type: failure.type, message: failure.message } };
  });
}

/** The first of all failures, with this one where it is among them. */
export function withNext(first: ItemReport[], next: ItemReport): ItemReport[] {
  return first.length < MAX_FIRST_FAILURES ? [...first, ...firstOf([next])] : first;
}

function small(failure: FailureDetails): FailureDetails {
  const { cause, statusUrl, made } = failure;
  return {
    ...failure,
    error: undefined,
    body: undefined,
    made: unlessLong(made),
    labels: unlessLong(failure.labels),
    statusUrl: statusUrl !== undefined && statusUrl.length > MAX_URL_CHARS ? undefined : statusUrl,
    cause: cause && small(cause),
  };
}

function unlessLong<T>(value: T | undefined): T | undefined {
  return JSON.stringify(value ?? null).length > MAX_FIELD_CHARS ? undefined : value;
}

/**
 * A tally as anybody could send it: one that is none is not taken for one. It may be of an older build, which did not know all outcomes, or
 * of a newer one, with more in it: {@link knownOf}.
 */
export function isTally(value: unknown): value is Tally {
  if (typeof value !== 'object' || value === null) return false;
  const { counts, submitted, running, firstFailures, lastProblem, broken, troubled } = value as Partial<Record<keyof Tally, unknown>>;
  if (typeof submitted !== 'number' || typeof running !== 'number' || !Array.isArray(firstFailures)) return false;
  if (firstFailures.length > MAX_FIRST_FAILURES || !firstFailures.every((report) => hasTexts(report, 'id', 'outcome'))) return false;
  if (lastProblem !== undefined && !hasTexts(lastProblem, 'message', 'at')) return false;
  if (broken !== undefined && !hasTexts(broken, 'type', 'message')) return false;
  if (![...(firstFailures as unknown[]), lastProblem, broken, troubled].every(isListable)) return false;
  return (
    typeof counts === 'object' &&
    counts !== null &&
    (troubled === undefined || isTroubled(troubled)) &&
    ITEM_OUTCOMES.every((outcome) => ['number', 'undefined'].includes(typeof (counts as Partial<OutcomeCounts>)[outcome]))
  );
}

/** Whether it is as small as what our shards send. */
function isListable(value: unknown): boolean {
  try {
    return jsonBytes(value) <= MAX_LISTED_BYTES;
  } catch {
    // Nested too deeply to be written again.
    return false;
  }
}

function hasTexts(value: unknown, ...names: string[]): boolean {
  return typeof value === 'object' && value !== null && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'string');
}
