/** Jobs and what happens to them, as plain JSON: what `job.ts` decides about. */
import type { CancelRequest, CleanedResource, FailureDetails, ItemKind, OperationResult, Problem, StepMade } from '../contract';
import type { CancelDecision } from '../lro/cancel';
import type { FetchDecision } from '../lro/fetch';
import type { FindDecision } from '../lro/find';
import type { Fetch, Monitor, Outcome, StatusDecision, SubmitDecision, Trouble } from '../lro/monitor';

/** Where the input of a job stands: which item of which page. */
export interface Place {
  page: number;
  index: number;
}

/** A step of a chain that is still to come. */
export interface StepRef {
  id: string;
  /** `POST /conversions · maps` */
  title: string;
  connection: string;
  /** A later step refers to its body. */
  withBody?: boolean;
}

/** What is known of a job and of the operation that its current step submits or follows. */
export interface About {
  /** The caller's name of an item; empty for what is no item. */
  id: string;
  /** Default `operation`. */
  kind?: ItemKind;
  /** `POST /tilesets · maps` */
  title: string;
  connection: string;
  /** From the first submit, where the job has no deadline yet; 0 = none. */
  deadlineSeconds: number;
  onUncertainSubmit: 'retry' | 'fail';
  /** `hurried` keeps this distance to the last answer. */
  minSeconds: number;
  /** Bound of one HTTP exchange. */
  timeoutSeconds: number;
  /** Its submit streams a file, which may take hours; or may, because nobody has looked yet. */
  streamsFile?: boolean;
  /** How the service is asked to cancel it. */
  cancel?: CancelRequest;
  /** What an uncertain submit may have made is looked for at the service. */
  canBeFound?: boolean;
  labels?: Record<string, string>;
  /** How many batches had tried it before this one. */
  generation?: number;
  /** Of a chain: the current step, and those that come after it. */
  step?: StepRef;
  left?: StepRef[];
  /** Of a chain: what there was before it began. */
  given?: Record<string, StepMade>;
  /** Of a chain: what it has made is deleted when it does not come to its end. */
  cleanup?: boolean;
  /** Of a chain in a large set: results of its steps are kept without what nobody asks for later. */
  short?: boolean;
}

/** A submit that may have arrived: what a repetition has to send as well, where that is known. */
export interface MaybeAccepted {
  idempotencyKey?: string;
  firstSentAtMs?: number;
}

/** Since when, and on which workers (their identities), was looked for one that has in its file what it takes. */
export interface Lookup {
  sinceMs: number;
  on: string[];
}

interface Due {
  dueAtMs: number;
  /** Why then: shown on the timer. */
  why: string;
  /** What went wrong last, and is not known to be over. */
  problem?: Trouble & Problem;
  /** No worker that was asked has in its file what it takes: since when, and their identities. */
  lookup?: Lookup;
}

export interface SubmitStep extends Due {
  at: 'submit';
  /** Submits that came to nothing so far. */
  tries: number;
  firstSentAtMs?: number;
  maybeAccepted?: MaybeAccepted;
  /** Since when the service refuses the key, and no good answer came since. */
  unauthorizedSinceMs?: number;
  /** Cookies of the service, for the next try. */
  cookies?: SubmitCookies;
  /** `hurried` came before there was anything to ask. */
  thenHurry?: boolean;
  /** What earlier tries may have made was looked for in vain. */
  wasLookedFor?: true;
}

/** A submit ended uncertain: what it may have made is looked for at the service, before it is sent again or given up. */
export interface FindStep extends Omit<SubmitStep, 'at' | 'wasLookedFor'> {
  at: 'find';
  /** When it ended uncertain. */
  sinceMs: number;
  /** Looks that were answered, and in which it was not there. */
  looks: number;
}

type SubmitCookies = Extract<SubmitDecision, { kind: 'notAccepted' }>['cookies'];

/** What is known of an operation that the service has accepted. */
interface OperationRecord {
  /** Absent when the answer to the submit was the end. */
  monitor?: Monitor;
  /** The service's own word, as last read. */
  status?: string;
  polls: number;
  lastPollAtMs?: number;
  submittedAtMs?: number;
  created?: string;
  createdText?: string;
}

export interface PollStep extends Due, OperationRecord {
  at: 'poll';
  monitor: Monitor;
  /** The wait that the last answer asked for: who may have asked and was not heard waits it again. */
  waitMs?: number;
  /** A tracker may not ask it: its own workflow does. */
  isNotShared?: true;
}

export interface FetchStep extends Due, OperationRecord {
  at: 'fetch';
  outcome: Outcome;
  /** The resource location as it may be shown, when it carries signatures. */
  shownLocation?: string;
  /** Still to be read, in order. */
  fetches: Fetch[];
  /** When a read of these was answered last. */
  lastReadAtMs?: number;
}

/** The job has its end; what it has made is deleted before that is told. */
export interface CleanupStep extends Due {
  at: 'cleanup';
  end: UnsuccessfulEnd;
  requests: DeleteRequest[];
  /** Where it stood when it ended. */
  before: SubmitStep | FindStep | PollStep | FetchStep;
}

export type Step = SubmitStep | FindStep | PollStep | FetchStep | CleanupStep;

export interface DeleteRequest {
  step: string;
  connection: string;
  resourceLocation: string;
}

/** A step of a chain that has succeeded, or the operation itself. */
export interface DoneStep {
  id: string;
  connection: string;
  withBody?: boolean;
  result: Omit<OperationResult, 'labels'>;
  /** The resource location as it may be shown, when it carries signatures. */
  shownLocation?: string;
}

export interface Job extends Place {
  /** Absent until its first submit has been prepared. */
  about?: About;
  step: Step;
  done?: DoneStep[];
  startedAtMs?: number;
  deadlineAtMs?: number;
}

/** How a job ended that did not succeed. `failure` is the operation's own (see `failureOf` in `ends.ts` for a chain's). */
export interface UnsuccessfulEnd {
  /** `invalid`: its input cannot be run; `notStarted`: nothing was sent, and nothing will be. */
  kind: 'failed' | 'canceled' | 'invalid' | 'notStarted';
  failure?: FailureDetails;
  /** What came of telling the service, for who cancelled it. */
  note?: string;
  /** Of a submit that may have arrived. */
  maybeAccepted?: MaybeAccepted;
  cleaned?: CleanedResource[];
}

export type JobEnd = { kind: 'succeeded'; steps: DoneStep[] } | UnsuccessfulEnd;

/** A job that has ended, as it stood last, and how. */
export interface EndedJob {
  job: Job;
  end: JobEnd;
}

/** A submit activity's answer about one job. */
export interface Submitted {
  about?: About;
  /** Absent: it was not sent. */
  decision?: SubmitDecision | { kind: 'invalid'; failure: FailureDetails };
  /** Of what was not sent: when it may be, and why not now. */
  waitSeconds?: number;
  trouble?: Trouble;
  /** Time of its first try, where one was sent. */
  firstSentAtMs?: number;
  /** Of a submit that may have arrived now, or in an earlier batch. */
  maybeAccepted?: MaybeAccepted;
}

export type JobEvent =
  | ({ kind: 'submitted' } & Submitted)
  /** No decision: nobody looked, because the other answers filled the payload. */
  | { kind: 'lookedAt'; about?: About; decision?: FindDecision }
  /** `agoMs`: how old the answer is, at least. */
  | { kind: 'polled'; decision: StatusDecision; agoMs?: number }
  | { kind: 'fetched'; decision: FetchDecision }
  /** The worker's file does not have what it takes, another worker's may. Nothing was sent. */
  | { kind: 'elsewhere'; on: string[] }
  /** A tracker may not ask it. */
  | { kind: 'notShared' }
  /** Nobody could ask: the activity itself failed. */
  | { kind: 'unreachable'; message: string; waitSeconds: number }
  | { kind: 'expired' }
  /** Ask now instead of waiting. */
  | { kind: 'hurried' }
  /** It is to be canceled: what came of telling the service (absent: nobody could be told). */
  | { kind: 'canceled'; decision?: CancelDecision }
  /** It will not be submitted any more, because its set ends. */
  | { kind: 'abandoned' }
  | { kind: 'cleaned'; cleaned: CleanedResource[] };
