/**
 * The contract: names, inputs, results and failures that other programs see. Plain JSON only.
 * Workflows, the client and programs in other languages share exactly what stands here.
 *
 * Keeps true: fields are only ever added (optional in inputs), never renamed or removed; every duration is a number of
 * seconds with `Seconds` in its name; nothing here imports anything.
 */

/** Task queue the worker listens on unless `LRO_TASK_QUEUE` says otherwise. */
export const DEFAULT_TASK_QUEUE = 'lro';

/** Connection used when an input names none. */
export const DEFAULT_CONNECTION = 'default';

/** One day: the deadline of an operation whose input names none. */
export const DEFAULT_DEADLINE_SECONDS = 86_400;

/** Workflow types. */
export const RUN_OPERATION = 'runOperation';
export const RUN_BATCH = 'runBatch';
export const RUN_CHAIN = 'runChain';
export const BUILD_TILESET = 'buildTileset';

/** Query `progress` → {@link OperationProgress}, of a batch → {@link BatchProgress}, of a chain → {@link ChainProgress}. */
export const PROGRESS_QUERY = 'progress';
/**
 * Update `accepted` → {@link Acceptance}, or the typed failure. Its argument may be the input: one that is not the running workflow's is
 * refused as `IdConflict`. Its update id is then `accepted-` and the first 16 hex characters of the input's digest.
 */
export const ACCEPTED_UPDATE = 'accepted';
/** Signal `pollNow`: ask now instead of waiting. */
export const POLL_NOW_SIGNAL = 'pollNow';
/** Update `item` of a batch: an item's id → {@link ItemStanding}. */
export const ITEM_UPDATE = 'item';
/** Signal `pause` of a batch: no new submits; polling, clocks and deadlines go on. */
export const PAUSE_SIGNAL = 'pause';
/** Signal `resume` of a batch. */
export const RESUME_SIGNAL = 'resume';

/** Memo of every run whose input was found right: the SHA-256 of its RFC 8785 JSON in hex. One id, one request: another one is `IdConflict`. */
export const INPUT_DIGEST_MEMO = 'inputDigest';

/** Memo of a batch, once its report is written: the report's {@link FileRef}. */
export const REPORT_MEMO = 'report';

/** Memo of a chain that was cancelled: {@link FailureDetails} with what it has made, and where a new run goes on; of a batch: its {@link BatchResult} without failures. */
export const CANCELED_MEMO = 'canceled';

/** Search attributes (keywords) that are written when the namespace has them. */
export const SEARCH_ATTRIBUTES = { status: 'LroStatus', connection: 'LroConnection', operationId: 'LroOperationId' } as const;

/** Kept in history at most, in bytes of JSON, for each of body, resource and error of one operation. */
export const MAX_KEPT_BYTES = 65_536;

/** The same of one item of a batch. */
export const MAX_KEPT_ITEM_BYTES = 4096;

/** The same of one step of a chain. */
export const MAX_KEPT_STEP_BYTES = 16_384;

/** Steps of a chain at most. */
export const MAX_STEPS = 20;

/** Items that stand in a batch's input itself, in bytes of JSON: what is more goes into a manifest. */
export const MAX_INLINE_BYTES = 1_048_576;

/** Items of a batch that are open at the service at once, where its input says nothing. */
export const DEFAULT_MAX_IN_FLIGHT = 1000;

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** A file whose bytes become a request's body. It is streamed by the worker and never enters history. */
export interface BodyFile {
  /** `https:` URL on a host that the worker's file allows (`files.urlHosts`), or in a blob container that it names (`files.blobContainers`). */
  url?: string;
  /** Path below a folder that the worker's file allows (`files.readBelow`). */
  path?: string;
  /** Sent as `Content-Type`; default `application/octet-stream`. */
  contentType?: string;
}

/** The request that starts a new operation. */
export interface SubmitRequest {
  /** Default `POST`. */
  method?: HttpMethod;
  /** Below the connection's base URL; may carry a query string. */
  path: string;
  /** Added to the query of `path`. The connection's credential parameters are refused here. */
  query?: Record<string, string | number | boolean>;
  /** Sent with the submit and every poll. Credential headers are refused. */
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: Json;
  /** Sent instead of `body`. */
  bodyFile?: BodyFile;
  /** Sent as idempotency key instead of the one made from the workflow's identity. */
  idempotencyKey?: string;
}

/** Follow an operation that was started elsewhere. */
export interface AttachRequest {
  /** The status monitor's URL, absolute, or relative to the connection's base URL. */
  statusUrl: string;
  /** Method of the submit that was done elsewhere, which some final-state rules depend on. Default `POST`. */
  method?: HttpMethod;
  /** The URL that submit went to: where `finalStateVia: "original-uri"` reads the result. */
  requestUrl?: string;
  /** Sent with every poll. Credential headers are refused. */
  headers?: Record<string, string>;
}

/** What to call at the service when the workflow is cancelled. */
export interface CancelRequest {
  /** Default `POST`. */
  method?: HttpMethod;
  /** Path below the base URL or absolute; `{statusPath}` (path of the status URL) and `{operationId}` are filled in. */
  path: string;
}

export const FINAL_STATE_VIA = ['azure-async-operation', 'location', 'original-uri', 'operation-location'] as const;
/** Where the result is read after success [autorest `x-ms-long-running-operation-options.final-state-via`]. */
export type FinalStateVia = (typeof FINAL_STATE_VIA)[number];

/** Input of workflow `runOperation`. Exactly one of `submit` and `attach`. */
export interface OperationInput {
  connection?: string;
  submit?: SubmitRequest;
  attach?: AttachRequest;
  /** From the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  /** What becomes of a submit of which nobody knows whether it arrived: `retry` = at-least-once (default), `fail` = at-most-once. */
  onUncertainSubmit?: 'retry' | 'fail';
  cancel?: CancelRequest;
  finalStateVia?: FinalStateVia;
  /** Also GET the resource location at the end and return its JSON. */
  fetchResource?: boolean;
  /** Small; copied to result, report and UI. */
  labels?: Record<string, string>;
}

/** Result of workflow `runOperation`. Readers ignore fields they do not know. */
export interface OperationResult {
  status: string;
  operationId?: string;
  /** Absent when the service answered the submit with the end. */
  statusUrl?: string;
  /** Absent when the operation makes no resource. */
  resourceLocation?: string;
  /** Last path segment of the resource location. */
  resourceId?: string;
  /** Of the final GET where there is one, else of the terminal status answer. */
  body?: Json;
  /** With `fetchResource`. */
  resource?: Json;
  /** When the service gave one; same shape as an OData error. */
  warning?: Json;
  /** Names of the fields that were too large to keep whole. */
  truncated?: string[];
  /** Names of what could not be read at the end (`body`, `resource`) and why; the operation succeeded all the same. */
  missing?: Record<string, string>;
  /** ISO 8601, UTC. */
  created?: string;
  /** As the service wrote it. */
  createdText?: string;
  submittedAt?: string;
  completedAt: string;
  polls: number;
  labels?: Record<string, string>;
}

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

/** Answer of update `accepted`. */
export interface Acceptance {
  operationId?: string;
  statusUrl?: string;
}

/** `validating` → `submitting` → `waiting` ⇄ `asking` → (`fetching`) → `succeeded` | `failed` | `canceled`; `canceling` while the service is told. */
export type OperationPhase =
  'validating' | 'submitting' | 'waiting' | 'asking' | 'fetching' | 'canceling' | 'succeeded' | 'failed' | 'canceled';

/** Something that went wrong on the way and did not end the operation. */
export interface Problem {
  message: string;
  /** ISO 8601, UTC. */
  at: string;
  httpStatus?: number;
}

/** Answer of query `progress`. Times are ISO 8601, UTC. */
export interface OperationProgress {
  phase: OperationPhase;
  /** The service's own word, as last read. */
  status?: string;
  operationId?: string;
  /** Signatures in its query are masked. */
  statusUrl?: string;
  polls: number;
  lastPollAt?: string;
  nextPollAt?: string;
  lastProblem?: Problem;
  resourceLocation?: string;
}

/** A file of one's own: exactly one of both. */
export interface FileRef {
  /** On the worker's machine, below a folder that the worker's file allows. */
  path?: string;
  /** `https:` URL on a host that the worker's file allows, or in a blob container that it names. */
  url?: string;
}

/** What a step of a chain has made: later steps refer to it, and a new run starts from it. */
export interface StepMade {
  resourceId?: string;
  resourceLocation?: string;
  operationId?: string;
  /** Only where a later step refers to it. */
  body?: Json;
}

/**
 * One step of a chain: an operation. Texts in it may hold references to what earlier steps have made: `{{steps.<id>.resourceId}}`,
 * `.resourceLocation`, `.operationId` and `.body.<path>`. A text that is nothing but a reference becomes the value itself.
 */
export interface ChainStep extends Omit<OperationInput, 'deadlineSeconds' | 'labels'> {
  /** Letters, digits, `_` and `-`; once in a chain. */
  id: string;
}

/** `onFailure`: what the run has made is deleted when it fails or is cancelled, and what it was given never is. */
export type Cleanup = 'none' | 'onFailure';

/** Input of workflow `runChain`: operations one after the other. */
export interface ChainInput {
  steps: ChainStep[];
  /** Of steps that are not to be run, because an earlier run has made these. Whole, or at least what later steps refer to. */
  made?: Record<string, StepMade>;
  /** Of steps that name none of their own. */
  connection?: string;
  /** Of the whole chain, from the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  /** Of steps that say nothing themselves. */
  onUncertainSubmit?: 'retry' | 'fail';
  /** Of steps that say nothing themselves. */
  cancel?: CancelRequest;
  /** Default `none`. */
  cleanup?: Cleanup;
  labels?: Record<string, string>;
}

export const TILESET_STEPS = ['upload', 'conversion', 'dataset', 'tileset', 'routeset'] as const;
/** Ids of the steps of a chain that builds a tileset. */
export type TilesetStep = (typeof TILESET_STEPS)[number];

/**
 * Input of workflow `buildTileset`. It starts at exactly one of `package`, `udid`, `conversionId` and `datasetId`; with `datasetId` and
 * `tilesetId` only the routeset is left to be made.
 */
export interface BuildTilesetInput {
  connection?: string;
  /** A drawing package: it is streamed by the worker and never enters history. */
  package?: BodyFile;
  /** Of an upload. */
  udid?: string;
  conversionId?: string;
  datasetId?: string;
  tilesetId?: string;
  /** `outputOntology`: default `facility-2.0`, unless `dwgPackageVersion` is there. */
  conversion?: { outputOntology?: string; dwgPackageVersion?: string };
  /** Id of the dataset that the building is added to. */
  dataset?: { appendTo: string };
  /** Sent as JSON. */
  tileset?: { configuration: JsonObject };
  /** Also make a routeset of the dataset. */
  routeset?: boolean;
  /** By step; shown by the service. */
  descriptions?: Partial<Record<TilesetStep, string>>;
  /** Of the whole chain, from the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  onUncertainSubmit?: 'retry' | 'fail';
  cancel?: CancelRequest;
  /** Default `none`. */
  cleanup?: Cleanup;
  labels?: Record<string, string>;
}

/** One step that has succeeded. */
export interface StepResult extends Omit<OperationResult, 'labels'> {
  id: string;
}

/** Result of workflow `runChain`. Status, operation and resource are the last step's; `polls` are all. */
export interface ChainResult extends Pick<
  OperationResult,
  'status' | 'operationId' | 'statusUrl' | 'resourceId' | 'resourceLocation' | 'completedAt' | 'polls'
> {
  /** What there is at the end, by step: also what the run was given. */
  made: Record<string, StepMade>;
  /** Steps that this run has run, in order. */
  steps: StepResult[];
  startedAt: string;
  labels?: Record<string, string>;
}

/** Result of workflow `buildTileset`. */
export interface BuildTilesetResult extends ChainResult {
  made: Partial<Record<TilesetStep, StepMade>> & { tileset: StepMade };
}

/** One resource that a run had made and tried to delete. */
export interface CleanedResource {
  step: string;
  resourceLocation: string;
  deleted: boolean;
  /** Why it could not be deleted. */
  reason?: string;
}

/** Where one step stands. `given`: an earlier run has made it; `notStarted`: others come first. */
export interface StepProgress extends Omit<OperationProgress, 'phase'> {
  id: string;
  phase: OperationPhase | 'notStarted' | 'given';
  /** `POST /conversions · maps` */
  title: string;
}

export type ChainPhase = 'validating' | 'running' | 'canceling' | 'cleaningUp' | 'succeeded' | 'failed' | 'canceled';

/** Answer of query `progress` of a chain. */
export interface ChainProgress {
  phase: ChainPhase;
  /** Id of the step that is under way. */
  step?: string;
  steps: StepProgress[];
}

export const ITEM_KINDS = ['operation', 'tileset', 'chain'] as const;
/** What an item is, and so whose input it has: `runOperation`'s, `buildTileset`'s or `runChain`'s. */
export type ItemKind = (typeof ITEM_KINDS)[number];

/** What an item does: the input of its kind, with that kind's fields and no others. */
export interface ItemInput
  extends
    OperationInput,
    Omit<BuildTilesetInput, keyof OperationInput>,
    Omit<Partial<ChainInput>, keyof OperationInput | keyof BuildTilesetInput> {}

/** One item of a batch: an input and a name for it. */
export interface BatchItem extends ItemInput {
  /** The caller's name for it, once in a batch. */
  id: string;
  /** Default `operation`. */
  kind?: ItemKind;
}

/** Result of an item; `made`, `steps` and `startedAt` of a chain only. */
export type ItemResult = OperationResult & Partial<Pick<ChainResult, 'made' | 'steps' | 'startedAt'>>;

export const ITEM_OUTCOMES = ['succeeded', 'failed', 'uncertain', 'canceled', 'notStarted', 'invalid'] as const;
/**
 * How an item ended. `uncertain`: nobody knows whether the service accepted it, and it was not to be sent twice; `canceled`: at the
 * service, or with the batch; `notStarted`: the batch stopped submitting before it came to it; `invalid`: skipped (`skipInvalid`).
 */
export type ItemOutcome = (typeof ITEM_OUTCOMES)[number];

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
export interface BatchInput {
  items?: BatchItem[];
  /** JSON Lines: one item a line. */
  manifest?: FileRef;
  retryOf?: RetryOf;
  /** Merged into every item: objects field by field, the item's own values win. Chains take what they have in common with operations. */
  defaults?: OperationInput;
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

export type BatchPhase = 'validating' | 'running' | 'paused' | 'stopping' | 'canceling' | 'reporting' | 'succeeded' | 'failed' | 'canceled';

/** Answer of query `progress` of a batch. The counts are those that the shards told last, some seconds ago. */
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
