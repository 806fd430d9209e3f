/**
 * Activities that write a batch's report: pages while it runs, and the whole of it at its end.
 *
 * Keeps true:
 * 1. A page is one file with its own name, and its content depends on its number only: writing it again changes nothing.
 * 2. The report appears whole or not at all, and never replaces another; its pages are removed after it exists.
 * 3. No signature in a URL is written: it is masked, as in everything that people see.
 */
import { ApplicationFailure } from '@temporalio/common';
import { resumeFrom } from '../../jobs/resume';
import type { BuildTilesetInput, ChainInput, ChainResult, FailureDetails, FileRef, ItemReport, OperationResult } from '../../contract';
import { FileRefusedError, wholeOf, type OpenedFile } from '../../files';
import type { Connections } from '../../http';
import { masked } from '../../lro/trust';
import { isFileDependent, typedFailure } from '../failures';
import { beside } from '../file-names';
import { withHeartbeat } from '../heartbeat';
import { readItem, type Followed, type ReadItem } from '../item';
import type { Elsewhere } from '../messages';
import type { OtherWorkers } from '../other-workers';
import type { PageItem, Pages } from '../pages';
import type { EndedItem, FinishReport, ReportPage, ReportRest, ReportTarget, RestCounts } from './messages';

/** Timeouts of writing one page, and of writing the whole report. */
const WRITE_SECONDS = 120;
const FINISH_SECONDS = 3600;

/** Enough to compare two reports: their first lines have times and ids. */
const COMPARED_BYTES = 1024;

export function makeReport({ files }: Connections, pages: Pages, others: OtherWorkers) {
  const write = (target: ReportTarget, shard: number, number: number, lines: ItemReport[]): Promise<void> => {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return files.write(partOf(target, shard, number), bytes, AbortSignal.timeout(WRITE_SECONDS * 1000));
  };
  return {
    'lro.writeReportPage': ({ source, target, shard, number, ended, pages: used, lookup }: ReportPage): Promise<Elsewhere | undefined> =>
      withHeartbeat(async () => {
        const loaded = new Map<number, PageItem[]>();
        for (const [name, page] of Object.entries(used)) {
          const items = await loadedOrElsewhere(
            () => pages.load(source, page),
            () => others.elsewhere(lookup),
          );
          if (!Array.isArray(items)) return items;
          loaded.set(Number(name), items);
        }
        const itemOf = ({ page, index = -1, item }: EndedItem): PageItem | undefined =>
          item === undefined ? loaded.get(page ?? -1)?.[index] : readItem(item, '', source);
        const lines = ended.map((item) => lineOf(item, itemOf(item)));
        await write(target, shard, number, lines);
        return undefined;
      }),

    'lro.writeReportRest': ({ source, target, shard, number, page, from, indexes }: ReportRest): Promise<RestCounts> =>
      withHeartbeat(async () => {
        const items = await pages.load(source, page);
        const rest = indexes === undefined ? items.slice(from) : indexes.flatMap((index) => items[index] ?? []);
        const lines = rest.map(notStarted);
        await write(target, shard, number, lines);
        const counts: RestCounts = {};
        for (const { outcome } of lines) counts[outcome] = (counts[outcome] ?? 0) + 1;
        return counts;
      }),

    'lro.finishReport': ({ target, pages: written }: FinishReport): Promise<FileRef> =>
      withHeartbeat(async () => {
        const parts: FileRef[] = [];
        for (const [shard, count] of written.entries()) parts.push(...(await partsOf(target, shard, count, files)));
        // The report did not exist at the start: an earlier attempt of this activity has written it, or another batch.
        const report = (await mayBeWritten(target.report, parts, files)) ? target.report : beside(target.report, `.${target.run}`);
        if (!(await files.exists(report))) {
          const signal = AbortSignal.timeout(FINISH_SECONDS * 1000);
          await files.write(report, linesOf(parts, files, signal), signal);
        }
        for (const part of parts) await files.remove(part);
        return report;
      }),
  };
}

/** The file of one page, beside the report. */
export function partOf({ report, run }: ReportTarget, shard: number, number: number): FileRef {
  return beside(report, `.${run}.${shard}-${number}.part`);
}

/** Whether the report does not exist yet, or is this batch's own, whose pages may be removed already: it begins like the first page. */
async function mayBeWritten(report: FileRef, parts: readonly FileRef[], files: Connections['files']): Promise<boolean> {
  const [first] = parts;
  if (first === undefined || !(await files.exists(report)) || !(await files.exists(first))) return true;
  const range = { offset: 0, bytes: COMPARED_BYTES };
  const [theirs, ours] = await Promise.all([report, first].map((file) => beginningOf(file, range, files)));
  return theirs !== undefined && ours !== undefined && theirs.subarray(0, ours.length).equals(ours);
}

async function beginningOf(file: FileRef, range: { offset: number; bytes: number }, files: Connections['files']): Promise<Buffer> {
  return wholeOf(await files.open(file, { range, signal: AbortSignal.timeout(WRITE_SECONDS * 1000) }));
}

/** The files of a shard's pages: as many as it has reported, or (`null`) all that exist. */
async function partsOf(target: ReportTarget, shard: number, count: number | null, files: Connections['files']): Promise<FileRef[]> {
  const parts: FileRef[] = [];
  for (let number = 0; count === null || number < count; number++) {
    const part = partOf(target, shard, number);
    if (count === null && !(await files.exists(part))) break;
    parts.push(part);
  }
  return parts;
}

/** @throws ApplicationFailure `FileRefused` when somebody has removed it: trying again would not bring it back */
async function openPart(part: FileRef, files: Connections['files'], signal: AbortSignal): Promise<OpenedFile> {
  try {
    return await files.open(part, { signal });
  } catch (error) {
    if (!(error instanceof FileRefusedError && error.notThere)) throw error;
    throw typedFailure({ type: 'FileRefused', message: `a page of the report is gone: ${error.message}` });
  }
}

async function* linesOf(parts: FileRef[], files: Connections['files'], signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const opened = await openPart(part, files, signal);
    try {
      yield* opened.bytes;
    } finally {
      await opened.close();
    }
  }
}

/** Of a manifest that has changed, or may not be read: the inputs are gone, and the report is written without them. */
async function loadedOrElsewhere(
  load: () => Promise<PageItem[]>,
  elsewhere: () => Promise<Elsewhere | undefined>,
): Promise<PageItem[] | Elsewhere> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ApplicationFailure && error.type === 'ManifestInvalid')) throw error;
    return (isFileDependent(error) ? await elsewhere() : undefined) ?? [];
  }
}

/** The report's line of an item: with its input, which a retry needs unless it succeeded, and without signatures. */
function lineOf({ report }: EndedItem, item: PageItem | undefined): ItemReport {
  const line = reportWithoutSignatures(report);
  if (item?.ok !== true) return line;
  return {
    ...line,
    input: report.outcome === 'succeeded' ? undefined : item.input,
    failure: line.failure && withResumption(line.failure, item),
  };
}

/** A failed chain has in its line the input that a new chain continues with. */
function withResumption(failure: FailureDetails, { kind, input }: ReadItem): FailureDetails {
  if (kind === 'operation' || failure.made === undefined) return failure;
  const chain = input as ChainInput | BuildTilesetInput;
  // Bodies in the item's own `made` are not carried through the batch.
  const given = 'made' in chain ? chain.made : undefined;
  const made = Object.fromEntries(
    Object.entries(failure.made).map(([id, one]) => [
      id,
      { ...(given !== undefined && Object.hasOwn(given, id) ? given[id] : undefined), ...one },
    ]),
  );
  return { ...failure, resumeFrom: resumeFrom(kind, chain, { ...failure, made }) };
}

const STILL_UNCERTAIN = 'an earlier batch did not learn whether the service had accepted it, and this one ended before it was sent again';

export function reportWithoutSignatures(report: ItemReport): ItemReport {
  return {
    ...report,
    result: report.result && withoutSignatures(report.result),
    failure: report.failure && withoutSignatures(report.failure),
  };
}

function withoutSignatures<T extends object>(value: T): T {
  const { statusUrl, resourceLocation, steps, made, cause } = value as Partial<OperationResult & ChainResult & FailureDetails>;
  return {
    ...value,
    steps: steps?.map((step) => withoutSignatures(step)),
    made: made && Object.fromEntries(Object.entries(made).map(([id, one]) => [id, withoutSignatures(one)])),
    cause: cause && withoutSignatures(cause),
    statusUrl: statusUrl && (masked(statusUrl) ?? statusUrl),
    resourceLocation: resourceLocation && (masked(resourceLocation) ?? resourceLocation),
  };
}

/** The line of an item that this batch never submitted. */
function notStarted(item: PageItem): ItemReport {
  if (!item.ok) {
    const failure: FailureDetails = { type: 'InvalidInput', message: item.mistakes.join(', ') };
    return { id: item.id, kind: 'operation', outcome: 'invalid', failure, generation: 0 };
  }
  const { id, kind, generation, input, idempotencyKey, firstSentAtMs, follows } = item;
  const rest = { generation, labels: input.labels, input };
  // It stays what it was, and the next retry follows it.
  if (follows !== undefined) return { id, kind, outcome: endedAs(follows), failure: follows.failure, ...rest };
  if (idempotencyKey === undefined) return { id, kind, outcome: 'notStarted', ...rest };
  // It stays uncertain, with the key that a retry has to send.
  const failure: FailureDetails = { type: 'SubmissionUncertain', message: STILL_UNCERTAIN };
  const firstSentAt = firstSentAtMs === undefined ? undefined : new Date(firstSentAtMs).toISOString();
  return { id, kind, outcome: 'uncertain', failure, ...rest, idempotencyKey, firstSentAt };
}

function endedAs({ failure }: Followed): 'canceled' | 'failed' {
  return (failure.cause ?? failure).type === 'OperationCanceled' ? 'canceled' : 'failed';
}
