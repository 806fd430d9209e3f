/**
 * Canceling what a set has open.
 *
 * Keeps true: every job gets its end here, and one that had ended already keeps its own; a submit that is under way is waited for, not cut.
 */
import { sleep } from '@temporalio/workflow';
import type { CancelCall } from '../../activities/messages';
import { keyOf } from '../../jobs/job';
import type { Job } from '../../jobs/model';
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
    for (const together of inGroups(calls)) again.push(...(await cancelSome(engine, together)));
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
  lookedFor?: Job['step']['lookup'];
}

function inGroups(calls: readonly OpenCall[]): OpenCall[][] {
  const groups: OpenCall[][] = [];
  let bytes = Infinity;
  for (const call of calls) {
    const more = jsonBytes(call.call);
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
async function cancelSome(engine: Engine, calls: OpenCall[]): Promise<OpenCall[]> {
  const timeouts = engine.jobs().map(({ about }) => about?.timeoutSeconds ?? 0);
  const nowMs = Date.now();
  const requests = calls.map(({ call, lookedFor }) =>
    lookedFor === undefined ? call : { ...call, lookup: { forSeconds: (nowMs - lookedFor.sinceMs) / 1000, on: lookedFor.on } },
  );
  const events = await cancelOperations(requests, Math.max(0, ...timeouts));
  return calls.flatMap(({ call, tries, lookedFor }) => {
    const event = events.get(call.id) ?? { kind: 'canceled' as const, decision: { kind: 'unreachable' as const, reason: 'no answer' } };
    if (event.kind === 'elsewhere') return [{ call, tries, lookedFor: { sinceMs: lookedFor?.sinceMs ?? nowMs, on: event.on } }];
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
