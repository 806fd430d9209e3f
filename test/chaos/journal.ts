/** What was done to the system, and when: counted for the summary, and kept as times at which an answer may have been lost. */

/** From when to when an answer on its way, or one that Temporal had not recorded yet, may have been lost. By the clock of this machine. */
export interface Disruption {
  what: string;
  fromMs: number;
  /** Infinity while it lasts. */
  toMs: number;
}

export class Journal {
  readonly counts = new Map<string, number>();
  readonly disruptions: Disruption[] = [];

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Something that was done for a while, in which answers may be lost; `afterSeconds` longer, where it takes until that is noticed. */
  async during<T>(what: string, work: () => Promise<T>, afterSeconds = 0): Promise<T> {
    this.count(what);
    const disruption: Disruption = { what, fromMs: Date.now(), toMs: Infinity };
    this.disruptions.push(disruption);
    try {
      return await work();
    } finally {
      disruption.toMs = Date.now() + afterSeconds * 1000;
    }
  }
}
