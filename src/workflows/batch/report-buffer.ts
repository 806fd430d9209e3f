/**
 * Lines of a shard's report on their way to its pages.
 *
 * Keeps true: pages are written one after the other, each with a number of its own, and hold every line once.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { EndedItem, ReportTarget } from '../../activities/batch/messages';
import type { Page, Source } from '../../activities/messages';
import type { ItemReport } from '../../contract';
import { jsonBytes } from '../engine/weights';
import { writeReportPage } from './calls';

/** A page is written when it has so many lines, or is so large. */
const PAGE_LINES = 500;
const PAGE_BYTES = 262_144;

/** So many lines, or bytes of them, wait for a store that does not take them: then nothing more is submitted. */
const MAX_WAITING_LINES = 2000;
const MAX_WAITING_BYTES = 1_048_576;

export class ReportBuffer {
  private readonly lines: { item: EndedItem; bytes: number }[] = [];
  private bytes = 0;
  private writing: Promise<void> | undefined;
  private underWay: readonly EndedItem[] = [];

  constructor(
    private readonly source: Source,
    private readonly target: ReportTarget | undefined,
    private readonly shard: number,
    private readonly pages: ReadonlyMap<number, Page>,
    /** Pages that are written. */
    public written: number,
    /** Lines have found their way, and more may come. */
    private readonly relieved: () => void,
  ) {}

  /** Whether more lines may come. */
  get hasRoom(): boolean {
    return this.lines.length < MAX_WAITING_LINES && this.bytes < MAX_WAITING_BYTES;
  }

  add(item: EndedItem): void {
    if (this.target === undefined) return;
    const bytes = jsonBytes(item);
    this.lines.push({ item, bytes });
    this.bytes += bytes;
    if (this.isPageFull()) this.writing ??= this.write(() => this.isPageFull());
  }

  /** The line of an item that has ended, as long as it is in no page yet. */
  find(id: string): ItemReport | undefined {
    const waiting = [...this.underWay, ...this.lines.map(({ item }) => item)];
    return waiting.find(({ report }) => report.id === id)?.report;
  }

  /** Writes all that is there. */
  async flush(): Promise<void> {
    await this.writing;
    if (this.lines.length > 0) await (this.writing ??= this.write(() => this.lines.length > 0));
  }

  /** A page was written elsewhere, under the number that was next. */
  wrote(): void {
    this.written++;
  }

  private isPageFull(): boolean {
    return this.lines.length >= PAGE_LINES || this.bytes >= PAGE_BYTES;
  }

  private async write(more: () => boolean): Promise<void> {
    const { source, target, shard } = this;
    if (target === undefined) return;
    do {
      const ended = (this.underWay = this.takePage());
      const pages: Record<number, Page> = {};
      for (const { page } of ended) {
        const found = page === undefined ? undefined : this.pages.get(page);
        if (page !== undefined && found !== undefined && 'offset' in found) pages[page] = found;
      }
      const request = { source, target, shard, number: this.written++, ended, pages };
      // Lines are not lost by a cancellation.
      await CancellationScope.nonCancellable(() => writeReportPage(request));
      this.underWay = [];
      this.relieved();
    } while (more());
    this.writing = undefined;
  }

  private takePage(): EndedItem[] {
    const taken: EndedItem[] = [];
    let bytes = 0;
    while (taken.length < PAGE_LINES && bytes < PAGE_BYTES) {
      const [line] = this.lines;
      // One line may be as long as an item of the input is: it travels alone then.
      if (line === undefined || (taken.length > 0 && bytes + line.bytes > PAGE_BYTES)) break;
      this.lines.shift();
      taken.push(line.item);
      bytes += line.bytes;
    }
    this.bytes -= bytes;
    return taken;
  }
}
