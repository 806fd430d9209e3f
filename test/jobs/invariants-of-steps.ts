/** What holds for every job, whatever happens to it: its times, its counts, its names, and that it is plain data. Each watches over one job. */
import { failureOf, jobResult, thereOf } from '../../src/jobs/ends';
import { itemReport } from '../../src/jobs/item-report';
import { apply, isEnded } from '../../src/jobs/job';
import type { JobEvent } from '../../src/jobs/model';
import { isUnaccepted, phaseOf, progressOf } from '../../src/jobs/progress';
import { decided, doneOf, jobAfter } from './invariants';
import { expectSame, sameJson } from './same-json';
import { isChain, isItem } from './shape';
import type { Invariant, Move } from './walk';

/** When the last answer lets it be sent again; undefined where the event is no answer. */
function dueAfter({ event, nowMs }: Move): number | undefined {
  const waited = (waitSeconds = 0): number => nowMs + waitSeconds * 1000;
  switch (event.kind) {
    case 'submitted':
      return waited(event.decision === undefined ? event.waitSeconds : 'waitSeconds' in event.decision ? event.decision.waitSeconds : 0);
    case 'polled':
    case 'fetched':
      return waited('waitSeconds' in event.decision ? event.decision.waitSeconds : 0);
    case 'lookedAt':
      return waited(event.decision === undefined ? 1 : 'waitSeconds' in event.decision ? event.decision.waitSeconds : 0);
    case 'unreachable':
      return waited(event.waitSeconds);
    default:
      return undefined;
  }
}

/**
 * It is due exactly when the wait that the last answer asked for is over: never early, never late. Only `hurried` comes before, and keeps
 * its distance to the last answer about this step. Every moment is finite.
 */
export const neverEarly: Invariant = (shape, first) => {
  let dueAtMs = first.step.dueAtMs;
  let lastAnswerMs: number | undefined;
  let isHurried = false;
  return {
    sent({ job, nowMs }) {
      if (job.step.at !== 'cleanup' && nowMs < dueAtMs) expect(nowMs).toBeGreaterThanOrEqual(dueAtMs);
    },
    moved(move) {
      const { before, event, after, nowMs, isStray } = move;
      const { step } = jobAfter(move);
      expectSame(Number.isFinite(step.dueAtMs), true);
      if (isEnded(after) || isStray || step.at === 'cleanup') return;
      const isNext = doneOf(after) > doneOf(before);
      dueAtMs = dueAfter(move) ?? dueAtMs;
      if (event.kind === 'hurried' && isUnaccepted(before)) isHurried = true;
      if (event.kind === 'hurried' && !isUnaccepted(before)) {
        const soonestMs = lastAnswerMs === undefined ? nowMs : lastAnswerMs + shape.minSeconds * 1000;
        dueAtMs = Math.min(dueAtMs, soonestMs);
      }
      const wasAsked = event.kind === 'polled' && !(event.decision.kind === 'running' && event.decision.notAsked === true);
      if (wasAsked || event.kind === 'fetched') lastAnswerMs = nowMs;
      if (isUnaccepted(before) && step.at === 'poll' && isHurried) dueAtMs = nowMs;
      if (isNext) lastAnswerMs = undefined;
      if (isNext || (isUnaccepted(before) && !isUnaccepted(jobAfter(move)))) isHurried = false;
      expectSame(step.dueAtMs, dueAtMs);
    },
  };
};

/** A try is a submit that was sent and came to nothing: what was held back is none. */
export const countsTries: Invariant = () => {
  let tries = 0;
  let pending = 0;
  return {
    sent({ job, leaves }) {
      if (job.step.at === 'submit' && leaves) pending = 1;
    },
    moved(move) {
      const { before, event, isStray } = move;
      const { step } = jobAfter(move);
      if (event.kind === 'submitted' && !isStray && before.step.at === 'submit') {
        tries += pending;
        pending = 0;
      }
      if (doneOf(jobAfter(move)) > doneOf(before)) tries = 0;
      // Where it ends, it stands as it stood before.
      if (decided(move) !== undefined) return;
      if (step.at === 'submit' && before.step.at !== 'cleanup') expectSame(step.tries, tries);
    },
  };
};

/** Of every submit that is sent again, the first try has one and the same time, as its idempotency headers name it. */
export const firstTryKept: Invariant = () => {
  let firstMs: number | undefined;
  return {
    sent({ job, leaves, firstSentAtMs }) {
      if (job.step.at !== 'submit' || !leaves) return;
      expect(firstSentAtMs).toBeDefined();
      expect(firstSentAtMs).toBe(firstMs ?? firstSentAtMs);
      firstMs = firstSentAtMs;
    },
    moved(move) {
      if (doneOf(jobAfter(move)) > doneOf(move.before)) firstMs = undefined;
    },
  };
};

/** The polls of a result are those that were sent for it. */
export const countsPolls: Invariant = () => {
  const polls = [0];
  return {
    sent({ job, leaves }) {
      if (job.step.at === 'poll' && leaves) polls[polls.length - 1]!++;
    },
    moved(move) {
      const { before, after, nowMs } = move;
      const job = jobAfter(move);
      if (doneOf(job) > doneOf(before)) {
        expect(job.done!.at(-1)!.result.polls).toBe(polls.at(-1));
        polls.push(0);
      }
      if (!isEnded(after) || after.end.kind !== 'succeeded') return;
      expect(jobResult(job, after.end.steps, nowMs).polls).toBe(polls.reduce((sum, count) => sum + count, 0));
    },
  };
};

/** Steps are run in order, each is accepted once and only after all before it are done; names, labels and what was given stay. */
export const keepsOrderAndNames: Invariant = (shape, first) => {
  const ids = shape.steps.map(({ id }) => id);
  let acceptedSteps = shape.kind === 'attached' ? 1 : 0;
  return {
    moved(move) {
      const { before, after, nowMs } = move;
      const job = jobAfter(move);
      expectSame([job.page, job.index], [first.page, first.index]);
      const done = job.done ?? [];
      expectSame(
        done.map(({ id }) => id),
        ids.slice(0, done.length),
      );
      const isAccepted = isUnaccepted(before) && (job.step.at === 'poll' || job.step.at === 'fetch' || done.length > doneOf(before));
      if (isAccepted) {
        acceptedSteps++;
        expect(acceptedSteps).toBe(doneOf(before) + 1);
      }
      if (job.about === undefined) return;
      expectSame([job.about.id, job.about.labels, job.about.given], [isItem(shape) ? 'item-7' : '', shape.labels, shape.given]);
      if (isChain(shape) && !isEnded(after)) {
        expectSame(
          [job.about.step, ...(job.about.left ?? [])].map((step) => step?.id),
          ids.slice(done.length),
        );
        expectSame([job.about.connection, job.about.title], [shape.steps[done.length]!.connection, shape.steps[done.length]!.title]);
      }
      if (!isEnded(after)) return;
      expectSame(Object.keys(thereOf(job)), [...Object.keys(shape.given ?? {}), ...ids.slice(0, done.length)]);
      expect(itemReport(after, nowMs)).toMatchObject({
        id: job.about.id,
        outcome: expect.any(String),
        ...(shape.labels && { labels: shape.labels }),
      });
      if (after.end.kind !== 'succeeded' && isChain(shape) && after.end.failure !== undefined)
        expect(failureOf(job, after.end)).toMatchObject({ type: 'StepFailed', step: ids[done.length], cause: after.end.failure });
    },
  };
};

/** A later step may stream a file that an earlier did not: as long as nobody has looked, a submit has time for one. */
export const timeForFiles: Invariant = (shape) => ({
  sent({ job }) {
    const mayStream = job.about === undefined || job.about.streamsFile === true;
    if (job.step.at === 'submit' && shape.steps[doneOf(job)]?.streamsFile === true) expect(mayStream).toBe(true);
  },
});

/** A job is JSON, and goes on from its round trip as from itself. */
export const survivesJson: Invariant = (_, first) => {
  let copy = thawed(first);
  return {
    moved({ event, after, nowMs }) {
      const alike = apply(copy, thawed(event), nowMs);
      const back = thawed(after);
      // Not finite numbers and dates are no JSON, though they look alike.
      if (!sameJson(back, after)) expect(after).toBe(back);
      if (!sameJson(alike, after)) expect(alike).toBe(after);
      if (!isEnded(back)) copy = back;
    },
  };
};

function thawed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Events leave what they are given as it is, strays change nothing, and all that is shown of a job can be shown at any time. */
export const isPure: Invariant = (_, first) => {
  frozen(first);
  return {
    sent: ({ job }) => frozen(job),
    moved({ before, event, after, nowMs, isStray }) {
      if (isStray && after !== before) expect(after).toBe(before);
      expectSame(apply(frozen(before), frozen(event), nowMs), frozen(after));
      const job = isEnded(after) ? after.job : after;
      for (const isBusy of [true, false]) {
        const progress = progressOf(job, phaseOf(job, isBusy));
        expectSame(thawed(progress), progress);
      }
      // Half of a character is refused where it is written as UTF-8.
      if (HALF_A_CHARACTER.test(JSON.stringify(after))) expect(JSON.stringify(after)).not.toMatch(HALF_A_CHARACTER);
      if (isEnded(after)) expectSame(thawed(itemReport(frozen(after), nowMs) ?? null), itemReport(after, nowMs) ?? null);
    },
  };
};

const HALF_A_CHARACTER = /\\ud[89a-f]/;

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** Which events came to which steps, and what ends there were. */
export function seeing(seen: Set<string>): Invariant {
  return () => ({
    moved(move) {
      const { before, event } = move;
      seen.add(`${event.kind}${decisionOf(event)} at ${before.step.at}`);
      const end = decided(move);
      if (end !== undefined) seen.add(`${end.kind} by ${event.kind} at ${before.step.at}`);
    },
  });
}

function decisionOf(event: JobEvent): string {
  return 'decision' in event && event.decision !== undefined ? ` ${event.decision.kind}` : '';
}
