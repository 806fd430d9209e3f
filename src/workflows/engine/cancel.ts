/**
 * Canceling what a set has open.
 *
 * Keeps true: every job gets its end here, and one that had ended already keeps its own; a submit that is under way is waited for, not cut.
 */
import { sleep } from '@temporalio/workflow';
import type { CancelCall } from '../../activities/messages';
import { keyOf } from '../../jobs/job';
import { cancelOperations } from './calls';
import type { Engine } from './engine';
import { jsonBytes } from './weights';

/** Operations in one activity, and what is passed on of them. */
const CANCELED_AT_ONCE = 100;
const CANCELED_BYTES = 524_288;
/** Whoever cancels waits for it: the service is told so often, then the end says that it was not told. */
const TRIES = 5;

/** Ends all jobs, at the service too where their inputs say how. Not to be cut by a cancellation. */
export async function cancelAll(engine: Engine): Promise<void> {
  engine.submits = 'stop';
  await engine.settle();
  let calls: CancelCall[] = [];
  for (const job of engine.jobs()) {
    const { step, about } = job;
    const id = keyOf(job);
    if (step.at === 'poll' && about?.cancel !== undefined) calls.push({ id, monitor: step.monitor, cancel: about.cancel });
    else engine.apply(id, { kind: 'canceled' });
  }
  for (let attempt = 1; calls.length > 0; attempt++) {
    const again: CancelCall[] = [];
    for (const together of inGroups(calls)) again.push(...(await cancelSome(engine, together, attempt === TRIES)));
    calls = again;
    const waitSeconds = 2 ** (attempt - 1);
    if (calls.length > 0) await sleep(waitSeconds * 1000, { summary: `wait ${waitSeconds} s to tell the service to cancel again` });
  }
  await cleanUp(engine);
}

function inGroups(calls: readonly CancelCall[]): CancelCall[][] {
  const groups: CancelCall[][] = [];
  let bytes = Infinity;
  for (const call of calls) {
    const more = jsonBytes(call);
    if (bytes + more > CANCELED_BYTES || groups.at(-1)?.length === CANCELED_AT_ONCE) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(call);
    bytes += more;
  }
  return groups;
}

/** @returns the calls that are to be repeated */
async function cancelSome(engine: Engine, calls: CancelCall[], isLast: boolean): Promise<CancelCall[]> {
  const timeouts = engine.jobs().map(({ about }) => about?.timeoutSeconds ?? 0);
  const events = await cancelOperations(calls, Math.max(0, ...timeouts));
  return calls.filter(({ id }) => {
    const event = events.get(id) ?? { kind: 'canceled' as const, decision: { kind: 'unreachable' as const, reason: 'no answer' } };
    if (!isLast && event.kind === 'canceled' && event.decision?.kind === 'unreachable') return true;
    engine.apply(id, event);
    return false;
  });
}

/** Ends the jobs that wait to be submitted: nothing more will be. */
export function abandonAll(engine: Engine): void {
  engine.submits = 'stop';
  for (const job of engine.jobs()) engine.apply(keyOf(job), { kind: 'abandoned' });
}

/** What jobs that have ended had made is deleted, where their inputs say so. */
export async function cleanUp(engine: Engine): Promise<void> {
  while (engine.jobs().some(({ step }) => step.at === 'cleanup')) {
    await engine.send();
    await engine.settle('cleanup');
  }
}
