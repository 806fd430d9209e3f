/** Operations: what a workflow `runOperation` is given, returns and tells. */
import type { Json, JsonCompatible } from './json';

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

/**
 * The request that starts a new operation.
 * @typeParam Sent what is sent as `body`: any type whose values are JSON, also an interface
 */
export interface SubmitRequest<Sent = Json> {
  /** Default `POST`. */
  method?: HttpMethod;
  /** Below the connection's base URL; may carry a query string. */
  path: string;
  /** Added to the query of `path`. The connection's credential parameters are refused here. */
  query?: Record<string, string | number | boolean>;
  /** Sent with the submit and every poll. Credential headers are refused. */
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: Sent & JsonCompatible<Sent>;
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

/** What the input of an operation says beside the request. */
export interface OperationOptions {
  connection?: string;
  /** From the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  /** What becomes of a submit of which nobody knows whether it arrived: `retry` = at-least-once (default), `fail` = at-most-once. */
  onUncertainSubmit?: 'retry' | 'fail';
  cancel?: CancelRequest;
  finalStateVia?: FinalStateVia;
  /** Also GET the resource location at the end and return its JSON. */
  fetchResource?: boolean;
  /**
   * Where the final body goes instead of into the result, however long it is: where the worker's file allows, and nothing may be there yet.
   * `{workflowId}`, `{runId}`, in a batch `{id}` and in a chain `{step}` are filled in.
   */
  resultFile?: FileRef;
  /** Small; copied to result, report and UI. */
  labels?: Record<string, string>;
}

/** All fields of an operation's input, where more is said elsewhere: in the defaults of a batch, in its items, in the steps of a chain. */
export interface OperationFields<Sent = Json> extends OperationOptions {
  submit?: SubmitRequest<Sent>;
  attach?: AttachRequest;
}

export const FOLLOW_MODES = ['own', 'shared'] as const;
/**
 * Who polls an operation. `own`: its own workflow, and every poll stands in its history. `shared`: a tracker of its connection, together with
 * others; the history of the operation does not grow.
 */
export type FollowMode = (typeof FOLLOW_MODES)[number];

interface Following {
  /** Default: what the connection says, and where that says nothing `own`. */
  follow?: FollowMode;
}

/** An operation that the worker starts at the service. */
export interface SubmitInput<Sent = Json> extends OperationOptions, Following {
  submit: SubmitRequest<Sent>;
  attach?: never;
}

/** An operation that was started elsewhere. */
export interface AttachInput extends OperationOptions, Following {
  attach: AttachRequest;
  submit?: never;
}

/** Input of workflow `runOperation`. */
export type OperationInput<Sent = Json> = SubmitInput<Sent> | AttachInput;

/**
 * An input that also says, to the compiler only, what its result holds: clients that are given it return `OperationResult<Body, Resource>`.
 * Functions that `lro generate` writes return it.
 */
export type TypedInput<Body = Json, Resource = Json, Sent = Json> = OperationInput<Sent> & {
  /** Never there. */
  readonly [RESULT_TYPE]?: OperationResult<Body, Resource>;
};

declare const RESULT_TYPE: unique symbol;

/** Result of workflow `runOperation`. Readers ignore fields they do not know. */
export interface OperationResult<Body = Json, Resource = Json> {
  status: string;
  operationId?: string;
  /** Absent when the service answered the submit with the end. */
  statusUrl?: string;
  /** Absent when the operation makes no resource. */
  resourceLocation?: string;
  /** Last path segment of the resource location. */
  resourceId?: string;
  /** Of the final GET where there is one, else of the terminal status answer. With `resultFile` only where that could not be written. */
  body?: Body;
  /** With `resultFile`: the final body, whole. */
  file?: ResultFile;
  /** With `fetchResource`. */
  resource?: Resource;
  /** When the service gave one; same shape as an OData error. */
  warning?: Json;
  /** Names of the fields that were too large to keep whole. */
  truncated?: string[];
  /** Names of what could not be read at the end (`body`, `resource`, `file`) and why; the operation succeeded all the same. */
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

/** Answer of update `accepted`. */
export interface Acceptance {
  operationId?: string;
  statusUrl?: string;
}

/** `validating` → `submitting` → `waiting` ⇄ `asking` → (`fetching`) → `succeeded` | `failed` | `canceled`; `canceling` while the service is told. */
export type OperationPhase =
  'validating' | 'submitting' | 'waiting' | 'asking' | 'fetching' | 'canceling' | 'succeeded' | 'failed' | 'canceled';

export const TROUBLE_KINDS = [
  'Throttled',
  'Unreachable',
  'Unauthorized',
  'Unreadable',
  'Uncertain',
  'UnknownStatus',
  'UnknownConnection',
] as const;
/**
 * What keeps an operation from going on, as `LroTrouble` says it. `Unauthorized`: credentials are missing or refused; `Unreadable`: an answer
 * that makes no sense; `Uncertain`: a submit that may have been accepted; `UnknownStatus`: a status word that counts as running because nobody
 * says what it means; `UnknownConnection`: no worker that was asked has the operation's connection in its file.
 */
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

/** Something that went wrong on the way and did not end the operation. */
export interface Problem {
  message: string;
  /** Absent where nothing keeps the operation from going on, and there is only something to tell. */
  kind?: TroubleKind;
  /** The service's own words, as it said them last: `503 ServerBusy: storage account is throttled`. */
  said?: string;
  /** ISO 8601, UTC. */
  at: string;
  /** When it began, and how often it was told since. */
  since?: string;
  times?: number;
  httpStatus?: number;
  /** Of an uncertain submit: the id that the service gave the request. */
  requestId?: string;
}

/** Why an operation has failed, in short: the whole is in the failure that its workflow ends with. */
export interface ProgressFailure {
  type: string;
  message: string;
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
  /** While it is submitted: the number of the try that is under way or comes next, from 1, and when it comes. */
  attempt?: number;
  nextTryAt?: string;
  lastProblem?: Problem;
  resourceLocation?: string;
  /** Of one that has failed: why. */
  failure?: ProgressFailure;
  /** The first tracker of its connection polls it: `polls` and what follows from answers are as they were when it was handed over. */
  tracker?: string;
}

/** Answer of query `operation` of a tracker. Without either: it is not there, or not any more. */
export interface TrackedStanding {
  progress?: OperationProgress;
  /** Another tracker knows: its workflow id. */
  next?: string;
}

/** A file of one's own: exactly one of both. */
export interface FileRef {
  /** On the worker's machine, below a folder that the worker's file allows. */
  path?: string;
  /** `https:` URL on a host that the worker's file allows, or in a blob container that it names. */
  url?: string;
}

/** A final body that was written to a file. */
export interface ResultFile extends FileRef {
  bytes: number;
  /** Of what was written, in small hexadecimal digits. */
  sha256: string;
  /** As the service said it; `application/octet-stream` where it said nothing. */
  contentType: string;
}
