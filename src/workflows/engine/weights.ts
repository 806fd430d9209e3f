/** About how many bytes jobs add to what is asked, and to what is carried. */
import type { Job } from '../../jobs/model';
import type { Monitor } from '../../lro/monitor';

/** About what a step of a chain adds. */
const STEP_BYTES = 500;

export class Weights {
  private readonly known = new WeakMap<Monitor, number>();

  /** Of one job. */
  of({ step, about, done = [] }: Job): number {
    const monitor = step.at === 'poll' || step.at === 'fetch' ? step.monitor : undefined;
    const { left } = about ?? {};
    // Room for all its steps, also those to come.
    const steps = left === undefined ? 0 : (done.length + 1 + left.length) * STEP_BYTES;
    return steps + (monitor === undefined ? 0 : this.ofMonitor(monitor));
  }

  /** Of many jobs. */
  sum(jobs: readonly Job[]): number {
    return jobs.reduce((bytes, job) => bytes + this.of(job), 0);
  }

  /** A monitor changes seldom, and is another object then. */
  private ofMonitor(monitor: Monitor): number {
    const known = this.known.get(monitor);
    if (known !== undefined) return known;
    const bytes = JSON.stringify(monitor).length;
    this.known.set(monitor, bytes);
    return bytes;
  }
}
