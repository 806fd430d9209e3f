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
} from '@temporalio/workflow';
import type { LroActivities, Prepared } from '../activities/messages';
import type { Acceptance, OperationInput, OperationProgress, OperationResult } from '../contract';
import { ACCEPTED_UPDATE, MAX_KEPT_BYTES, PROGRESS_QUERY } from '../contract';
import { jobResult } from '../jobs/ends';
import { attachedJob, newJob } from '../jobs/begin';
import type { EndedJob, Job } from '../jobs/model';
import { PREPARING } from './engine/calls';
import { carriedBy, ownIdentity } from './engine/carry';
import { forOthers, onAnyWorker } from './engine/elsewhere';
import { inNewRun } from './engine/new-run';
import { begunWith, runSingle, singleEngine } from './engine/single';
import { requireBounded } from './given';
import { logError, logSuccess } from './log-lines';
import { isMeant, pollNowSignal } from './poll-now';
import { countingEnd } from './metrics';
import { OperationView } from './operation-view';
import { noteDigest, requireSameRequest } from './same-request';

const progressQuery = defineQuery<OperationProgress>(PROGRESS_QUERY);
const acceptedUpdate = defineUpdate<Acceptance, [OperationInput | undefined]>(ACCEPTED_UPDATE);

/** What one run hands to the next. Plain JSON. */
export interface CarriedOperation {
  prepared: Pick<Prepared, 'about' | 'settings' | 'inputDigest'>;
  job: Job;
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
  setHandler(pollNowSignal, (target) => {
    if (isMeant(target)) view.pollNow();
  });
  try {
    const result = await countingEnd(
      () => toItsEnd(input, view, carried),
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
async function toItsEnd(input: OperationInput, view: OperationView, given: CarriedOperation | undefined): Promise<OperationResult> {
  const carried = carriedBy(given);
  const prepared = carried?.prepared ?? (await prepare(input, view));
  const job = carried?.job ?? firstJob(prepared);
  const engine = singleEngine({ single: input, kind: 'operation', count: 1 }, job, MAX_KEPT_BYTES);
  view.open(engine, prepared, carried?.written);
  const end = await runSingle(engine, prepared.settings, (phase) => view.changed(phase), allHandlersFinished);
  if (end.kind === 'continueAsNew') {
    const { settings, written } = await view.carried();
    return continueAsNew(input, { prepared: { ...prepared, settings }, job: end.job, written });
  }
  return conclude(end.ended, end.cancellation, view);
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
  const place = { page: 0, index: 0 };
  return attach === undefined ? newJob(place, begunWith(about)) : attachedJob(place, attach, Date.now(), begunWith(about));
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
