/**
 * What the workflows of a batch and their activities send each other. Types and names only, like `../messages.ts`.
 *
 * Keeps true: fields are only added; items of a manifest are never in these messages, only their places.
 */
import type { BatchInput, BatchItem, FileRef, ItemOutcome, ItemReport, ItemStanding } from '../../contract';
import type { Elsewhere, LearntSettings, ManifestPage, Page, Repeatable, Source } from '../messages';

/** Where a batch's report goes: `parts` are written while it runs, and put together into `report` at its end. */
export interface ReportTarget {
  report: FileRef;
  /** Part of the pages' names, so that two batches with the same report do not touch each other's pages. */
  run: string;
}

export interface PrepareBatchRequest extends Repeatable {
  input: BatchInput;
  workflowId: string;
  firstRunId: string;
  /** Fills `{runId}` of the report's name. */
  runId: string;
}

/** A valid batch, before anything is submitted. */
export interface PreparedBatch {
  source: Source;
  /** All items, including invalid ones that are skipped. */
  total: number;
  /** For each shard its pages, or of inline items the indexes `from` (included) and `to` (excluded). */
  shards: { pages?: ManifestPage[]; from?: number; to?: number; duplicates?: number[] }[];
  /** Of the whole batch. */
  maxInFlight: number;
  report?: ReportTarget;
  /** The connection of the first item, for the search attribute. */
  connection: string;
  settings: LearntSettings;
  /** Of the input. */
  inputDigest?: string;
}

/** An item that has ended, and the place of its input, which a retry may need. */
export interface EndedItem {
  report: ItemReport;
  /** Number of its page in {@link ReportPage.pages}. */
  page?: number;
  index?: number;
  /** The item itself, if it is of the batch's own input and did not succeed. */
  item?: BatchItem;
}

/** One page of a report, with a name of its own: writing it again changes nothing. */
export interface ReportPage extends Repeatable {
  source: Source;
  target: ReportTarget;
  shard: number;
  number: number;
  ended: EndedItem[];
  /** Pages with the inputs of the ended items. */
  pages: Record<number, Page>;
}

/** Items of a shard that were never submitted: their lines are written without entering a history. */
export interface ReportRest extends Repeatable {
  source: Source;
  target: ReportTarget;
  shard: number;
  number: number;
  page: Page;
  /** Index of the first of them. */
  from: number;
  /** These only. */
  indexes?: number[];
}

/** Number of items of a {@link ReportRest} by outcome. */
export type RestCounts = Partial<Record<ItemOutcome, number>>;

export interface FinishReport extends Repeatable {
  target: ReportTarget;
  /** Number of pages of each shard; `null`: of a shard that failed, all that exist. */
  pages: (number | null)[];
}

/** Query of a shard: an item's id → {@link ShardAnswer}. */
export const ITEM_QUERY = 'item';

export interface ShardAnswer {
  /** Absent: the shard has no such open item. */
  standing?: ItemStanding;
  /** Pages of the report that the shard has written. */
  reportPages: number;
}

export interface FindItem extends Repeatable {
  id: string;
  source: Source;
  shardIds: string[];
  target?: ReportTarget;
}

/** The activities of batches by name. */
export interface BatchActivities {
  /** Checks a batch whole, before anything is submitted. Fails with `InvalidInput`, `ManifestInvalid`, `FileRefused`, `UnknownConnection`. */
  'lro.prepareBatch'(request: PrepareBatchRequest): Promise<PreparedBatch | Elsewhere>;
  /** Writes lines of ended items. */
  'lro.writeReportPage'(page: ReportPage): Promise<Elsewhere | undefined>;
  /** Writes lines of items that were never submitted. */
  'lro.writeReportRest'(rest: ReportRest): Promise<RestCounts | Elsewhere>;
  /**
   * Joins the pages to the report and returns its place: another name when another batch has written a report there meanwhile. Fails with
   * `FileRefused` when a page is gone.
   */
  'lro.finishReport'(request: FinishReport): Promise<FileRef | Elsewhere>;
  /** Looks for one item: with the shards, in the report, in the manifest. */
  'lro.findItem'(request: FindItem): Promise<ItemStanding | Elsewhere | undefined>;
}
