/**
 * How much of a service a connection uses: how many requests at once, how many submits and polls a second, and one at a time when the
 * service says that it is busy (`half-open.ts`).
 *
 * Keeps true:
 * 0. Submits that are claimed before they are sent take a place first: what is uncertain after a kill is bounded by the places.
 * 1. What is refused here was never sent, and a wait is never longer than the caller allowed.
 * 2. Nobody waits here for a busy service: what is held is refused at once, and its workflow waits durably, where deadline and
 *    cancellation work.
 * 3. Only submits and polls are limited and held: what reads a result or cancels is one request an operation.
 * 4. Waits are measured by a monotonic clock: one that is set back does not make them longer.
 * 5. The rates may change at any time (`src/sharing`): what waits then starts at the new ones.
 */
import type { Use } from '../sharing/own-window';
import type { Rates } from '../sharing/rates';
import type { Hold } from '../sharing/windows';
import { systemClock, type Clock } from './clock';
import { Concurrency } from './concurrency';
import { HalfOpen, type Cause, type Held, type Outcome, type Ticket } from './half-open';
import { StartTimes } from './start-times';
import { SubmitPlaces } from './submit-places';

/** What a request is, as far as its turn is concerned. `download`: a body that may be long in coming. */
export type TurnKind = 'submit' | 'poll' | 'download' | 'other';

/** Whose request wants its turn, and what for. */
export interface TurnRequest {
  kind: TurnKind;
  /** The operation, or what comes nearest to it: those with other keys go first where one was refused. */
  key: string;
  /** Longest wait for the turn. */
  queueSeconds: number;
}

export type Turn<T> = { kind: 'done'; value: T } | { kind: 'refused'; waitedSeconds: number } | Held;

/** What `work` found out about the service, given to the function it gets. */
export type Report = (outcome: Outcome, httpStatus?: number) => void;

/** Of the concurrent requests, those that may be downloads: they take long, and polls go on beside them. */
const DOWNLOADS_PART = 0.25;

export class RateLimiter {
  private readonly requests: Concurrency;
  private readonly downloads: Concurrency;
  private readonly submits: StartTimes;
  private readonly polls: StartTimes;
  private readonly halfOpen = new HalfOpen();
  private readonly places: SubmitPlaces;
  /** Called before each request takes its turn, and must be quick. */
  onUse: () => void = () => undefined;

  constructor(
    rates: Rates,
    private readonly clock: Clock = systemClock,
  ) {
    this.requests = new Concurrency(rates.concurrentRequests, clock);
    this.downloads = new Concurrency(downloadsOf(rates), clock);
    this.submits = new StartTimes(rates.submitsPerSecond, clock);
    this.polls = new StartTimes(rates.pollsPerSecond, clock);
    this.places = new SubmitPlaces(this.requests, this.submits, this.halfOpen, clock);
  }

  /** From now on these. @param isFirm whether they can be relied on for a while: what would wait too long is then refused at once */
  change(rates: Rates, isFirm: boolean): void {
    if (rates.concurrentRequests !== this.requests.most) {
      this.requests.most = rates.concurrentRequests;
      this.downloads.most = downloadsOf(rates);
    }
    this.submits.change(rates.submitsPerSecond, isFirm);
    this.polls.change(rates.pollsPerSecond, isFirm);
  }

  /** Requests that have started since the last call, the most at once, and which of the rates made them wait. */
  takeUse(): Use {
    const [submits, polls, requests] = [this.submits.takeUse(), this.polls.takeUse(), this.requests.takeUse()];
    return {
      used: { submitsPerSecond: submits.started, pollsPerSecond: polls.started, concurrentRequests: requests.most },
      waited: { submitsPerSecond: submits.waited, pollsPerSecond: polls.waited, concurrentRequests: requests.waited },
    };
  }

  /** Why and how long everybody is held, where probes have been in vain: worth telling others. */
  get overload(): Hold | undefined {
    return this.halfOpen.overload(this.clock.monotonicMs());
  }

  /** Another worker has found the service to be busy: nothing goes for so long, then one request at a time. */
  holdFor({ httpStatus, seconds }: Hold): void {
    this.halfOpen.told({ httpStatus, sinceMs: this.clock.nowMs() }, this.clock.monotonicMs(), seconds * 1000);
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.requests.waiting + this.downloads.waiting + this.submits.waiting + this.polls.waiting;
  }

  /** For how long one request at a time was let go, because the service was busy, all times together. */
  get totalHeldSeconds(): number {
    return this.halfOpen.totalMs(this.clock.monotonicMs()) / 1000;
  }

  /** How long no submit and no poll is let go, because the service is busy; 0 when the next one is. */
  get heldSeconds(): number {
    return this.halfOpen.heldMs(this.clock.monotonicMs()) / 1000;
  }

  /** Whether a request of the operation `key` would be held now: then it is one of those that wait, as if it had come. */
  holdOf(key: string): Held | undefined {
    const nowMs = this.clock.monotonicMs();
    if (this.halfOpen.heldMs(nowMs) === 0) return undefined;
    const arrival = this.halfOpen.meet(key, nowMs);
    return arrival.kind === 'held' ? arrival : undefined;
  }

  /** Takes places for submits that are claimed together, see {@link SubmitPlaces.enter}. */
  enter(count: number, waits: boolean): Promise<number> {
    this.onUse();
    return this.places.enter(count, waits);
  }

  /** Gives places back. */
  leave(count: number): void {
    this.places.leave(count);
  }

  /**
   * Runs `work` when it has its turn, or refuses after `queueSeconds` at the latest, at once where that is already known. `work` reports what
   * its answer says about the service; what it does not report is unclear.
   */
  async run<T>({ kind, key, queueSeconds }: TurnRequest, work: (report: Report) => Promise<T>): Promise<Turn<T>> {
    this.onUse();
    const cameAt = this.clock.monotonicMs();
    const giveUpAt = cameAt + queueSeconds * 1000;
    const refused = (): Turn<T> => ({ kind: 'refused', waitedSeconds: (this.clock.monotonicMs() - cameAt) / 1000 });
    if (kind === 'submit' || kind === 'poll') {
      // Known at once where another request is finding out whether there is room.
      const hold = this.holdOf(key);
      if (hold !== undefined) return hold;
      const starts = kind === 'submit' ? this.submits : this.polls;
      if (!starts.startsNow() && !(await starts.next(giveUpAt))) return refused();
    }
    const inTurn = (): Promise<Turn<T> | undefined> =>
      this.requests.run<Turn<T>>(giveUpAt, async () => {
        const arrival = kind === 'other' || kind === 'download' ? this.passing(key) : this.halfOpen.meet(key, this.clock.monotonicMs());
        return arrival.kind === 'held' ? arrival : { kind: 'done', value: await this.watched(arrival.ticket, work) };
      });
    const turn = await (kind === 'download' ? this.downloads.run(giveUpAt, inTurn) : inTurn());
    return turn ?? refused();
  }

  private passing(key: string): { kind: 'go'; ticket: Ticket } {
    return { kind: 'go', ticket: this.halfOpen.pass(key) };
  }

  private async watched<T>(ticket: Ticket, work: (report: Report) => Promise<T>): Promise<T> {
    let outcome: Outcome = 'unclear';
    let cause: Cause | undefined;
    try {
      return await work((reported, httpStatus) => {
        outcome = reported;
        cause = httpStatus === undefined ? undefined : { httpStatus, sinceMs: this.clock.nowMs() };
      });
    } finally {
      this.halfOpen.answered(ticket, outcome, this.clock.monotonicMs(), cause);
    }
  }
}

/** One at least, where there is room for any request. */
function downloadsOf({ concurrentRequests }: Rates): number {
  return Math.min(concurrentRequests, Math.max(1, Math.floor(concurrentRequests * DOWNLOADS_PART)));
}
