/**
 * Politeness towards a service: how many requests at once, how many submits a second, and a pause when it says that it is busy.
 *
 * Keeps true:
 * 0. Submits that are claimed before they are sent take a place first: what is uncertain after a kill is bounded by the places.
 * 1. What is refused here was never sent, and a wait is never longer than the caller allowed.
 * 2. Reads are never held: a poll has its own time (`lro/retry-after`).
 * 3. Nobody waits here for a pause to end: a held submit is refused at once, and its workflow waits durably, where deadline and
 *    cancellation work.
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

/** The longest pause for all submits of a connection. A longer one is the business of the operation that was told so, which waits durably. */
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
  private readonly spacingMs: number;
  /** When the next submit may start. */
  private nextSubmitAt = 0;
  private heldUntil = 0;

  /** Places that are taken, and who waits for one to be given back. */
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly limits: Pick<Limits, 'concurrentRequests' | 'submitsPerSecond'>,
    private readonly clock: Clock = systemClock,
  ) {
    this.limit = pLimit(limits.concurrentRequests);
    this.spacingMs = 1000 / limits.submitsPerSecond;
  }

  /** How long no submit is started yet, because the service said that it is busy; 0 when it did not. */
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
    const worthwhile = Math.min(count, Math.ceil(this.limits.concurrentRequests / 4));
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
    return Math.max(1, Math.floor((CLAIM_SECONDS * 1000) / this.spacingMs));
  }

  /** Those that can. */
  private soon(): number {
    const backlogMs = Math.max(0, this.nextSubmitAt - this.clock.now());
    return backlogMs === 0 ? this.soonAtMost() : Math.max(0, Math.floor((CLAIM_SECONDS * 1000 - backlogMs) / this.spacingMs));
  }

  private async untilLeft(): Promise<void> {
    let resume: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (resume = resolve));
    this.waiting.add(resume);
    await Promise.race([left, this.clock.sleep(LOOK_AGAIN_MS)]);
    this.waiting.delete(resume);
  }

  /** Runs `work` when it has its turn, or refuses after `queueSeconds` at the latest, at once where that is already known. */
  async run<T>(isSubmit: boolean, queueSeconds: number, work: () => Promise<T>): Promise<Turn<T>> {
    const cameAt = this.clock.now();
    const giveUpAt = cameAt + queueSeconds * 1000;
    const refused = (): Turn<T> => ({ kind: 'refused', waitedSeconds: (this.clock.now() - cameAt) / 1000 });
    if (isSubmit && !(await this.submitSlot(giveUpAt))) return refused();
    const turn = await this.concurrencyTurn(isSubmit, giveUpAt, work);
    return turn.kind === 'done' ? turn : refused();
  }

  /** Waits for this submit's place in the row; false when that would be after `giveUpAt`, or when the service wants to be left alone. */
  private async submitSlot(giveUpAt: number): Promise<boolean> {
    const slot = Math.max(this.clock.now(), this.nextSubmitAt);
    if (slot > giveUpAt || this.heldSeconds > 0) return false;
    this.nextSubmitAt = slot + this.spacingMs;
    const waitMs = slot - this.clock.now();
    if (waitMs > 0) await this.clock.sleep(waitMs);
    return this.heldSeconds === 0;
  }

  private async concurrencyTurn<T>(isSubmit: boolean, giveUpAt: number, work: () => Promise<T>): Promise<Turn<T>> {
    let gaveUp = false;
    let started = false;
    const turn = this.limit(async (): Promise<Turn<T>> => {
      if (gaveUp) return { kind: 'refused', waitedSeconds: 0 };
      if (isSubmit && this.heldSeconds > 0) return { kind: 'refused', waitedSeconds: 0 };
      started = true;
      return { kind: 'done', value: await work() };
    });
    if (this.limit.pendingCount === 0) return turn;
    // There is a queue: whoever is still in it when the time is over is told at once, and does nothing when its turn comes.
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<Turn<T>>((resolve) => {
      timer = setTimeout(
        () => {
          if (started) return;
          gaveUp = true;
          resolve({ kind: 'refused', waitedSeconds: 0 });
        },
        Math.min(Math.max(0, giveUpAt - this.clock.now()), MAX_TIMER_MS),
      );
    });
    try {
      return await Promise.race([turn, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}
