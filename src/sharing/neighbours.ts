/**
 * How many workers share, as one of them knows it from the list that Temporal keeps. Pure: the time is passed in.
 *
 * States: `unlisted` (it has not found itself in the list) → `newcomer` (it has, beside others) → `settled` (the others have had time to
 * find it); one that finds itself alone is settled at once, because whoever comes later finds it there.
 *
 * Keeps true:
 * 1. The parts of all settled workers together are never more than the whole: each counts all whom it could not yet have missed.
 * 2. A list that cannot be had never stops work.
 */

/** A list is asked for so often while the worker has work. */
export const LOOK_EVERY_MS = 1000;

/** One that is older may lack a newcomer, who is counted in advance. */
const STALE_MS = 2 * LOOK_EVERY_MS;

/** After this all others who have work have looked again, though one look failed. */
const SETTLING_MS = 3.5 * LOOK_EVERY_MS;

/** A worker that has had work for so long and has no list, or is not in it, does not wait for that any more. */
const BLIND_MS = 15_000;

/** Before it has any list. */
const UNKNOWN_WORKERS = 20;

/** The number of workers to divide by; not firm while it, or this worker's own place among them, will soon be another. */
export interface Neighbourhood {
  workers: number;
  isFirm: boolean;
}

export class Neighbours {
  private usedFromMs: number | undefined;
  private others = 0;
  private lookedAtMs: number | undefined;
  /** Undefined before it has found itself. */
  private settlesAtMs: number | undefined;

  /** @param self its identity */
  constructor(private readonly self: string) {}

  /** It has work. */
  used(nowMs: number): void {
    this.usedFromMs ??= nowMs;
  }

  /** What Temporal has listed. @param askedAtMs who came after this may not be in it */
  looked(identities: readonly string[], askedAtMs: number): void {
    const known = new Set(identities);
    if (this.settlesAtMs === undefined && known.has(this.self)) this.settlesAtMs = askedAtMs + (known.size === 1 ? 0 : SETTLING_MS);
    known.delete(this.self);
    this.others = known.size;
    this.lookedAtMs = askedAtMs;
  }

  get isListed(): boolean {
    return this.settlesAtMs !== undefined;
  }

  /** Whether all others know of it. */
  isSettled(nowMs: number): boolean {
    return (this.settlesAtMs !== undefined && nowMs >= this.settlesAtMs) || this.hasWaitedLong(nowMs);
  }

  /** Whether it works without any list. */
  isBlind(nowMs: number): boolean {
    return this.lookedAtMs === undefined && this.hasWaitedLong(nowMs);
  }

  at(nowMs: number): Neighbourhood {
    if (this.lookedAtMs === undefined)
      return this.hasWaitedLong(nowMs) ? { workers: 1, isFirm: true } : { workers: UNKNOWN_WORKERS, isFirm: false };
    const isStale = nowMs - this.lookedAtMs > STALE_MS;
    return { workers: 1 + this.others + (isStale ? 1 : 0), isFirm: this.isSettled(nowMs) };
  }

  private hasWaitedLong(nowMs: number): boolean {
    return this.usedFromMs !== undefined && nowMs - this.usedFromMs >= BLIND_MS;
  }
}
