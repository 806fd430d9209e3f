/**
 * Requests that start one after the other, so many a second; how many may change at any time.
 *
 * Keeps true: two starts are never nearer than the rate allows that holds when the second one starts, and a pause is not made up for.
 */
import type { Clock } from './clock';
import { WaitingLine } from './waiting-line';

/** Shorter waits than this are not slept: timers have no finer grain. */
const GRAIN_MS = 1;
/** Nothing is slept longer at a stretch: the rate may change meanwhile, and what is left of a sleep then goes on for nothing. */
const MAX_SLEEP_MS = 1000;
/** Who waits longer than this has been kept waiting by the rate, not by a timer. */
const NOTABLE_WAIT_MS = 20;

export class StartTimes {
  private spacing: number;
  /** The last start; and the last time when starts became more frequent. */
  private lastAtMs = -Infinity;
  private notBeforeMs = -Infinity;
  private readonly line: WaitingLine;
  /** Refuses those whose turn would come too late at once: not where the rate is only for the moment. */
  private isFirm = true;
  private isStarting = false;
  private wake: () => void = () => undefined;
  private started = 0;
  private hasMadeWait = false;

  constructor(
    perSecond: number,
    private readonly clock: Clock,
  ) {
    this.spacing = 1000 / perSecond;
    this.line = new WaitingLine(clock);
  }

  /** Infinity while nothing starts. */
  get spacingMs(): number {
    return this.spacing;
  }

  /** Those whose turn has not come. */
  get waiting(): number {
    return this.line.length;
  }

  /** How long whoever comes now would wait. */
  get backlogMs(): number {
    return Math.max(0, this.turnAtMs(this.line.length) - this.clock.monotonicMs());
  }

  /** From now on so many start a second, 0 for none. @param isFirm whether it can be relied on for a while */
  change(perSecond: number, isFirm: boolean): void {
    const spacing = 1000 / perSecond;
    this.isFirm = isFirm;
    if (spacing === this.spacing) return;
    // What did not start at the old rate does not start all at once now.
    if (spacing < this.spacing) this.notBeforeMs = this.clock.monotonicMs();
    this.spacing = spacing;
    this.wake();
  }

  /** Starts now, where nobody waits and it is time; false where not. */
  startsNow(): boolean {
    if (this.isStarting || this.line.length > 0) return false;
    const nowMs = this.clock.monotonicMs();
    const startAtMs = Math.max(this.nextAtMs, nowMs);
    if (startAtMs - nowMs >= GRAIN_MS) return false;
    this.lastAtMs = startAtMs;
    this.started++;
    return true;
  }

  /** Waits for the next start; false when that would be after `giveUpAtMs`. */
  next(giveUpAtMs: number): Promise<boolean> {
    const cameAtMs = this.clock.monotonicMs();
    const turnAtMs = this.turnAtMs(this.line.length);
    if (this.isFirm && turnAtMs > giveUpAtMs) return Promise.resolve(false);
    if (turnAtMs - cameAtMs > NOTABLE_WAIT_MS) this.hasMadeWait = true;
    return new Promise((resolve) => {
      this.line.add({ cameAtMs, giveUpAtMs, go: () => resolve(true), refuse: () => resolve(false) });
      void this.startAll();
    });
  }

  /** Starts since the last call, and whether anybody was kept waiting. */
  takeUse(): { started: number; waited: boolean } {
    const use = { started: this.started, waited: this.hasMadeWait || this.backlogMs > NOTABLE_WAIT_MS };
    this.started = 0;
    this.hasMadeWait = false;
    return use;
  }

  private get nextAtMs(): number {
    return this.spacing === Infinity ? Infinity : Math.max(this.lastAtMs + this.spacing, this.notBeforeMs);
  }

  /** Of somebody with so many before it. */
  private turnAtMs(before: number): number {
    const nextMs = Math.max(this.nextAtMs, this.clock.monotonicMs());
    return before === 0 ? nextMs : nextMs + before * this.spacing;
  }

  private async startAll(): Promise<void> {
    if (this.isStarting) return;
    this.isStarting = true;
    for (let first = this.line.first; first !== undefined; first = this.line.first) {
      const startAtMs = Math.max(this.nextAtMs, first.cameAtMs);
      const waitMs = startAtMs - this.clock.monotonicMs();
      if (waitMs >= GRAIN_MS) {
        await this.sleep(Math.min(waitMs, MAX_SLEEP_MS));
      } else {
        this.lastAtMs = startAtMs;
        this.started++;
        this.line.shift();
      }
    }
    this.isStarting = false;
  }

  /** Until the time is over, or the rate is another one. */
  private async sleep(milliseconds: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    const spacing = this.spacing;
    await Promise.race([this.clock.sleep(milliseconds), woken]);
    if (spacing !== this.spacing && this.isFirm) this.line.refuseLate((before) => this.turnAtMs(before));
  }
}
