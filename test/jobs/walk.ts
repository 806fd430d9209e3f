/**
 * Jobs driven through random events and time steps as an engine would: only what is idle and due is sent, its answer lands later, and in between
 * anything may come that comes from outside.
 */
import fc from 'fast-check';
import type { CleanedResource } from '../../src/contract';
import { apply, isEnded } from '../../src/jobs/job';
import type { EndedJob, Job, JobEvent } from '../../src/jobs/model';
import { cancelAnswer, findAnswer, invalidInput, readAnswer, statusAnswer, submitAnswer, unsentAnswer } from './answers';
import { Dice } from './dice';
import { aboutOf, firstJob, isItem, randomShape, type Shape } from './shape';

/** One event, and what it made of the job. */
export interface Move {
  before: Job;
  event: JobEvent;
  after: Job | EndedJob;
  nowMs: number;
  /** Of a kind that does not concern the step that the job is at. */
  isStray: boolean;
}

/** A job that was sent, asked, read or cleaned up after. */
export interface Sending {
  job: Job;
  nowMs: number;
  /** The request leaves the worker, or may have left it. */
  leaves: boolean;
  /** Of a submit: what it says of its first try. */
  firstSentAtMs?: number;
}

/** What watches over one job. Throws where something does not hold. */
export interface Observer {
  sent?(sending: Sending): void;
  moved?(move: Move): void;
}

/** Makes the observer of a job that begins. */
export type Invariant = (shape: Shape, job: Job) => Observer;

const START_MS = Date.UTC(2026, 10, 23, 20, 0, 0);

/** Steps of one walk at most; it leads through one job after the other. */
const MAX_CHOICES = 600;

/**
 * Walks about so many steps. @throws with the shortest walk found, on which the invariant does not hold
 * @param seed for the same walks every time
 */
export function holdsOnWalks(invariant: Invariant, steps: number, seed?: number): void {
  const choices = fc.array(fc.integer(), { maxLength: MAX_CHOICES, size: 'max' });
  fc.assert(
    fc.property(choices, (numbers) => walk(numbers, invariant)),
    { numRuns: Math.ceil((2.3 * steps) / MAX_CHOICES), seed },
  );
}

function walk(choices: readonly number[], invariant: Invariant): void {
  let run: JobRun | undefined;
  let nowMs = START_MS;
  for (const choice of choices) {
    const dice = new Dice(choice);
    run ??= new JobRun(randomShape(dice, nowMs), nowMs, invariant);
    run.turn(dice);
    nowMs = run.nowMs;
    if (run.isOver) run = undefined;
  }
}

class JobRun {
  isOver = false;
  private job: Job;
  private readonly observer: Observer;
  /** Something is under way; `event` is what will come of it, if anything. */
  private underWay: { event?: JobEvent } | undefined;
  private operations = 0;
  private readonly log: unknown[][] = [];

  constructor(
    private readonly shape: Shape,
    public nowMs: number,
    invariant: Invariant,
  ) {
    this.job = firstJob(shape);
    this.observer = invariant(shape, this.job);
  }

  turn(dice: Dice): void {
    this.nowMs += this.passingMs(dice);
    try {
      const act = dice.weighted(
        [72, () => this.goOn(dice)],
        [10, () => this.apply({ kind: 'hurried' })],
        [6, () => this.fromOutside(() => ({ kind: 'expired' }))],
        [8, () => this.apply(this.strayEvent(dice), true)],
        [2, () => this.fromOutside(() => this.cancelEvent(dice))],
        [2, () => this.fromOutside(() => ({ kind: 'abandoned' }), !['submit', 'find'].includes(this.job.step.at))],
      );
      act();
    } catch (error) {
      const trace = [JSON.stringify(this.shape), ...this.log.map((line) => JSON.stringify(line)), JSON.stringify(this.job)].join('\n');
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${trace}`, { cause: error });
    }
  }

  private passingMs(dice: Dice): number {
    const leftMs = (this.job.deadlineAtMs ?? 0) - this.nowMs;
    return dice.weighted(
      [30, 0],
      [30, dice.below(20)],
      [20, dice.below(10_000)],
      [4, dice.below(7_200_000)],
      [1, Math.max(0, leftMs - 1 + dice.below(3))],
    );
  }

  /** What is under way lands; or what is due is sent, as an engine does it. */
  private goOn(dice: Dice): void {
    if (this.underWay !== undefined) {
      const { event } = this.underWay;
      this.underWay = undefined;
      if (event !== undefined) this.apply(event);
      return;
    }
    const { step } = this.job;
    if (dice.chance(0.85)) this.nowMs = Math.max(this.nowMs, Math.min(step.dueAtMs, this.job.deadlineAtMs ?? Infinity));
    this.apply({ kind: 'expired' });
    if (!this.isOver && (this.job.step.at === 'cleanup' || this.job.step.dueAtMs <= this.nowMs)) this.send(dice);
  }

  private send(dice: Dice): void {
    const { job, nowMs } = this;
    const { step } = job;
    this.operations++;
    switch (step.at) {
      case 'submit':
        return this.submit(dice, step.firstSentAtMs);
      case 'find': {
        const about = aboutOf(this.shape, job.done?.length ?? 0);
        const event: JobEvent = { kind: 'lookedAt', about, decision: findAnswer(dice, this.operations, step.looks) };
        return this.launch({ job, nowMs, leaves: event.decision !== undefined }, dice.chance(0.9) ? event : undefined);
      }
      case 'poll':
      case 'fetch': {
        const event = this.readEvent(dice);
        const isPoll = event?.kind === 'polled';
        const leaves = isPoll ? event.decision.kind !== 'running' || event.decision.notAsked !== true : event?.kind === 'fetched';
        return this.launch({ job, nowMs, leaves }, event);
      }
      case 'cleanup': {
        const cleaned = step.requests.map(({ step: name, resourceLocation }): CleanedResource => {
          const deleted = dice.chance(0.7);
          return { step: name, resourceLocation, deleted, reason: deleted ? undefined : 'the service answered 409' };
        });
        return this.launch({ job, nowMs, leaves: true }, { kind: 'cleaned', cleaned });
      }
    }
  }

  private submit(dice: Dice, firstSentAtMs = this.nowMs): void {
    const { job, nowMs, shape } = this;
    const index = job.done?.length ?? 0;
    const retried = index === 0 ? shape.retried : undefined;
    const about = aboutOf(shape, index);
    const sent = { idempotencyKey: `key-${index}`, firstSentAtMs, ...retried };
    const isBroken = isItem(shape) && index === 0 && dice.chance(0.03);
    if (isBroken) return this.launch({ job, nowMs, leaves: false }, { kind: 'submitted', about, ...invalidInput(dice) });
    if (dice.chance(0.3)) {
      const { isPrepared, submitted } = unsentAnswer(dice, retried);
      return this.launch({ job, nowMs, leaves: false }, { kind: 'submitted', about: isPrepared ? about : undefined, ...submitted });
    }
    const answer = submitAnswer(dice, this.operations, sent, retried);
    this.launch({ job, nowMs, leaves: true, firstSentAtMs: sent.firstSentAtMs }, { kind: 'submitted', about, ...answer });
  }

  private readEvent(dice: Dice): JobEvent | undefined {
    const { step } = this.job;
    // There was no room for its answer beside the others'.
    if (dice.chance(0.05)) return undefined;
    if (dice.chance(0.08)) return { kind: 'unreachable', message: 'the worker could not ask', waitSeconds: 10 };
    if (step.at === 'poll') return { kind: 'polled', decision: statusAnswer(dice, this.operations) };
    const fetch = step.at === 'fetch' ? step.fetches[0] : undefined;
    return fetch && { kind: 'fetched', decision: readAnswer(dice, fetch) };
  }

  private cancelEvent(dice: Dice): JobEvent {
    const { step, about } = this.job;
    const isAsked = step.at === 'poll' && about?.cancel !== undefined;
    return { kind: 'canceled', decision: isAsked ? cancelAnswer(dice) : undefined };
  }

  private strayEvent(dice: Dice): JobEvent {
    const { at } = this.job.step;
    const fetch = { connection: 'maps', url: 'https://maps.example/x', into: ['body' as const] };
    const events: JobEvent[] = [];
    if (at !== 'submit') events.push({ kind: 'submitted', ...submitAnswer(dice, 0, { firstSentAtMs: 1 }, undefined) });
    if (at !== 'submit' && at !== 'find') events.push({ kind: 'abandoned' });
    if (at !== 'find') events.push({ kind: 'lookedAt', decision: findAnswer(dice, 0, 0) });
    if (at !== 'poll') events.push({ kind: 'polled', decision: statusAnswer(dice, 0) });
    if (at !== 'fetch') events.push({ kind: 'fetched', decision: readAnswer(dice, fetch) });
    if (at !== 'cleanup') events.push({ kind: 'cleaned', cleaned: [] });
    else events.push({ kind: 'canceled', decision: cancelAnswer(dice) }, { kind: 'hurried' }, { kind: 'expired' });
    return dice.of(events);
  }

  /** Whoever ends things waits for what is under way. */
  private fromOutside(event: () => JobEvent, isStray = false): void {
    if (this.underWay === undefined) this.apply(event(), isStray || this.job.step.at === 'cleanup');
  }

  private launch(sending: Sending, event: JobEvent | undefined): void {
    this.log.push([this.nowMs, 'sent', sending.job.step.at]);
    this.observer.sent?.(sending);
    this.underWay = { event };
  }

  private apply(event: JobEvent, isStray = false): void {
    const before = this.job;
    this.log.push([this.nowMs, before.step.at, event]);
    const after = apply(before, event, this.nowMs);
    this.observer.moved?.({ before, event, after, nowMs: this.nowMs, isStray });
    if (isEnded(after)) this.isOver = true;
    else this.job = after;
  }
}
