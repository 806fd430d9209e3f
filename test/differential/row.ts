/** A row of the differential tests: a scripted service, an operation that it is asked for, what happens meanwhile, and the common end. */
import type { OperationInput, OperationProgress, OperationResult } from '../../src/contract';
import type { Script, ScriptedService } from './scripted-service';

export type Progress = Omit<OperationProgress, 'phase'>;

/** What a test can look at while a run goes on. */
export interface Watched {
  service: ScriptedService;
  /** Asks the run where the operation stands, until it is so; returns what it said then. */
  progressed: (isWanted: (progress: Progress) => boolean) => Promise<Progress | undefined>;
}

/**
 * Resolves when it has come. Recognised by what the service saw and by what the run says of itself, never by time; returns what the run said,
 * where it was asked: soon afterwards it may say something else.
 */
export type Moment = (watched: Watched) => Promise<Progress | undefined>;

/**
 * `look`: nothing but reading `progress`, which every step does first; `cancel`: the run is cancelled; `neighbour`: another operation on the
 * same connection gets all the answers that the script has for `POST /neighbours`; `listen`: the service, which refused connections, takes them;
 * `release`: the service sends the answers that it has held.
 */
export type Deed = 'look' | 'cancel' | 'neighbour' | 'listen' | 'release';

export interface Row {
  /** A sentence about behaviour. */
  name: string;
  script: Script;
  /** Default: a POST to `/things`. */
  input?: Omit<OperationInput, 'connection'>;
  /** Over the connection's own, as the worker's file has it; polls wait for nothing they were not asked to wait for. */
  connection?: Record<string, unknown>;
  /** The service refuses connections until a step says `listen`. */
  refuses?: boolean;
  /** Its timers are not compared, because it depends on the moment which of them come: near a deadline, or where a busy service is waited for. */
  ignoresTimers?: true;
  /** In order, after the run was started; `neighbour` without a moment happens before. */
  steps?: readonly { at?: Moment; does: Deed }[];
  /** What all shapes come to; a regular expression where only a part of a text is fixed. */
  expected: Expected;
}

/** An end in its common form. */
export interface End {
  end: 'succeeded' | 'failed' | 'canceled' | 'uncertain';
  /** Of a failure: the operation's own, whatever stands around it. */
  type?: string;
  message?: string;
  httpStatus?: number;
  operationId?: string;
  statusUrl?: string;
  error?: unknown;
  /** Of a run that was cancelled: what is known of what it left at the service; `nothing` where it was never sent. */
  left?: string;
  result?: Partial<OperationResult>;
}

/** What is compared. */
export interface Outcome extends End {
  /** As the service counted them. */
  requests: Record<string, number>;
  /** As the result says. */
  polls?: number;
  /** At each step, in order. */
  progress: (Progress | undefined)[];
  /** Names of the durable timers, each once, with the numbers masked; only those without a name where the row ignores its timers. */
  timers: string[];
  /** Whole seconds of the last backoff before a submit, where the row asks for it. */
  lastBackoffSeconds?: number;
}

export type Expected = Pick<Outcome, 'end'> & { [Field in keyof Outcome]?: unknown };

export const atOnce: Moment = () => Promise.resolve(undefined);

/** The request has arrived, and its answer is held. */
export function arrived(route: string, times = 1): Moment {
  return async ({ service }) => {
    await service.until(route, 'arrived', times);
    return undefined;
  };
}

/** A submit failed for now, and the run waits for the next try. */
export const waitingToSubmit: Moment = async ({ service, progressed }) => {
  await service.until('POST /things', 'answered');
  return progressed(({ lastProblem }) => lastProblem !== undefined);
};

/** No connection could be opened, and the run waits for the next try. */
export const waitingToConnect: Moment = ({ progressed }) => progressed(({ lastProblem }) => lastProblem !== undefined);

/** A submit was held back by the connection, and the run waits for its next turn. */
export const submitHeldBack: Moment = ({ progressed }) => progressed(isHeldBack);

/** The same of a poll. */
export const pollHeldBack: Moment = ({ progressed }) => progressed((progress) => isHeldBack(progress) && progress.nextPollAt !== undefined);

function isHeldBack({ lastProblem }: Progress): boolean {
  return lastProblem?.message.startsWith('not sent: the service answers') === true;
}

/** The service has accepted the operation, and the run waits for the first poll. */
export const accepted: Moment = async ({ service, progressed }) => {
  await service.until('POST /things', 'answered');
  return progressed(({ operationId }) => operationId !== undefined);
};

/** So many polls were answered, and the run waits for the next one. */
export function polled(times: number): Moment {
  return async ({ service, progressed }) => {
    await service.until('GET /operations/1', 'answered', times);
    return progressed(({ polls }) => polls === times);
  };
}

/** So many polls were answered, and nothing is wrong any more. */
export function polledWell(times: number): Moment {
  return async ({ service, progressed }) => {
    await service.until('GET /operations/1', 'answered', times);
    return progressed(({ polls, lastProblem }) => polls === times && lastProblem === undefined);
  };
}

/** The final GET failed for now, and the run waits for the next try. */
export const waitingToRead: Moment = async ({ service, progressed }) => {
  await service.until('GET /things/1', 'answered');
  return progressed(({ lastProblem }) => lastProblem?.message.startsWith('final GET') === true);
};
