/** How operations, chains and items of batches end: failures, reports of items, and the result of a batch, which stand in each other. */
import type { Json } from './json';
import type { FileRef, OperationFields, OperationResult } from './operation';
import type { BuildTilesetInput, ChainInput, ChainResult, CleanedResource, StepMade } from './chain';

/** What an item does: the input of its kind, with that kind's fields and no others. */
export interface ItemInput<Sent = Json>
  extends
    OperationFields<Sent>,
    Omit<BuildTilesetInput, keyof OperationFields>,
    Omit<Partial<ChainInput<Sent>>, keyof OperationFields | keyof BuildTilesetInput> {}

export const FAILURE_TYPES = [
  'InvalidInput',
  'UnknownConnection',
  'FileRefused',
  'SubmissionRejected',
  'SubmissionUncertain',
  'OperationFailed',
  'OperationCanceled',
  'OperationGone',
  'DeadlineExceeded',
  'ProtocolError',
  'Unauthorized',
  'UntrustedUrl',
  'IdConflict',
  'ManifestInvalid',
  'BatchFailed',
  'StepFailed',
] as const;
/** `type` of the non-retryable `ApplicationFailure` a workflow ends with. */
export type FailureType = (typeof FAILURE_TYPES)[number];

/** `details[0]` of that failure. */
export interface FailureDetails {
  type: FailureType;
  message: string;
  httpStatus?: number;
  operationId?: string;
  /** After `DeadlineExceeded` or `ProtocolError` a new run can `attach` to it. */
  statusUrl?: string;
  /** The whole OData error, or what is kept of it (see `truncated`). */
  error?: Json;
  body?: Json;
  truncated?: string[];
  /** Of an uncertain submit: the key that it carried, and when it was sent first (ISO 8601, UTC). */
  idempotencyKey?: string;
  firstSentAt?: string;
  /** The id that the service gave the request whose answer tells of the failure: what its support asks for. */
  requestId?: string;
  /** `x-ms-correlation-request-id` of that answer, where it is another one. */
  correlationId?: string;
  labels?: Record<string, string>;
  /** Of `BatchFailed` and `ManifestInvalid`, where the batch had begun: what became of its items. */
  batch?: BatchResult;
  /** Of `StepFailed`, and of a `FileRefused` before a chain began: the step it is about. */
  step?: string;
  /** Of `StepFailed`: the step's own failure, as it would have ended as an operation of its own. */
  cause?: FailureDetails;
  /** Of `StepFailed`: what there is of the steps before, made by this run or given to it. */
  made?: Record<string, StepMade>;
  /** Of `StepFailed`: the input of a new run that goes on from there and makes nothing again. */
  resumeFrom?: ChainInput | BuildTilesetInput;
  /** With `cleanup: "onFailure"`: what became of the resources that the run had made. */
  cleanup?: CleanedResource[];
}

export const ITEM_KINDS = ['operation', 'tileset', 'chain'] as const;
/** What an item is, and so whose input it has: `runOperation`'s, `buildTileset`'s or `runChain`'s. */
export type ItemKind = (typeof ITEM_KINDS)[number];

/** Result of an item; `made`, `steps` and `startedAt` of a chain only. */
export type ItemResult = OperationResult & Partial<Pick<ChainResult, 'made' | 'steps' | 'startedAt'>>;

export const ITEM_OUTCOMES = ['succeeded', 'failed', 'uncertain', 'canceled', 'notStarted', 'invalid'] as const;
/**
 * How an item ended. `uncertain`: nobody knows whether the service accepted it, and it was not to be sent twice; `canceled`: at the
 * service, or with the batch; `notStarted`: the batch stopped submitting before it came to it; `invalid`: skipped (`skipInvalid`).
 */
export type ItemOutcome = (typeof ITEM_OUTCOMES)[number];

/** One item as report and result tell of it: one line of the report. */
export interface ItemReport {
  id: string;
  kind: ItemKind;
  outcome: ItemOutcome;
  /** Of an item that succeeded; signatures in URLs are masked. */
  result?: ItemResult;
  /** Of one that did not. */
  failure?: FailureDetails;
  /** How many batches had tried it before this one. */
  generation: number;
  labels?: Record<string, string>;
  /** In the report, of an item that did not succeed: what `retryOf` runs, unless its failure says where to go on (`resumeFrom`). */
  input?: ItemInput;
  /** Of an uncertain submit: a retry sends the same. */
  idempotencyKey?: string;
  firstSentAt?: string;
}

/** Items by outcome. */
export type BatchCounts = Record<ItemOutcome, number> & { total: number };

/** Result of workflow `runBatch`, also in the details of `BatchFailed`. */
export interface BatchResult {
  counts: BatchCounts;
  /** ISO 8601, UTC. */
  startedAt: string;
  completedAt: string;
  durationSeconds: number;
  /** Items that ended, by duration. */
  itemsPerSecond: number;
  /** The first items that did not succeed, ten at most. */
  firstFailures: ItemReport[];
  /** Where all items stand, one JSON line each. */
  report?: FileRef;
}
