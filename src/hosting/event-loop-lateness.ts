/** How late the event loop was at most within the last half to one minute: whoever asks, and however often. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How exactly it is measured. */
const RESOLUTION_MS = 20;
const WINDOW_MS = 30_000;

export class EventLoopLateness {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private beforeMs = 0;
  private readonly timer = setInterval(() => this.next(), WINDOW_MS).unref();

  constructor() {
    this.delays.enable();
  }

  /** In milliseconds. */
  get latestMs(): number {
    return Math.max(this.beforeMs, this.presentMs);
  }

  end(): void {
    clearInterval(this.timer);
    this.delays.disable();
  }

  private get presentMs(): number {
    // The interval itself is no lateness.
    return Math.max(0, Math.round(this.delays.max / 1e6) - RESOLUTION_MS);
  }

  private next(): void {
    this.beforeMs = this.presentMs;
    this.delays.reset();
  }
}
