/**
 * The window of one worker for one connection, as the worker keeps it. Pure: the time is passed in.
 *
 * States: `none` (nobody has asked, or the last window has lapsed while there was no work) → `open` (a window holds) → `none`; and from both
 * `failing` (the limiter does not answer), which ends with the next answer.
 *
 * Keeps true:
 * 1. A window ends here no later than at the limiter, which reckons from when it was asked.
 * 2. A limiter that does not answer stops nothing: at first the worker goes on with what is surely its own, and after as long as a window may last,
 *    when nobody else can have one any more, with its even part.
 * 3. Nobody asks without work.
 */
import type { Neighbourhood } from './neighbours';
import { divided, lesser, newcomers, ratesOf, type Rates } from './rates';
import { MAX_WORKERS, windowLengths, type Hold, type Window, type WindowRequest } from './windows';

/** What was used in some time, and what had to wait for its turn. */
export interface Use {
  used: Rates;
  waited: Record<keyof Rates, boolean>;
}

/** A worker that had enough wants so many times what it used, and at least this part of the limits. */
const HEADROOM = 4;
const LEAST_PART = 0.1;

const FIRST_RETRY_MS = 1000;

interface Open {
  rates: Rates;
  endsAtMs: number;
}

export class OwnWindow {
  private last: Open | undefined;
  private askAtMs = 0;
  private isAsking = false;
  private hasWork = false;
  private countedFromMs = 0;
  private failing: { sinceMs: number; retryMs: number } | undefined;

  constructor(
    private readonly worker: string,
    private readonly limits: Rates,
  ) {}

  /** There is a request. */
  used(): void {
    this.hasWork = true;
  }

  get isFailing(): boolean {
    return this.failing !== undefined;
  }

  /** Whether it is time to ask; then {@link request}. */
  isDue(nowMs: number): boolean {
    if (this.isAsking || !this.hasWork) return false;
    return nowMs >= this.askAtMs || (this.failing === undefined && this.openAt(nowMs) === undefined);
  }

  /** What to ask for; {@link granted} or {@link failed} come next. @param use since the last time */
  request(use: Use, workers: number, hold: Hold | undefined, nowMs: number): WindowRequest {
    const open = this.openAt(nowMs);
    const seconds = Math.max(1, (nowMs - this.countedFromMs) / 1000);
    this.isAsking = true;
    this.hasWork = false;
    this.countedFromMs = nowMs;
    // Nobody knows yet how much it will be.
    const wanted = open === undefined ? this.limits : this.wantedFor(use, seconds);
    return { worker: this.worker, workers, limits: this.limits, wanted, held: open?.rates, hold };
  }

  /** @param askedAtMs when it was asked */
  granted({ rates, seconds, askAgainSeconds }: Window, askedAtMs: number): void {
    this.isAsking = false;
    this.failing = undefined;
    // The file says the most, whatever the limiter says.
    this.last = { rates: lesser(rates, this.limits), endsAtMs: askedAtMs + seconds * 1000 };
    this.askAtMs = askedAtMs + askAgainSeconds * 1000;
  }

  /** The limiter did not answer, or not as a limiter does. */
  failed(askedAtMs: number): void {
    this.isAsking = false;
    this.hasWork = true;
    const retryMs = Math.min(
      this.failing === undefined ? FIRST_RETRY_MS : 2 * this.failing.retryMs,
      windowLengths(1).askAgainSeconds * 1000,
    );
    this.failing = { sinceMs: this.failing?.sinceMs ?? askedAtMs, retryMs };
    this.askAtMs = askedAtMs + retryMs;
  }

  /** What the worker may use now. */
  at(nowMs: number, { workers, isFirm }: Neighbourhood): Rates {
    const open = this.openAt(nowMs);
    if (open !== undefined) return open.rates;
    const part = divided(this.limits, workers);
    const { failing, last } = this;
    if (failing === undefined || !isFirm) return newcomers(part);
    const overMs = windowLengths(Math.min(MAX_WORKERS, workers)).seconds * 1000;
    if (nowMs - failing.sinceMs >= overMs) return part;
    return last === undefined || nowMs - last.endsAtMs >= overMs ? newcomers(part) : lesser(last.rates, part);
  }

  private openAt(nowMs: number): Open | undefined {
    return this.last !== undefined && nowMs < this.last.endsAtMs ? this.last : undefined;
  }

  private wantedFor({ used, waited }: Use, seconds: number): Rates {
    const enough = ratesOf((rate) => {
      const each = rate === 'concurrentRequests' ? used[rate] : used[rate] / seconds;
      return waited[rate] ? this.limits[rate] : Math.min(this.limits[rate], Math.max(HEADROOM * each, LEAST_PART * this.limits[rate]));
    });
    return { ...enough, concurrentRequests: Math.ceil(enough.concurrentRequests) };
  }
}
