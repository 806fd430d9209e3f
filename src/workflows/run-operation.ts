/**
 * Workflow `runOperation`: one operation, from its submission to its end.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; the input is checked after.
 * 2. It ends with a result, with a typed failure, or as cancelled, and then its memo says what it left at the service.
 * 3. It continues as new only while no update waits, and carries all that the loop needs; to move to another version of the workers only
 *    after the service has accepted.
 */
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { LroActivities, Prepared } from '../activities/messages';
import type { Acceptance, OperationInput, OperationProgress, OperationResult } from '../contract';
import { ACCEPTED_UPDATE, INPUT_DIGEST_MEMO, MAX_KEPT_BYTES, PROGRESS_QUERY } from '../contract';
import { jobResult } from '../jobs/ends';
import { attachedJob, keyOf, newJob } from '../jobs/begin';
import { isEnded } from '../jobs/job';
import type { EndedJob, Job } from '../jobs/model';
import { PREPARING } from './engine/calls';
import { TRACKER_MEMO } from '../jobs/tracker-names';
import { carriedBy, ownIdentity } from './engine/carry';
import { forOthers, onAnyWorker } from './engine/elsewhere';
import { inNewRun } from './engine/new-run';
import type { Engine } from './engine/engine';
import { begunWith, cancelSingle, runSingle, singleEngine } from './engine/single';
import { SharedFollowing } from './follow-shared';
import { requireBounded } from './given';
import { logError, logSuccess } from './log-lines';
import { isMeant, pollNowSignal } from './poll-now';
import { countingEnd } from './metrics';
import { OperationView } from './operation-view';
import { noteDigest, requireSameRequest } from './same-request';
import type { BeginEnd } from './tracker/calls';

const progressQuery = defineQuery<OperationProgress>(PROGRESS_QUERY);
const acceptedUpdate = defineUpdate<Acceptance, [OperationInput | undefined]>(ACCEPTED_UPDATE);

const FIRST = { page: 0, index: 0 };

/** What one run hands to the next. Plain JSON. */
export interface CarriedOperation {
  prepared: Pick<Prepared, 'about' | 'settings' | 'inputDigest' | 'follow'>;
  job: Job;
  /** It was handed back by a tracker. */
  followsItself?: true;
  /** Search attributes as they were written. */
  written: Record<string, string>;
}

/** @throws ApplicationFailure as the contract says */
export async function runOperation(input: OperationInput, carried?: CarriedOperation): Promise<OperationResult> {
  const view = new OperationView(input);
  setHandler(progressQuery, () => view.progress());
  setHandler(acceptedUpdate, () => view.acceptance(), {
    validator: (request?: OperationInput) => requireSameRequest({ input, digest: view.inputDigest }, request),
  });
  const following = new SharedFollowing();
  setHandler(pollNowSignal, (target) => {
    if (!isMeant(target)) return;
    view.pollNow();
    following.hurry();
  });
  try {
    const result = await countingEnd(
      () => toItsEnd(input, view, following, carried),
      () => view.connection,
    );
    logSuccess('operation', { connection: view.connection, operationId: result.operationId, polls: result.polls });
    return result;
  } catch (err) {
    view.close(isCancellation(err));
    logError('operation', err, { connection: view.connection, operationId: view.progress().operationId });
    throw err;
  } finally {
    // An update that waits for acceptance gets its answer before the workflow closes.
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    await view.settled();
  }
}

/** The story. */
async function toItsEnd(
  input: OperationInput,
  view: OperationView,
  following: SharedFollowing,
  given: CarriedOperation | undefined,
): Promise<OperationResult> {
  const carried = carriedBy(given);
  const begin = carried === undefined && mayBeginAtOnce(input) ? await begunAtOnce(input, view, following) : undefined;
  const prepared = carried?.prepared ?? begin?.begun?.prepared ?? (await prepare(input, view));
  let engine = engineOf(input, carried?.job ?? firstJob(prepared));
  if (begin?.event !== undefined) engine.apply(keyOf(FIRST), begin.event);
  if (begin?.begun !== undefined) noteBegun(prepared, engine, view, following);
  view.open(engine, prepared, carried?.written);
  const changed = (phase?: 'canceling'): void => view.changed(phase);
  const isShared = prepared.follow === 'shared' && carried?.followsItself !== true;
  for (;;) {
    const handsOver = (job: Job): boolean => isShared && following.mayFollow(job);
    const end = await runSingle(engine, prepared.settings, changed, allHandlersFinished, handsOver);
    if (end.kind === 'continueAsNew') {
      const { settings, written } = await view.carried();
      const followsItself = carried?.followsItself ?? following.isOver;
      return continueAsNew(input, { prepared: { ...prepared, settings }, job: end.job, followsItself, written });
    }
    if (end.kind === 'ended') return conclude(end.ended, end.cancellation, view);
    const { back, cancellation } = await followed(end.job, view, following);
    if (isEnded(back)) {
      view.takeBack(undefined);
      return conclude(back, cancellation, view);
    }
    engine = engineOf(input, back);
    view.takeBack(engine);
    if (cancellation !== undefined) return conclude((await cancelSingle(engine, cancellation, changed)).ended, cancellation, view);
  }
}

/** The job when its tracker has told what became of it, or when the workflow was cancelled. */
async function followed(
  job: Job,
  view: OperationView,
  following: SharedFollowing,
): Promise<{ back: Job | EndedJob; cancellation?: Error }> {
  const shown = (): void => view.handOver(job, following.tracker);
  shown();
  try {
    return { back: await following.follow(job, shown) };
  } catch (err) {
    if (!isCancellation(err)) throw err;
    return { back: await CancellationScope.nonCancellable(() => following.release(job)), cancellation: err as Error };
  }
}

/** Whether it is certain that a tracker is to have it, before anybody has looked at the input; a file for its result is looked at first. */
function mayBeginAtOnce(input: Partial<OperationInput> | null | undefined): boolean {
  return input?.follow === 'shared' && typeof input.submit === 'object' && input.resultFile === undefined;
}

async function begunAtOnce(input: OperationInput, view: OperationView, following: SharedFollowing): Promise<BeginEnd> {
  try {
    requireBounded(input);
    view.changed('submitting');
    return await following.begin(input, workflowInfo().startTime.getTime());
  } catch (err) {
    throw view.refused(err);
  }
}

/** One event of history for both, where it was accepted. */
function noteBegun(prepared: CarriedOperation['prepared'], engine: Engine, view: OperationView, { tracker }: SharedFollowing): void {
  if (engine.jobs()[0]?.step.at !== 'poll') return noteDigest(prepared);
  view.noteWith({ [INPUT_DIGEST_MEMO]: prepared.inputDigest, [TRACKER_MEMO]: tracker });
}

function engineOf(input: OperationInput, job: Job): Engine {
  return singleEngine({ single: input, kind: 'operation', count: 1 }, job, MAX_KEPT_BYTES);
}

async function prepare(input: OperationInput, view: OperationView): Promise<Prepared> {
  try {
    requireBounded(input);
    const prepared = await onAnyWorker((lookup) =>
      proxyActivities<LroActivities>(forOthers(PREPARING, lookup))['lro.prepare']({ input, identity: ownIdentity(), lookup }),
    );
    noteDigest(prepared);
    return prepared;
  } catch (err) {
    throw view.refused(err);
  }
}

function firstJob({ about, attach }: Prepared): Job {
  return attach === undefined ? newJob(FIRST, begunWith(about)) : attachedJob(FIRST, attach, Date.now(), begunWith(about));
}

/** A body that is accepted is not needed again. */
async function continueAsNew({ submit, ...rest }: OperationInput, carried: CarriedOperation): Promise<never> {
  const { at } = carried.job.step;
  // What is looked for may have to be sent again.
  const isSubmitted = at !== 'submit' && at !== 'find';
  const next = { ...rest, submit: submit && (isSubmitted ? { ...submit, body: undefined } : submit) };
  return await inNewRun<typeof runOperation>(next as OperationInput, carried);
}

function conclude({ job, end }: EndedJob, cancellation: Error | undefined, view: OperationView): OperationResult {
  if (end.kind === 'succeeded') {
    view.end(job, 'succeeded');
    return jobResult(job, end.steps, Date.now());
  }
  if (cancellation !== undefined && (end.kind === 'canceled' || end.kind === 'notStarted')) {
    if (end.note !== undefined) upsertMemo({ cancel: end.note });
    view.end(job, 'canceled');
    throw cancellation;
  }
  throw view.fail(end.failure, job);
}
