/** Holds requests until they are released. */
export class Gate {
  private held: (() => void)[] = [];
  private readonly watchers = new Set<() => void>();

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.held.push(resolve);
      for (const look of [...this.watchers]) look();
    });
  }

  /** @returns how many were released. */
  release(): number {
    const held = this.held;
    this.held = [];
    for (const go of held) go();
    return held.length;
  }

  get count(): number {
    return this.held.length;
  }

  /** Resolves when `count` requests are held, or when `signal` aborts first. */
  waitForHeld(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.held.length < count && !signal.aborted) return;
        this.watchers.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.watchers.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }
}
