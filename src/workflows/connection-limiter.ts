/**
 * Workflow `connectionLimiter`: hands out windows of a connection's rates to the workers of a task queue (`limits.share: exact`).
 *
 * Keeps true:
 * 1. It does nothing of its own: without workers that ask its history does not grow.
 * 2. What is no request is refused before it is in history, and what is remembered is bounded (`src/sharing/allotment.ts`).
 */
import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { allot, hasRoomFor, noAllotment, type Allotment } from '../sharing/allotment';
import { isWindowRequest, MAX_WORKERS, WINDOW_UPDATE, type Window, type WindowRequest } from '../sharing/windows';
import { carriedBy } from './engine/carry';
import { inNewRun, isNewRunDue } from './engine/new-run';

const windowUpdate = defineUpdate<Window, [WindowRequest]>(WINDOW_UPDATE);

/** Whoever starts it may give it any input. */
interface LimiterInput {
  /** Continue as new after so many events, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: unknown;
}

/** Runs until somebody ends it. */
export async function connectionLimiter(input?: LimiterInput, carried?: Allotment): Promise<never> {
  let allotment = carriedBy(carried) ?? noAllotment(Date.now());
  setHandler(
    windowUpdate,
    (request) => {
      const { after, window } = allot(allotment, request, Date.now());
      allotment = after;
      return window;
    },
    { validator: (request) => requireRequest(request, allotment) },
  );
  const events = input?.continueAsNewAfterEvents;
  const settings = { continueAsNewAfterEvents: typeof events === 'number' && events >= 20 ? events : undefined };
  await condition(() => isNewRunDue(settings, true));
  // Only what was understood of the input: it may be as large, or as deep, as could not be handed on.
  return await inNewRun<typeof connectionLimiter>(settings, allotment);
}

/** @throws ApplicationFailure `InvalidInput` */
function requireRequest(request: unknown, allotment: Allotment): void {
  if (!isWindowRequest(request)) throw refusal('this is no request for a window');
  if (!hasRoomFor(allotment, request.worker, Date.now()))
    throw refusal(`more than ${MAX_WORKERS} workers have no limiter: use limits.share: true`);
}

function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
