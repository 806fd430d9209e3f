/**
 * The submits of a shard: which items go next, when, and what became of them.
 *
 * Keeps true:
 * 1. Every item is in one place: still to be read, waiting for another try, in a chunk that is under way, or handed on as accepted or ended.
 * 2. An item of which nobody knows whether it was accepted is never sent again where at most one submit was asked.
 * 3. No chunk starts while the batch is paused, after it was stopped, or before the batch's own pace allows.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { BatchSource, ChunkItem, ChunkResult, InlinePage, ItemAbout, Page } from '../../activities/batch/messages';
import type { FailureDetails, Problem } from '../../contract';
import type { Cookies } from '../../lro/cookies';
import type { Accepted, Succeeded } from '../../lro/monitor';
import { WorkflowClock } from '../clock';
import { afterTry, neverAccepted, type Tries } from '../submission';
import { isoNow } from '../loop';
import { madeOf, stoppedBefore, type DoneStep } from './chain-items';
import { RESTART_SECONDS, submitItems, type ChunkEnd } from './calls';

/** Items in one activity: with more, one that is slow to be answered holds up more; with fewer, each costs more history. */
const CHUNK_ITEMS = 100;
/** Chunks under way: while one is answered the next is sent. */
const MAX_FLIGHTS = 2;
/** Smaller chunks are not worth their history while others are open. */
const WORTHWHILE_ITEMS = 50;
const WORTHWHILE_PART = 0.1;
/** Where the connection had no place for any item of a chunk. */
const NO_PLACE_SECONDS = 1;

/** Where an item stands. */
export interface Place {
  page: number;
  index: number;
}

/** An item that waits for another try. Plain JSON. */
export interface WaitingItem extends Place, Tries {
  about?: ItemAbout;
  attempts?: number;
  cookies?: Cookies;
  firstSentAtMs?: number;
  deadlineAtMs?: number;
  dueAtMs: number;
  /** Of a chain: its steps that are done, and when the first one was sent. */
  done?: DoneStep[];
  startedAtMs?: number;
}

/** An item that was submitted, as the shard goes on with it. */
export interface SubmittedItem extends Place {
  about: ItemAbout;
  firstSentAtMs: number;
  deadlineAtMs?: number;
  lastProblem?: Tries['lastProblem'];
  done?: DoneStep[];
  startedAtMs?: number;
}

/** Plain JSON that continues as new. */
export interface SubmitsState {
  /** The next item that was never tried. */
  next: Place;
  waiting: WaitingItem[];
  /** Of the batch's own pace. */
  nextSubmitAtMs: number;
  paused: boolean;
  stopped: boolean;
}

export interface SubmitsEvents {
  taken(item: SubmittedItem, answer: Accepted | Succeeded): void;
  failed(item: SubmittedItem, failure: FailureDetails): void;
  invalid(place: Place, about: ItemAbout, failure: FailureDetails): void;
  /** Items can no longer be read. */
  broken(failure: FailureDetails): void;
  /** Something went wrong on the way and ended nothing. */
  trouble(problem: Problem): void;
  /** After each chunk. */
  landed(): void;
  /** Items for which there is room at the service and in the shard. */
  room(): number;
  /** Whether an item that is open may come back with its next step. */
  expects(): boolean;
}

type Chunk = Exclude<ChunkEnd, { broken: FailureDetails }>;

export class Submits {
  private flights = 0;
  private readonly underWay = new Set<WaitingItem>();
  private changed = false;
  private readonly clock = new WorkflowClock();

  constructor(
    private readonly source: BatchSource,
    private readonly pages: ReadonlyMap<number, Page>,
    private readonly limits: { maxInFlight: number; submitsPerSecond?: number },
    readonly state: SubmitsState,
    private readonly events: SubmitsEvents,
  ) {}

  /** Items that are neither open nor ended, but were begun. */
  get begun(): number {
    return this.state.waiting.length + this.underWay.size;
  }

  /** Whether nothing more will be handed on. */
  get isOver(): boolean {
    const { stopped, waiting } = this.state;
    return this.flights === 0 && (stopped || (waiting.length === 0 && !this.hasFresh() && !this.events.expects()));
  }

  /** What is known of an item that is neither open nor waiting: only items that stand in the batch's input have names here. */
  stateOf(id: string): 'notStarted' | 'submitting' | 'ended' | undefined {
    if ([...this.underWay].some(({ about }) => about?.id === id)) return 'submitting';
    const page = this.pages.get(0);
    const index = page !== undefined && 'items' in page ? page.items.findIndex((item) => item.id === id) : -1;
    if (index < 0) return undefined;
    const { next, waiting } = this.state;
    if (next.page === 0 && index >= next.index) return 'notStarted';
    return [...this.underWay, ...waiting].some((item) => item.index === index) ? 'submitting' : 'ended';
  }

  /** Whether no chunk is under way. */
  get isIdle(): boolean {
    return this.flights === 0;
  }

  /** Room may have come, or `state` was changed. */
  nudge(): void {
    this.changed = true;
  }

  /** An item goes on with its next step. */
  goOn(item: WaitingItem): void {
    this.state.waiting.push(item);
    this.nudge();
  }

  /** Submits until nothing is left, until it is stopped, or until `pause` says so. Throws only when it is cancelled, or cannot go on. */
  async run(pause: () => boolean): Promise<void> {
    let broken: { error: unknown } | undefined;
    for (;;) {
      await throwIfCancelled();
      // What ends here may have been the last.
      this.expire();
      if (pause() || this.isOver || broken !== undefined) break;
      const chunk = this.flights < MAX_FLIGHTS ? this.take() : undefined;
      if (chunk === undefined) {
        await this.untilChanged();
        continue;
      }
      this.flights++;
      for (const item of chunk) this.underWay.add(item);
      this.send(chunk).then(
        () => this.landed(chunk),
        (error: unknown) => {
          broken = { error };
          this.state.stopped = true;
          this.landed(chunk);
        },
      );
    }
    await this.settled();
    if (broken !== undefined) throw broken.error;
  }

  /** Until no chunk is under way. Not cut by a cancellation. */
  settled(): Promise<void> {
    return CancellationScope.nonCancellable(() => condition(() => this.flights === 0));
  }

  /** Items that will not be tried again: what they end with, and what is known of them if anything. */
  abandoned(): { item: WaitingItem; about?: ItemAbout; failure?: FailureDetails }[] {
    return this.state.waiting.splice(0).map((item) => {
      const { about, maybeAccepted } = item;
      if (about === undefined) return { item };
      const isUncertain = maybeAccepted === true || about.idempotencyKey !== undefined;
      if (isUncertain) return { item, about, failure: neverKnown(item, about) };
      return { item, about, ...(item.done === undefined ? {} : { failure: stoppedBefore(about) }) };
    });
  }

  private landed(chunk: readonly WaitingItem[]): void {
    this.flights--;
    for (const item of chunk) this.underWay.delete(item);
    this.changed = true;
    this.events.landed();
  }

  private async untilChanged(): Promise<void> {
    this.changed = false;
    const atMs = this.nextMomentMs();
    if (atMs === undefined) return condition(() => this.changed);
    const isChanged = await condition(() => this.changed, Math.max(1, Math.ceil(atMs - this.clock.now())));
    if (!isChanged) this.clock.passed(atMs);
  }

  /** When there may be something to send though nothing else happens. */
  private nextMomentMs(): number | undefined {
    const { waiting, paused, stopped, nextSubmitAtMs } = this.state;
    if (stopped) return undefined;
    const deadlines = waiting.map(({ deadlineAtMs = Infinity }) => deadlineAtMs);
    if (paused || this.flights >= MAX_FLIGHTS) return finite(Math.min(...deadlines));
    const due = waiting.map(({ dueAtMs }) => Math.max(dueAtMs, nextSubmitAtMs));
    const fresh = this.freshItems() > 0 ? nextSubmitAtMs : Infinity;
    return finite(Math.min(...due, ...deadlines, fresh));
  }

  /** The next chunk, where one may go now. */
  private take(): WaitingItem[] | undefined {
    const { paused, stopped, nextSubmitAtMs } = this.state;
    if (paused || stopped || this.clock.now() < nextSubmitAtMs) return undefined;
    const { submitsPerSecond } = this.limits;
    const most = submitsPerSecond === undefined ? CHUNK_ITEMS : Math.min(CHUNK_ITEMS, Math.max(1, Math.floor(submitsPerSecond)));
    const chunk = this.takeWaiting(most) ?? this.takeFresh(most);
    if (chunk !== undefined && submitsPerSecond !== undefined) {
      this.state.nextSubmitAtMs = Math.max(this.clock.now(), nextSubmitAtMs) + (chunk.length / submitsPerSecond) * 1000;
    }
    return chunk;
  }

  private takeWaiting(most: number): WaitingItem[] | undefined {
    const { waiting } = this.state;
    const first = waiting.find(({ dueAtMs }) => dueAtMs <= this.clock.now());
    if (first === undefined) return undefined;
    const chunk = waiting.filter(({ page, dueAtMs }) => page === first.page && dueAtMs <= this.clock.now()).slice(0, most);
    const taken = new Set(chunk);
    this.state.waiting = waiting.filter((item) => !taken.has(item));
    return chunk;
  }

  private takeFresh(most: number): WaitingItem[] | undefined {
    const count = Math.min(most, this.freshItems());
    if (count <= 0) return undefined;
    const { next } = this.state;
    const chunk = Array.from({ length: count }, (_, item) => ({ page: next.page, index: next.index + item, dueAtMs: 0, title: '' }));
    next.index += count;
    this.skipRead();
    return chunk;
  }

  /** How many never tried items of the next page may go now: as many as there is room for, and few only when no others are open. */
  private freshItems(): number {
    const page = this.pages.get(this.state.next.page);
    if (page === undefined) return 0;
    const left = page.count - this.state.next.index;
    const room = this.events.room();
    const worthwhile = Math.min(WORTHWHILE_ITEMS, left, Math.ceil(this.limits.maxInFlight * WORTHWHILE_PART));
    return room >= worthwhile ? Math.min(left, room) : 0;
  }

  private hasFresh(): boolean {
    this.skipRead();
    return this.pages.has(this.state.next.page);
  }

  private skipRead(): void {
    const { next } = this.state;
    for (let page = this.pages.get(next.page); page !== undefined && next.index >= page.count; page = this.pages.get(next.page)) {
      next.page++;
      next.index = 0;
    }
  }

  private expire(): void {
    const now = this.clock.now();
    const over = this.state.waiting.filter(({ deadlineAtMs = Infinity }) => deadlineAtMs <= now);
    if (over.length === 0) return;
    this.state.waiting = this.state.waiting.filter((item) => !over.includes(item));
    for (const item of over) if (item.about !== undefined) this.events.failed(submitted(item, item.about), neverAccepted(item));
  }

  private async send(chunk: WaitingItem[]): Promise<void> {
    const [first] = chunk;
    const page = first === undefined ? undefined : this.pages.get(first.page);
    if (first === undefined || page === undefined) return;
    const nowMs = this.clock.now();
    const isInline = 'items' in page;
    const items = chunk.map(({ index, attempts, cookies, firstSentAtMs, done }, position): ChunkItem => ({
      index: isInline ? position : index,
      ...(attempts === undefined ? {} : { attempts }),
      ...(cookies === undefined ? {} : { cookies }),
      ...(firstSentAtMs === undefined ? {} : { firstSentAtMs }),
      ...(done === undefined ? {} : { made: madeOf(done) }),
    }));
    const sent = isInline ? excerpt(page, chunk) : page;
    const end = await submitItems({ source: this.source, page: sent, items, nowMs }, `submit ${chunk.length}`);
    if ('broken' in end) {
      this.state.waiting.push(...chunk);
      this.state.stopped = true;
      return this.events.broken(end.broken);
    }
    if (end.problem !== undefined) this.events.trouble({ message: end.problem, at: isoNow() });
    this.apply(chunk, end, isInline, nowMs);
  }

  private apply(chunk: WaitingItem[], { results, problem }: Chunk, isInline: boolean, nowMs: number): void {
    const byIndex = new Map(results.map((result) => [result.index, result]));
    const allUnsent = results.every(({ decision }) => decision === undefined);
    for (const [position, item] of chunk.entries()) {
      const found: Partial<ChunkResult> = byIndex.get(isInline ? position : item.index) ?? {};
      const { decision, about = decision && item.about, waitSeconds: busySeconds } = found;
      if (about === undefined || decision === undefined) {
        const waitSeconds = busySeconds ?? (problem !== undefined ? RESTART_SECONDS : allUnsent ? NO_PLACE_SECONDS : 0);
        this.state.waiting.push({
          ...item,
          ...(about && { about: withKeyOf(item, about) }),
          dueAtMs: this.clock.now() + waitSeconds * 1000,
        });
      } else if (decision.kind === 'invalid') {
        this.events.invalid(item, about, decision.failure);
      } else {
        const known = withKeyOf(item, about);
        this.judge({ ...item, about: known, title: about.title, firstSentAtMs: item.firstSentAtMs ?? nowMs }, known, decision);
      }
    }
  }

  private judge(item: WaitingItem & { firstSentAtMs: number }, about: ItemAbout, decision: Parameters<typeof afterTry>[2]): void {
    if (about.deadlineSeconds > 0) item.deadlineAtMs = (item.startedAtMs ?? item.firstSentAtMs) + about.deadlineSeconds * 1000;
    const next = afterTry(item, about.onUncertainSubmit, decision);
    if (next.kind === 'failed') return this.events.failed(submitted(item, about), next.failure);
    if (next.kind !== 'again') return this.events.taken(submitted(item, about), next);
    if (item.lastProblem !== undefined) this.events.trouble(item.lastProblem);
    // Many are held back for the sake of one that was told to wait: they would back off further with every such one.
    const isTry = !(decision.kind === 'notAccepted' && decision.heldBack === true);
    const attempts = (item.attempts ?? 0) + (isTry ? 1 : 0);
    this.state.waiting.push({ ...item, attempts, dueAtMs: next.dueAtMs, cookies: next.cookies ?? item.cookies });
  }
}

/** The key of a try that may have been accepted is kept, whatever comes of later ones. */
function withKeyOf({ about: earlier }: WaitingItem, about: ItemAbout): ItemAbout {
  const { idempotencyKey, firstSentAtMs } = earlier ?? {};
  return {
    ...about,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(firstSentAtMs === undefined ? {} : { firstSentAtMs }),
  };
}

function neverKnown({ lastProblem }: WaitingItem, { title }: ItemAbout): FailureDetails {
  const message = `nobody knows whether ${title} was accepted, and the batch ended before it was sent again: ${lastProblem?.message ?? 'no answer'}`;
  return { type: 'SubmissionUncertain', message };
}

function submitted(item: WaitingItem, about: ItemAbout): SubmittedItem {
  const { page, index, firstSentAtMs = Date.now(), deadlineAtMs, lastProblem, done, startedAtMs } = item;
  return {
    page,
    index,
    about,
    firstSentAtMs,
    ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }),
    ...(lastProblem === undefined ? {} : { lastProblem }),
    ...(done === undefined ? {} : { done }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
  };
}

/** The items of a chunk alone: the others do not travel with it. */
function excerpt(page: InlinePage, chunk: readonly Place[]): InlinePage {
  const repeated = new Set(page.duplicates);
  const duplicates = chunk.flatMap(({ index }, position) => (repeated.has(index) ? [position] : []));
  return {
    items: chunk.flatMap(({ index }) => page.items[index] ?? []),
    count: chunk.length,
    numbers: chunk.map(({ index }) => (page.first ?? 0) + index),
    ...(duplicates.length > 0 ? { duplicates } : {}),
  };
}

/** Where nothing that waits would tell of it. */
export async function throwIfCancelled(): Promise<void> {
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) await scope.cancelRequested;
}

function finite(atMs: number): number | undefined {
  return Number.isFinite(atMs) ? atMs : undefined;
}
