/**
 * What a process writes to its log is cleaned of every secret that it knows: those of its connections and files, and its own.
 *
 * Keeps true:
 * 1. A secret is known from before its first use until its connections are closed.
 * 2. Short secrets (below 8 characters) are masked where they may occur, not in whole lines, which they would tear to pieces.
 */
import { Redactor } from './redact';

export class LogRedaction {
  private readonly own = new Redactor();
  private readonly all = new Set([this.own]);
  /** Of all of them, as they were. */
  private present: { clean: (text: string) => string; revision: number } | undefined;
  private readonly marks = new Set<string>();

  /** A secret of the process itself, which never changes. */
  add(secret: string | undefined): void {
    this.own.addForGood(secret?.trim() ?? '');
  }

  /** What begins secrets that are many, see {@link Redactor.addMark}. */
  addMark(mark: string): void {
    if (this.marks.has(mark)) return;
    this.marks.add(mark);
    this.own.addMark(mark);
  }

  /** From now on secrets that somebody else knows are masked, too. @returns ends that */
  follow(redactor: Redactor): () => void {
    this.all.add(redactor);
    this.present = undefined;
    return () => {
      this.all.delete(redactor);
      this.present = undefined;
    };
  }

  /** `text` without the secrets of now. */
  readonly clean = (text: string): string => {
    let revision = 0;
    for (const redactor of this.all) revision += redactor.revision;
    if (this.present?.revision !== revision) this.present = { clean: Redactor.cleanerOf(this.all), revision };
    return this.present.clean(text);
  };
}
