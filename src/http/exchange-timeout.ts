/**
 * The time an exchange has; `touch` starts it anew (used while a body file is uploaded).
 *
 * It is what axios takes for a signal: a real `AbortSignal` costs more than a small request, and is made only for those who need one.
 */
export class ExchangeTimeout {
  private timer: NodeJS.Timeout;
  private isOver = false;
  private controller: AbortController | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(readonly seconds: number) {
    this.timer = this.start();
  }

  /** Whether the time is over. */
  get aborted(): boolean {
    return this.isOver;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.isOver) this.controller.abort();
    }
    return this.controller.signal;
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
    let onAbort: () => void = () => undefined;
    const over = new Promise<never>((_, reject) => {
      onAbort = () => reject(new Error(`${what} took longer than ${this.seconds} s`));
      if (this.isOver) onAbort();
      else this.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      this.removeEventListener('abort', onAbort);
    }
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => this.end(), this.seconds * 1000);
  }

  private end(): void {
    this.isOver = true;
    for (const listener of [...this.listeners]) listener();
    this.listeners.clear();
    this.controller?.abort();
  }
}
