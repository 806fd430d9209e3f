/**
 * Workflow `runShard`: a part of a batch. Its items are submitted in chunks and followed by one loop.
 *
 * Keeps true:
 * 1. Every item of its pages ends once, in the counts and in the report, whatever becomes of the batch.
 * 2. It continues as new with all that is begun; what it has to tell is written before.
 * 3. After its batch is cancelled, or gone, nothing more is submitted.
 */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ItemAbout, Page, ReportRest, ShardAnswer } from '../../activities/batch/messages';
import type { FailureDetails, ItemOutcome, ItemReport, Problem } from '../../contract';
import { MAX_KEPT_ITEM_BYTES } from '../../contract';
import type { Accepted, Outcome, Succeeded } from '../../lro/monitor';
import type { OpenOperation, OperationEnd } from '../loop';
import { endedMonitor, isoNow, OperationLoop, withMissing } from '../loop';
import { resultOf } from '../result';
import { writeReportRest } from './calls';
import { deleteResources } from '../chain/calls';
import { afterCleanup } from '../chain/ends';
import { cancelAtService } from './cancel';
import { bytesOfSteps, itemFailure, itemResult, leftBy, nextStepOf, withStep } from './chain-items';
import { failuresOf, firstOf, noCounts, outcomeOf, sumOf } from './counts';
import type { ShardInput, ShardResult, ShardTally } from './messages';
import { itemQuery, pauseSignal, resumeSignal, stopSignal, toldSignal } from './messages';
import { ReportBuffer } from './report-buffer';
import { showShard } from './show';
import type { Place, SubmitsState, SubmittedItem } from './submits';
import { Submits, throwIfCancelled } from './submits';

/** Requests of one status activity at once. */
const ASK_CONCURRENCY = 25;

/** What open operations add to the state that continues as new: some have headers and cookies of several kilobytes. */
const MAX_OPEN_BYTES = 600_000;

/** Temporal ends a workflow at 51,200: before that, what is under way is waited for without asking. */
const MAX_HISTORY_EVENTS = 30_000;

/** An operation that is open at the service, and what the report will say of it. */
interface OpenItem extends SubmittedItem {
  created?: { created?: string; createdText?: string };
}

/** What one run hands to the next. Plain JSON. */
export interface CarriedShard {
  pages: [number, Page][];
  submits: SubmitsState;
  open: OpenOperation[];
  items: [string, OpenItem][];
  tally: ShardTally;
  reportPages: number;
  toldAtMs: number;
}

/** @returns what became of its items; also when it is cancelled */
export async function runShard(input: ShardInput, carried?: CarriedShard): Promise<ShardResult> {
  const shard = new Shard(input, workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried);
  setHandler(pauseSignal, () => shard.change({ paused: true }));
  setHandler(resumeSignal, () => shard.change({ paused: false }));
  setHandler(stopSignal, () => shard.change({ stopped: true }));
  setHandler(itemQuery, (id) => shard.find(id));
  return shard.toItsEnd();
}

class Shard {
  private readonly pages: Map<number, Page>;
  private readonly items: Map<string, OpenItem>;
  private readonly tally: ShardTally;
  private readonly loop: OperationLoop;
  private readonly submits: Submits;
  private readonly report: ReportBuffer;
  private openBytes = 0;
  private toldAtMs: number;
  private telling: Promise<void> = Promise.resolve();
  /** Deletions that are under way. */
  private readonly cleaning = new Set<Promise<void>>();

  constructor(
    private readonly input: ShardInput,
    carried: CarriedShard | undefined,
  ) {
    const { source, report, shard } = input;
    this.pages = new Map(carried?.pages ?? input.pages.entries());
    this.items = new Map(carried?.items);
    this.tally = carried?.tally ?? { counts: noCounts(), submitted: 0, running: 0, firstFailures: [] };
    this.toldAtMs = carried?.toldAtMs ?? 0;
    this.report = new ReportBuffer(source, report, shard, this.pages, carried?.reportPages ?? 0, () => this.submits.nudge());
    const events = {
      changed: ({ lastProblem }: OpenOperation) => this.note(lastProblem),
      ended: (operation: OpenOperation, end: OperationEnd) => this.ended(operation, end),
      stepped: () => this.tell(),
    };
    const askOptions = { maxKeptBytes: MAX_KEPT_ITEM_BYTES, concurrency: ASK_CONCURRENCY };
    this.loop = new OperationLoop(carried?.open ?? [], events, askOptions);
    for (const { bytes = 0 } of carried?.open ?? []) this.openBytes += bytes;
    for (const item of this.items.values()) this.openBytes += bytesOfSteps(item);
    const { paused = false } = input;
    const state = carried?.submits ?? { next: { page: 0, index: 0 }, waiting: [], nextSubmitAtMs: 0, paused, stopped: false };
    this.submits = new Submits(source, this.pages, input, state, {
      taken: (item, answer) => this.taken(item, answer),
      failed: (item, failure) => this.failed(item, failure),
      invalid: (place, about, failure) => this.write(place, about, 'invalid', { failure }),
      broken: (failure) => this.broken(failure),
      trouble: (problem) => this.note(problem),
      landed: () => {
        this.loop.nudge();
        this.tell();
      },
      room: () => this.room(),
      expects: () => [...this.items.values()].some(({ about }) => about.step !== undefined && about.step.left > 0),
    });
  }

  /** The story. */
  async toItsEnd(): Promise<ShardResult> {
    try {
      const pause = (): boolean => this.shouldContinueAsNew();
      // A chunk that is long in coming back, a large file say, does not keep the others from being asked.
      const pauseLoop = (): boolean => pause() && (this.submits.isIdle || workflowInfo().historyLength > MAX_HISTORY_EVENTS);
      const outcomes = await Promise.allSettled([
        this.submits.run(pause).finally(() => this.loop.nudge()),
        this.loop.run(pauseLoop, () => !this.submits.isOver).finally(() => this.submits.nudge()),
      ]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      if (this.loop.size > 0 || !this.submits.isOver) await this.continueAsNew();
    } catch (err) {
      if (!isCancellation(err)) throw err;
      await CancellationScope.nonCancellable(() => this.cancel());
    }
    return CancellationScope.nonCancellable(() => this.close());
  }

  /** A signal of the batch. */
  change(state: Partial<Pick<SubmitsState, 'paused' | 'stopped'>>): void {
    Object.assign(this.submits.state, state);
    this.submits.nudge();
    this.loop.nudge();
  }

  /** Answer of the query `item`. */
  find(id: string): ShardAnswer {
    const reportPages = this.report.written;
    const waiting = this.submits.state.waiting.find(({ about }) => about?.id === id);
    if (waiting !== undefined) {
      const { lastProblem, dueAtMs } = waiting;
      const progress = { polls: 0, nextPollAt: new Date(dueAtMs).toISOString(), ...(lastProblem && { lastProblem }) };
      return { standing: { id, state: 'submitting', ...stepOf(waiting.about), progress }, reportPages };
    }
    for (const [key, { about }] of this.items) {
      const open = about.id === id ? this.loop.get(key) : undefined;
      if (open === undefined) continue;
      const { monitor, polls, status, lastPollAtMs, dueAtMs, lastProblem } = open;
      const progress = {
        polls,
        ...(status === undefined ? {} : { status }),
        ...(monitor.operationId === undefined ? {} : { operationId: monitor.operationId }),
        ...(monitor.statusUrl === '' ? {} : { statusUrl: monitor.shownUrl ?? monitor.statusUrl }),
        ...(lastPollAtMs === undefined ? {} : { lastPollAt: new Date(lastPollAtMs).toISOString() }),
        nextPollAt: new Date(dueAtMs).toISOString(),
        ...(lastProblem === undefined ? {} : { lastProblem }),
      };
      return { standing: { id, state: 'open', ...stepOf(about), progress }, reportPages };
    }
    const report = this.report.find(id);
    if (report !== undefined) return { standing: { id, state: 'ended', report }, reportPages };
    const state = this.submits.stateOf(id);
    // What has ended stands in a page of the report, where there is one.
    if (state === undefined || (state === 'ended' && this.input.report !== undefined)) return { reportPages };
    return { standing: { id, state }, reportPages };
  }

  private room(): number {
    let betweenBytes = 0;
    for (const { about, done } of this.submits.state.waiting) if (about?.step !== undefined) betweenBytes += bytesOfSteps({ about, done });
    if (!this.report.hasRoom || this.openBytes + betweenBytes > MAX_OPEN_BYTES) return 0;
    return this.input.maxInFlight - this.loop.size - this.submits.begun;
  }

  private taken(item: SubmittedItem, answer: Accepted | Succeeded): void {
    // A chain is one item, however many operations.
    if (item.done === undefined) this.tally.submitted++;
    // Once it is accepted, a retry is another operation with a key of its own.
    const about = { ...item.about, idempotencyKey: undefined, firstSentAtMs: undefined };
    item.about = about;
    const { lastProblem, deadlineAtMs } = item;
    const key = keyOf(item);
    const common = { id: key, polls: 0, minSeconds: 0, timeoutSeconds: about.timeoutSeconds, ...(deadlineAtMs && { deadlineAtMs }) };
    if (answer.kind === 'accepted') {
      const { monitor, waitSeconds, why, status, created, createdText } = answer;
      this.items.set(key, { ...item, ...(created === undefined ? {} : { created: { created, createdText } }) });
      const open = {
        ...common,
        monitor,
        why,
        dueAtMs: Date.now() + waitSeconds * 1000,
        ...(status && { status }),
        ...(lastProblem && { lastProblem }),
      };
      return this.follow(open, bytesOfSteps(item));
    }
    const { outcome, shownLocation, fetches = [] } = answer;
    if (fetches.length === 0) return this.succeeded({ ...item }, outcome, undefined, 0);
    this.items.set(key, item);
    const monitor = endedMonitor(fetches[0]?.connection ?? '', outcome);
    this.follow({ ...common, monitor, why: '', dueAtMs: Date.now(), finishing: { outcome, shownLocation, fetches } }, bytesOfSteps(item));
  }

  private follow(open: OpenOperation, stepBytes: number): void {
    const bytes = JSON.stringify(open.monitor).length;
    this.openBytes += bytes + stepBytes;
    this.loop.add([{ ...open, bytes }]);
  }

  private ended(operation: OpenOperation, end: OperationEnd): void {
    const item = this.items.get(operation.id);
    this.items.delete(operation.id);
    this.openBytes -= operation.bytes ?? 0;
    if (item === undefined) return;
    this.openBytes -= bytesOfSteps(item);
    if (end.kind === 'succeeded') this.succeeded(item, end.outcome, operation, operation.polls);
    else this.failed(item, end.failure);
    this.submits.nudge();
  }

  private succeeded(item: OpenItem, outcome: Outcome, operation: OpenOperation | undefined, polls: number): void {
    const { about, created, firstSentAtMs } = item;
    const result = resultOf(outcome, { monitor: operation?.monitor, created, submittedAtMs: firstSentAtMs, polls, labels: about.labels });
    if (about.step === undefined) return this.write(item, about, 'succeeded', { result });
    const done = withStep(item, result);
    if (about.step.left > 0) this.submits.goOn(nextStepOf(item, done));
    else this.write(item, about, 'succeeded', { result: itemResult(item, done) });
  }

  private failed(item: SubmittedItem, failure: FailureDetails): void {
    this.unsuccessful(item, item.about, outcomeOf(failure), itemFailure(item.about, item.done, failure));
  }

  /** An item did not come to its end: what it has made is deleted first, where its input says so. */
  private unsuccessful(item: Place & Pick<SubmittedItem, 'done'>, about: ItemAbout, outcome: ItemOutcome, failure: FailureDetails): void {
    const requests = leftBy(about, item.done);
    if (requests.length === 0) return this.ledger(item, about, outcome, failure);
    const cleaning = CancellationScope.nonCancellable(() => deleteResources(requests)).then((cleaned) => {
      this.ledger(item, about, outcome, afterCleanup(failure, cleaned, about.step?.given ?? {}));
      this.cleaning.delete(cleaning);
      this.tell();
    });
    this.cleaning.add(cleaning);
  }

  private ledger(place: Place, about: ItemAbout, outcome: ItemOutcome, failure: FailureDetails): void {
    this.write(place, about, outcome, { failure });
    const { stopAfterFailures } = this.input;
    if (stopAfterFailures === undefined) return;
    if (failuresOf(this.tally.counts) >= stopAfterFailures) this.change({ stopped: true });
    // The others may have the rest of them.
    this.toldAtMs = 0;
  }

  /** An item has ended: counted, and on its way to the report. */
  private write(place: Place, about: ItemAbout, outcome: ItemOutcome, end: Pick<ItemReport, 'result' | 'failure'>): void {
    this.tally.counts[outcome]++;
    const report: ItemReport = {
      id: about.id,
      kind: about.kind ?? 'operation',
      outcome,
      ...end,
      generation: about.generation ?? 0,
      ...(about.labels === undefined ? {} : { labels: about.labels }),
      ...(about.idempotencyKey === undefined
        ? {}
        : { idempotencyKey: about.idempotencyKey, firstSentAt: new Date(about.firstSentAtMs ?? Date.now()).toISOString() }),
    };
    if (outcome !== 'succeeded' && outcome !== 'notStarted') this.tally.firstFailures = firstOf([...this.tally.firstFailures, report]);
    const page = this.pages.get(place.page);
    const isInline = page !== undefined && 'items' in page;
    const item = isInline && outcome !== 'succeeded' ? page.items[place.index] : undefined;
    this.report.add({ report, page: place.page, index: place.index, ...(item === undefined ? {} : { item }) });
  }

  /** What operators are told of: the last problem of all. */
  private note(problem: Problem | undefined): void {
    if (problem !== undefined && problem.at >= (this.tally.lastProblem?.at ?? '')) this.tally.lastProblem = problem;
  }

  private broken(failure: FailureDetails): void {
    this.tally.broken = failure;
    this.tally.lastProblem = { message: failure.message, at: isoNow() };
    this.toldAtMs = 0;
  }

  /** What was begun ends as cancelled, at the service too where its input says how. */
  private async cancel(): Promise<void> {
    this.submits.state.stopped = true;
    await this.submits.settled();
    const open = this.loop.operations();
    const unfinished = open.filter(({ finishing }) => finishing === undefined);
    const ends = await cancelAtService(unfinished, (key) => this.items.get(key)?.about.cancel);
    for (const operation of open) {
      const end = ends.get(operation.id);
      if (operation.finishing !== undefined) {
        const { outcome, fetches, shownLocation } = operation.finishing;
        this.ended(operation, { kind: 'succeeded', outcome: withMissing(outcome, fetches, 'cancelled before it was read'), shownLocation });
      } else if (end !== undefined) {
        this.ended(operation, end);
      }
    }
  }

  /** Whatever was never submitted is told, and the report written to its end. */
  private async close(): Promise<ShardResult> {
    await this.submits.settled();
    const nameless = new Map<number, number[]>();
    for (const { item, about, failure } of this.submits.abandoned()) {
      if (about === undefined) nameless.set(item.page, [...(nameless.get(item.page) ?? []), item.index]);
      else if (failure === undefined) this.write(item, about, 'notStarted', {});
      else this.unsuccessful(item, about, outcomeOf(failure), itemFailure(about, item.done, failure));
    }
    await Promise.all(this.cleaning);
    await this.report.flush();
    const { next } = this.submits.state;
    for (const [number, page] of this.pages) {
      const indexes = nameless.get(number);
      if (indexes !== undefined) await this.writeRest(page, indexes.length, { from: 0, indexes });
      const from = number === next.page ? next.index : 0;
      if (number >= next.page && from < page.count) await this.writeRest(page, page.count - from, { from });
    }
    await this.telling;
    return { ...this.shown(), reportPages: this.report.written };
  }

  /** Items that were never submitted, and whose names only the page knows. */
  private async writeRest(page: Page, count: number, which: Pick<ReportRest, 'from' | 'indexes'>): Promise<void> {
    const { source, report: target, shard } = this.input;
    const { counts } = this.tally;
    const told =
      target === undefined ? undefined : await writeReportRest({ source, target, shard, number: this.report.written, page, ...which });
    if (told === undefined) {
      counts.notStarted += count;
    } else if ('broken' in told) {
      // A page that is no longer there cannot be told item by item.
      counts.notStarted += count;
      if (this.tally.broken === undefined) this.broken(told.broken);
    } else {
      this.report.wrote();
      this.tally.counts = sumOf([counts, { ...noCounts(), ...told.counts }]);
    }
  }

  private shouldContinueAsNew(): boolean {
    if (CancellationScope.current().consideredCancelled) return false;
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= (this.input.settings.continueAsNewAfterEvents ?? Infinity);
  }

  private async continueAsNew(): Promise<void> {
    await Promise.all(this.cleaning);
    await this.report.flush();
    await this.telling;
    // The next run would not know of a cancellation that this one was told.
    await throwIfCancelled();
    const { state } = this.submits;
    const open = this.loop.operations();
    const used = new Set([...this.items.values(), ...state.waiting].map(({ page }) => page));
    const next = makeContinueAsNewFunc<typeof runShard>({ memo: workflowInfo().memo });
    await next(
      { ...this.input, pages: [] },
      {
        pages: [...this.pages].filter(([number]) => number >= state.next.page || used.has(number)),
        submits: state,
        open,
        items: [...this.items],
        tally: this.tally,
        reportPages: this.report.written,
        toldAtMs: this.toldAtMs,
      },
    );
  }

  private shown(): ShardTally {
    return { ...this.tally, running: this.items.size };
  }

  /** Tells the batch how far this is: soon at first, then more and more seldom, since every telling stays in the batch's history. */
  private tell(): void {
    const { parent, startTime } = workflowInfo();
    const tally = this.shown();
    const { shard, shards, source } = this.input;
    showShard(tally, shard, shards, this.submits.state);
    const ageSeconds = (Date.now() - startTime.getTime()) / 1000;
    const everySeconds = Math.max(TELL_SECONDS, ageSeconds * Math.max(0.002, shards / 1000));
    if (parent === undefined || Date.now() - this.toldAtMs < everySeconds * 1000) return;
    this.toldAtMs = Date.now();
    const told = getExternalWorkflowHandle(parent.workflowId).signal(toldSignal, { shard, tally, firstRunId: source.firstRunId });
    // A batch that is gone hears nothing; its request to cancel is on its way.
    this.telling = Promise.all([this.telling, told.catch(() => undefined)]).then(() => undefined);
  }
}

const TELL_SECONDS = 10;

/** Of a chain: the step that is under way. */
function stepOf(about: ItemAbout | undefined): { step?: string } {
  return about?.step === undefined ? {} : { step: about.step.id };
}

function keyOf({ page, index }: Place): string {
  return `${page}.${index}`;
}
