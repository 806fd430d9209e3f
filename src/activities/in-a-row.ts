/**
 * Whether an operation is asked again at once, by the same activity: an activity for each of its polls costs more than the polls.
 *
 * Keeps true:
 * 1. Only what asked for no wait at all, and whose answer told nothing else that is new.
 * 2. What is known comes to the workflow soon: a slow service is not asked so, nor is anybody once the activity has lasted for two seconds.
 */
import { Context } from '@temporalio/activity';
import type { StatusDecision } from '../lro/monitor';
import type { AskOptions } from './messages';

/** Polls of one operation by one activity. */
const MAX_IN_A_ROW = 10;
/** From the beginning of the activity on. */
const ASKED_FOR_MS = 2000;
/** A service that takes longer for an answer, from when it is asked on. */
const SOON_MS = 200;

/** What one activity knows of its answers. */
export class InARow {
  private readonly untilMs: number;
  private readonly slow = new Set<string>();
  private readonly signal = Context.current().cancellationSignal;

  /** @param now milliseconds of a monotonic clock */
  constructor(
    private readonly options: Pick<AskOptions, 'inARow'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.untilMs = now() + ASKED_FOR_MS;
  }

  /** Asks for one operation. @param ask its argument is to be called when it has its turn at the connection */
  async timed<T>(id: string, ask: (onTurn: () => void) => Promise<T>): Promise<T> {
    let fromMs = this.now();
    const result = await ask(() => (fromMs = this.now()));
    if (this.now() - fromMs > SOON_MS) this.slow.add(id);
    return result;
  }

  /** Whether it is asked again after this answer, the `made`th in a row. */
  goesOn(id: string, decision: StatusDecision, made: number): boolean {
    if (this.options.inARow !== true || made >= MAX_IN_A_ROW || !asksForNoWait(decision)) return false;
    return !this.slow.has(id) && this.now() < this.untilMs && !this.signal.aborted;
  }
}

function asksForNoWait(decision: StatusDecision): boolean {
  if (decision.kind !== 'running' || decision.waitSeconds > 0) return false;
  return decision.monitor === undefined && decision.trouble === undefined && decision.notAsked !== true;
}
