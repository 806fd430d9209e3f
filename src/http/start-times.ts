/** Requests that start one after the other, so many a second. */
import type { Clock } from './clock';

/** Shorter waits than this are not slept: timers have no finer grain. */
const GRAIN_MS = 1;

export class StartTimes {
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
    return Math.max(0, this.nextAt - this.clock.monotonicMs());
  }

  /** Waits for the next start; false when that would be after `giveUpAt`. */
  async next(giveUpAt: number): Promise<boolean> {
    const startAt = Math.max(this.clock.monotonicMs(), this.nextAt);
    if (startAt > giveUpAt) return false;
    this.nextAt = startAt + this.spacingMs;
    const waitMs = startAt - this.clock.monotonicMs();
    if (waitMs >= GRAIN_MS) await this.clock.sleep(waitMs);
    return true;
  }
}
