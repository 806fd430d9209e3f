/**
 * Submits of batches while the service refuses the connection's credentials: one at a time tries them, the others are held.
 * [protocol.md section 4, row "submit, 401"]
 *
 * Keeps true: after `unauthorizedSeconds` nobody is held any more, so that each submit is refused by the service itself.
 */
import type { Clock } from './clock';
import { HalfOpen, type Held, type Ticket } from './half-open';

export class KeyHold {
  private readonly halfOpen: HalfOpen;

  constructor(
    private readonly unauthorizedSeconds: number,
    private readonly clock: Clock,
  ) {
    this.halfOpen = new HalfOpen(unauthorizedSeconds * 1000);
  }

  /** For how long the credentials have been refused, in milliseconds, whatever happens to the wall clock; undefined when they are not. */
  get refusedForMs(): number | undefined {
    return this.halfOpen.lastsMs(this.clock.monotonicMs());
  }

  /** For how long submits were held, all times together. */
  get totalSeconds(): number {
    return this.halfOpen.totalMs(this.clock.monotonicMs()) / 1000;
  }

  /** Whether one submit at a time tries the credentials. */
  get isHolding(): boolean {
    const { refusedForMs } = this;
    return refusedForMs !== undefined && refusedForMs < this.unauthorizedSeconds * 1000;
  }

  /** How long no submit goes; 0 when the next one does. */
  get heldSeconds(): number {
    return this.isHolding ? this.halfOpen.heldMs(this.clock.monotonicMs()) / 1000 : 0;
  }

  /** Whether the submit `key` would be held now: then it is one of those that wait. */
  holdOf(key: string): Held | undefined {
    const begun = this.heldSeconds > 0 ? this.begin(key) : undefined;
    return begun?.kind === 'held' ? begun : undefined;
  }

  /** A submit that would go now. */
  begin(key: string): Held | { kind: 'go'; ticket: Ticket } {
    return this.isHolding ? this.halfOpen.meet(key, this.clock.monotonicMs()) : { kind: 'go', ticket: this.halfOpen.pass(key) };
  }

  /** What the service said to a submit that went. @param httpStatus absent where it said nothing */
  end(ticket: Ticket, httpStatus: number | undefined): void {
    const outcome = httpStatus === 401 ? 'throttled' : httpStatus === undefined || httpStatus >= 500 ? 'unclear' : 'good';
    this.halfOpen.answered(ticket, outcome, this.clock.monotonicMs(), { httpStatus: 401, sinceMs: this.clock.nowMs() });
  }
}
