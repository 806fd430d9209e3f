/** Batches: what `runBatch` is given and tells. */
import type { Json } from './json';
import type { FileRef, OperationFields, OperationProgress, Problem } from './operation';
import type { BatchCounts, ItemInput, ItemKind, ItemOutcome, ItemReport } from './outcomes';

/** One item of a batch: an input and a name for it. */
export interface BatchItem<Sent = Json> extends ItemInput<Sent> {
  /** The caller's name for it, once in a batch. */
  id: string;
  /** Default `operation`. */
  kind?: ItemKind;
}

/** What a later batch takes up of an earlier one: items that ended so. */
export interface RetryOf {
  /** The earlier batch's report. */
  report?: FileRef;
  /** Or the earlier batch. */
  workflowId?: string;
  /** Default: all that did not succeed, but `uncertain`. Items that were uncertain keep their idempotency key. */
  outcomes?: Exclude<ItemOutcome, 'succeeded'>[];
}

/** Input of workflow `runBatch`. Exactly one of `items`, `manifest` and `retryOf`. */
export interface BatchInput<Sent = Json> {
  items?: BatchItem<Sent>[];
  /** JSON Lines: one item a line. */
  manifest?: FileRef;
  retryOf?: RetryOf;
  /** Merged into every item: objects field by field, the item's own values win. Chains take what they have in common with operations. */
  defaults?: OperationFields<Sent>;
  /** Items that are open at the service at once. Default {@link DEFAULT_MAX_IN_FLIGHT}. */
  maxInFlight?: number;
  /** Of the whole batch; the connection's own limits hold as well. */
  submitsPerSecond?: number;
  /** After so many failures nothing more is submitted, and the rest is reported as `notStarted`. */
  stopAfterFailures?: number;
  /** The batch ends as `BatchFailed`, after its report is written, when at least so many items did not succeed. */
  failWhen?: { failedItems?: number; failedPercent?: number };
  /** Where the report goes: one JSON line an item. `{workflowId}` and `{runId}` are filled in. */
  report?: FileRef;
  /** Report broken items as `invalid` instead of refusing the batch. */
  skipInvalid?: boolean;
}

export type BatchPhase = 'validating' | 'running' | 'paused' | 'stopping' | 'canceling' | 'reporting' | 'succeeded' | 'failed' | 'canceled';

/** Answer of query `progress` of a batch. The counts are those that the shards told last, seconds ago at first, later up to a twentieth of the batch's age. */
export interface BatchProgress {
  phase: BatchPhase;
  /** Ended ones by outcome; `total` counts all. */
  counts: BatchCounts;
  /** Accepted by the service so far. */
  submitted: number;
  /** Open at the service now. */
  running: number;
  itemsPerSecond: number;
  /** Until the last item ends, at the rate so far. */
  etaSeconds?: number;
  startedAt?: string;
  shards: number;
  lastProblems: Problem[];
  report?: FileRef;
}

/** Answer of update `item`: where one item stands, and its report when it has ended. */
export interface ItemStanding {
  id: string;
  state: 'notStarted' | 'submitting' | 'open' | 'ended';
  /** Of a chain: the step that is under way. */
  step?: string;
  progress?: Omit<OperationProgress, 'phase'>;
  report?: ItemReport;
}
