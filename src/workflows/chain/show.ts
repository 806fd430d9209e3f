/** What an operator sees of a chain in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ChainProgress, StepProgress } from '../../contract';
import { plain } from '../show';

/** The current details of a chain: its steps as a table. */
export function showChain({ phase, step, steps }: ChainProgress, labels: Record<string, string> | undefined): void {
  const under = steps.find(({ id }) => id === step);
  const lines = [
    `**${phase}**${under === undefined ? '' : ` · ${plain(under.id)}: ${plain(under.title)}`}`,
    '',
    '| step | | phase | status | polls | next poll | operation | resource |',
    '|---|---|---|---|---|---|---|---|',
    ...steps.map(row),
    ...steps.flatMap(({ id, lastProblem }) =>
      lastProblem === undefined ? [] : ['', `- ${plain(id)}, last problem (${lastProblem.at}): ${plain(lastProblem.message)}`],
    ),
    '',
    ...Object.entries(labels ?? {}).map(([name, value]) => `- ${plain(name)}: ${plain(value)}`),
  ];
  setCurrentDetails(lines.join('\n'));
}

function row({ id, title, phase, status, polls, nextPollAt, operationId, resourceLocation }: StepProgress): string {
  const cells = [
    plain(id),
    plain(title),
    phase,
    plain(status ?? ''),
    polls === 0 ? '' : String(polls),
    nextPollAt ?? '',
    operationId === undefined ? '' : `\`${operationId.replaceAll(/[`|]/g, '')}\``,
    resourceLocation === undefined ? '' : `<${resourceLocation.replaceAll('|', '%7C')}>`,
  ];
  return `| ${cells.join(' | ')} |`;
}
