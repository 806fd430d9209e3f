/** The one timer of a set of jobs: set anew only when its moment has changed, and named for those who look at the history. */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { WorkflowClock } from './clock';
import type { Moment } from './due';

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

  private start({ atMs, why, submitsAgain }: Moment): void {
    const scope = new CancellationScope({ cancellable: true });
    const pending = { atMs, scope };
    this.pending = pending;
    const waitMs = Math.max(1, Math.ceil(atMs - this.clock.now()));
    const summary = `wait ${waitMs / 1000} s${submitsAgain === true ? ' to submit again' : ''} (${why})`;
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
