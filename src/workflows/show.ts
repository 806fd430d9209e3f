/**
 * What an operator sees in the Temporal UI, without opening a payload.
 *
 * Keeps true:
 * 1. URLs are shown with signatures masked.
 * 2. What is wrong, since when, and when it is tried next stand before anything else. Lists, no tables: the UI has half a page for it, and sets
 *    cells without a space between them.
 */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ChainProgress, OperationProgress, Problem, ProgressFailure, StepProgress } from '../contract';
import { runbookLink } from '../contract/runbooks';
import { clockTime, seconds } from '../jobs/words';
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
  return text.replace(/[\\`*_{}[\]<>#|!]|:(?=\/\/)/g, '\\$&');
}

/** The current details: a line each, those that say nothing left out. */
export function showLines(lines: readonly (string | undefined)[]): void {
  setCurrentDetails(lines.filter((line) => line !== undefined).join('\n'));
}

/** What is not of the operation itself, and is shown beside it. */
export interface Beside {
  labels?: Record<string, string>;
  /** Where the documentation is, as the worker was told. */
  docsUrl?: string;
  /** Why its input was refused. */
  refusal?: ProgressFailure;
}

/** The current details of an operation. */
export function showProgress(title: string, progress: OperationProgress, beside: Beside): void {
  const { phase, status, operationId, statusUrl, polls, lastPollAt, nextPollAt, resourceLocation, failure } = progress;
  const word = status ?? (phase === 'submitting' ? 'Submitting' : phase);
  showLines([
    `**${plain(word)}** · ${plain(title)}`,
    '',
    failure && failureLine(failure),
    ...troubleLines(progress, beside.docsUrl),
    operationId === undefined ? undefined : `- operation: \`${operationId.replaceAll('`', '')}\``,
    phase === word.toLowerCase() ? undefined : `- phase: ${phase}`,
    polls > 0 || nextPollAt !== undefined
      ? `- polls: ${polls}${lastPollAt === undefined ? '' : `, the last at ${seconds(lastPollAt)}`}`
      : undefined,
    // Where something is wrong the next try has been told.
    nextPollAt && progress.lastProblem === undefined ? `- next poll: ${seconds(nextPollAt)}` : undefined,
    progress.tracker && `- polled together with others by \`${progress.tracker.replaceAll('`', '')}\``,
    statusUrl && `- status URL: <${statusUrl}>`,
    resourceLocation && `- resource: <${resourceLocation}>`,
    ...labelLines(beside.labels),
  ]);
}

/** The current details of a chain: of the step that is under way what is wrong, and where each of them stands. */
export function showChain({ phase, step, steps }: ChainProgress, title: string | undefined, beside: Beside): void {
  const current = steps.find(({ id }) => id === step);
  const failed = steps.find(({ failure }) => failure !== undefined);
  const heading = current === undefined ? title : `${current.id}: ${current.title}`;
  showLines([
    `**${phase}**${heading === undefined ? '' : ` · ${plain(heading)}`}`,
    '',
    failed?.failure && failureLine(failed.failure, failed.id),
    beside.refusal && failureLine(beside.refusal),
    ...(current === undefined ? [] : troubleLines(current, beside.docsUrl)),
    current?.nextPollAt && current.lastProblem === undefined ? `- next poll: ${seconds(current.nextPollAt)}` : undefined,
    current?.operationId && `- operation: \`${current.operationId.replaceAll('`', '')}\``,
    current?.statusUrl && `- status URL: <${current.statusUrl}>`,
    ...labelLines(beside.labels),
    '',
    ...steps.map(stepLine),
  ]);
}

function stepLine({ id, phase, status, polls, operationId, resourceLocation }: StepProgress, index: number): string {
  const made = lastSegment(resourceLocation) ?? operationId;
  const word = status === undefined || status.toLowerCase() === phase.toLowerCase() ? undefined : plain(status);
  const told = [phase, word, polls > 0 ? `polls: ${polls}` : undefined, made && `\`${made.replaceAll('`', '')}\``];
  return `${index + 1}. ${plain(id)}: ${told.filter((one) => one !== undefined).join(', ')}`;
}

function lastSegment(url: string | undefined): string | undefined {
  return url
    ?.split(/[?#]/)[0]
    ?.split('/')
    .findLast((segment) => segment !== '');
}

function failureLine({ type, message }: ProgressFailure, step?: string): string {
  return `- **${plain(type)}**${step === undefined ? '' : ` at step ${plain(step)}`}: ${plain(message)}`;
}

/** What is wrong, since when, when it is tried next, and what people can do. */
function troubleLines(progress: Omit<OperationProgress, 'phase'>, docsUrl: string | undefined): string[] {
  const { lastProblem, attempt, nextTryAt, nextPollAt } = progress;
  if (lastProblem === undefined) return [];
  const { kind } = lastProblem;
  const next = nextTryAt ?? nextPollAt;
  const number = attempt === undefined ? '' : ` no. ${attempt}`;
  return [
    `- ${problemLine(lastProblem)}`,
    ...(next === undefined ? [] : [`- next try${number}: ${seconds(next)}`]),
    ...(kind === undefined ? [] : [`- what to do: ${runbookLink(kind, docsUrl)}`]),
  ];
}

/** What went wrong last, in the service's words, since when, how often, and when last. */
export function problemLine({ kind, at, since = at, times = 1, message, said }: Problem): string {
  const told = times > 1 ? ` (${times} times, last at ${clockTime(at, since)})` : '';
  const words = said === undefined || message.includes(said.replace(/^\d+ /, '')) ? message : `${said} (${message})`;
  return `**${kind ?? 'note'}** since ${seconds(since)}${told}: ${plain(words)}`;
}

function labelLines(labels: Record<string, string> = {}): string[] {
  return Object.entries(labels).map(([name, value]) => `- ${plain(name)}: ${plain(value)}`);
}
