/**
 * What operations, the trackers that follow them (`follow: "shared"`), and their activities send each other. Types and names only, like
 * `../messages.ts`.
 *
 * Keeps true: fields are only added; who is told something shows the token that was made at the registration.
 */
import type { OperationInput } from '../../contract';
import type { Job, JobEnd } from '../../jobs/model';
import type { Owner, Registration } from '../../jobs/tracked';
import type { Elsewhere, LearntSettings, Prepared, Repeatable, SubmitResult, WorkflowIdentity } from '../messages';

/** By which an operation is meant, and who means it is known. */
export type Shown = Pick<Owner, 'workflowId' | 'token'>;

/** What became of an operation that was handed to a tracker. */
export interface Told extends Shown {
  /** As it stands. */
  job: Job;
  /** Absent: it has not ended, and its workflow goes on with it. */
  end?: JobEnd;
}

/** Input of a tracker. */
export interface TrackerInput {
  connection: string;
  /** Which of the trackers of its connection it is: see `jobs/tracked.ts`. */
  path: string;
}

/** What a tracker has to know first. */
export interface TrackerStart {
  settings: LearntSettings;
  /** Another one that had its id was split before. */
  isSplit: boolean;
}

export interface BeginRequest extends Repeatable {
  input: OperationInput;
  identity: WorkflowIdentity;
  token: string;
  /** Workflow time of the first try. */
  firstSentAtMs: number;
  startedAtMs: number;
  maxKeptBytes: number;
}

/** An operation that was checked, submitted, and where its service has accepted it, handed to a tracker. */
export interface Begun {
  prepared: Prepared;
  submitted: SubmitResult;
  /** The tracker's id. Absent: it was not handed over. */
  tracker?: string;
}

export interface RegisterRequest {
  registration: Registration;
}

/** Why it is not handed over: its workflow follows it itself. */
export interface NotShared {
  refused: string;
}

/** Registrations that a tracker which was split passes on, all to one. */
export interface PassOnRequest extends TrackerInput {
  registrations: Registration[];
}

export interface AdoptRequest extends TrackerInput {
  /** Workflows whose operations it has: they need not register again. */
  known: string[];
}

/** The activities of trackers and of operations that they follow, by name. */
export interface TrackerActivities {
  /** `lro.prepare`, `lro.submit` and `lro.register` in one. Never retried by Temporal. Fails like `lro.prepare`. */
  'lro.begin'(request: BeginRequest): Promise<Begun | Elsewhere>;
  /** Hands an operation to its tracker. */
  'lro.register'(request: RegisterRequest): Promise<{ tracker: string } | NotShared>;
  'lro.passOn'(request: PassOnRequest): Promise<void>;
  /** Tells workflows what became of their operations. Those that are closed are told nothing. */
  'lro.tell'(all: Told[]): Promise<void>;
  'lro.beginTracker'(input: TrackerInput): Promise<TrackerStart>;
  /** Has the open operations of a tracker, which has lost them, register again. @returns how many */
  'lro.adopt'(request: AdoptRequest): Promise<number>;
  /** Those whose workflows are closed, by token. */
  'lro.closedAmong'(operations: Owner[]): Promise<string[]>;
}
