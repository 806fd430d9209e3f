/** The one timer of a set of jobs: set anew only when its moment has changed, and named for those who look at the history. */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { WorkflowClock } from './clock';
import { clockTime, cutTo } from '../../jobs/words';
import type { Moment } from './due';

/** A row of the UI's timeline shows about a hundred characters; Temporal takes 400 bytes, which these are not in any language. */
const MAX_WORDS_CHARS = 60;

export class Timer {
  private pending: { atMs: number; scope: CancellationScope } | undefined;
  private fired = false;

  constructor(private readonly clock: WorkflowClock) {}

  /** Whether it has fired and nobody has seen it yet. */
  get hasFired(): boolean {
    return this.fired;
  }

  /** What has fired was seen. */
  reset(): void {
    this.fired = false;
  }

  /** From now on it waits for this moment, or for none. */
  set(moment: Moment | undefined): void {
    if (this.pending?.atMs === moment?.atMs) return;
    this.pending?.scope.cancel();
    this.pending = undefined;
    if (moment !== undefined) this.start(moment);
  }

  private start(moment: Moment): void {
    const { atMs } = moment;
    const scope = new CancellationScope({ cancellable: true });
    const pending = { atMs, scope };
    this.pending = pending;
    const waitMs = Math.max(1, Math.ceil(atMs - this.clock.now()));
    const summary = summaryOf(moment, waitMs);
    scope
      .run(() => sleep(waitMs, { summary }))
      .then(
        () => {
          this.clock.passed(atMs);
          if (this.pending === pending) this.pending = undefined;
          this.fired = true;
        },
        // Canceled: another moment came, or the workflow ends.
        () => undefined,
      );
  }
}

/** What the timeline shows: why it waits, and before that what is wrong, since when, and when it is tried next. */
function summaryOf({ atMs, why, submitsAgain, problem }: Moment, waitMs: number): string {
  if (problem === undefined) return `wait ${waitMs / 1000} s${submitsAgain === true ? ' to submit again' : ''} (${why})`;
  const { kind = 'note', at, since = at, message, said = message } = problem;
  const next = new Date(atMs).toISOString();
  const what = submitsAgain === true ? 'submit' : 'try';
  return `${kind} since ${clockTime(since, next)}, next ${what} ${clockTime(next, since)} (${why}): ${cutTo(said, MAX_WORDS_CHARS)}`;
}
