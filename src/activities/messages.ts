/**
 * What workflows and activities send each other. Types and names only: of this folder, workflow code may import only this file and
 * those of `batch` and `tracker`.
 *
 * Keeps true: fields are only added; a worker of one version and one of the next understand each other.
 *
 * Longer than other files, because it is all that both sides of an activity have to know.
 */
import type {
  BatchItem,
  BuildTilesetInput,
  ChainInput,
  CleanedResource,
  FileRef,
  FollowMode,
  ItemInput,
  ItemKind,
  ItemOutcome,
  OperationFields,
  OperationInput,
  StepMade,
  CancelRequest,
} from '../contract';
import type { About, DeleteRequest, MaybeAccepted, StepRef, Submitted } from '../jobs/model';
import type { Rows } from '../jobs/packing';
import type { ChainKind } from '../jobs/resume';
import type { CancelDecision } from '../lro/cancel';
import type { FetchDecision } from '../lro/fetch';
import type { FindDecision } from '../lro/find';
import type { Fetch, Monitor, StatusDecision } from '../lro/monitor';

/** Settings of the worker that the first activity reads; kept in the workflow's state, so that workers with other settings replay alike. */
export interface LearntSettings {
  /** Those of this project's search attributes that the namespace has; upserting any other would wedge the workflow. */
  searchAttributes: string[];
  /** How long that is relied on before `lro.searchAttributes` is asked again; absent: for ever. */
  searchAttributesForSeconds?: number;
  /** Workflow time at which it was learnt; the activity leaves that to the workflow. */
  searchAttributesAtMs?: number;
  /** Continue as new after so many events, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
  /** Where the documentation is published, with a `/` at its end. */
  docsUrl?: string;
  /** How each item of a batch ends stands in no log: the worker's leaves lines of level debug out. */
  isQuiet?: true;
}

/** How long, and on which workers, was looked so far for what a worker's file did not have. */
export interface LookedUp {
  forSeconds: number;
  /** Identities of workers, which have their files' hashes in them. */
  on: string[];
}

/** Instead of an answer: this worker's file does not have what it takes, another worker's may. Nothing was sent. */
export interface Elsewhere {
  /** Identities of the workers on which was looked so far. */
  elsewhere: string[];
}

/** A request that is repeated for another worker where the answer is {@link Elsewhere}. */
export interface Repeatable {
  /** Absent: nobody has looked before. */
  lookup?: LookedUp;
}

/** The workflow and its first run. */
export type WorkflowIdentity = Pick<Source, 'workflowId' | 'firstRunId'>;

export interface PrepareRequest extends Repeatable {
  input: OperationInput;
  /** Of the asking workflow: a file's name may be made of it. */
  identity?: WorkflowIdentity;
}

/** A valid operation, completed with the settings of its connection. */
export interface Prepared {
  about: About;
  settings: LearntSettings;
  /** Of an operation that was started elsewhere. */
  attach?: Monitor;
  /** Who polls it. */
  follow?: FollowMode;
  /** Of the input. */
  inputDigest?: string;
}

export interface PrepareChainRequest extends Repeatable {
  kind: ChainKind;
  input: ChainInput | BuildTilesetInput;
  identity?: WorkflowIdentity;
}

/** A valid chain, before anything is submitted. */
export interface PreparedChain {
  /** Of its first step that is not made yet. */
  about: About;
  /** All its steps, also those that are made. */
  steps: StepRef[];
  settings: LearntSettings;
  /** Of the body files of steps, when the chain was started: by step. */
  fileVersions?: Record<string, string>;
  /** Of the input. */
  inputDigest?: string;
}

/** A part of a manifest: whole lines, pinned by a hash. */
export interface ManifestPage {
  offset: number;
  bytes: number;
  /** Items in it. */
  count: number;
  /** Number of its first line, from 1. */
  line: number;
  /** Of its bytes. */
  hash: string;
  /** Indexes of items whose id an earlier item has; only where invalid items are skipped. */
  duplicates?: number[];
}

/** Items in the batch's own input. */
export interface InlinePage {
  items: BatchItem[];
  count: number;
  /** Index of its first item in the batch's input. */
  first?: number;
  /** Index of each in the batch's input, if they do not follow each other. */
  numbers?: number[];
  duplicates?: number[];
}

/** The input of a workflow that is not a batch. */
export interface SinglePage {
  single: ItemInput;
  kind: ItemKind;
  count: 1;
  fileVersions?: Record<string, string>;
}

export type Page = ManifestPage | InlinePage | SinglePage;

/** Where inputs come from, and what they share. */
export interface Source {
  /** The workflow and its first run: idempotency keys are made from them. */
  workflowId: string;
  firstRunId: string;
  /** JSON Lines with items, or a report of an earlier batch. Absent: the pages hold the inputs themselves. */
  file?: FileRef;
  /** The file is a report, and items with these outcomes are to be run. */
  retried?: ItemOutcome[];
  /** Uncertain ones too, where they may be sent twice. */
  retriesUncertain?: true;
  defaults?: OperationFields;
}

/** One input of a page that is to be submitted. */
export interface SubmitItem {
  index: number;
  /** The job's name in its workflow, by which a call of the service finds it. */
  key?: string;
  /** Earlier tries that were not accepted. */
  tries?: number;
  cookies?: Monitor['cookies'];
  /** Workflow time of its first try. */
  firstSentAtMs: number;
  /** Since when its key is refused. */
  unauthorizedSinceMs?: number;
  /** What earlier tries may have made was looked for in vain. */
  wasLookedFor?: true;
  /** Of a chain: what its steps have made so far. */
  made?: Record<string, StepMade>;
}

/** Inputs of one page to submit in one activity. */
export interface SubmitRequest {
  source: Source;
  page: Page;
  items: SubmitItem[];
  /** Of each body, resource and error. */
  maxKeptBytes: number;
  /** By index, of those that are looked for. */
  lookups?: Record<string, LookedUp>;
  /** Of all answers together, where that is less than an activity may return. */
  maxAnswerBytes?: number;
}

/** A request as it travels: what its items share stands once. */
export type SentSubmits = Omit<SubmitRequest, 'items' | 'page'> & { items: Rows<SubmitItem>; page: Page | SentPage };
type SentPage = Omit<InlinePage, 'items'> & { items: Rows<BatchItem> };

/** An uncertain submit that is looked for at the service: when it ended so, and looks in which it was not there. */
export interface LostSubmit extends SubmitItem {
  sinceMs: number;
  looks: number;
}

/** Inputs of one page whose submits are to be looked for in one activity. */
export interface FindRequest extends Omit<SubmitRequest, 'items' | 'maxAnswerBytes'> {
  items: LostSubmit[];
}

/** No decision: not looked for, because the other answers filled the payload. */
export interface FindResult extends Partial<Elsewhere> {
  index: number;
  about?: About;
  decision?: FindDecision;
}

/** What became of one of them. */
export interface SubmitResult extends Submitted, Partial<Elsewhere> {
  index: number;
}

/**
 * Details of a submit activity's heartbeats. Claimed and answered: see `answered`. Claimed and not answered: it may have been sent.
 * Not claimed: provably never sent.
 */
export interface Claims {
  claimed: Rows<Claim>;
  answered: Rows<SubmitResult>;
}

export interface Claim {
  index: number;
  about: About;
  maybeAccepted: MaybeAccepted;
}

/** `type` of the failure of a submit activity that was interrupted; `details[0]` are its {@link Claims}. */
export const SUBMIT_INTERRUPTED = 'SubmitInterrupted';

/** One operation whose status is to be asked for. */
export interface Ask {
  id: string;
  monitor: Monitor;
  /** Workflow time when it is due: it is not asked before. */
  dueAtMs?: number;
  /** The wait that its last answer asked for: where an earlier try of the activity may have asked already, it is waited again. */
  waitMs?: number;
}

/** Options of a set of status requests. */
export interface AskOptions {
  /** Of each body, resource and error. */
  maxKeptBytes: number;
  /** Requests at once. */
  concurrency?: number;
  /** By id, of those that are looked for. */
  lookups?: Record<string, LookedUp>;
  /** Their monitors may be anybody's: they are judged like what callers attach to. */
  asCallers?: true;
  /** What asks for no wait may be asked again by the same activity: the answers come in a row (see {@link AskResult.before}). */
  inARow?: true;
}

export interface AskResult extends Partial<Elsewhere> {
  id: string;
  /** Absent: not asked, because the other answers filled the payload, or it was too early. */
  decision?: StatusDecision;
  /** Answers that came before that one, in their order: each asked for no wait. */
  before?: StatusDecision[];
  /** It was not due yet, and too many questions wait on the worker. */
  early?: true;
  /** With `asCallers`: its own workflow is to follow it. */
  notShared?: true;
  /** How old the answer is when the activity ends, at least. */
  agoMs?: number;
}

export interface ReadRequest {
  id: string;
  fetch: Fetch;
}

/** No decision: not tried, because the other answers filled the payload. */
interface Answer<Decision> extends Partial<Elsewhere> {
  id: string;
  decision?: Decision;
}

export type ReadResult = Answer<FetchDecision>;

/** One operation that is to be canceled at the service. */
export interface CancelCall extends Repeatable {
  id: string;
  monitor: Monitor;
  cancel: CancelRequest;
}

export type CancelResult = Answer<CancelDecision>;

/** The activities by name. Names begin with `lro.`, so that they never collide with activities of a host program. */
export interface LroActivities {
  /** Checks an input and completes it. Fails with `InvalidInput`, `UnknownConnection`, `FileRefused` or `UntrustedUrl`, before any request. */
  'lro.prepare'(request: PrepareRequest): Promise<Prepared | Elsewhere>;
  /** Checks a chain whole, before anything is submitted. Fails like `lro.prepare`. */
  'lro.prepareChain'(request: PrepareChainRequest): Promise<PreparedChain | Elsewhere>;
  /** Those of {@link LearntSettings.searchAttributes} that are registered now. */
  'lro.searchAttributes'(): Promise<string[]>;
  /** Submits inputs of one page, with claims; references in chains are filled in. Never retried by Temporal. */
  'lro.submit'(request: SentSubmits): Promise<Rows<SubmitResult>>;
  /** Looks at the service for what uncertain submits may have made. */
  'lro.find'(request: FindRequest): Promise<FindResult[]>;
  /** Asks the status of a set of operations, in parallel. */
  'lro.ask'(asks: Rows<Ask>, options: AskOptions): Promise<Rows<AskResult>>;
  /** Reads the results of operations that have succeeded. */
  'lro.readResults'(requests: ReadRequest[], options: AskOptions): Promise<ReadResult[]>;
  /** Asks the service to cancel operations. */
  'lro.cancel'(calls: CancelCall[]): Promise<CancelResult[]>;
  /** Deletes what a chain has made, in the order given. What cannot be deleted is named with its reason. */
  'lro.deleteResources'(requests: DeleteRequest[], repeatable?: Repeatable): Promise<CleanedResource[] | Elsewhere>;
}
