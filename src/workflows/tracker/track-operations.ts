/**
 * Workflow `trackOperations`: polls operations of a connection for the workflows that wait for them (`follow: "shared"`).
 *
 * Keeps true:
 * 1. It is started by a registration, and ends when it has had no operation for a while; one that was split stays.
 * 2. It continues as new with all that it has; what is to be told or passed on has arrived before.
 * 3. A cancelled tracker hands its operations back: their workflows follow them themselves.
 */
import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { TrackerInput, TrackerStart } from '../../activities/tracker/messages';
import { inGroups } from '../../jobs/groups';
import { MAX_DEPTH } from '../../jobs/tracked';
import { carriedBy } from '../engine/carry';
import { throwIfCancelled } from '../engine/cancellation';
import { inNewRun, isHistoryDear, isNewRunDue } from '../engine/new-run';
import { jsonBytes } from '../engine/weights';
import { trueWithin } from '../engine/within';
import { typedFailure } from '../failures';
import { trackerCall } from './calls';
import { adoptSignal, hurrySignal, registerSignal, releaseSignal, standingQuery } from './messages';
import { TrackerView } from './show';
import { Tracker, type CarriedTracker, type Tracked } from './tracker';

/** Without an operation it stays so long. */
const IDLE_SECONDS = 60;
/** That one worker may have. */
const TRACKERS = 20;
/** Operations that continue as new travel in arguments of at most so many bytes. */
const MAX_ARGUMENT_BYTES = 500_000;

export async function trackOperations(given: TrackerInput, before?: CarriedTracker, ...operations: Tracked[][]): Promise<void> {
  const input = knownInput(given);
  const carried = carriedBy(before);
  const tracker = new Tracker(input, carried, operations.flat());
  setHandler(standingQuery, (workflowId) => tracker.standing(workflowId));
  setHandler(releaseSignal, (shown) => tracker.release(shown));
  setHandler(hurrySignal, (shown) => tracker.hurry(shown));
  setHandler(registerSignal, (registrations) => tracker.register(registrations));
  setHandler(adoptSignal, (runId) => tracker.adopt(runId));
  try {
    const start = carried?.start ?? (await trackerCall('begin')['lro.beginTracker'](input));
    const view = new TrackerView(input, start.settings, carried?.written);
    tracker.begin(start);
    while (await hasWork(tracker, start)) {
      if (isNewRunDue(start.settings, true) || (tracker.isAtRest && isHistoryDear(TRACKERS))) {
        await tracker.settle();
        await throwIfCancelled();
        return await continueAsNew(input, tracker, start, view);
      }
      await tracker.engine.send();
      view.show(tracker);
      await tracker.engine.rest();
      tracker.collect();
    }
  } catch (err) {
    if (!isCancellation(err)) throw err;
    await CancellationScope.nonCancellable(() => tracker.close());
    throw err;
  }
}

/** Whoever starts it can pass any arguments. @throws ApplicationFailure `InvalidInput` */
function knownInput(given: Partial<TrackerInput> | null | undefined): TrackerInput {
  const { connection, path } = given ?? {};
  const isPath = typeof path === 'string' && path.length <= MAX_DEPTH && /^[01]*$/.test(path);
  if (typeof connection === 'string' && isPath) return { connection, path };
  throw typedFailure({ type: 'InvalidInput', message: 'trackOperations is started for operations with follow "shared", not by callers' });
}

/** Waits for an operation where there is none. @returns false when there is nothing to wait for any more */
async function hasWork(tracker: Tracker, { settings }: TrackerStart): Promise<boolean> {
  await throwIfCancelled();
  const isDue = (): boolean => tracker.engine.isOpen || isNewRunDue(settings, true);
  if (tracker.isEmpty && !(await trueWithin(() => isDue() || !tracker.isEmpty, IDLE_SECONDS, 'end without operations'))) return false;
  // Where nothing is polled, something is still to be told, or others rely on its being there.
  if (!isDue()) await condition(() => isDue() || tracker.isEmpty);
  return true;
}

async function continueAsNew(input: TrackerInput, tracker: Tracker, start: TrackerStart, view: TrackerView): Promise<never> {
  const { settings, written } = await view.carried();
  const { carried, operations } = tracker.carried({ ...start, settings });
  return await inNewRun<typeof trackOperations>(input, { ...carried, written }, ...inGroups(operations, MAX_ARGUMENT_BYTES, jsonBytes));
}
