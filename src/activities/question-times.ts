/**
 * When each member of a question is asked: not before it is due, however early the activity began.
 *
 * Keeps true:
 * 1. By Temporal's clock nobody is asked before its time, which is known to be over only when it is (see `temporal-clock.ts`).
 * 2. What an earlier try of the activity may have asked, and nobody has heard the answer, waits again what its last answer asked for: from the
 *    latest moment at which that try may have asked.
 * 3. Questions that wait take a part of the worker's slots for activities, never all.
 */
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { Running } from '../lro/monitor';
import type { Ask } from './messages';
import { temporalNowMs } from './temporal-clock';

/** The SDK's. */
const DEFAULT_SLOTS = 100;
/** Of the slots, those in which questions may wait. */
const WAITING_PART = 0.5;
/** A service may count from a little later than its answer was here: from when it has seen the last byte off, on a busy machine. */
const LATER_MS = 20;
/** A rest of a wait that is shorter is waited for here. */
const SHORT_WAIT_MS = 2000;

/** Activities of a worker that wait for members to come due. */
export class WaitingQuestions {
  private waiting = 0;

  private readonly most: number;

  /** @param slots of the worker for activities */
  constructor(slots = DEFAULT_SLOTS) {
    this.most = Math.floor(slots * WAITING_PART);
  }

  /** Whether there is room for one more; then {@link leave} is to follow. */
  enter(): boolean {
    if (this.waiting >= this.most) return false;
    this.waiting++;
    return true;
  }

  leave(): void {
    this.waiting--;
  }
}

/** What to do about a member: `ask` it now, `early`: not by this activity, or go on as after an answer. */
export type Turn = 'ask' | 'early' | Running;

/** The times of one question. */
export class QuestionTimes {
  private readonly mayWait: boolean;
  private readonly info = Context.current().info;
  private readonly signal = Context.current().cancellationSignal;

  constructor(
    asks: readonly Ask[],
    private readonly waiting: WaitingQuestions,
  ) {
    // Each member that is waited for listens.
    setMaxListeners(0, this.signal);
    const nowMs = temporalNowMs();
    this.mayWait = asks.some((ask) => this.dueAtMs(ask) > nowMs) && waiting.enter();
  }

  /** Waits until it is the turn of a member. Never rejects. */
  async turnOf(ask: Ask): Promise<Turn> {
    const dueAtMs = this.dueAtMs(ask);
    const leftMs = dueAtMs + LATER_MS - temporalNowMs();
    if (leftMs <= 0) return 'ask';
    const waitsAgain = dueAtMs > (ask.dueAtMs ?? 0);
    if (waitsAgain && (leftMs > SHORT_WAIT_MS || !this.mayWait))
      return { kind: 'running', waitSeconds: Math.ceil(leftMs) / 1000, why: 'backoff', notAsked: true };
    if (!this.mayWait && leftMs > LATER_MS) return 'early';
    await this.until(dueAtMs + LATER_MS);
    return this.signal.aborted ? 'early' : 'ask';
  }

  end(): void {
    if (this.mayWait) this.waiting.leave();
  }

  private dueAtMs({ dueAtMs = 0, waitMs = 0 }: Ask): number {
    const { attempt, currentAttemptScheduledTimestampMs: sinceMs } = this.info;
    // An earlier try ended before this one was scheduled, and asked nobody who was not due by then.
    return attempt > 1 && dueAtMs <= sinceMs ? sinceMs + waitMs : dueAtMs;
  }

  private async until(atMs: number): Promise<void> {
    // A timer may fire a little early.
    for (let leftMs = atMs - temporalNowMs(); leftMs > 0 && !this.signal.aborted; leftMs = atMs - temporalNowMs()) await this.sleep(leftMs);
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.ceil(milliseconds));
      this.signal.addEventListener('abort', done);
    });
  }
}
