/**
 * Calling activities: their timeouts, retries and the summaries an operator reads.
 *
 * Keeps true: a worker that dies is noticed by its missing heartbeat in {@link HEARTBEAT_TIMEOUT}, and what only reads is asked again.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, TimeoutFailure, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type {
  Ask,
  AskOptions,
  AskResult,
  CancelCall,
  CancelResult,
  Claims,
  FetchRequest,
  FetchResult,
  LroActivities,
  Prepared,
  PrepareRequest,
  SubmitClaims,
  SubmitItem,
  SubmitResult,
} from '../activities/messages';
import type { FailureDetails } from '../contract';
import type { SubmitDecision } from '../lro/monitor';

const HEARTBEAT_TIMEOUT = '5 seconds';
/** Reads are repeated soon and not for ever: beyond this the loop itself waits and asks again. */
const READ_RETRIES = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 10 } as const;

/** Options of calls that only read. */
export function reading(timeoutSeconds: number, summary: string): ActivityOptions {
  return { startToCloseTimeout: boundSeconds(timeoutSeconds) * 1000, heartbeatTimeout: HEARTBEAT_TIMEOUT, retry: READ_RETRIES, summary };
}

/** Options of calls that submit. Temporal must never send a submit again by itself. */
export function submitting(timeoutSeconds: number, streamsFile: boolean, summary: string): ActivityOptions {
  return {
    startToCloseTimeout: (streamsFile ? FILE_SUBMIT_SECONDS : boundSeconds(timeoutSeconds)) * 1000,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { maximumAttempts: 1 },
    summary,
  };
}

function call(options: ActivityOptions): LroActivities {
  return proxyActivities<LroActivities>(options);
}

/** @throws ActivityFailure whose cause is the typed failure */
export function prepare(request: PrepareRequest): Promise<Prepared> {
  return call({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
    summary: 'check the input',
  }).prepare(request);
}

/** The typed failure of an activity. */
export function failureIn(err: unknown): FailureDetails | undefined {
  const cause = err instanceof ActivityFailure ? err.cause : undefined;
  return cause instanceof ApplicationFailure ? (cause.details?.[0] as FailureDetails | undefined) : undefined;
}

/** Time for one exchange and its repetition with new credentials, and for its turn at a busy connection. */
function boundSeconds(timeoutSeconds: number): number {
  return Math.ceil(2 * timeoutSeconds) + 180;
}

export function askStatus(asks: Ask[], timeoutSeconds: number, summary: string, options?: AskOptions): Promise<AskResult[]> {
  return call(reading(timeoutSeconds, summary)).status(...withOptions(asks, options));
}

export function fetchResources(
  requests: FetchRequest[],
  timeoutSeconds: number,
  summary: string,
  options?: AskOptions,
): Promise<FetchResult[]> {
  return call(reading(timeoutSeconds, summary)).resource(...withOptions(requests, options));
}

function withOptions<T>(requests: T[], options: AskOptions | undefined): [T[], AskOptions?] {
  return options === undefined ? [requests] : [requests, options];
}

export function tellCancel(request: CancelCall, timeoutSeconds: number): Promise<CancelResult> {
  const startToCloseTimeout = 2 * boundSeconds(timeoutSeconds) * 1000;
  return call({
    startToCloseTimeout,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    // Whoever cancels waits for it: a quarter of a minute, then the memo says that the service was not told.
    retry: { ...READ_RETRIES, maximumAttempts: 5 },
    summary: 'tell the service to cancel',
  }).cancel(request);
}

/** A file of a gigabyte over a slow line takes hours. */
const FILE_SUBMIT_SECONDS = 6 * 3600;

/**
 * Submits, and says of every item what is known of it, whatever happened to the activity: its answer, `uncertain` (it was claimed and
 * nobody knows), or `notAccepted` without a wait (it was provably never sent). Not cut by a cancellation. Never throws.
 */
export async function submitAll(
  items: SubmitItem[],
  timeoutSeconds: number,
  streamsFile: boolean,
  summary: string,
): Promise<SubmitResult[]> {
  try {
    return await CancellationScope.nonCancellable(() => call(submitting(timeoutSeconds, streamsFile, summary)).submit(items));
  } catch (err) {
    return afterDeath(items, claimsOf<SubmitClaims>(err));
  }
}

/** What an activity that submits had claimed when it ended; `undefined` when that is not known. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it names what was written there
export function claimsOf<T extends Claims<unknown, unknown>>(err: unknown): T | undefined {
  const cause = err instanceof ActivityFailure ? err.cause : undefined;
  // No heartbeat at all: nothing was claimed, so nothing was sent.
  if (cause instanceof TimeoutFailure) return (cause.lastHeartbeatDetails ?? { claimed: [], answered: [] }) as T;
  if (cause instanceof ApplicationFailure && cause.type === 'SubmitInterrupted') return cause.details?.[0] as T | undefined;
  return undefined;
}

/** A submit that was claimed by an activity that did not live to tell its answer. */
export const INTERRUPTED: SubmitDecision = {
  kind: 'uncertain',
  waitSeconds: 0,
  why: 'backoff',
  trouble: { message: 'the worker ended while the submit was under way' },
};

function afterDeath(items: SubmitItem[], claims: SubmitClaims | undefined): SubmitResult[] {
  const answered = new Map(claims?.answered.map((result) => [result.id, result]));
  const claimed = new Set(claims?.claimed ?? items.map(({ id }) => id));
  return items.map(({ id }) => {
    const result = answered.get(id);
    if (result !== undefined) return result;
    return {
      id,
      decision: claimed.has(id)
        ? INTERRUPTED
        : { kind: 'notAccepted', waitSeconds: 0, why: 'backoff', trouble: { message: 'the worker ended before the submit was sent' } },
    };
  });
}
