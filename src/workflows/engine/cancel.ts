/**
 * Canceling what a set has open.
 *
 * Keeps true: every job gets its end here, and one that had ended already keeps its own; a submit that is under way is waited for, not cut.
 */
import { sleep } from '@temporalio/workflow';
import type { CancelCall } from '../../activities/messages';
import { keyOf } from '../../jobs/begin';
import { lookupAfter } from '../../jobs/lookup';
import type { Lookup } from '../../jobs/model';
import { cancelOperations } from './calls';
import { fittingCount } from './due';
import { lookedUp } from './elsewhere';
import type { Engine } from './engine';
import { jsonBytes } from './weights';

/** Operations in one activity. */
const CANCELED_AT_ONCE = 100;
/** Whoever cancels waits for it: the service is told so often, then the end says that it was not told. */
const TRIES = 5;

/** Ends all jobs, at the service too where their inputs say how. Not to be cut by a cancellation. */
export async function cancelAll(engine: Engine): Promise<void> {
  engine.submits = 'stop';
  await engine.settle();
  let calls: OpenCall[] = [];
  for (const job of engine.jobs()) {
    const { step, about } = job;
    const id = keyOf(job);
    if (step.at === 'poll' && about?.cancel !== undefined)
      calls.push({ call: { id, monitor: step.monitor, cancel: about.cancel }, tries: 0 });
    else engine.apply(id, { kind: 'canceled' });
  }
  while (calls.length > 0) {
    const again: OpenCall[] = [];
    while (calls.length > 0) again.push(...(await cancelSome(engine, takeSet(calls))));
    calls = again;
    const waitSeconds = Math.min(...calls.map(({ tries }) => 2 ** Math.max(0, tries - 1)));
    if (calls.length > 0) await sleep(waitSeconds * 1000, { summary: `wait ${waitSeconds} s to tell the service to cancel again` });
  }
  await cleanUp(engine);
}

/** An operation that the service is still to be told of. */
interface OpenCall {
  call: CancelCall;
  /** The service was not reached so often. */
  tries: number;
  /** No worker that was asked has its connection: as in a job's step. */
  lookedFor?: Lookup;
}

/** Takes off the first calls, as many as one activity can be given. */
function takeSet(calls: OpenCall[]): OpenCall[] {
  const next = calls.slice(0, CANCELED_AT_ONCE);
  const count = fittingCount(next, ({ call }) => jsonBytes(call));
  return calls.splice(0, count);
}

/** @returns the calls that are to be repeated */
async function cancelSome(engine: Engine, calls: OpenCall[]): Promise<OpenCall[]> {
  const timeouts = engine.jobs().map(({ about }) => about?.timeoutSeconds ?? 0);
  const nowMs = Date.now();
  const requests = calls.map(({ call, lookedFor }) => (lookedFor === undefined ? call : { ...call, lookup: lookedUp(lookedFor, nowMs) }));
  const events = await cancelOperations(requests, Math.max(0, ...timeouts));
  return calls.flatMap(({ call, tries, lookedFor }) => {
    const event = events.get(call.id) ?? { kind: 'canceled' as const, decision: { kind: 'unreachable' as const, reason: 'no answer' } };
    if (event.kind === 'elsewhere') return [{ call, tries, lookedFor: lookupAfter(lookedFor, event.on, nowMs) }];
    if (tries + 1 < TRIES && event.kind === 'canceled' && event.decision?.kind === 'unreachable') return [{ call, tries: tries + 1 }];
    engine.apply(call.id, event);
    return [];
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
