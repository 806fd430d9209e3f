/** The loop of a workflow that runs one job. */
import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { LearntSettings, SinglePage } from '../../activities/messages';
import { deadlineOf } from '../../jobs/begin';
import type { About, EndedJob, Job } from '../../jobs/model';
import { cancelAll } from './cancel';
import { ownIdentity } from './carry';
import { Engine } from './engine';
import { isNewRunDue } from './new-run';

/** How a single job came to rest: it has ended, as it was canceled or not, or it goes on in a new run. */
export type SingleEnd = { kind: 'ended'; ended: EndedJob; cancellation?: Error } | { kind: 'continueAsNew'; job: Job };

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
 */
export async function runSingle(
  engine: Engine,
  settings: LearntSettings,
  changed: (phase?: 'canceling') => void,
  mayContinueAsNew: () => boolean = () => true,
): Promise<SingleEnd> {
  let cancellation: Error | undefined;
  const isDue = (): boolean => isNewRunDue(settings, engine.isAccepted) && mayContinueAsNew();
  try {
    while (engine.isOpen) {
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
    cancellation = err as Error;
    await CancellationScope.nonCancellable(async () => {
      await engine.settle();
      changed('canceling');
      await cancelAll(engine);
    });
  }
  const [ended] = engine.takeEnded();
  if (ended === undefined) throw new Error('the job has no end');
  return { kind: 'ended', ended, cancellation };
}
