/**
 * Room in an activity's result for answers that are still to come.
 *
 * Keeps true: all that is given room fits into the result together, whatever services answer. Services answer as they did before: so an answer
 * is reserved four times what the longest of its connection has taken. One that is longer takes what others leave.
 */

/** How an answer fits: as it is, without what can be left out of it, or not at all. */
export type Fit = 'whole' | 'short' | 'none';

export class ResultRoom {
  /** Bytes of answers that are in. */
  private used = 0;
  /** Bytes of answers to come, and their number. */
  private reserved = 0;
  private coming = 0;
  /** Answers that are longer than what was reserved for them. */
  private late = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly maxBytes: number) {}

  /**
   * Reserves room for an answer to come; waits until there is some.
   * @param bytes of it, asked again whenever there may be room
   * @returns the number of bytes; undefined when there will be no room. The first gets it whatever it needs.
   */
  async reserve(bytes: () => number): Promise<number | undefined> {
    for (;;) {
      const wanted = bytes();
      const isFirst = this.used + this.coming + this.late === 0;
      if (isFirst || (this.late === 0 && this.used + this.reserved + wanted <= this.maxBytes)) {
        this.reserved += wanted;
        this.coming++;
        return wanted;
      }
      if (this.coming + this.late === 0) return undefined;
      await this.changed();
    }
  }

  /** Uses room for an answer that has come; where it is longer than what was reserved, as soon as others leave room for it. */
  async settle(reserved: number, whole: number, short: () => number): Promise<Fit> {
    this.reserved -= reserved;
    this.coming--;
    this.late++;
    this.change();
    for (;;) {
      const room = this.maxBytes - this.used - this.reserved;
      const fit: Fit = whole <= room ? 'whole' : short() <= room ? 'short' : 'none';
      if (fit !== 'none' || this.coming === 0) {
        this.late--;
        this.used += fit === 'whole' ? whole : fit === 'short' ? short() : 0;
        this.change();
        return fit;
      }
      await this.changed();
    }
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private change(): void {
    const resumed = [...this.waiting];
    this.waiting.clear();
    for (const resume of resumed) resume();
  }
}

/** Times the longest answer before. */
const SPARE = 4;
const MIN_BYTES = 2048;

/** How long the answers of each connection are. */
export class AnswerSizes {
  private readonly longest = new Map<string, number>();

  /** @param most bytes of an answer from which all is left out that can be: what is expected of a connection before its first answer */
  constructor(private readonly most: number) {}

  expected(connection: string): number {
    const longest = this.longest.get(connection);
    return longest === undefined ? this.most : Math.min(this.most, Math.max(MIN_BYTES, SPARE * longest));
  }

  learn(connection: string, bytes: number): void {
    this.longest.set(connection, Math.max(bytes, this.longest.get(connection) ?? 0));
  }
}
