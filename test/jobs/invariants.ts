/** What holds for every job, whatever happens to it: how it ends, and what is sent. Each watches over one job at a time. */
import { outcomeOf, toDelete } from '../../src/jobs/ends';
import { isEnded } from '../../src/jobs/job';
import { isUnaccepted } from '../../src/jobs/progress';
import type { Job, JobEnd, MaybeAccepted } from '../../src/jobs/model';
import type { Succeeded } from '../../src/lro/monitor';
import { expectSame } from './same-json';
import type { Shape } from './shape';
import type { Invariant, Move } from './walk';

/** The end that an event has brought, told now or after the cleaning up. */
export function decided({ before, after }: Move): JobEnd | undefined {
  if (before.step.at === 'cleanup') return undefined;
  if (isEnded(after)) return after.end;
  return after.step.at === 'cleanup' ? after.step.end : undefined;
}

export function jobAfter({ after }: Move): Job {
  return isEnded(after) ? after.job : after;
}

/** Steps that are done. */
export function doneOf({ done = [] }: Job): number {
  return done.length;
}

function isOnLastStep(shape: Shape, job: Job): boolean {
  return doneOf(job) === shape.steps.length - 1;
}

/** Whether an event is the end of a job, by the rules of the protocol alone. */
function endsIt({ before, event, nowMs }: Move, shape: Shape): boolean {
  const { step, about, deadlineAtMs = Infinity } = before;
  const isLast = isOnLastStep(shape, before);
  switch (event.kind) {
    case 'submitted': {
      const { decision } = event;
      const { onUncertainSubmit } = event.about ?? about ?? {};
      if (decision?.kind === 'succeeded') return isLast && decision.fetches?.length === 0;
      const { canBeFound } = event.about ?? about ?? {};
      return decision?.kind === 'uncertain'
        ? onUncertainSubmit === 'fail' && canBeFound !== true
        : decision?.kind === 'failed' || decision?.kind === 'invalid';
    }
    case 'lookedAt':
      return event.decision?.kind === 'notFound' && !event.decision.isProof && about?.onUncertainSubmit === 'fail';
    case 'polled':
      return event.decision.kind === 'succeeded' ? isLast && event.decision.fetches?.length === 0 : event.decision.kind === 'failed';
    case 'fetched':
      return step.at === 'fetch' && step.fetches.length === 1 && event.decision.kind !== 'again' && isLast;
    case 'expired':
      return nowMs >= deadlineAtMs;
    case 'canceled':
    case 'abandoned':
      return true;
    default:
      return false;
  }
}

/** It ends with the event that is its end, and with no other; what is deleted first changes nothing of that. */
export const endsOnce: Invariant = (shape) => {
  const ends: JobEnd[] = [];
  return {
    moved(move) {
      const end = decided(move);
      if (move.before.step.at !== 'cleanup' && !move.isStray)
        expectSame([move.event.kind, end !== undefined], [move.event.kind, endsIt(move, shape)]);
      if (end === undefined && !isEnded(move.after)) return;
      if (end !== undefined) ends.push(end);
      expect(ends).toHaveLength(1);
      if (!isEnded(move.after)) return;
      expect({ ...move.after.end, cleaned: undefined }).toEqual({ ...ends[0], cleaned: undefined });
    },
  };
};

function successIn({ event }: Move): Succeeded | undefined {
  if (event.kind === 'submitted' || event.kind === 'polled') return event.decision?.kind === 'succeeded' ? event.decision : undefined;
  const known = event.kind === 'canceled' && event.decision?.kind === 'ended' ? event.decision.decision : undefined;
  return known?.kind === 'succeeded' ? known : undefined;
}

/** What was read as an operation's success is a step that is done, with all that was read of it; it never changes again. */
export const successKept: Invariant = (shape) => {
  let success: Succeeded | undefined;
  let read: { body?: unknown; resource?: unknown } = {};
  return {
    moved(move) {
      const { before, event, isStray } = move;
      const after = jobAfter(move);
      if (before.done?.some((step, index) => after.done?.[index] !== step)) expect(after.done).toEqual(before.done);
      if (isStray) return;
      const told = successIn(move);
      if (told !== undefined) [success, read] = [told, { body: told.outcome.body }];
      if (event.kind === 'fetched' && event.decision.kind === 'fetched' && before.step.at === 'fetch') {
        const { value } = event.decision;
        for (const field of before.step.fetches[0]?.into ?? []) if (value !== undefined || field === 'resource') read[field] = value;
      }
      const isNext = doneOf(after) > doneOf(before);
      if (!isNext) {
        // Nothing but more reading comes between a success and its step.
        if (success !== undefined) expectSame([decided(move), after.step.at], [undefined, 'fetch']);
        return;
      }
      expect(doneOf(after)).toBe(doneOf(before) + 1);
      const result = after.done!.at(-1)!.result;
      const { operationId, resourceLocation, resourceId } = success!.outcome;
      expect(result).toMatchObject({ status: 'Succeeded', resourceLocation, resourceId });
      if (operationId !== undefined) expect(result.operationId).toBe(operationId);
      const isLast = isOnLastStep(shape, before);
      const isShort = shape.kind === 'chainItem' && !isLast;
      if (!isShort || before.about?.step?.withBody === true) expect(result.body).toEqual(read.body);
      if (!isShort) expect(result.resource).toEqual(read.resource);
      if (isLast) expect(decided(move)).toEqual({ kind: 'succeeded', steps: after.done });
      success = undefined;
    },
  };
};

/** What was read as an operation's failure is the job's, with the service's own words. */
export const failureKept: Invariant = () => ({
  moved(move) {
    const { event, before, isStray } = move;
    if (isStray) return;
    const end = decided(move);
    const decision = event.kind === 'submitted' || event.kind === 'polled' ? event.decision : undefined;
    const known = event.kind === 'canceled' && event.decision?.kind === 'ended' ? event.decision.decision : undefined;
    if (decision?.kind === 'failed') {
      const { message, ...rest } = decision.failure;
      expect(end).toMatchObject({ kind: rest.type === 'OperationCanceled' ? 'canceled' : 'failed', failure: rest });
      expect(end).toHaveProperty('failure.message', expect.stringContaining(message));
    }
    if (known?.kind === 'failed') {
      // Gone and unauthorized are no ends: it was to be canceled, and it is.
      if (known.failure.type === 'OperationFailed') expect(end).toEqual({ kind: 'failed', failure: known.failure });
      else expect(end).toMatchObject({ kind: 'canceled', failure: { type: 'OperationCanceled' }, note: known.failure.message });
    }
    if (event.kind === 'canceled' && before.step.at === 'poll' && event.decision?.kind !== 'ended') expect(end?.kind).toBe('canceled');
  },
});

/** After a try that may have arrived nothing is sent where at most one submit was asked; and whatever the end, it says so. */
export const atMostOnce: Invariant = () => {
  let doubt: MaybeAccepted | undefined;
  /** Of this run: whoever retries what an earlier batch does not know wants it sent. */
  let mayHaveArrived = false;
  return {
    sent({ job, leaves }) {
      if (job.step.at === 'submit' && leaves && mayHaveArrived) expect(job.about?.onUncertainSubmit).toBe('retry');
    },
    moved(move) {
      const { before, event, isStray } = move;
      if (isStray || !isUnaccepted(before)) return;
      if (event.kind === 'submitted') {
        doubt ??= event.maybeAccepted;
        mayHaveArrived ||= event.decision?.kind === 'uncertain';
      }
      const end = decided(move);
      if (end !== undefined && end.kind !== 'succeeded' && end.kind !== 'invalid' && doubt !== undefined) {
        expect(end.maybeAccepted).toEqual(doubt);
        expect(end.failure?.message).toMatch(/nobody knows|may have been accepted/);
        if (end.failure?.type === 'SubmissionUncertain') expect(outcomeOf(end)).toBe('uncertain');
        if (event.kind === 'canceled' || event.kind === 'abandoned') expect(outcomeOf(end)).toBe('uncertain');
      }
      // The service itself says that it has not accepted it.
      const isProof = event.kind === 'lookedAt' && event.decision?.kind === 'notFound' && event.decision.isProof;
      if (isProof || !isUnaccepted(jobAfter(move)) || doneOf(jobAfter(move)) > doneOf(before)) [doubt, mayHaveArrived] = [undefined, false];
    },
  };
};

/** What never left the worker is never called uncertain, and what the service has is never called not started. */
export const neverSentNeverUncertain: Invariant = (shape) => {
  let mayHaveLeft = shape.retried !== undefined;
  let accepted = shape.kind === 'attached';
  return {
    sent({ job, leaves }) {
      if (job.step.at === 'submit') mayHaveLeft ||= leaves;
    },
    moved(move) {
      const { before, event, isStray } = move;
      const end = decided(move);
      const { step } = jobAfter(move);
      if (!mayHaveLeft && step.at === 'submit') expectSame(step.maybeAccepted, undefined);
      if (!mayHaveLeft && end !== undefined && end.kind !== 'succeeded') {
        expect(end.maybeAccepted).toBeUndefined();
        expect(outcomeOf(end)).not.toBe('uncertain');
        const isUnsent = before.step.at === 'submit' && doneOf(before) === 0;
        if (isUnsent && (event.kind === 'canceled' || event.kind === 'abandoned')) expect(end).toEqual({ kind: 'notStarted' });
      }
      if (!isStray && isUnaccepted(before) && !isUnaccepted(jobAfter(move)) && step.at !== 'cleanup') accepted = true;
      if (end?.kind === 'notStarted') expect(accepted).toBe(false);
      // Each step of a chain is a submit of its own.
      if (doneOf(jobAfter(move)) > doneOf(before)) mayHaveLeft = false;
    },
  };
};

/** Nothing is sent, asked or read after the deadline, which never moves, and which ends the job. */
export const deadlineEnds: Invariant = (shape) => {
  const expectedMs = shape.deadlineSeconds > 0 ? shape.startedAtMs + shape.deadlineSeconds * 1000 : undefined;
  return {
    sent({ job, nowMs }) {
      if (job.step.at !== 'cleanup' && nowMs >= (job.deadlineAtMs ?? Infinity)) expect(nowMs).toBeLessThan(job.deadlineAtMs ?? Infinity);
    },
    moved(move) {
      const { before, event, nowMs } = move;
      const after = jobAfter(move);
      // Of an item nobody knows the deadline before it is prepared.
      if (after.about !== undefined && event.kind !== 'expired' && !isInvalid(move)) expectSame(after.deadlineAtMs, expectedMs);
      if (event.kind !== 'expired' || before.step.at === 'cleanup') return;
      const end = decided(move);
      expectSame(end !== undefined, nowMs >= (before.deadlineAtMs ?? Infinity));
      if (end === undefined) expectSame(move.after === before, true);
      else if (before.step.at !== 'fetch' || !isOnLastStep(shape, before))
        expect(end).toMatchObject({ kind: 'failed', failure: { type: 'DeadlineExceeded' } });
    },
  };
};

/** An input that cannot be run says nothing about deadlines. */
function isInvalid({ event }: Move): boolean {
  return event.kind === 'submitted' && event.decision?.kind === 'invalid';
}

/** What is deleted is what the steps before have made, the last first, and only of a chain that says so and did not succeed. */
export const cleansUpWhatItMade: Invariant = (shape) => {
  let cleaned: unknown;
  return {
    moved(move) {
      const { before, event, after, isStray } = move;
      if (event.kind === 'cleaned' && !isStray) {
        cleaned = event.cleaned;
        expect(isEnded(after)).toBe(true);
      }
      const end = decided(move);
      if (end === undefined && !isEnded(after)) return;
      const done = jobAfter(move).done ?? [];
      const made = done.flatMap(({ id, connection, result: { resourceLocation } }) =>
        resourceLocation === undefined ? [] : [{ step: id, connection, resourceLocation }],
      );
      const expected = shape.cleanup && end !== undefined && end.kind !== 'succeeded' ? [...made].reverse() : [];
      if (end !== undefined) {
        const { step } = jobAfter(move);
        expect(step.at === 'cleanup' ? step.requests : []).toEqual(expected);
        for (const { resourceLocation } of expected) expect(resourceLocation).not.toContain('/given/');
        expect(toDelete(done)).toEqual([...made].reverse());
      }
      if (!isEnded(after)) return;
      expect('cleaned' in after.end ? after.end.cleaned : undefined).toEqual(cleaned);
      // It is shown as it stood when it ended.
      if (before.step.at === 'cleanup') expect(after.job).toEqual({ ...before, step: before.step.before });
    },
  };
};
