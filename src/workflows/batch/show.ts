/** What an operator sees of a batch and its shards in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { BatchProgress } from '../../contract';
import { plain } from '../show';
import { endedOf } from './counts';
import type { ShardTally } from './messages';

/** The current details of a batch: where it stands, as a table. */
export function showBatch(title: string, progress: BatchProgress): void {
  const { phase, counts, submitted, running, itemsPerSecond, etaSeconds, shards, lastProblems, report } = progress;
  const { total, ...outcomes } = counts;
  const row = (name: string, value: string | number): string => `| ${name} | ${value} |`;
  const lines = [
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
    ...(etaSeconds === undefined ? [] : [row('ETA', durationText(etaSeconds))]),
    row('shards', shards),
    ...(report === undefined ? [] : [row('report', `\`${(report.path ?? report.url ?? '').replaceAll('`', '')}\``)]),
    ...(lastProblems.length === 0
      ? []
      : ['', '**last problems**', '', ...lastProblems.map(({ at, message }) => `- ${at}: ${plain(message)}`)]),
  ];
  setCurrentDetails(lines.join('\n'));
}

/** The current details of one shard. */
export function showShard(
  tally: ShardTally,
  shard: number,
  shards: number,
  state: { paused: boolean; stopped: boolean; waiting: unknown[] },
): void {
  const { counts, submitted, running, lastProblem } = tally;
  const phase = state.stopped ? 'stopping' : state.paused ? 'paused' : 'running';
  const lines = [
    `**${phase}** · shard ${shard + 1} of ${shards}`,
    '',
    '| submitted | running | waiting to be submitted again | succeeded | failed | ended |',
    '|---|---|---|---|---|---|',
    `| ${submitted} | ${running} | ${state.waiting.length} | ${counts.succeeded} | ${counts.failed} | ${endedOf(counts)} |`,
    ...(lastProblem === undefined ? [] : ['', `- last problem (${lastProblem.at}): ${plain(lastProblem.message)}`]),
  ];
  setCurrentDetails(lines.join('\n'));
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
