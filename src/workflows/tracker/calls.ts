/** Calling the activities of trackers, and of operations that they follow. */
import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Begun, BeginRequest, NotShared, TrackerActivities } from '../../activities/tracker/messages';
import { FAILURE_TYPES } from '../../contract';
import type { JobEvent } from '../../jobs/model';
import type { Registration } from '../../jobs/tracked';
import { reading } from '../engine/calls';
import { interruptedEvent, submittedEvent, submittingUnchecked } from '../engine/submits';

/** What must reach Temporal is tried until it does. */
const UNTIL_DONE = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;
/** For calls of Temporal alone. */
const TEMPORAL_SECONDS = 60;

function call(options: ActivityOptions): TrackerActivities {
  return proxyActivities<TrackerActivities>(options);
}

/** Activities of a tracker: they are repeated until they succeed. */
export function trackerCall(summary: string): TrackerActivities {
  return call({ ...reading(TEMPORAL_SECONDS, summary), retry: UNTIL_DONE });
}

/** What came of checking, submitting and handing over at once; no `begun`: it is to be checked again, and the event tells what is known of it. */
export interface BeginEnd {
  begun?: Begun;
  event?: JobEvent;
}

/** Never submits twice. Not cut by a cancellation. @throws ActivityFailure with a typed failure where the input is refused */
export async function beginShared(request: BeginRequest, title: string): Promise<BeginEnd> {
  try {
    const begun = await CancellationScope.nonCancellable(() => call(submittingUnchecked(title))['lro.begin'](request));
    if ('elsewhere' in begun) return {};
    return { begun, event: submittedEvent(begun.submitted) };
  } catch (err) {
    const cause = err instanceof ActivityFailure ? err.cause : undefined;
    if (cause instanceof ApplicationFailure && FAILURE_TYPES.some((type) => type === cause.type)) throw err;
    return { event: interruptedEvent(err) };
  }
}

/** Hands an operation to its tracker. @returns why not, where a tracker may not have it or cannot be told */
export async function register(registration: Registration): Promise<{ tracker: string } | NotShared> {
  try {
    return await call(reading(TEMPORAL_SECONDS, 'hand to its tracker'))['lro.register']({ registration });
  } catch (err) {
    if (isCancellation(err)) throw err;
    return { refused: 'its tracker could not be told' };
  }
}
