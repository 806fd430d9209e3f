/**
 * What an operator sees of one operation in the Temporal UI, without opening a payload.
 *
 * Keeps true: URLs are shown with signatures masked; search attributes are written on change only, and only those the namespace has.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OperationProgress } from '../contract';
import { SEARCH_ATTRIBUTES } from '../contract';

/** How lists show a run that has ended, by its phase. */
export const ENDED_STATUS: Record<string, string | undefined> = { succeeded: 'Succeeded', failed: 'Failed', canceled: 'Canceled' };

/** Text of a service as Markdown shows it, and not as it could be made to mean. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&');
}

/** The workflow's current details. */
export function showProgress(title: string, progress: OperationProgress, labels: Record<string, string> | undefined): void {
  const { phase, status, operationId, statusUrl, polls, lastPollAt, nextPollAt, lastProblem, resourceLocation } = progress;
  const lines = [
    `**${plain(status ?? phase)}** · ${plain(title)}${operationId === undefined ? '' : ` · operation \`${operationId.replaceAll('`', '')}\``}`,
    '',
    `- phase: ${phase}, polls: ${polls}`,
    ...(lastPollAt === undefined ? [] : [`- last poll: ${lastPollAt}`]),
    ...(nextPollAt === undefined ? [] : [`- next poll: ${nextPollAt}`]),
    ...(statusUrl === undefined ? [] : [`- status URL: <${statusUrl}>`]),
    ...(resourceLocation === undefined ? [] : [`- resource: <${resourceLocation}>`]),
    ...(lastProblem === undefined ? [] : [`- last problem (${lastProblem.at}): ${plain(lastProblem.message)}`]),
    ...Object.entries(labels ?? {}).map(([name, value]) => `- ${plain(name)}: ${plain(value)}`),
  ];
  setCurrentDetails(lines.join('\n'));
}

type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;

/** Writes search attributes that have changed since `written`, which it brings up to date. */
export function showSearchAttributes(
  values: Partial<Record<SearchAttributeName, string>>,
  registered: readonly string[],
  written: Partial<Record<SearchAttributeName, string>>,
): void {
  const pairs = [];
  for (const [key, value] of Object.entries(values) as [SearchAttributeName, string | undefined][]) {
    const name = SEARCH_ATTRIBUTES[key];
    // A keyword's limit is 2 KB in every visibility store.
    const kept = value?.slice(0, 512);
    if (kept === undefined || written[key] === kept || !registered.includes(name)) continue;
    written[key] = kept;
    pairs.push({ key: defineSearchAttributeKey(name, 'KEYWORD'), value: kept });
  }
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}
