/**
 * Those that wait for something, first come, first served; each only as long as it may.
 *
 * Keeps true: whoever waits is let go or refused, once; one timer serves the whole line, because most are never refused.
 */
import type { Clock } from './clock';

/** Longer timers fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Somebody who waits. Times are those of the monotonic clock. */
export interface Waiter {
  cameAtMs: number;
  giveUpAtMs: number;
  go: () => void;
  refuse: () => void;
}

export class WaitingLine {
  private readonly waiters = new Set<Waiter>();
  private sweeper: NodeJS.Timeout | undefined;
  private sweepsAtMs = Infinity;

  constructor(private readonly clock: Clock) {}

  get length(): number {
    return this.waiters.size;
  }

  get first(): Waiter | undefined {
    return this.waiters.values().next().value;
  }

  add(waiter: Waiter): void {
    this.waiters.add(waiter);
    this.sweepAt(waiter.giveUpAtMs);
  }

  /** Lets the first one go. */
  shift(): void {
    const { first } = this;
    if (first === undefined) return;
    this.waiters.delete(first);
    first.go();
  }

  /** Refuses all whose turn would come too late. @param turnAtMs of the one with so many before it */
  refuseLate(turnAtMs: (before: number) => number): void {
    let before = 0;
    for (const waiter of this.waiters) {
      if (turnAtMs(before) <= waiter.giveUpAtMs) before++;
      else this.refuse(waiter);
    }
  }

  private refuse(waiter: Waiter): void {
    this.waiters.delete(waiter);
    waiter.refuse();
  }

  private sweepAt(atMs: number): void {
    if (atMs >= this.sweepsAtMs) return;
    clearTimeout(this.sweeper);
    this.sweepsAtMs = atMs;
    this.sweeper = setTimeout(() => this.sweep(), Math.min(Math.max(0, atMs - this.clock.monotonicMs()), MAX_TIMER_MS));
    this.sweeper.unref();
  }

  private sweep(): void {
    this.sweepsAtMs = Infinity;
    const nowMs = this.clock.monotonicMs();
    let nextMs = Infinity;
    for (const waiter of this.waiters) {
      if (waiter.giveUpAtMs <= nowMs) this.refuse(waiter);
      else nextMs = Math.min(nextMs, waiter.giveUpAtMs);
    }
    this.sweepAt(nextMs);
  }
}
