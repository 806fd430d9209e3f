/**
 * What an operator sees in the Temporal UI, without opening a payload.
 *
 * Keeps true: URLs are shown with signatures masked.
 */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ChainProgress, OperationProgress, Problem, StepProgress } from '../contract';
import type { Job } from '../jobs/model';
import { isUnaccepted } from '../jobs/progress';

/** How lists show a run that has ended, by its phase. */
export const ENDED_STATUS: Record<string, string | undefined> = { succeeded: 'Succeeded', failed: 'Failed', canceled: 'Canceled' };

/** How lists show a job of whose status no answer has told. */
export function standing(job: Job | undefined): string {
  return job === undefined || isUnaccepted(job) ? 'Submitting' : 'Accepted';
}

/** Text of a service as Markdown shows it, and not as it could be made to mean. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&');
}

/** The current details: a line each, those that say nothing left out. */
export function showLines(lines: readonly (string | undefined)[]): void {
  setCurrentDetails(lines.filter((line) => line !== undefined).join('\n'));
}

/** The current details of an operation. */
export function showProgress(title: string, progress: OperationProgress, labels: Record<string, string> | undefined): void {
  const { phase, status, operationId, statusUrl, polls, lastPollAt, nextPollAt, lastProblem, resourceLocation } = progress;
  const id = operationId === undefined ? '' : ` · operation \`${operationId.replaceAll('`', '')}\``;
  showLines([
    `**${plain(status ?? phase)}** · ${plain(title)}${id}`,
    '',
    `- phase: ${phase}, polls: ${polls}`,
    lastPollAt && `- last poll: ${lastPollAt}`,
    nextPollAt && `- next poll: ${nextPollAt}`,
    statusUrl && `- status URL: <${statusUrl}>`,
    resourceLocation && `- resource: <${resourceLocation}>`,
    lastProblem && `- ${problemLine(lastProblem)}`,
    ...labelLines(labels),
  ]);
}

/** The current details of a chain: its steps as a table. */
export function showChain({ phase, step, steps }: ChainProgress, labels: Record<string, string> | undefined): void {
  const current = steps.find(({ id }) => id === step);
  showLines([
    `**${phase}**${current === undefined ? '' : ` · ${plain(current.id)}: ${plain(current.title)}`}`,
    '',
    '| step | | phase | status | polls | next poll | operation | resource |',
    '|---|---|---|---|---|---|---|---|',
    ...steps.map(row),
    ...steps.flatMap(({ id, lastProblem }) => (lastProblem === undefined ? [] : ['', `- ${plain(id)}, ${problemLine(lastProblem)}`])),
    '',
    ...labelLines(labels),
  ]);
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

/** What went wrong last, when, and since when. */
export function problemLine({ at, since = at, message }: Problem): string {
  const when = since === at ? at : `${at}, since ${since}`;
  return `last problem (${when}): ${plain(message)}`;
}

function labelLines(labels: Record<string, string> = {}): string[] {
  return Object.entries(labels).map(([name, value]) => `- ${plain(name)}: ${plain(value)}`);
}
