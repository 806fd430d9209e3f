/** The time an exchange has, as one AbortSignal; `touch` starts it anew (used while a body file is uploaded). */
export class Patience {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(readonly seconds: number) {
    this.timer = this.start();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.controller.signal.aborted;
  }

  touch(): void {
    clearTimeout(this.timer);
    this.timer = this.start();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** `work`, or a rejection when the time is over first. `work` itself goes on. */
  async bound<T>(work: Promise<T>, what: string): Promise<T> {
    const { signal } = this;
    let onAbort: () => void = () => undefined;
    const over = new Promise<never>((_, reject) => {
      onAbort = () => reject(new Error(`${what} took longer than ${this.seconds} s`));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(), this.seconds * 1000);
  }
}
