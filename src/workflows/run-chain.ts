/**
 * Workflows `runChain` and `buildTileset`: operations one after the other, each of what the ones before it have made.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; nothing is submitted before the whole chain was found right.
 * 2. A step is submitted only after all before it have succeeded, and what was made once is not made again by a new run that `resumeFrom` starts.
 * 3. It ends with a result, with a typed failure, or as cancelled; its memo says what it has made.
 * 4. Only what this run has made is ever deleted.
 */
import { CancelledFailure, defineQuery, isCancellation, proxyActivities, setHandler, upsertMemo } from '@temporalio/workflow';
import type { LroActivities, PreparedChain } from '../activities/messages';
import type { BuildTilesetInput, BuildTilesetResult, ChainInput, ChainProgress, ChainResult, FailureDetails } from '../contract';
import { CANCELED_MEMO, MAX_KEPT_STEP_BYTES, PROGRESS_QUERY } from '../contract';
import { afterCleanup, failureOf, jobResult, thereOf } from '../jobs/ends';
import { newJob } from '../jobs/begin';
import type { EndedJob, Job, UnsuccessfulEnd } from '../jobs/model';
import { resumeFrom, type ChainKind } from '../jobs/resume';
import { ChainView } from './chain-view';
import { reading } from './engine/calls';
import { carriedBy, ownIdentity } from './engine/carry';
import { forOthers, onAnyWorker } from './engine/elsewhere';
import { inNewRun } from './engine/new-run';
import { begunWith, runSingle, singleEngine } from './engine/single';
import { requireBounded } from './given';
import { logError, logSuccess } from './log-lines';
import { countingEnd } from './metrics';
import { isMeant, pollNowSignal } from './poll-now';
import { noteDigest } from './same-request';

const progressQuery = defineQuery<ChainProgress>(PROGRESS_QUERY);

/** For opening the files of a chain. */
const LOOK_SECONDS = 60;

type AnyChainInput = ChainInput | BuildTilesetInput;

/** What one run hands to the next. Plain JSON. */
export interface CarriedChain {
  prepared: PreparedChain;
  job: Job;
  /** Search attributes as they were written. */
  written: Record<string, string>;
}

/** @throws ApplicationFailure as the contract says */
export function runChain(input: ChainInput, carried?: CarriedChain): Promise<ChainResult> {
  return run('chain', input, carried);
}

/** @throws ApplicationFailure as the contract says */
export async function buildTileset(input: BuildTilesetInput, carried?: CarriedChain): Promise<BuildTilesetResult> {
  return (await run('tileset', input, carried)) as BuildTilesetResult;
}

async function run(kind: ChainKind, input: AnyChainInput, carried: CarriedChain | undefined): Promise<ChainResult> {
  const view = new ChainView(kind, input);
  setHandler(progressQuery, () => view.progress());
  setHandler(pollNowSignal, (target) => {
    if (isMeant(target)) view.pollNow();
  });
  try {
    const result = await countingEnd(
      () => toItsEnd(kind, input, view, carried),
      () => view.connection,
    );
    logSuccess(kind, { operationId: result.operationId, steps: result.steps.length });
    return result;
  } catch (err) {
    if (isCancellation(err)) view.changed('canceled');
    logError(kind, err, { step: view.progress().step });
    throw err;
  } finally {
    await view.settled();
  }
}

/** The story. */
async function toItsEnd(kind: ChainKind, input: AnyChainInput, view: ChainView, given: CarriedChain | undefined): Promise<ChainResult> {
  const carried = carriedBy(given);
  const prepared = carried?.prepared ?? (await prepare(kind, input, view));
  const job = carried?.job ?? newJob({ page: 0, index: 0 }, begunWith(prepared.about));
  const { fileVersions, settings } = prepared;
  const engine = singleEngine({ single: input, kind, count: 1, fileVersions }, job, MAX_KEPT_STEP_BYTES);
  view.open(engine, prepared, carried?.written);
  const end = await runSingle(engine, settings, (phase) => view.changed(phase));
  if (end.kind !== 'ended') {
    const carriedOn = await view.carried();
    return continueAsNew(kind, input, {
      prepared: { ...prepared, settings: carriedOn.settings },
      job: end.job,
      written: carriedOn.written,
    });
  }
  return conclude(kind, input, view, end.ended, end.cancellation);
}

async function prepare(kind: ChainKind, input: AnyChainInput, view: ChainView): Promise<PreparedChain> {
  try {
    requireBounded(input);
    const options = reading(LOOK_SECONDS, 'check the chain');
    const prepared = await onAnyWorker((lookup) =>
      proxyActivities<LroActivities>(forOthers(options, lookup))['lro.prepareChain']({ kind, input, identity: ownIdentity(), lookup }),
    );
    noteDigest(prepared);
    return prepared;
  } catch (err) {
    throw view.refused(err);
  }
}

async function continueAsNew(kind: ChainKind, input: AnyChainInput, carried: CarriedChain): Promise<never> {
  if (kind === 'chain') return await inNewRun<typeof runChain>(input as ChainInput, carried);
  return await inNewRun<typeof buildTileset>(input, carried);
}

function conclude(
  kind: ChainKind,
  input: AnyChainInput,
  view: ChainView,
  { job, end }: EndedJob,
  cancellation: Error | undefined,
): ChainResult {
  if (end.kind === 'succeeded') {
    view.end(job, 'succeeded');
    return jobResult(job, end.steps, Date.now()) as ChainResult;
  }
  if (end.cleaned !== undefined) upsertMemo({ cleanup: end.cleaned });
  const isCanceled = cancellation !== undefined && (end.kind === 'canceled' || end.kind === 'notStarted');
  const failure = isCanceled ? canceledAt(job, end) : failureOf(job, end);
  if (failure === undefined) throw new Error('a chain that ended for no reason');
  const details = { ...failure, resumeFrom: resumeFrom(kind, input, failure), labels: input.labels };
  if (!isCanceled) throw view.fail(job, end.kind === 'canceled' ? 'canceled' : 'failed', details);
  if (end.note !== undefined) upsertMemo({ cancel: end.note });
  // A workflow that ends as cancelled can say nothing else.
  upsertMemo({ [CANCELED_MEMO]: isSmall(details) ? details : { ...details, resumeFrom: undefined, made: undefined } });
  view.end(job, 'canceled');
  throw new CancelledFailure(details.message, [details]);
}

function canceledAt(job: Job, { cleaned = [] }: UnsuccessfulEnd): FailureDetails {
  const { step, title, given = {} } = job.about ?? {};
  const message = `cancelled at step "${step?.id ?? ''}" (${title ?? ''})`;
  return afterCleanup({ type: 'OperationCanceled', message, step: step?.id, made: thereOf(job) }, cleaned, given);
}

/** A memo stands in every list of workflows. */
function isSmall(details: FailureDetails): boolean {
  return JSON.stringify(details).length <= 16_384;
}
