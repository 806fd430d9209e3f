/**
 * Politeness towards a service: how many requests at once, how many submits and polls a second, and a pause when it says that it is busy.
 *
 * Keeps true:
 * 0. Submits that are claimed before they are sent take a place first: what is uncertain after a kill is bounded by the places.
 * 1. What is refused here was never sent, and a wait is never longer than the caller allowed.
 * 2. Nobody waits here for a pause to end: what is held is refused at once, and its workflow waits durably, where deadline and
 *    cancellation work.
 * 3. Only submits and polls are paced and held: what reads a result or cancels is one request an operation.
 */
import pLimit from 'p-limit';
import type { Limits } from '../config';

/** Time, to be replaced in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** What a request is, as far as its turn is concerned. */
export type PaceKind = 'submit' | 'poll' | 'other';

/** The longest pause for all submits and polls of a connection. A longer one is the business of the operation that was told so, which waits durably. */
const MAX_HOLD_SECONDS = 10;

/** Longer timers fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Submits that claim a place at once start within this time: what is claimed and not yet sent would be uncertain after a kill. */
const CLAIM_SECONDS = 2;

/** How long a place is waited for. */
const PLACE_WAIT_MS = 3000;
const LOOK_AGAIN_MS = 100;

export type Turn<T> = { kind: 'done'; value: T } | { kind: 'refused'; waitedSeconds: number };

export class Pace {
  private readonly limit: pLimit.Limit;
  private readonly submits: Row;
  private readonly polls: Row;
  private heldUntil = 0;
  private readonly queue = new Set<QueuePlace>();
  private sweeper: NodeJS.Timeout | undefined;
  private sweepsAt = Infinity;

  /** Places that are taken, and who waits for one to be given back. */
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly limits: Pick<Limits, 'concurrentRequests' | 'submitsPerSecond' | 'pollsPerSecond'>,
    private readonly clock: Clock = systemClock,
  ) {
    this.limit = pLimit(limits.concurrentRequests);
    this.submits = new Row(limits.submitsPerSecond, clock);
    this.polls = new Row(limits.pollsPerSecond, clock);
  }

  /** How long no submit and no poll is started yet, because the service said that it is busy; 0 when it did not. */
  get heldSeconds(): number {
    return Math.max(0, this.heldUntil - this.clock.now()) / 1000;
  }

  /** The service asked to be left alone for `seconds`. At most {@link MAX_HOLD_SECONDS} of it are kept. Never shortens a pause. */
  hold(seconds: number): void {
    this.heldUntil = Math.max(this.heldUntil, this.clock.now() + Math.min(seconds, MAX_HOLD_SECONDS) * 1000);
  }

  /**
   * Takes places for up to `count` submits that are claimed together: never more in all than the connection may have requests open, nor
   * than are sent soon. With `waits` some time for a number that is worth an activity. Returns how many; {@link leave} gives them back.
   */
  async enter(count: number, waits: boolean): Promise<number> {
    const worthwhile = Math.min(count, Math.ceil(this.limits.concurrentRequests / 2));
    const giveUpAt = this.clock.now() + (waits ? PLACE_WAIT_MS : 0);
    for (;;) {
      const places = Math.min(count, this.limits.concurrentRequests - this.taken, this.soon());
      const isLast = this.clock.now() >= giveUpAt;
      if (places >= Math.min(worthwhile, this.soonAtMost()) || (isLast && places > 0)) {
        this.taken += places;
        return places;
      }
      if (isLast) return 0;
      await this.untilLeft();
    }
  }

  /** Gives places back. */
  leave(count: number): void {
    this.taken -= count;
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }

  /** Submits that could start within {@link CLAIM_SECONDS}, were nobody before them. At least one. */
  private soonAtMost(): number {
    return Math.max(1, Math.floor((CLAIM_SECONDS * 1000) / this.submits.spacingMs));
  }

  /** Those that can. */
  private soon(): number {
    const { backlogMs, spacingMs } = this.submits;
    return backlogMs === 0 ? this.soonAtMost() : Math.max(0, Math.floor((CLAIM_SECONDS * 1000 - backlogMs) / spacingMs));
  }

  private async untilLeft(): Promise<void> {
    let resume: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (resume = resolve));
    this.waiting.add(resume);
    await Promise.race([left, this.clock.sleep(LOOK_AGAIN_MS)]);
    this.waiting.delete(resume);
  }

  /** Runs `work` when it has its turn, or refuses after `queueSeconds` at the latest, at once where that is already known. */
  async run<T>(kind: PaceKind, queueSeconds: number, work: () => Promise<T>): Promise<Turn<T>> {
    const cameAt = this.clock.now();
    const giveUpAt = cameAt + queueSeconds * 1000;
    const refused = (): Turn<T> => ({ kind: 'refused', waitedSeconds: (this.clock.now() - cameAt) / 1000 });
    const mayGo = (): boolean => kind === 'other' || this.heldSeconds === 0;
    if (!mayGo()) return refused();
    if (kind !== 'other' && !(await (kind === 'submit' ? this.submits : this.polls).slot(giveUpAt))) return refused();
    const turn = await this.concurrencyTurn(mayGo, giveUpAt, work);
    return turn.kind === 'done' ? turn : refused();
  }

  /** Whoever is still in the queue when its time is over is told at once, and does nothing when its turn comes. */
  private concurrencyTurn<T>(mayGo: () => boolean, giveUpAt: number, work: () => Promise<T>): Promise<Turn<T>> {
    return new Promise((resolve, reject) => {
      const refuse = (): void => resolve({ kind: 'refused', waitedSeconds: 0 });
      const place: QueuePlace = { giveUpAt, refuse };
      this.queue.add(place);
      this.sweepAt(giveUpAt);
      void this.limit(async () => {
        if (!this.queue.delete(place)) return;
        if (!mayGo()) return refuse();
        await work().then((value) => resolve({ kind: 'done', value }), reject);
      });
    });
  }

  /** One timer for the whole queue: most places in it are never given up. */
  private sweepAt(at: number): void {
    if (at >= this.sweepsAt) return;
    clearTimeout(this.sweeper);
    this.sweepsAt = at;
    this.sweeper = setTimeout(() => this.sweep(), Math.min(Math.max(0, at - this.clock.now()), MAX_TIMER_MS));
    this.sweeper.unref();
  }

  private sweep(): void {
    this.sweepsAt = Infinity;
    let next = Infinity;
    for (const place of this.queue) {
      if (place.giveUpAt > this.clock.now()) {
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

/** Shorter waits than this are not slept: timers have no finer grain. */
const GRAIN_MS = 1;

/** Requests that start one after the other, so many a second. */
class Row {
  readonly spacingMs: number;
  private nextAt = 0;

  constructor(
    perSecond: number,
    private readonly clock: Clock,
  ) {
    this.spacingMs = 1000 / perSecond;
  }

  /** How long whoever comes now would wait. */
  get backlogMs(): number {
    return Math.max(0, this.nextAt - this.clock.now());
  }

  /** Waits for a place in the row; false when that would be after `giveUpAt`. */
  async slot(giveUpAt: number): Promise<boolean> {
    const slot = Math.max(this.clock.now(), this.nextAt);
    if (slot > giveUpAt) return false;
    this.nextAt = slot + this.spacingMs;
    const waitMs = slot - this.clock.now();
    if (waitMs >= GRAIN_MS) await this.clock.sleep(waitMs);
    return true;
  }
}
