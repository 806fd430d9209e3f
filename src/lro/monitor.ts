/**
 * The status monitor of an accepted operation: what must be known to ask it again. Lives in the workflow's state and is opaque there;
 * every activity may return a new one.
 */
import type { FailureDetails, FileRef, FinalStateVia, HttpMethod, Json, ResultFile, TroubleKind } from '../contract';
import type { Cookies } from './cookies';
import type { WaitReason } from './retry-after';

/** How the answers of a status URL are read; the rules of each stand in the table of `styles.ts`.
 * - `monitor`: the operation's own status (`Operation-Location`, `Azure-AsyncOperation`).
 * - `location`: becomes the result.
 * - `resource`: the URL of the resource that a PUT or PATCH makes.
 * - `deletion`: the URL of the resource that a DELETE removes.
 * - `unknown`: followed from elsewhere; becomes one of the others with the first answer that tells.
 */
export type MonitorStyle = 'monitor' | 'location' | 'resource' | 'deletion' | 'unknown';

/** Answers of one kind in a row. */
export interface InARow {
  count: number;
  /** When the first of them came. */
  sinceMs: number;
}

/** Things that went wrong in a row; any good answer clears them. */
export interface Tally {
  /** Not reachable, or overloaded. */
  unreachable?: number;
  /** Answers that make no sense. */
  unreadable?: InARow;
  /** 401 and 403. */
  unauthorized?: InARow;
  /** 404. */
  notFound?: InARow;
  /** Not asked, because the service wanted to be left alone. */
  held?: number;
}

/** A request that a dialect makes of an operation, filled in from the answer to its submit. */
export interface NamedRequest {
  method: HttpMethod;
  /** Absolute, without credentials of the connection. */
  url: string;
  body?: Json;
}

export interface Monitor {
  connection: string;
  /** Without the connection's credential parameters. */
  statusUrl: string;
  /** As it may be shown, when it carries signatures. */
  shownUrl?: string;
  style: MonitorStyle;
  operationId?: string;
  /** Where the result is read after success, when the submit already says so. */
  finalUrl?: string;
  /** The caller chose it: the body's `resourceLocation` does not stand in its place. */
  finalUrlIsChosen?: boolean;
  /** False where the caller chose that the monitor's own answer is the result: then the body's `resourceLocation` is not read either. */
  mayFetch?: boolean;
  /** A `Location` of the last answer that names another URL is where the result is read. */
  resultAtLocation?: true;
  /** The submit was a PUT or PATCH: a failed state of the resource is the operation's. */
  makesResource?: true;
  /** The service was told where to call back: polls are the backstop. */
  callsBack?: true;
  /** One of its answers had a `status`: an operation that tells its failures so does not tell them by 4xx. */
  toldStatus?: true;
  /** Nothing says whether work goes on: one GET of the URL tells, and when it does not, the operation has succeeded and made `resourceLocation`. */
  probe?: { resourceLocation: string };
  /** The submit's `api-version`, added to status URLs that lack it. */
  apiVersion?: string;
  /** The caller's headers. */
  headers?: Record<string, string>;
  /** Cookies of the service: some keep the operation's affinity in them. */
  cookies?: Cookies;
  /** The caller wants the resource itself read at the end. */
  fetchResource?: boolean;
  /** Where the caller wants the final body. */
  resultFile?: FileRef;
  acceptedAtMs: number;
  tally?: Tally;
  /** How it is polled, where not by GET alone. */
  poll?: { method: 'POST'; body?: Json };
  /** How it is cancelled, where the dialect of its connection says so. */
  cancel?: NamedRequest;
  /** The request that starts it, where its submit only made it and the service has not taken that request yet. */
  start?: NamedRequest & {
    /** Nobody knows whether the last one was taken: one that has come to its end since would begin anew, so its status is read first. */
    mayBeTaken?: true;
  };
}

/** What is known of the end of an operation that succeeded. */
export interface Outcome {
  status: string;
  operationId?: string;
  resourceLocation?: string;
  resourceId?: string;
  body?: Json;
  file?: ResultFile;
  warning?: Json;
  truncated?: string[];
  missing?: Record<string, string>;
  created?: string;
  createdText?: string;
}

/** Something that went wrong and does not end the operation. */
export interface Trouble {
  message: string;
  /** Absent where the service works as it should, and there is only something to tell. */
  kind?: TroubleKind;
  /** The service's own words: `503 ServerBusy: storage account is throttled`. */
  said?: string;
  httpStatus?: number;
  /** By which the service itself knows that request. */
  requestId?: string;
}

/** Whether a status answer tells of something that is wrong: a word that is not known counts as running. */
export function isWrong(trouble: Trouble | undefined): boolean {
  return trouble?.kind !== undefined && trouble.kind !== 'UnknownStatus';
}

/** The operation has succeeded; `fetches` say where the rest of its result is still to be read. */
export interface Succeeded {
  kind: 'succeeded';
  outcome: Outcome;
  /** The resource location as it may be shown, when it carries signatures. */
  shownLocation?: string;
  fetches?: Fetch[];
  /** Of an operation whose body is wanted in a file: the body is a part of the answer, as the dialect says. */
  isPart?: true;
}

/** What is still to be read of a finished operation. */
export interface Fetch {
  connection: string;
  url: string;
  /** Which fields of the result its answer becomes. */
  into: ('body' | 'resource')[];
  headers?: Record<string, string>;
  cookies?: Cookies;
  attempts?: number;
  /** The body goes there, whole. */
  file?: FileRef;
  /** The URL may carry credentials of its own, like a status URL. */
  namedByService?: true;
}

export interface Failed {
  kind: 'failed';
  failure: FailureDetails;
}

/** Ask again in so many seconds. `monitor` stands here only when it has changed. */
export interface Running {
  kind: 'running';
  waitSeconds: number;
  why: WaitReason;
  /** What the service asked, when the connection's cap made the wait shorter. */
  cappedFromSeconds?: number;
  status?: string;
  monitor?: Monitor;
  trouble?: Trouble;
  /** Nothing was sent: the service wants to be left alone. */
  notAsked?: boolean;
}

/** What a status answer tells us. */
export type StatusDecision = Running | Succeeded | Failed;

/** The request that was sent, as decisions about its answer need it. */
export interface SubmitContext {
  connection: string;
  method: HttpMethod;
  /** Absolute, without credentials. */
  url: string;
  headers?: Record<string, string>;
  cookies?: Cookies;
  finalStateVia?: FinalStateVia;
  fetchResource?: boolean;
  /** Where the caller wants the final body. */
  resultFile?: FileRef;
  /** Names of the idempotency headers that were sent. */
  idempotencyHeaders: readonly string[];
  /** Submits of this operation that came to nothing so far. */
  attempts: number;
  /** A 401 is waited for, as in a batch, where one broken key would reject everything; alone it rejects. */
  waitsUnauthorized?: boolean;
  /** Of the last decision, where it had one. */
  unauthorizedSinceMs?: number;
  /** What an uncertain submit may have made can still be looked for. */
  canBeFound?: boolean;
}

/** The service has taken it. */
export interface Accepted {
  kind: 'accepted';
  monitor: Monitor;
  waitSeconds: number;
  why: WaitReason;
  /** As in {@link Running}. */
  cappedFromSeconds?: number;
  status?: string;
  created?: string;
  createdText?: string;
}

/** It was not taken, and may be sent again. */
export interface NotAccepted {
  kind: 'notAccepted';
  /** Not a try of this submit: its connection held it back, because the service had asked for a pause or refuses the key. */
  heldBack?: true;
  /** Since when the key is refused: belongs into the context of the next try. */
  unauthorizedSinceMs?: number;
  waitSeconds: number;
  why: WaitReason;
  /** As in {@link Running}. */
  cappedFromSeconds?: number;
  trouble: Trouble;
  cookies?: Cookies;
}

/** Nobody knows whether it was taken. The caller's choice decides what becomes of it. */
export interface Uncertain {
  kind: 'uncertain';
  waitSeconds: number;
  why: WaitReason;
  /** As in {@link Running}. */
  cappedFromSeconds?: number;
  trouble: Trouble;
  cookies?: Cookies;
}

/** What the answer to a submit tells us. */
export type SubmitDecision = Accepted | NotAccepted | Uncertain | Succeeded | Failed;
