/**
 * How a connection behaves while its service answers 429 or 503. Pure: the time is passed in.
 *
 * States: `open` (every request goes) → 429 or 503 → `half open` (one request at a time, the others are held) → a good answer → `open`.
 *
 * Keeps true:
 * 1. An operation that is answered 429 or 503 for ever never stops the others: who was a probe in vain is not one again while somebody waits
 *    who was not, and the first good answer lets everybody go.
 * 2. A service that has no room for anybody gets one request at a time, further and further apart.
 * 3. Nobody waits for ever for a probe that hangs.
 */

/** What the answer to a request says about the service. `unclear`: no answer, or one that says nothing about its load. */
export type Outcome = 'good' | 'throttled' | 'unclear';

/** A request that was let go. */
export interface Ticket {
  readonly key: string;
  /** The state in which it was let go: what it brings back later says nothing about the present one. */
  readonly phase: number;
}

export type Arrival = { kind: 'go'; ticket: Ticket } | { kind: 'held'; waitSeconds: number };

/** Why requests are held. */
export interface Cause {
  httpStatus: number;
  /** Milliseconds since the epoch. */
  sinceMs: number;
}

/** A request that is not to be sent now, when it may come again, and why. */
export interface Held {
  kind: 'held';
  waitSeconds: number;
  cause: Cause;
}

/** The first probe goes at once, later ones in vain make the next wait so long. */
const FIRST_SPACING_MS = 500;
const MAX_SPACING_MS = 10_000;
/** So many probes in vain, one after the other, mean that the service has no room for anybody. */
const OVERLOADED_FROM_FAILURES = 3;
/** A probe that is not answered by then no longer stops the next one. */
const PROBE_MS = 5000;
/** Whoever is held is asked to come back not sooner than this and not later than that. */
const MIN_HELD_MS = 500;
const MAX_HELD_MS = 10_000;
/** Who was asked to wait and has not come back by so much later does not wait any more. */
const LATE_MS = 5000;

interface HalfOpenState {
  cause: Cause;
  begunAtMs: number;
  /** Probes in vain, one after the other. */
  failures: number;
  nextProbeAtMs: number;
  /** When the last of those that wait in a queue is asked to come back, and a little later. */
  queueEndsAtMs: number;
  probe?: { ticket: Ticket; overAtMs: number };
  /** Until when each is expected to come back, by key. */
  waiting: Map<string, number>;
  /** The number of its last probe in vain, by key. */
  probed: Map<string, number>;
  probes: number;
}

export class HalfOpen {
  private phase = 0;
  private state: HalfOpenState | undefined;
  /** Of earlier times half open. */
  private heldBeforeMs = 0;

  /** @param mostMs so long requests are held at most, whatever the state */
  constructor(private readonly mostMs = Infinity) {}

  /** Why requests are held; undefined when they are not. */
  get cause(): Cause | undefined {
    return this.state?.cause;
  }

  /** For how long it has been half open now, by the clock of its callers; undefined when it is not. */
  lastsMs(nowMs: number): number | undefined {
    return this.state && nowMs - this.state.begunAtMs;
  }

  /** How long requests have been held until now, all times together. */
  totalMs(nowMs: number): number {
    return this.heldBeforeMs + (this.state === undefined ? 0 : this.lastedMs(this.state, nowMs));
  }

  /** How long nobody is let go yet; 0 when the next who comes is. */
  heldMs(nowMs: number): number {
    const { state } = this;
    if (state === undefined) return 0;
    const untilProbeMs = Math.max(0, state.nextProbeAtMs - nowMs);
    return state.probe !== undefined && nowMs < state.probe.overAtMs ? Math.max(untilProbeMs, MIN_HELD_MS) : untilProbeMs;
  }

  /** A request of the operation `key` that would go now. */
  arrive(key: string, nowMs: number): Arrival {
    const { state } = this;
    const ticket = this.pass(key);
    if (state === undefined) return { kind: 'go', ticket };
    if (this.heldMs(nowMs) > 0 || isAnothersTurn(state, key, nowMs)) return this.hold(state, key, nowMs);
    state.waiting.delete(key);
    state.probes++;
    state.probe = { ticket, overAtMs: nowMs + PROBE_MS };
    return { kind: 'go', ticket };
  }

  /** The same as {@link arrive}, and why it is held. */
  meet(key: string, nowMs: number): { kind: 'go'; ticket: Ticket } | Held {
    const arrival = this.arrive(key, nowMs);
    if (arrival.kind === 'go') return arrival;
    if (this.state === undefined) throw new Error('nothing is held');
    return { ...arrival, cause: this.state.cause };
  }

  /** A request that goes whatever the state is. */
  pass(key: string): Ticket {
    return { key, phase: this.phase };
  }

  /** What came of a request. @param cause of `throttled` */
  answered(ticket: Ticket, outcome: Outcome, nowMs: number, cause?: Cause): void {
    if (ticket.phase !== this.phase) return;
    const { state } = this;
    if (state === undefined) {
      if (outcome === 'throttled' && cause !== undefined) this.halfOpen(ticket.key, nowMs, cause);
      return;
    }
    if (outcome === 'good') {
      this.phase++;
      this.heldBeforeMs += this.lastedMs(state, nowMs);
      this.state = undefined;
      return;
    }
    if (outcome === 'throttled') state.probed.set(ticket.key, state.probes);
    if (state.probe?.ticket !== ticket) return;
    state.probe = undefined;
    if (outcome === 'throttled') state.failures++;
    state.nextProbeAtMs = nowMs + spacingMs(state.failures);
  }

  /** Why and how long everybody is held, where probes have been in vain. */
  overload(nowMs: number): { httpStatus: number; seconds: number } | undefined {
    const { state } = this;
    if (state === undefined || state.failures === 0) return undefined;
    return { httpStatus: state.cause.httpStatus, seconds: Math.max(0, state.nextProbeAtMs - nowMs) / 1000 };
  }

  /** Somebody else's probe was in vain: the next one goes not sooner than in so long, {@link MAX_SPACING_MS} at most. */
  told(cause: Cause, nowMs: number, heldMs: number): void {
    if (this.state === undefined) this.halfOpen(undefined, nowMs, cause);
    const { state } = this;
    if (state !== undefined) state.nextProbeAtMs = Math.max(state.nextProbeAtMs, nowMs + Math.min(heldMs, MAX_SPACING_MS));
  }

  private lastedMs({ begunAtMs }: HalfOpenState, nowMs: number): number {
    return Math.min(this.mostMs, nowMs - begunAtMs);
  }

  private halfOpen(key: string | undefined, nowMs: number, cause: Cause): void {
    this.phase++;
    this.state = {
      cause,
      begunAtMs: nowMs,
      failures: 0,
      nextProbeAtMs: nowMs,
      queueEndsAtMs: nowMs,
      waiting: new Map(),
      probed: new Map(key === undefined ? [] : [[key, 0]]),
      probes: 0,
    };
  }

  private hold(state: HalfOpenState, key: string, nowMs: number): Arrival {
    state.waiting.delete(key);
    // One good answer lets everybody go: they queue up only where that has become unlikely.
    let dueAtMs = nowMs + this.heldMs(nowMs);
    if (state.failures >= OVERLOADED_FROM_FAILURES) {
      dueAtMs = Math.max(dueAtMs, state.queueEndsAtMs);
      state.queueEndsAtMs = Math.min(dueAtMs + spacingMs(state.failures), nowMs + MAX_HELD_MS);
    }
    const waitMs = Math.min(MAX_HELD_MS, Math.max(MIN_HELD_MS, dueAtMs - nowMs));
    state.waiting.set(key, nowMs + waitMs + LATE_MS);
    return { kind: 'held', waitSeconds: waitMs / 1000 };
  }
}

/** Whether somebody waits whose last probe was before the one of `key`, or who has had none. */
function isAnothersTurn({ waiting, probed }: HalfOpenState, key: string, nowMs: number): boolean {
  const own = probed.get(key);
  if (own === undefined) return false;
  for (const [other, untilMs] of waiting) {
    if (untilMs < nowMs) waiting.delete(other);
    else if (other !== key && (probed.get(other) ?? -1) < own) return true;
  }
  return false;
}

function spacingMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(MAX_SPACING_MS, FIRST_SPACING_MS * 2 ** (failures - 1));
}
