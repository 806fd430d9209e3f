/**
 * What workflows and activities say to each other. Types only: workflow code may import this file and no other of this folder.
 *
 * Keeps true: fields are only added; a worker of the last version and one of the next understand each other.
 */
import type {
  BodyFile,
  BuildTilesetInput,
  ChainInput,
  ChainStep,
  CleanedResource,
  Cleanup,
  CancelRequest,
  FinalStateVia,
  HttpMethod,
  OperationInput,
  StepMade,
  SubmitRequest,
} from '../contract';
import type { ChainKind } from '../chains/resume';
import type { FetchDecision } from '../lro/fetch';
import type { Fetch, Monitor, StatusDecision, SubmitDecision } from '../lro/monitor';

/** Whose operation it is: the idempotency key is made from it. */
export interface Identity {
  workflowId: string;
  firstRunId: string;
  itemId: string;
  generation: number;
  /** Of a chain: each of its steps has a key of its own. */
  stepId?: string;
}

/** What the first activity learnt of the worker's settings; lives in the workflow's state, so that workers set differently replay alike. */
export interface LearntSettings {
  /** Search attributes of ours that the namespace has; upserting another would wedge the workflow. */
  searchAttributes: string[];
  /** Continue as new after so many events, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

/** A valid operation, completed with defaults and with what the connection says. */
export interface PreparedOperation {
  connection: string;
  /** `POST /tilesets · maps`: what operators see. */
  title: string;
  deadlineSeconds: number;
  onUncertainSubmit: 'retry' | 'fail';
  fetchResource: boolean;
  cancel?: CancelRequest;
  finalStateVia?: FinalStateVia;
  /** `pollNow` never asks sooner after the last poll. */
  minSeconds: number;
  /** Bound of one HTTP exchange. */
  timeoutSeconds: number;
  /** A new operation. */
  submit?: { method: HttpMethod; url: string; idempotencyKey: string; streamsFile: boolean };
  /** Or one that was started elsewhere. */
  attach?: Monitor;
}

export interface PrepareRequest {
  input: OperationInput;
  identity: Identity;
}

export interface Prepared {
  operation: PreparedOperation;
  settings: LearntSettings;
}

/** One operation to submit. */
export interface SubmitItem {
  id: string;
  connection: string;
  method: HttpMethod;
  /** Absolute, with the caller's query, without credentials. */
  url: string;
  request: SubmitBody;
  idempotencyKey: string;
  /** Time of the first try. */
  firstSentAtMs: number;
  onUncertainSubmit: 'retry' | 'fail';
  fetchResource?: boolean;
  finalStateVia?: FinalStateVia;
  attempts?: number;
  cookies?: Record<string, string>;
  /** Kept at most of each body, resource and error; default: as of a single operation. */
  maxKeptBytes?: number;
}

/** What of a submit's request is sent besides its URL. */
export interface SubmitBody extends Pick<SubmitRequest, 'headers' | 'body'> {
  bodyFile?: BodyFile & { version?: string };
}

export interface SubmitResult {
  id: string;
  decision: SubmitDecision;
}

/**
 * Details of a submit activity's heartbeats. Claimed and answered: `answered` says how. Claimed and not answered: nobody knows.
 * Not claimed: provably never sent.
 */
export interface Claims<C, A> {
  claimed: C[];
  answered: A[];
}

export type SubmitClaims = Claims<string, SubmitResult>;

/** `type` of the failure a submit activity ends with when it stops by itself; `details[0]` are its {@link SubmitClaims}. */
export const SUBMIT_INTERRUPTED = 'SubmitInterrupted';

/** One operation to ask for. */
export interface Ask {
  id: string;
  monitor: Monitor;
}

/** How a set is asked. */
export interface AskOptions {
  /** Kept at most of each body, resource and error; default: as of a single operation. */
  maxKeptBytes?: number;
  /** Requests at once. */
  concurrency?: number;
}

export interface AskResult {
  id: string;
  /** Absent: not asked, because the answers of the others were large enough for one payload. */
  decision?: StatusDecision;
}

export interface FetchRequest {
  id: string;
  fetch: Fetch;
}

export interface FetchResult {
  id: string;
  decision?: FetchDecision;
}

export interface CancelCall {
  monitor: Monitor;
  cancel: CancelRequest;
}

/** What came of telling the service to cancel: it had ended already, or it was told, or it would not hear. */
export type CancelResult =
  | { kind: 'ended'; decision: StatusDecision }
  | { kind: 'told'; httpStatus: number }
  | { kind: 'refused'; reason: string; httpStatus?: number };

export interface PrepareChainRequest {
  kind: ChainKind;
  input: ChainInput | BuildTilesetInput;
}

/** A valid chain, before anything is submitted. */
export interface PreparedChain {
  steps: PreparedStep[];
  /** What was there before. */
  given: Record<string, StepMade>;
  /** Ids of steps whose body a later step refers to. */
  bodiesNeeded: string[];
  deadlineSeconds: number;
  cleanup: Cleanup;
  settings: LearntSettings;
}

export interface PreparedStep {
  id: string;
  /** `POST /conversions · maps` */
  title: string;
  /** Completed; its references are still in it. `ownQuery`: parameters that a built-in chain sets itself. */
  step: ChainStep & Required<Pick<ChainStep, 'connection'>> & { ownQuery?: readonly string[] };
  /** Of its body file, when the chain was started. */
  fileVersion?: string;
}

export interface PrepareStepRequest {
  prepared: PreparedStep;
  /** What its references may name. */
  made: Record<string, StepMade>;
  identity: Identity;
}

/** A step that can be submitted. */
export interface ReadyStep {
  operation: PreparedOperation;
  request: SubmitBody;
}

export interface DeleteRequest {
  step: string;
  connection: string;
  resourceLocation: string;
}

/** The activities of chains by name. */
export interface ChainActivities {
  /** Checks a chain whole, before anything is submitted. Fails with `InvalidInput`, `UnknownConnection`, `FileRefused`. */
  prepareChain(request: PrepareChainRequest): Promise<PreparedChain>;
  /** Fills in what earlier steps have made. Fails with `InvalidInput` where they have not made it. */
  prepareStep(request: PrepareStepRequest): Promise<ReadyStep>;
  /** Deletes what a chain has made, in the order given. What cannot be deleted is said. */
  deleteResources(requests: DeleteRequest[]): Promise<CleanedResource[]>;
}

/** The activities by name. */
export interface LroActivities {
  /** Checks an input and completes it. Fails with `InvalidInput`, `UnknownConnection`, `FileRefused` or `UntrustedUrl`, before any request. */
  prepare(request: PrepareRequest): Promise<Prepared>;
  /** Sends submits, with claims. Never retried by Temporal. */
  submit(items: SubmitItem[]): Promise<SubmitResult[]>;
  /** Asks the status of a set of operations, in parallel. */
  status(asks: Ask[], options?: AskOptions): Promise<AskResult[]>;
  /** Reads what is still to be read of finished operations. */
  resource(requests: FetchRequest[], options?: AskOptions): Promise<FetchResult[]>;
  /** Tells the service to cancel. */
  cancel(call: CancelCall): Promise<CancelResult>;
}
