/** What an operator sees of a batch and its shards in the Temporal UI. */
import type { BatchProgress } from '../../contract';
import { plain, problemLine, showLines } from '../show';
import { endedOf, type Tally } from './tally';

/** The current details of a batch: where it stands, as a table. */
export function showBatch(title: string, progress: BatchProgress): void {
  const { phase, counts, submitted, running, itemsPerSecond, etaSeconds, shards, lastProblems, report } = progress;
  const { total, ...outcomes } = counts;
  const row = (name: string, value: string | number): string => `| ${name} | ${value} |`;
  showLines([
    `**${phase}** · ${plain(title)}`,
    '',
    '| | |',
    '|---|---|',
    row('items', total),
    row('submitted', submitted),
    row('running', running),
    ...Object.entries(outcomes)
      .filter(([outcome, count]) => count > 0 || outcome === 'succeeded' || outcome === 'failed')
      .map(([outcome, count]) => row(outcome, count)),
    row('rate', `${itemsPerSecond.toFixed(1)} items/s`),
    etaSeconds === undefined ? undefined : row('ETA', durationText(etaSeconds)),
    row('shards', shards),
    report && row('report', `\`${(report.path ?? report.url ?? '').replaceAll('`', '')}\``),
    lastProblems.length === 0 ? undefined : '\n**last problems**\n',
    ...lastProblems.map(({ at, message }) => `- ${at}: ${plain(message)}`),
  ]);
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
    '| submitted | running | waiting to be submitted again | succeeded | failed | ended |',
    '|---|---|---|---|---|---|',
    `| ${submitted} | ${running} | ${waiting} | ${counts.succeeded} | ${counts.failed} | ${endedOf(counts)} |`,
    lastProblem && `\n- ${problemLine(lastProblem)}`,
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
