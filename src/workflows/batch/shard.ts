/**
 * What a shard keeps besides its engine: the tally, the report, and how the batch learns of both.
 */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { ReportRest, ShardAnswer } from '../../activities/batch/messages';
import type { Page } from '../../activities/messages';
import { ITEM_OUTCOMES, MAX_KEPT_ITEM_BYTES, type FailureDetails } from '../../contract';
import { itemReport } from '../../jobs/item-report';
import type { EndedJob, Job, Place } from '../../jobs/model';
import { isUnaccepted, phaseOf, progressOf } from '../../jobs/progress';
import { abandonAll, cleanUp } from '../engine/cancel';
import { Engine, type EngineState } from '../engine/engine';
import { jsonBytes } from '../engine/weights';
import { countItems } from '../metrics';
import { writeReportRest } from './calls';
import { tallySignal, type ShardInput, type ShardResult } from './messages';
import { ReportBuffer } from './report-buffer';
import { showShard } from './show';
import { newsOf, reportSeconds, type News } from './news';
import { troubledItems } from './trouble';
import { failuresOf, knownOf, noTally, sumOf, withNext, type Tally } from './tally';

/** Requests of one status activity at once. */
const ASK_CONCURRENCY = 25;

/**
 * All arguments of the next run together: Temporal takes 2 MB, and a workflow that hands on more tries it again for ever. Some operations have
 * URLs, headers and cookies of dozens of kilobytes.
 */
const MAX_CARRIED_BYTES = 1_900_000;
/** Of these, for the tally and all that is not a page or a job. */
const TALLY_BYTES = 200_000;

/** What holds the submits of a shard back. */
interface Holds {
  isPaused: boolean;
  /** Nothing more is submitted. */
  isStopped: boolean;
  /** What is under way is waited for: a new run goes on. */
  isWaitingForNewRun: boolean;
}

/** What one run hands to the next, besides pages and jobs. Plain JSON; the next run may be of another build, as in `messages.ts`. */
export interface CarriedShard {
  engine: EngineState;
  holds: Holds;
  tally: Tally;
  reportPages: number;
  reportedAtMs: number;
  /** When its first run began. Absent in what older builds hand on. */
  beganAtMs?: number;
  /** What the last report had to tell besides counts. Absent in what older builds hand on. */
  reportedNews?: News;
}

export class Shard {
  readonly engine: Engine;
  private readonly pages: Map<number, Page>;
  private readonly tally: Tally;
  private readonly report: ReportBuffer;
  private readonly holds: Holds;
  /** Items that were never sent, and whose names only their pages know: indexes by page. */
  private readonly nameless = new Map<number, number[]>();
  private readonly submittedBefore: number;
  private readonly beganAtMs: number;
  private reportedAtMs: number;
  private reportedNews: News | undefined;
  private reporting: Promise<void> = Promise.resolve();

  constructor(
    readonly input: ShardInput,
    carried: CarriedShard | undefined,
    pages: [number, Page][] = [...input.pages.entries()],
    jobs: Job[] = [],
  ) {
    const { source, report, shard, settings, paused = false } = input;
    this.pages = new Map(pages);
    this.tally = carried === undefined ? noTally() : knownOf(carried.tally);
    this.submittedBefore = this.tally.submitted;
    this.beganAtMs = carried?.beganAtMs ?? workflowInfo().startTime.getTime();
    this.reportedAtMs = carried?.reportedAtMs ?? 0;
    this.reportedNews = carried?.reportedNews;
    this.holds = { ...(carried?.holds ?? { isPaused: paused, isStopped: false }), isWaitingForNewRun: false };
    const options = { maxKeptBytes: MAX_KEPT_ITEM_BYTES, concurrency: ASK_CONCURRENCY };
    const state = carried?.engine ?? { next: { page: 0, index: 0 } };
    const { maxInFlight, submitsPerSecond } = input;
    const maxOpenBytes = MAX_CARRIED_BYTES - TALLY_BYTES - jsonBytes(pages);
    this.engine = new Engine(
      { source, pages: this.pages, options, isQuiet: settings.isQuiet },
      { maxInFlight, submitsPerSecond, maxOpenBytes },
      jobs,
      state,
    );
    this.report = new ReportBuffer(source, report, shard, this.pages, carried?.reportPages ?? 0, () => this.engine.wake());
    this.change({});
  }

  /** Holds submits back, or lets them go on. */
  change(holds: Partial<Holds>): void {
    Object.assign(this.holds, holds);
    const { isPaused, isStopped, isWaitingForNewRun } = this.holds;
    const isHeld = isPaused || isWaitingForNewRun;
    const submits = isStopped || this.engine.broken !== undefined ? 'stop' : isHeld ? 'hold' : 'go';
    if (submits === this.engine.submits) return;
    this.engine.submits = submits;
    this.engine.wake();
  }

  /** Asks now instead of waiting. @param key of one job; absent: of all */
  pollNow(key: unknown): void {
    if (key === undefined || key === null) this.engine.hurry();
    else if (typeof key === 'string') this.engine.hurry([key]);
  }

  /** New items that may begin. */
  room(): number {
    if (!this.report.hasRoom || !this.engine.hasRoom) return 0;
    return this.input.maxInFlight - this.engine.count;
  }

  /** Takes up what has ended: counted, and on its way to the report. */
  collect(): void {
    const { stopAfterFailures } = this.input;
    const ended = this.engine.takeEnded();
    if (ended.length > 0) this.takeAll(ended);
    if (stopAfterFailures !== undefined && failuresOf(this.tally.counts) >= stopAfterFailures && !this.holds.isStopped)
      this.change({ isStopped: true });
    if (this.engine.broken !== undefined && this.tally.broken === undefined) this.breakOff(this.engine.broken);
  }

  /** Shows how it stands, and reports to the batch: soon at first, then more and more seldom, since every report stays in the batch's history. */
  tell(): void {
    const { parent } = workflowInfo();
    const jobs = this.engine.jobs();
    const tally = this.currentTally(jobs);
    const { shard, shards, source } = this.input;
    showShard(tally, shard, shards, this.holds, jobs.filter(isUnaccepted).length);
    const ageSeconds = (Date.now() - this.beganAtMs) / 1000;
    const news = newsOf(tally, this.reportedNews);
    const everySeconds = reportSeconds(news, this.reportedNews, ageSeconds, shards);
    if (parent === undefined || Date.now() - this.reportedAtMs < everySeconds * 1000) return;
    this.reportedAtMs = Date.now();
    this.reportedNews = news;
    const sent = getExternalWorkflowHandle(parent.workflowId).signal(tallySignal, { shard, tally, firstRunId: source.firstRunId });
    // A batch that is gone hears nothing; its request to cancel is on its way.
    this.reporting = Promise.all([this.reporting, sent.catch(() => undefined)]).then(() => undefined);
  }

  /** Answer of the query `item`. */
  find(id: unknown): ShardAnswer {
    const reportPages = this.report.written;
    const job = this.engine.jobs().find((one) => this.nameOf(one) === id);
    if (job !== undefined) {
      const progress = { ...progressOf(job, phaseOf(job, this.engine.isBusy(job))), phase: undefined };
      const state = isUnaccepted(job) ? 'submitting' : 'open';
      return { standing: { id: String(id), state, step: job.about?.step?.id, progress }, reportPages };
    }
    const report = this.report.find(String(id));
    if (report !== undefined) return { standing: { id: report.id, state: 'ended', report }, reportPages };
    const page = this.pages.get(0);
    const index = page !== undefined && 'items' in page ? page.items.findIndex((item) => item.id === id) : -1;
    if (index < 0) return { reportPages };
    const { next } = this.engine.carriedState();
    const isNew = next?.page === 0 && index >= next.index;
    // What has ended stands in a page of the report, where there is one.
    if (!isNew && this.input.report !== undefined) return { reportPages };
    return { standing: { id: String(id), state: isNew ? 'notStarted' : 'ended' }, reportPages };
  }

  /** Writes what is to be written before a new run goes on. */
  async flush(): Promise<void> {
    this.collect();
    this.tell();
    await this.report.flush();
    await this.reporting;
  }

  /** What the next run needs, when nothing is under way. */
  carried(): { carried: CarriedShard; pages: [number, Page][]; jobs: Job[] } {
    const { jobs, state } = this.engine.carried();
    const used = new Set(jobs.map(({ page }) => page));
    const from = state.next?.page ?? Infinity;
    const { holds, beganAtMs, reportedAtMs, reportedNews } = this;
    return {
      carried: {
        engine: state,
        holds,
        tally: this.currentTally(),
        reportPages: this.report.written,
        beganAtMs,
        reportedAtMs,
        reportedNews,
      },
      pages: [...this.pages].filter(([number]) => number >= from || used.has(number)),
      jobs,
    };
  }

  /** Whatever was never submitted is reported, and the report written to its end. Not to be cut by a cancellation. */
  async close(): Promise<ShardResult> {
    abandonAll(this.engine);
    await cleanUp(this.engine);
    this.collect();
    this.tell();
    await this.report.flush();
    const { next } = this.engine.carriedState();
    for (const [number, page] of this.pages) {
      const indexes = this.nameless.get(number);
      if (indexes !== undefined) await this.writeRest(page, indexes.length, { from: 0, indexes });
      const from = number === next?.page ? next.index : 0;
      if (next !== undefined && number >= next.page && from < page.count) await this.writeRest(page, page.count - from, { from });
    }
    await this.reporting;
    return { ...this.currentTally(), reportPages: this.report.written };
  }

  private nameOf({ about, page, index }: Job): string | undefined {
    const found = about === undefined ? this.pages.get(page) : undefined;
    return about?.id ?? (found !== undefined && 'items' in found ? found.items[index]?.id : undefined);
  }

  private takeAll(all: readonly EndedJob[]): void {
    const before = this.tally.counts;
    this.tally.counts = { ...before };
    for (const ended of all) this.take(ended);
    // Once for all: each call leaves the workflow's thread.
    for (const outcome of ITEM_OUTCOMES) countItems(outcome, this.tally.counts[outcome] - before[outcome]);
  }

  private take(ended: EndedJob): void {
    const { page, index }: Place = ended.job;
    const report = itemReport(ended, Date.now());
    if (report === undefined) {
      this.nameless.set(page, [...(this.nameless.get(page) ?? []), index]);
      return;
    }
    const { outcome } = report;
    this.tally.counts[outcome]++;
    if (outcome !== 'succeeded' && outcome !== 'notStarted') this.tally.firstFailures = withNext(this.tally.firstFailures, report);
    // The others may have the rest of the failures that stop the batch.
    if (outcome !== 'succeeded' && this.input.stopAfterFailures !== undefined) this.reportedAtMs = 0;
    const items = this.pages.get(page);
    const item = items !== undefined && 'items' in items && outcome !== 'succeeded' ? items.items[index] : undefined;
    this.report.add({ report, page, index, item });
  }

  private breakOff(failure: FailureDetails): void {
    this.tally.broken = failure;
    this.tally.lastProblem = { message: failure.message, at: new Date().toISOString() };
    this.reportedAtMs = 0;
  }

  /** Items that were never submitted, and whose names only the page knows. */
  private async writeRest(page: Page, count: number, which: Pick<ReportRest, 'from' | 'indexes'>): Promise<void> {
    const { source, report: target, shard } = this.input;
    const number = this.report.written;
    const written = target === undefined ? undefined : await writeReportRest({ source, target, shard, number, page, ...which });
    if (written === undefined || 'broken' in written) {
      // A page that is no longer there cannot be reported item by item.
      this.tally.counts.notStarted += count;
      countItems('notStarted', count);
      if (written !== undefined && this.tally.broken === undefined) this.breakOff(written.broken);
    } else {
      this.report.wrote();
      this.tally.counts = sumOf([this.tally.counts, written.counts]);
      for (const outcome of ITEM_OUTCOMES) countItems(outcome, written.counts[outcome]);
    }
  }

  private currentTally(jobs: readonly Job[] = this.engine.jobs()): Tally {
    const { lastProblem } = this.engine;
    const isNewer = lastProblem !== undefined && lastProblem.at >= (this.tally.lastProblem?.at ?? '');
    return {
      ...this.tally,
      troubled: troubledItems(jobs),
      submitted: this.submittedBefore + this.engine.accepted,
      running: jobs.filter(({ step }) => step.at === 'poll' || step.at === 'fetch').length,
      lastProblem: isNewer && this.tally.broken === undefined ? lastProblem : this.tally.lastProblem,
    };
  }
}
