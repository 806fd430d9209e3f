/** What an operator sees of a batch and its shards in the Temporal UI. */
import type { BatchProgress, FailureDetails, ItemReport, TroubleKind } from '../../contract';
import { runbookLink } from '../../contract/runbooks';
import { cutTo } from '../../jobs/words';
import { plain, problemLine, showLines } from '../show';
import { endedOf, type Tally } from './tally';
import type { TroubledItems } from './trouble';

/** What is shown of a batch besides its progress. */
export interface BesideBatch {
  /** Why it ended before it began. */
  refusal?: FailureDetails;
  firstFailures: readonly ItemReport[];
  /** Where the documentation is, as the worker was told. */
  docsUrl?: string;
  /** Open items, and those of them that are in trouble; absent once it has ended. */
  troubled?: TroubledItems;
  /** Where these are a considerable part: what most of them are in. */
  trouble?: TroubleKind;
}

/** First failures, and problems, that are shown: the report has them all. */
const MAX_SHOWN = 5;
const MAX_REASON_CHARS = 220;

/** The current details of a batch: what is wrong, what has failed first, and where it stands. */
export function showBatch(title: string, progress: BatchProgress, beside: BesideBatch): void {
  const { phase, counts, submitted, running, itemsPerSecond, etaSeconds, shards, lastProblems, report } = progress;
  const { total, ...outcomes } = counts;
  const ended = Object.entries(outcomes)
    .filter(([outcome, count]) => count > 0 || outcome === 'succeeded' || outcome === 'failed')
    .map(([outcome, count]) => `${outcome} ${count}`);
  const eta = etaSeconds === undefined ? '' : `, ${durationText(etaSeconds)} left`;
  showLines([
    `**${phase}** · ${plain(title)}`,
    '',
    beside.refusal && `- **${beside.refusal.type}**: ${plain(beside.refusal.message)}`,
    ...troubledLines(beside),
    ...lastProblems.slice(0, MAX_SHOWN).map((problem) => `- ${cutTo(problemLine(problem), MAX_REASON_CHARS)}`),
    ...(shards === 0
      ? []
      : [
          // Two lines, so that the first failures stand on the first screen as well.
          `- of ${total} items: submitted ${submitted}, running ${running}, ${ended.join(', ')}`,
          `- ${itemsPerSecond.toFixed(1)} items/s${eta}, ${shards === 1 ? '1 shard' : `${shards} shards`}`,
        ]),
    report && `- report: \`${(report.path ?? report.url ?? '').replaceAll('`', '')}\``,
    beside.firstFailures.length === 0 ? undefined : '\n**first that did not succeed**\n',
    ...beside.firstFailures.slice(0, MAX_SHOWN).map(failureLine),
  ]);
}

function troubledLines({ troubled, trouble, docsUrl }: BesideBatch): string[] {
  const kinds = Object.entries(troubled?.byKind ?? {});
  if (troubled === undefined || kinds.length === 0) return [];
  const list = kinds.map(([kind, count]) => `${count} ${kind}`).join(', ');
  return [
    `- **in trouble**: ${list} of ${troubled.open} open`,
    ...(trouble === undefined ? [] : [`- what to do: ${runbookLink(trouble, docsUrl)}`]),
  ];
}

function failureLine({ id, outcome, failure }: ItemReport): string {
  const why = failure === undefined ? '' : `: ${failure.type}: ${failure.message}`;
  return `- ${cutTo(plain(`${id} ${outcome}${why}`), MAX_REASON_CHARS)}`;
}

/** The current details of one shard. @param waiting items that wait to be submitted (again) */
export function showShard(
  { counts, submitted, running, lastProblem }: Tally,
  shard: number,
  shards: number,
  { isPaused, isStopped }: { isPaused: boolean; isStopped: boolean },
  waiting: number,
): void {
  const phase = isStopped ? 'stopping' : isPaused ? 'paused' : 'running';
  showLines([
    `**${phase}** · shard ${shard + 1} of ${shards}`,
    '',
    lastProblem && `- ${problemLine(lastProblem)}`,
    `- submitted: ${submitted}, running ${running}, to be submitted again ${waiting}`,
    `- ended: ${endedOf(counts)}, succeeded ${counts.succeeded}, failed ${counts.failed}`,
  ]);
}

function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return [
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(whole >= 60 ? [`${minutes} min`] : []),
    ...(whole < 600 ? [`${whole % 60} s`] : []),
  ].join(' ');
}
