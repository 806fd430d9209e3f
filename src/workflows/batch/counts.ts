/** Counting items by outcome. */
import { ITEM_OUTCOMES, type FailureDetails, type ItemOutcome, type ItemReport } from '../../contract';
import type { OutcomeCounts } from './messages';

/** Failures that are told one by one. */
const MAX_FIRST_FAILURES = 10;

export function noCounts(): OutcomeCounts {
  return Object.fromEntries(ITEM_OUTCOMES.map((outcome) => [outcome, 0])) as OutcomeCounts;
}

export function sumOf(all: readonly OutcomeCounts[]): OutcomeCounts {
  const sum = noCounts();
  for (const counts of all) for (const outcome of ITEM_OUTCOMES) sum[outcome] += counts[outcome];
  return sum;
}

/** Items that have ended, however. */
export function endedOf(counts: OutcomeCounts): number {
  return ITEM_OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** Items that the service was asked for and that did not succeed: what `stopAfterFailures` and `failWhen` count. */
export function failuresOf(counts: OutcomeCounts): number {
  return counts.failed + counts.uncertain + counts.canceled;
}

/** How an item ended whose operation did. */
export function outcomeOf({ type, cause }: FailureDetails): ItemOutcome {
  if (type === 'StepFailed' && cause !== undefined) return outcomeOf(cause);
  if (type === 'SubmissionUncertain') return 'uncertain';
  return type === 'OperationCanceled' ? 'canceled' : 'failed';
}

/** The first of all failures, without what is large in them: the report has it. */
export function firstOf(failures: readonly ItemReport[]): ItemReport[] {
  return failures.slice(0, MAX_FIRST_FAILURES).map((report) => {
    const { failure } = report;
    if (failure === undefined) return report;
    const { cause } = failure;
    const small = cause === undefined ? {} : { cause: { ...cause, error: undefined, body: undefined } };
    return { ...report, failure: { ...failure, error: undefined, body: undefined, ...small } };
  });
}
