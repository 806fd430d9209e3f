/** Operations, chains and lists of runs as tables. */
import type { RunSummary } from '../../client';
import type { ChainProgress, ChainResult, Json, OperationProgress, OperationResult } from '../../contract';
import { factTable, fileText, listTable, shorten } from './tables';

/** Of a final body, in characters of JSON: what is longer would push everything else off the screen. */
const MAX_SHOWN_BODY = 2000;

export function operationResultTable(result: OperationResult): string {
  const { status, resourceId, resourceLocation, operationId, statusUrl, polls, submittedAt, completedAt } = result;
  const { body, resource, file, warning, truncated, missing } = result;
  const facts = factTable([
    ['status', status],
    ['resource', resourceLocation],
    ['resource id', resourceId],
    ['operation', operationId],
    ['status URL', statusUrl],
    ['polls', polls],
    ['submitted', submittedAt],
    ['completed', completedAt],
    ['file', file && `${fileText(file) ?? ''} (${file.bytes} bytes)`],
    ['warning', warning === undefined ? undefined : shorten(JSON.stringify(warning))],
    ['cut', truncated?.join(', ')],
    [
      'not read',
      missing &&
        Object.entries(missing)
          .map(([name, why]) => `${name}: ${why}`)
          .join('\n'),
    ],
  ]);
  return [facts, jsonText('body', body), jsonText('resource', resource)].filter((part) => part !== undefined).join('\n');
}

export function chainResultTable({ status, resourceId, resourceLocation, made, polls, startedAt, completedAt }: ChainResult): string {
  const facts = factTable([
    ['status', status],
    ['resource', resourceLocation],
    ['resource id', resourceId],
    ['polls', polls],
    ['started', startedAt],
    ['completed', completedAt],
  ]);
  const rows = Object.entries(made).map(([step, one]) => [step, one.resourceId, one.resourceLocation]);
  return `${facts}\n\n${listTable(['made', 'id', 'resource'], rows, '')}`;
}

/** Where an operation stands, as its workflow says. */
export function operationFacts(progress: OperationProgress): [string, string | number | undefined][] {
  const { phase, status, operationId, statusUrl, polls, lastPollAt, nextPollAt, attempt, nextTryAt } = progress;
  return [
    ['phase', phase],
    ['status', status],
    ['operation', operationId],
    ['status URL', statusUrl],
    ['polls', polls],
    ['last poll', lastPollAt],
    ['next poll', nextPollAt],
    ['submit try', attempt],
    ['next try', nextTryAt],
    ['last problem', shorten(progress.lastProblem?.message)],
    ['resource', progress.resourceLocation],
  ];
}

export function chainTable({ steps }: ChainProgress): string {
  return listTable(
    ['step', 'phase', 'status', 'polls', 'next poll', 'what'],
    steps.map(({ id, phase, status, polls, nextPollAt, title }) => [id, phase, status, polls, nextPollAt, title]),
    '',
  );
}

/** What Temporal knows of a run without a worker. */
export function runFacts(run: RunSummary): [string, string | undefined][] {
  return [
    [run.kind, run.id],
    ['state', run.state],
    ['started', run.startedAt],
    ['ended', run.closedAt],
    ['connection', run.connection],
    ['trouble', run.trouble],
    ['task queue', run.taskQueue],
  ];
}

export function runList(runs: RunSummary[]): string {
  return listTable(
    ['id', 'type', 'state', 'status', 'trouble', 'connection', 'started'],
    runs.map(({ id, kind, state, status, trouble, connection, startedAt }) => [id, kind, state, status, trouble, connection, startedAt]),
    'there are none',
  );
}

function jsonText(name: string, value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, undefined, 2);
  return text.length > MAX_SHOWN_BODY ? `${name}: ${text.length} characters of JSON; --json prints them` : `${name}: ${text}`;
}
