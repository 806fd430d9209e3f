/**
 * Time as a workflow may rely on it: at least what its own timers say.
 *
 * A query to a worker that has just come replays events behind the last workflow task with that task's time, and what the code then does is
 * taken over into the next task. Code that asks `Date.now()` after a timer would find that it is not time yet, and wait once more.
 */
export class WorkflowClock {
  private passedMs = 0;

  now(): number {
    return Math.max(Date.now(), this.passedMs);
  }

  /** A timer up to this moment has fired. */
  passed(atMs: number): void {
    this.passedMs = Math.max(this.passedMs, atMs);
  }
}
