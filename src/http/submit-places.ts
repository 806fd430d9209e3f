/**
 * Places for submits that are claimed before they are sent.
 *
 * Keeps true: what is uncertain after a kill is bounded by the places, never more than the connection may have requests open.
 */
import type { Clock } from './clock';
import type { Concurrency } from './concurrency';
import type { HalfOpen } from './half-open';
import type { StartTimes } from './start-times';

/** Submits that claim a place at once start within this time: what is claimed and not yet sent would be uncertain after a kill. */
const CLAIM_SECONDS = 2;

/** How long places for all are waited for: at a quick service they come soon, and a set that is cut costs another activity. */
const ALL_WAIT_MS = 300;
/** How long any place is waited for. */
const PLACE_WAIT_MS = 3000;
const LOOK_AGAIN_MS = 100;

export class SubmitPlaces {
  private inUse = 0;
  /** Who waits for a place to be given back. */
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly requests: Pick<Concurrency, 'most'>,
    private readonly submits: StartTimes,
    private readonly halfOpen: HalfOpen,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes places for up to `count` submits that are claimed together: never more in all than the connection may have requests open, nor
   * than are sent soon. With `waits` some time, a little for all of them, then for a number that is worth an activity. Returns how many; {@link leave} gives them back.
   */
  async enter(count: number, waits: boolean): Promise<number> {
    const cameAt = this.clock.monotonicMs();
    const giveUpAt = cameAt + (waits ? PLACE_WAIT_MS : 0);
    for (;;) {
      // May have changed meanwhile.
      const concurrentRequests = this.requests.most;
      const wantsAll = this.clock.monotonicMs() < cameAt + ALL_WAIT_MS;
      const worthwhile = Math.min(count, wantsAll ? concurrentRequests : Math.ceil(concurrentRequests / 2));
      // While one request at a time goes, more would be held after they were claimed.
      const most = this.halfOpen.cause === undefined ? count : Math.min(count, 1);
      const places = Math.min(most, concurrentRequests - this.inUse, this.soon());
      const isLast = this.clock.monotonicMs() >= giveUpAt;
      if (places > 0 && (isLast || places >= Math.min(worthwhile, most, this.soonAtMost()))) {
        this.inUse += places;
        return places;
      }
      if (isLast) return 0;
      await this.untilLeft();
    }
  }

  /** Gives places back. */
  leave(count: number): void {
    this.inUse -= count;
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
}
