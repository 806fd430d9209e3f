/**
 * Activity `prepareBatch`: checks a batch whole and cuts it into the parts of its shards, before anything is submitted.
 *
 * Keeps true: a batch that is refused here has sent nothing and written nothing.
 */
import { createHash } from 'node:crypto';
import { setImmediate as untilOthersHadATurn } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchInput, FailureDetails, FileRef, ItemOutcome } from '../../contract';
import { DEFAULT_CONNECTION, REPORT_MEMO } from '../../contract';
import { FileRefusedError } from '../../files';
import { ExchangeTimeout, type Connections } from '../../http';
import { reasonOf } from '../../text/reason';
import { FileDependentFailure, fileFailure, isFileDependent, listed, typedFailure } from '../failures';
import { beside, filledIn, plainName } from '../file-names';
import { withHeartbeat } from '../heartbeat';
import { digestOf } from '../input-digest';
import type { LearntSettings, ManifestPage, Source } from '../messages';
import type { OtherWorkers } from '../other-workers';
import { prepareOperation, type PreparedOperation } from '../prepare';
import { prepareSteps } from '../prepare-chain';
import type { ReadItem } from '../item';
import type { PrepareBatchRequest, PreparedBatch } from './messages';
import type { PageItem } from '../pages';
import { inlineItems, nameOf } from '../pages';
import { NoManifestError } from '../lines';
import { Mistakes, scanManifest, Seen } from './scan';
import type { CheckedBatch } from '../../schema/batch';
import { checkBatch } from '../../schema/batch';
import { checkChain } from '../../schema/chain';

/** Up to so many open at once a batch is small, and up to so many large: its shards have more. */
const SMALL_BATCH = 2000;
const LARGE_BATCH = 20_000;

/** Longest wait for the next bytes of the manifest. Reading a million lines may take hours, as long as bytes arrive. */
const SILENT_SECONDS = 60;

/** Longest that checking items keeps the event loop busy at a stretch. */
const BUSY_MILLISECONDS = 20;

/**
 * What a retry takes up where it does not say. An uncertain submit may have been accepted: it is sent again where its `onUncertainSubmit` allows
 * that, else only when the caller names it. What was invalid would be so again.
 */
const RETRIED_BY_DEFAULT: ItemOutcome[] = ['failed', 'canceled', 'notStarted'];

export function makePrepareBatch(connections: Connections, learn: () => Promise<LearntSettings>, others: OtherWorkers) {
  return function prepareBatch(request: PrepareBatchRequest): Promise<PreparedBatch> {
    return withHeartbeat(async () => {
      const checked = checkBatch(request.input);
      if (!checked.ok) throw typedFailure({ type: 'InvalidInput', message: listed(checked.mistakes) });
      const batch = checked.value;
      const report = batch.report === undefined ? undefined : filledIn(batch.report, request);
      const source = await sourceOf(batch, request);
      if (report !== undefined) await refused(() => connections.files.checkWritable(report), 'report');
      const find = (stopsAtFileMistake: boolean) => new Finder(batch, source, connections, stopsAtFileMistake).find(request.input);
      const found = await find(!batch.skipInvalid).catch(async (error: unknown) => {
        // What another worker's file may have is not read to its end by this one.
        if (batch.skipInvalid || !isFileDependent(error) || (await others.elsewhere(request.lookup)) !== undefined) throw error;
        return find(false);
      });
      return {
        source,
        total: found.total,
        shards: shardsOf(found, Math.min(batch.maxInFlight, found.total)),
        maxInFlight: batch.maxInFlight,
        connection: found.connection,
        report: report && { report, run: request.runId.slice(-12) },
        settings: await learn(),
        inputDigest: digestOf(request.input),
      };
    });
  };
}

async function sourceOf(batch: CheckedBatch, { workflowId, firstRunId, input }: PrepareBatchRequest): Promise<Source> {
  const { manifest, retryOf } = batch;
  const { defaults } = input;
  const common = { workflowId, firstRunId, defaults };
  if (retryOf === undefined) return { ...common, file: manifest };
  const file = retryOf.report ?? (await reportOf(retryOf.workflowId ?? ''));
  if (retryOf.outcomes !== undefined) return { ...common, file, retried: retryOf.outcomes };
  return { ...common, file, retried: RETRIED_BY_DEFAULT, retriesUncertain: true };
}

/** The report of an earlier batch, as its memo names it. */
async function reportOf(workflowId: string): Promise<FileRef> {
  const refuse = (message: string): Error => typedFailure({ type: 'InvalidInput', message: `retryOf.workflowId: ${message}` });
  let memo: Record<string, unknown> | undefined;
  try {
    ({ memo } = await Context.current().client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw refuse(`there is no workflow "${workflowId}"`);
    throw error;
  }
  const report = memo?.[REPORT_MEMO] as FileRef | undefined;
  if (report === undefined)
    throw refuse(`batch "${workflowId}" has written no report (yet), so nobody knows which items are to be retried`);
  return report;
}

/** @throws ApplicationFailure `FileRefused` where the store refuses, retryable where it cannot be reached */
async function refused<T>(work: () => Promise<T>, field: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = `${field}: ${reasonOf(error)}`;
    if (error instanceof FileRefusedError) throw fileFailure({ type: 'FileRefused', message }, error);
    throw error;
  }
}

/** The items of a batch that was found valid. */
interface Found {
  total: number;
  connection: string;
  /** Of a manifest. */
  pages?: ManifestPage[];
  /** Of inline items: indexes of those whose id an earlier item has. */
  duplicates?: number[];
}

class Finder {
  private readonly mistakes = new Mistakes();
  private readonly seen = new Seen((item) => this.mistakesOf(item), this.mistakes);
  private connection: string | undefined;
  /** Items whose mistakes may be due to this worker's file. */
  private fileMistakes = 0;
  /** Files that items so far have their results written to; and the first of them. */
  private readonly files = new Set<string>();
  private resultFile: FileRef | undefined;

  constructor(
    private readonly batch: CheckedBatch,
    private readonly source: Source,
    private readonly connections: Connections,
    private readonly stopsAtFileMistake: boolean,
  ) {}

  async find(input: BatchInput): Promise<Found> {
    const found = await (this.source.file === undefined ? this.inline(input) : this.manifest(this.source.file));
    if (this.mistakes.count > 0 && !this.batch.skipInvalid) throw this.refusal(found.total);
    const { resultFile } = this;
    // Beside it: whether it exists already, its own submit sees.
    if (resultFile !== undefined) {
      const trial = beside(resultFile, `.${this.source.firstRunId.slice(-12)}.check`);
      await refused(() => this.connections.files.checkWritable(trial, AbortSignal.timeout(SILENT_SECONDS * 1000)), 'resultFile');
    }
    return { ...found, connection: this.connection ?? DEFAULT_CONNECTION };
  }

  private async inline({ items = [] }: BatchInput): Promise<Omit<Found, 'connection'>> {
    const duplicates: number[] = [];
    let since = performance.now();
    for (const [index, item] of inlineItems(this.source, { items, count: items.length }).entries()) {
      // Small items are many: other activities and heartbeats of this process go on meanwhile.
      if (performance.now() - since > BUSY_MILLISECONDS) {
        await untilOthersHadATurn();
        since = performance.now();
      }
      if (this.seen.add(item, `items[${index}]`)) duplicates.push(index);
    }
    return { total: items.length, duplicates: duplicates.length > 0 ? duplicates : undefined };
  }

  private async manifest(file: FileRef): Promise<Omit<Found, 'connection'>> {
    const timeout = new ExchangeTimeout(SILENT_SECONDS);
    try {
      const opened = await this.connections.files.open(file, { signal: timeout.signal });
      try {
        return await scanManifest(watched(opened.bytes, timeout), this.source, this.seen);
      } finally {
        await opened.close();
      }
    } catch (error) {
      throw this.unreadable(error);
    } finally {
      timeout.stop();
    }
  }

  /** An item is valid when it could be submitted as it is. */
  private mistakesOf(item: PageItem): string[] {
    if (!item.ok) return item.mistakes;
    try {
      const found = this.tried(item);
      if ('mistakes' in found) return found.mistakes;
      const repeated = found.files.find((file) => this.files.has(keyOf(file)));
      if (repeated !== undefined) return [`resultFile: an earlier item writes to ${nameOf(repeated)}, too`];
      for (const file of found.files) this.files.add(keyOf(file));
      this.connection ??= found.connection;
      this.resultFile ??= found.files[0];
      return [];
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || (this.stopsAtFileMistake && this.mistakes.count === 0 && isFileDependent(error)))
        throw error;
      if (isFileDependent(error)) this.fileMistakes++;
      return [error.message];
    }
  }

  private tried(item: ReadItem): { connection: string | undefined; files: FileRef[] } | { mistakes: string[] } {
    const { workflowId, firstRunId } = this.source;
    const identity = { workflowId, firstRunId, itemId: item.id, generation: 0 };
    if (item.kind === 'operation') {
      const { operation } = prepareOperation(item.input, this.connections, identity);
      return { connection: operation.connection, files: filesOf([operation]) };
    }
    const checked = checkChain(item.kind, item.input);
    if (!checked.ok) return checked;
    const steps = prepareSteps(checked.value, this.connections, identity);
    return { connection: checked.value.steps[0]?.connection, files: filesOf([...steps.values()]) };
  }

  private refusal(total: number): Error {
    const { first, count } = this.mistakes;
    const { file } = this.source;
    // Where one is a mistake whatever the file says, no other worker would take it.
    const failure = this.fileMistakes === count ? (details: FailureDetails) => new FileDependentFailure(details) : typedFailure;
    if (file === undefined) return failure({ type: 'InvalidInput', message: listed(first, count) });
    const message = `manifest ${nameOf(file)}: ${count} of ${total} items cannot be run, nothing was submitted: ${listed(first, count)}`;
    return failure({ type: 'ManifestInvalid', message });
  }

  /** A refused file is a final failure; one that cannot be reached now is a failure that Temporal retries. */
  private unreadable(error: unknown): Error {
    if (error instanceof ApplicationFailure) return error;
    const reason = reasonOf(error);
    const message = `manifest ${this.source.file === undefined ? '' : nameOf(this.source.file)}: ${reason}`;
    if (error instanceof FileRefusedError) return fileFailure({ type: 'FileRefused', message }, error);
    if (error instanceof NoManifestError) return typedFailure({ type: 'ManifestInvalid', message });
    return ApplicationFailure.create({ type: 'ManifestUnreadable', message });
  }
}

function filesOf(operations: readonly PreparedOperation[]): FileRef[] {
  return operations.flatMap(({ resultFile }) => resultFile ?? []);
}

/** Short, because there may be millions. */
function keyOf(file: FileRef): string {
  return createHash('sha256').update(plainName(file)).digest('base64').slice(0, 16);
}

/** Every chunk restarts the timeout. */
async function* watched(bytes: AsyncIterable<Buffer>, timeout: ExchangeTimeout): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    timeout.touch();
    yield chunk;
  }
}

/** Open operations of one shard. Measured: see docs/decisions.md. */
function shardSize(inFlight: number): number {
  if (inFlight <= SMALL_BATCH) return 250;
  return inFlight <= LARGE_BATCH ? 500 : 800;
}

/** Every shard gets about as many items as the others. */
function shardsOf({ total, pages, duplicates }: Found, inFlight: number): PreparedBatch['shards'] {
  const wanted = Math.ceil(inFlight / shardSize(inFlight));
  if (pages === undefined) {
    return Array.from({ length: wanted }, (_, shard) => {
      const from = Math.floor((total * shard) / wanted);
      const to = Math.floor((total * (shard + 1)) / wanted);
      const own = duplicates?.filter((index) => index >= from && index < to).map((index) => index - from);
      return { from, to, duplicates: own?.length ? own : undefined };
    });
  }
  const shards = Array.from({ length: Math.min(wanted, pages.length) }, () => ({ count: 0, pages: [] as ManifestPage[] }));
  for (const page of pages) {
    const least = shards.reduce((best, shard) => (shard.count < best.count ? shard : best));
    least.pages.push(page);
    least.count += page.count;
  }
  return shards.map((shard) => ({ pages: shard.pages }));
}
