/** What a live line says of an operation, a chain or a batch. */
import type { BatchProgress, ChainProgress, OperationProgress, StepProgress } from '../../contract';
import type { Seen } from './live';
import { shorten } from './tables';

/** Without a terminal a line each so many percent. */
const PERCENT_A_LINE = 5;

export function seenOfOperation(progress: OperationProgress): Seen {
  return { text: operationText(progress), nextPollAt: progress.nextPollAt };
}

export function seenOfChain({ phase, step, steps }: ChainProgress): Seen {
  const ended = steps.filter((one) => one.phase === 'succeeded' || one.phase === 'given').length;
  const open = steps.find(({ id }) => id === step);
  return {
    text: open === undefined ? phase : `${open.id}: ${operationText(open)}`,
    nextPollAt: open?.nextPollAt,
    ...(steps.length === 0 ? {} : { bar: { ended, total: steps.length } }),
  };
}

export function seenOfBatch({ phase, counts, running, itemsPerSecond, etaSeconds, lastProblems }: BatchProgress): Seen {
  const { total } = counts;
  const ended = counts.succeeded + counts.failed + counts.uncertain + counts.canceled + counts.notStarted + counts.invalid;
  const notWell = ended - counts.succeeded;
  const problem = lastProblems.at(-1)?.message;
  // Nothing is known of its items until its shards report, some seconds after their start.
  const isReported = ended > 0 || running > 0;
  const text = joined([
    phase === 'running' && isReported ? undefined : phase,
    isReported ? `${Math.round(itemsPerSecond * 10) / 10} items/s` : undefined,
    etaSeconds === undefined ? undefined : `ETA ${durationText(etaSeconds)}`,
    isReported ? `${running} open` : undefined,
    notWell === 0 ? undefined : `${notWell} did not succeed`,
    problem && `last problem: ${shorten(problem) ?? ''}`,
  ]);
  const part = total === 0 ? 0 : Math.floor((100 * ended) / total / PERCENT_A_LINE);
  return { text, bar: { ended, total }, change: `${phase} ${part}` };
}

function operationText(progress: OperationProgress | StepProgress): string {
  const { phase, status, polls, attempt, lastProblem } = progress;
  return joined([
    status ?? phase,
    attempt !== undefined && attempt > 1 ? `submit try ${attempt}` : undefined,
    `${polls} ${polls === 1 ? 'poll' : 'polls'}`,
    lastProblem && `last problem: ${shorten(lastProblem.message) ?? ''}`,
  ]);
}

function joined(parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

/** `1 h 5 min`, `4 min 10 s`, `7 s` */
function durationText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
