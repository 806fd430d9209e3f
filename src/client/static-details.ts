/**
 * What people read of an input in the UI, without opening it: the static details of a workflow, in Markdown.
 *
 * Keeps true:
 * 1. Inputs are not checked yet: whatever they are, this neither throws nor grows beyond {@link MAX_CHARS}.
 * 2. Nothing that may be secret stands there: no body, no header, no query string.
 */
import type { BatchInput, BuildTilesetInput, ChainInput, OperationInput } from '../contract';
import { docsLink, docsUrlOf, DOCS_URL_VARIABLE } from '../contract/runbooks';
import { operationTitle } from '../identity/id-conflict';
import { batchTitle, placeOf } from '../identity/titles';

/** Temporal takes 20,000 bytes. */
const MAX_CHARS = 4000;
const MAX_VALUE_CHARS = 200;
const MAX_LISTED = 20;

/** What an operation is to do, its labels, and where to read what to do about it. */
export function operationDetails(input: OperationInput): string {
  return details(() => [...operationLines(input), ...labelLines(input.labels)], 'the-page-of-an-operation');
}

/** The same of a chain. */
export function chainDetails(input: ChainInput | BuildTilesetInput): string {
  return details(() => {
    const { deadlineSeconds, onUncertainSubmit, cleanup, labels } = input;
    const steps = 'steps' in input ? input.steps : [];
    return [
      ...steps
        .slice(0, MAX_LISTED)
        .map((step, index) => `${index + 1}. ${plain(step.id)}: ${plain(operationTitle({ connection: input.connection, ...step }))}`),
      '',
      ...commonLines(deadlineSeconds, onUncertainSubmit),
      line('cleanup', cleanup),
      ...labelLines(labels),
    ];
  }, 'the-page-of-an-operation');
}

/** The same of a batch. */
export function batchDetails(input: BatchInput): string {
  return details(() => {
    const { maxInFlight, submitsPerSecond, stopAfterFailures, failWhen, report, defaults } = input;
    return [
      plain(batchTitle(input)),
      '',
      line('open at once', maxInFlight),
      line('submits per second', submitsPerSecond),
      line('stops after failures', stopAfterFailures),
      line('fails with failed items', failWhen?.failedItems),
      line('fails with failed items in percent', failWhen?.failedPercent),
      line('report', report && placeOf(report)),
      ...(defaults === undefined
        ? []
        : [...commonLines(defaults.deadlineSeconds, defaults.onUncertainSubmit), ...labelLines(defaults.labels)]),
    ];
  }, 'the-page-of-a-batch');
}

function operationLines(input: OperationInput): (string | undefined)[] {
  const { submit, attach, deadlineSeconds, onUncertainSubmit, cancel, finalStateVia, resultFile } = input;
  const { bodyFile } = submit ?? {};
  return [
    plain(operationTitle(input)),
    '',
    line('body', submit?.body === undefined ? undefined : `JSON of ${jsonChars(submit.body)} characters`),
    line('body file', bodyFile && placeOf(bodyFile)),
    line('follows', attach && placeOf({ url: attach.statusUrl, path: attach.statusUrl.split('?')[0] })),
    line('cancelled at the service by', cancel && `${cancel.method ?? 'POST'} ${cancel.path.split('?')[0] ?? ''}`),
    line('result read at', finalStateVia),
    line('result file', resultFile && placeOf(resultFile)),
    ...commonLines(deadlineSeconds, onUncertainSubmit),
  ];
}

function commonLines(deadlineSeconds: number | undefined, onUncertainSubmit: string | undefined): (string | undefined)[] {
  return [
    line('deadline', deadlineSeconds === undefined ? undefined : `${deadlineSeconds} s`),
    line('uncertain submit', onUncertainSubmit),
  ];
}

function labelLines(labels: Record<string, string> = {}): string[] {
  return Object.entries(labels)
    .slice(0, MAX_LISTED)
    .map(([name, value]) => `- ${plain(name)}: ${plain(value)}`);
}

function line(name: string, value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : `- ${name}: ${plain(String(value))}`;
}

function jsonChars(body: unknown): number {
  return JSON.stringify(body).length;
}

/** Text of a caller as Markdown shows it. */
function plain(text: unknown): string {
  return String(text)
    .slice(0, MAX_VALUE_CHARS)
    .replace(/[\n\r]+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|!]/g, '\\$&');
}

/** @param section of the page about the UI */
function details(linesOf: () => (string | undefined)[], section: string): string {
  let lines: (string | undefined)[] = [];
  try {
    lines = linesOf();
  } catch {
    // An input of no shape at all: the workflow refuses it and says why.
  }
  const text = lines.filter((one) => one !== undefined).join('\n');
  return `${text.slice(0, MAX_CHARS)}\n- runbook: ${docsLink(`ui.md#${section}`, docsUrl())}`;
}

/** A wrong one is refused by the worker; here it is as if there were none: a start is not to fail for a link. */
function docsUrl(): string | undefined {
  try {
    return docsUrlOf(process.env[DOCS_URL_VARIABLE]);
  } catch {
    return undefined;
  }
}
