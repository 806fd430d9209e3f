/**
 * What a worker and the limiter of a connection (`src/workflows/connection-limiter.ts`) say to each other: a worker asks for a window, in which it
 * may use so much of the rates.
 *
 * Keeps true: what comes from either side is checked, because whoever reaches the namespace can send it; it only grows, because workers and
 * limiter may be of different versions.
 */
import { isRates, type Rates } from './rates';

/** The workflow's type, and its update {@link WindowRequest} → {@link Window}. */
export const LIMITER = 'connectionLimiter';
export const WINDOW_UPDATE = 'window';

/** An update is five events: with so many seconds for each worker a limiter's history grows by less than one event a second. */
const SECONDS_FOR_EACH = 6;
/** A window lasts so much longer than until the next one is asked for. */
const OVERLAP_SECONDS = 6;

/** More workers than these have no limiter. */
export const MAX_WORKERS = 100;
const MAX_NAME_CHARS = 1000;
/** A hold is told anew while it lasts. */
const MAX_HOLD_SECONDS = 10;

/** The service is busy: nothing but one request at a time, and that not sooner than in so long. */
export interface Hold {
  httpStatus: number;
  seconds: number;
}

export interface WindowRequest {
  /** The identity of the worker. */
  worker: string;
  /** How many there are, as Temporal lists them. */
  workers: number;
  /** Of the connection, in this worker's file. */
  limits: Rates;
  /** What it could use. */
  wanted: Rates;
  /** What it may use now, of an earlier window. */
  held?: Rates;
  hold?: Hold;
}

export interface Window {
  rates: Rates;
  /** How long it holds, from when it was asked for. */
  seconds: number;
  /** When to ask for the next one. */
  askAgainSeconds: number;
  /** What another worker has found. */
  hold?: Hold;
}

/** The workflow's id: one for each connection and task queue. */
export function limiterId(taskQueue: string, connection: string): string {
  return `${LIMITER_IDS}${taskQueue}/${connection}`;
}

const LIMITER_IDS = 'lro-limiter/';

/** Whether a workflow of that id would stand in a limiter's place. */
export function isLimiterId(workflowId: string): boolean {
  return workflowId.startsWith(LIMITER_IDS);
}

/** How long windows are, with so many workers that have one. */
export function windowLengths(workers: number): Pick<Window, 'seconds' | 'askAgainSeconds'> {
  const askAgainSeconds = SECONDS_FOR_EACH * workers;
  return { askAgainSeconds, seconds: askAgainSeconds + OVERLAP_SECONDS };
}

/** Whether this is a request; what is not is refused. */
export function isWindowRequest(value: unknown): value is WindowRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { worker, workers, limits, wanted, held, hold } = value as Partial<Record<keyof WindowRequest, unknown>>;
  return (
    typeof worker === 'string' &&
    worker.length <= MAX_NAME_CHARS &&
    Number.isInteger(workers) &&
    (workers as number) >= 1 &&
    isRates(limits) &&
    isRates(wanted) &&
    (held === undefined || isRates(held)) &&
    (hold === undefined || isHold(hold))
  );
}

/** Whether this is an answer; what is not counts as none. */
export function isWindow(value: unknown): value is Window {
  if (typeof value !== 'object' || value === null) return false;
  const { rates, seconds, askAgainSeconds, hold } = value as Partial<Record<keyof Window, unknown>>;
  const most = windowLengths(MAX_WORKERS);
  return (
    isRates(rates) &&
    isBetween(askAgainSeconds, 1, most.askAgainSeconds) &&
    isBetween(seconds, askAgainSeconds, most.seconds) &&
    (hold === undefined || isHold(hold))
  );
}

function isHold(value: unknown): value is Hold {
  if (typeof value !== 'object' || value === null) return false;
  const { httpStatus, seconds } = value as Partial<Record<keyof Hold, unknown>>;
  return (httpStatus === 429 || httpStatus === 503) && isBetween(seconds, 0, MAX_HOLD_SECONDS);
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
