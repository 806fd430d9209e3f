/** The loop of a workflow that runs one job. */
import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { LearntSettings, SinglePage } from '../../activities/messages';
import { deadlineOf } from '../../jobs/begin';
import type { About, EndedJob, Job } from '../../jobs/model';
import { cancelAll } from './cancel';
import { ownIdentity } from './carry';
import { Engine } from './engine';
import { isNewRunDue } from './new-run';

/** A single job has ended, as it was canceled or not. */
export interface EndedSingle {
  kind: 'ended';
  ended: EndedJob;
  cancellation?: Error;
}

/** How a single job came to rest: it has ended, it goes on in a new run, or somebody else goes on with it. */
export type SingleEnd = EndedSingle | { kind: 'continueAsNew' | 'handOver'; job: Job };

/** What a workflow's only job begins with: its time counts from the start of the workflow. */
export function begunWith(about: About): Pick<Job, 'about' | 'startedAtMs' | 'deadlineAtMs'> {
  const startedAtMs = workflowInfo().startTime.getTime();
  return { about, startedAtMs, deadlineAtMs: deadlineOf(about, startedAtMs) };
}

/** The engine of a workflow's only job. */
export function singleEngine(page: SinglePage, job: Job, maxKeptBytes: number): Engine {
  return new Engine({ source: ownIdentity(), pages: new Map([[0, page]]), options: { maxKeptBytes } }, { maxInFlight: 1 }, [job]);
}

/**
 * Runs the only job of an engine.
 * @param changed is called whenever something about it may have changed
 * @param mayContinueAsNew whether a new run may take over now
 * @param handsOver whether somebody else goes on with the job as it is now
 */
export async function runSingle(
  engine: Engine,
  settings: LearntSettings,
  changed: (phase?: 'canceling') => void,
  mayContinueAsNew: () => boolean = () => true,
  handsOver: (job: Job) => boolean = () => false,
): Promise<SingleEnd> {
  const isDue = (): boolean => isNewRunDue(settings, engine.isAccepted) && mayContinueAsNew();
  try {
    while (engine.isOpen) {
      const [idle] = engine.jobs();
      if (idle !== undefined && !engine.isBusy(idle) && handsOver(idle)) return { kind: 'handOver', job: idle };
      if (isDue()) {
        await engine.settle();
        const [job] = engine.carried().jobs;
        if (job !== undefined && isDue()) return { kind: 'continueAsNew', job };
      }
      await engine.send();
      changed();
      await engine.rest();
      changed();
    }
  } catch (err) {
    if (!isCancellation(err)) throw err;
    return await cancelSingle(engine, err as Error, changed);
  }
  return endedSingle(engine);
}

/** Cancels the only job of an engine. Not cut by a cancellation. */
export async function cancelSingle(engine: Engine, cancellation: Error, changed: (phase?: 'canceling') => void): Promise<EndedSingle> {
  await CancellationScope.nonCancellable(async () => {
    await engine.settle();
    changed('canceling');
    await cancelAll(engine);
  });
  return { ...endedSingle(engine), cancellation };
}

function endedSingle(engine: Engine): EndedSingle {
  const [ended] = engine.takeEnded();
  if (ended === undefined) throw new Error('the job has no end');
  return { kind: 'ended', ended };
}
