/**
 * What the workflows of a batch and their activities say to each other. Types and names only, like `../messages.ts`.
 *
 * Keeps true: fields are only added; items of a manifest never stand here, only where they are found.
 */
import type {
  BatchInput,
  BatchItem,
  CancelRequest,
  FailureDetails,
  FileRef,
  ItemKind,
  ItemOutcome,
  ItemReport,
  ItemStanding,
  OperationInput,
  StepMade,
} from '../../contract';
import type { Cookies } from '../../lro/cookies';
import type { SubmitDecision } from '../../lro/monitor';
import type { CancelCall, CancelResult, Claims, LearntSettings } from '../messages';

/** A stretch of a manifest: whole lines, and a hash that pins what stands there. */
export interface ManifestPage {
  offset: number;
  bytes: number;
  /** Items in it. */
  count: number;
  /** Number of its first line, from 1. */
  line: number;
  /** Of its bytes. */
  hash: string;
  /** Indexes of items whose id stood in the manifest before; only where broken items are skipped. */
  duplicates?: number[];
}

/** Items that stand in the batch's own input. */
export interface InlinePage {
  items: BatchItem[];
  count: number;
  /** Where its first item stands in the batch's input, from 0. */
  first?: number;
  /** Where each stands, where they are not one after the other. */
  numbers?: number[];
  duplicates?: number[];
}

export type Page = ManifestPage | InlinePage;

/** Where the items of a batch come from, and what they share. */
export interface BatchSource {
  /** The batch's workflow and its first run: idempotency keys are made from them. */
  workflowId: string;
  firstRunId: string;
  /** JSON Lines with items, or a report of an earlier batch. Absent: the pages hold the items themselves. */
  file?: FileRef;
  /** The file is a report, and items that ended so are to be run. */
  retried?: ItemOutcome[];
  defaults?: OperationInput;
}

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
  source: BatchSource;
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
}

/** One item of a page that is to be submitted. */
export interface ChunkItem {
  index: number;
  /** Of an earlier try. */
  attempts?: number;
  cookies?: Cookies;
  firstSentAtMs?: number;
  /** Of a chain: what its steps have made so far. */
  made?: Record<string, StepMade>;
}

/** Items of one page to submit in one activity. */
export interface SubmitChunk {
  source: BatchSource;
  page: Page;
  items: ChunkItem[];
  /** Workflow time: of items that are tried for the first time. */
  nowMs: number;
}

/** What the workflow has to know of an item it has submitted. Fields that say nothing are absent. */
export interface ItemAbout {
  id: string;
  kind?: ItemKind;
  /** `POST /tilesets · maps` */
  title: string;
  deadlineSeconds: number;
  onUncertainSubmit: 'retry' | 'fail';
  timeoutSeconds: number;
  /** How many batches had tried it before this one. */
  generation?: number;
  labels?: Record<string, string>;
  cancel?: CancelRequest;
  /** Of an uncertain try, of this batch or of the one that is retried. */
  idempotencyKey?: string;
  firstSentAtMs?: number;
  /** Of a chain: the step that was submitted. */
  step?: ItemStep;
}

/** One step of an item that is a chain. */
export interface ItemStep {
  id: string;
  connection: string;
  /** How many come after it. */
  left: number;
  /** The one that does. */
  next?: { id: string; title: string };
  /** A later step refers to its body. */
  withBody?: boolean;
  /** What there was before, without bodies. */
  given?: Record<string, StepMade>;
  /** What the item has made is deleted when it fails. */
  cleanup?: boolean;
}

export interface ChunkResult {
  index: number;
  about?: ItemAbout;
  /** Of an item that was not sent: how long the connection submits nothing, because the service asked for a pause. */
  waitSeconds?: number;
  /** Absent: not claimed and not sent, because the connection was busy; to be submitted again at once, or after `waitSeconds`. */
  decision?: SubmitDecision | { kind: 'invalid'; failure: FailureDetails };
}

/** Details of the heartbeats of `submitItems`. */
export type ChunkClaims = Claims<{ index: number; about: ItemAbout }, ChunkResult>;

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
  source: BatchSource;
  target: ReportTarget;
  shard: number;
  number: number;
  ended: EndedItem[];
  /** Pages the ended items stand in. */
  pages: Record<number, Page>;
}

/** The rest of a shard's items, never submitted: their lines are written without passing through history. */
export interface ReportRest {
  source: BatchSource;
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
  workflowId: string;
  runId: string;
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
  source: BatchSource;
  shardIds: string[];
  target?: ReportTarget;
}

/** One operation of many that are to be cancelled at the service. */
export interface CancelOne extends CancelCall {
  id: string;
}

/** `undelivered`: the service could not be told now. No result: not tried, because the answers of others were large. */
export interface CancelledOne {
  id: string;
  result?: CancelResult | { kind: 'undelivered'; reason: string };
}

/** The activities of batches by name. */
export interface BatchActivities {
  /** Checks a batch whole, before anything is submitted. Fails with `InvalidInput`, `ManifestInvalid`, `FileRefused`, `UnknownConnection`. */
  prepareBatch(request: PrepareBatchRequest): Promise<PreparedBatch>;
  /** Submits items of one page, with claims. Never retried by Temporal. */
  submitItems(chunk: SubmitChunk): Promise<ChunkResult[]>;
  /** Writes lines of ended items. */
  writeReportPage(page: ReportPage): Promise<void>;
  /** Writes lines of items that were never submitted. */
  writeReportRest(rest: ReportRest): Promise<RestCounts>;
  /**
   * Puts the pages together, and says where: beside the report, where another batch has written that meanwhile. Fails with `FileRefused` when a
   * page is gone.
   */
  finishReport(request: FinishReport): Promise<FileRef>;
  /** Tells the service to cancel many operations. */
  cancelMany(calls: CancelOne[]): Promise<CancelledOne[]>;
  /** Looks for one item: with the shards, in the report, in the manifest. */
  findItem(request: FindItem): Promise<ItemStanding | undefined>;
}
