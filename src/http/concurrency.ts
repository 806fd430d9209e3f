/** So many requests at once, and no more; how many may change at any time. */
import type { Clock } from './clock';
import { WaitingLine } from './waiting-line';

export class Concurrency {
  private inUse = 0;
  private readonly line: WaitingLine;
  private atMost: number;
  private mostInUse = 0;
  private hasMadeWait = false;

  /** @param most a whole number; 0 lets nobody go */
  constructor(
    most: number,
    private readonly clock: Clock,
  ) {
    this.atMost = most;
    this.line = new WaitingLine(clock);
  }

  get most(): number {
    return this.atMost;
  }

  /** Those that are under way stay so, though they may now be more. */
  set most(most: number) {
    this.atMost = most;
    this.start();
  }

  /** Those for whom there is no room yet. */
  get waiting(): number {
    return this.line.length;
  }

  /** Does `work` when there is room; undefined when there is none until then, and `work` is not done. */
  async run<T>(giveUpAtMs: number, work: () => Promise<T>): Promise<T | undefined> {
    if (!this.enters() && !(await this.turn(giveUpAtMs))) return undefined;
    try {
      return await work();
    } finally {
      this.inUse--;
      this.start();
    }
  }

  /** The most that were under way at once since the last call, and whether anybody waited. */
  takeUse(): { most: number; waited: boolean } {
    const use = { most: this.mostInUse, waited: this.hasMadeWait || this.line.length > 0 };
    this.mostInUse = this.inUse;
    this.hasMadeWait = false;
    return use;
  }

  /** Where nobody waits and there is room. */
  private enters(): boolean {
    if (this.line.length > 0 || this.inUse >= this.atMost) return false;
    this.occupy();
    return true;
  }

  private occupy(): void {
    this.inUse++;
    this.mostInUse = Math.max(this.mostInUse, this.inUse);
  }

  private turn(giveUpAtMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.line.add({
        cameAtMs: this.clock.monotonicMs(),
        giveUpAtMs,
        go: () => resolve(true),
        refuse: () => resolve(false),
      });
      this.start();
      if (this.line.length > 0) this.hasMadeWait = true;
    });
  }

  private start(): void {
    while (this.inUse < this.atMost && this.line.length > 0) {
      this.occupy();
      this.line.shift();
    }
  }
}
