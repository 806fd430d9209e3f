/**
 * How much of a service a connection uses: how many requests at once, how many submits and polls a second, and one at a time when the
 * service says that it is busy (`half-open.ts`).
 *
 * Keeps true:
 * 0. Submits that are claimed before they are sent take a place first: what is uncertain after a kill is bounded by the places.
 * 1. What is refused here was never sent, and a wait is never longer than the caller allowed.
 * 2. Nobody waits here for a busy service: what is held is refused at once, and its workflow waits durably, where deadline and
 *    cancellation work.
 * 3. Only submits and polls are limited and held: what reads a result or cancels is one request an operation.
 * 4. Waits are measured by a monotonic clock: one that is set back does not make them longer.
 */
import pLimit from 'p-limit';
import type { Limits } from '../config';
import { systemClock, type Clock } from './clock';
import { HalfOpen, type Arrival, type Cause, type Outcome, type Ticket } from './half-open';
import { StartTimes } from './start-times';
import { SubmitPlaces } from './submit-places';

/** What a request is, as far as its turn is concerned. */
export type TurnKind = 'submit' | 'poll' | 'other';

/** Whose request wants its turn, and what for. */
export interface TurnRequest {
  kind: TurnKind;
  /** The operation, or what comes nearest to it: those with other keys go first where one was refused. */
  key: string;
  /** Longest wait for the turn. */
  queueSeconds: number;
}

/** Longer timers fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Refused for the sake of a busy service, which may be asked again so much later. */
export interface HeldTurn {
  kind: 'held';
  waitSeconds: number;
  cause: Cause;
}

export type Turn<T> = { kind: 'done'; value: T } | { kind: 'refused'; waitedSeconds: number } | HeldTurn;

/** What `work` found out about the service, given to the function it gets. */
export type Report = (outcome: Outcome, httpStatus?: number) => void;

export class RateLimiter {
  private readonly limit: pLimit.Limit;
  private readonly submits: StartTimes;
  private readonly polls: StartTimes;
  private readonly halfOpen = new HalfOpen();
  private readonly queue = new Set<QueuePlace>();
  private readonly places: SubmitPlaces;
  private sweeper: NodeJS.Timeout | undefined;
  private sweepsAt = Infinity;

  constructor(
    limits: Pick<Limits, 'concurrentRequests' | 'submitsPerSecond' | 'pollsPerSecond'>,
    private readonly clock: Clock = systemClock,
  ) {
    this.limit = pLimit(limits.concurrentRequests);
    this.submits = new StartTimes(limits.submitsPerSecond, clock);
    this.polls = new StartTimes(limits.pollsPerSecond, clock);
    this.places = new SubmitPlaces(limits, this.submits, this.halfOpen, clock);
  }

  /** How long no submit and no poll is let go, because the service is busy; 0 when the next one is. */
  get heldSeconds(): number {
    return this.halfOpen.heldMs(this.clock.monotonicMs()) / 1000;
  }

  /** Whether a request of the operation `key` would be held now: then it is one of those that wait, as if it had come. */
  holdOf(key: string): HeldTurn | undefined {
    const nowMs = this.clock.monotonicMs();
    return this.halfOpen.heldMs(nowMs) > 0 ? this.held(this.halfOpen.arrive(key, nowMs)) : undefined;
  }

  /** Takes places for submits that are claimed together, see {@link SubmitPlaces.enter}. */
  enter(count: number, waits: boolean): Promise<number> {
    return this.places.enter(count, waits);
  }

  /** Gives places back. */
  leave(count: number): void {
    this.places.leave(count);
  }

  /**
   * Runs `work` when it has its turn, or refuses after `queueSeconds` at the latest, at once where that is already known. `work` reports what
   * its answer says about the service; what it does not report is unclear.
   */
  async run<T>({ kind, key, queueSeconds }: TurnRequest, work: (report: Report) => Promise<T>): Promise<Turn<T>> {
    const cameAt = this.clock.monotonicMs();
    const giveUpAt = cameAt + queueSeconds * 1000;
    const refused = (): Turn<T> => ({ kind: 'refused', waitedSeconds: (this.clock.monotonicMs() - cameAt) / 1000 });
    if (kind !== 'other') {
      // Known at once where another request is finding out whether there is room.
      const hold = this.holdOf(key);
      if (hold !== undefined) return hold;
      if (!(await (kind === 'submit' ? this.submits : this.polls).next(giveUpAt))) return refused();
    }
    const turn = await this.concurrencyTurn<T>(giveUpAt, async () => {
      const arrival = kind === 'other' ? this.passing(key) : this.halfOpen.arrive(key, this.clock.monotonicMs());
      return arrival.kind === 'held' ? this.held(arrival) : { kind: 'done', value: await this.watched(arrival.ticket, work) };
    });
    return turn ?? refused();
  }

  private passing(key: string): Arrival {
    return { kind: 'go', ticket: this.halfOpen.pass(key) };
  }

  private held(arrival: Arrival): HeldTurn {
    const { cause } = this.halfOpen;
    if (arrival.kind === 'go' || cause === undefined) throw new Error('nothing is held');
    return { kind: 'held', waitSeconds: arrival.waitSeconds, cause };
  }

  private async watched<T>(ticket: Ticket, work: (report: Report) => Promise<T>): Promise<T> {
    let outcome: Outcome = 'unclear';
    let cause: Cause | undefined;
    try {
      return await work((reported, httpStatus) => {
        outcome = reported;
        cause = httpStatus === undefined ? undefined : { httpStatus, sinceMs: this.clock.nowMs() };
      });
    } finally {
      this.halfOpen.answered(ticket, outcome, this.clock.monotonicMs(), cause);
    }
  }

  /** Undefined when the time is over before its turn: known at once then, and nothing is done when the turn comes. */
  private concurrencyTurn<T>(giveUpAt: number, work: () => Promise<Turn<T>>): Promise<Turn<T> | undefined> {
    return new Promise((resolve, reject) => {
      const place: QueuePlace = { giveUpAt, refuse: () => resolve(undefined) };
      this.queue.add(place);
      this.sweepAt(giveUpAt);
      void this.limit(async () => {
        if (this.queue.delete(place)) await work().then(resolve, reject);
      });
    });
  }

  /** One timer for the whole queue: most places in it are never given up. */
  private sweepAt(at: number): void {
    if (at >= this.sweepsAt) return;
    clearTimeout(this.sweeper);
    this.sweepsAt = at;
    this.sweeper = setTimeout(() => this.sweep(), Math.min(Math.max(0, at - this.clock.monotonicMs()), MAX_TIMER_MS));
    this.sweeper.unref();
  }

  private sweep(): void {
    this.sweepsAt = Infinity;
    let next = Infinity;
    for (const place of this.queue) {
      if (place.giveUpAt > this.clock.monotonicMs()) {
        next = Math.min(next, place.giveUpAt);
      } else {
        this.queue.delete(place);
        place.refuse();
      }
    }
    this.sweepAt(next);
  }
}

/** A request that waits for its turn. */
interface QueuePlace {
  giveUpAt: number;
  refuse: () => void;
}
