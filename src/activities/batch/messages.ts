/**
 * What the workflows of a batch and their activities send each other. Types and names only, like `../messages.ts`.
 *
 * Keeps true: fields are only added; items of a manifest never stand here, only where they are found.
 */
import type { BatchInput, BatchItem, FileRef, ItemOutcome, ItemReport, ItemStanding } from '../../contract';
import type { LearntSettings, ManifestPage, Page, Source } from '../messages';

/** Where a batch's report goes: `parts` are written while it runs, and put together into `report` at its end. */
export interface ReportTarget {
  report: FileRef;
  /** Part of the pages' names: those of another batch with the same report are not touched. */
  run: string;
}

export interface PrepareBatchRequest {
  input: BatchInput;
  workflowId: string;
  firstRunId: string;
  /** Fills `{runId}` of the report's name. */
  runId: string;
}

/** A valid batch, before anything is submitted. */
export interface PreparedBatch {
  source: Source;
  /** Items in all, broken ones that are skipped among them. */
  total: number;
  /** For each shard the pages it works off; of inline items the indexes of its first and behind its last one. */
  shards: { pages?: ManifestPage[]; from?: number; to?: number; duplicates?: number[] }[];
  /** Of the whole batch. */
  maxInFlight: number;
  report?: ReportTarget;
  /** The connection most items use: what operators see. */
  connection: string;
  settings: LearntSettings;
  /** Of the input. */
  inputDigest?: string;
}

/** An item that has ended, and where its input stands, for those that a retry may want. */
export interface EndedItem {
  report: ItemReport;
  /** Number of its page in {@link ReportPage.pages}. */
  page?: number;
  index?: number;
  /** The item itself, where it stood in the batch's own input and did not succeed. */
  item?: BatchItem;
}

/** One page of a report: written once under its own name, whatever is retried. */
export interface ReportPage {
  source: Source;
  target: ReportTarget;
  shard: number;
  number: number;
  ended: EndedItem[];
  /** Pages the ended items stand in. */
  pages: Record<number, Page>;
}

/** The rest of a shard's items, never submitted: their lines are written without passing through history. */
export interface ReportRest {
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

/** Items of a {@link ReportRest} by what their lines say. */
export type RestCounts = Partial<Record<ItemOutcome, number>>;

export interface FinishReport {
  target: ReportTarget;
  /** Pages each shard has written; `null`: all that are found of one that failed. */
  pages: (number | null)[];
}

/** Query of a shard: an item's id → {@link ShardAnswer}. */
export const ITEM_QUERY = 'item';

export interface ShardAnswer {
  /** Absent: it is not under way here. */
  standing?: ItemStanding;
  /** Pages of the report that the shard has written. */
  reportPages: number;
}

export interface FindItem {
  id: string;
  source: Source;
  shardIds: string[];
  target?: ReportTarget;
}

/** The activities of batches by name. */
export interface BatchActivities {
  /** Checks a batch whole, before anything is submitted. Fails with `InvalidInput`, `ManifestInvalid`, `FileRefused`, `UnknownConnection`. */
  'lro.prepareBatch'(request: PrepareBatchRequest): Promise<PreparedBatch>;
  /** Writes lines of ended items. */
  'lro.writeReportPage'(page: ReportPage): Promise<void>;
  /** Writes lines of items that were never submitted. */
  'lro.writeReportRest'(rest: ReportRest): Promise<RestCounts>;
  /**
   * Puts the pages together, and says where: beside the report, where another batch has written that meanwhile. Fails with `FileRefused` when a
   * page is gone.
   */
  'lro.finishReport'(request: FinishReport): Promise<FileRef>;
  /** Looks for one item: with the shards, in the report, in the manifest. */
  'lro.findItem'(request: FindItem): Promise<ItemStanding | undefined>;
}
