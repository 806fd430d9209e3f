/**
 * Jobs of a set that nobody is busy with, by the step they are at. They are looked up once after something has changed: a set may have a thousand,
 * and a replay goes through every turn of it again.
 */
import type { Job, Step } from '../../jobs/model';
import type { Flights } from './flights';

/** A job at one kind of step. */
type JobAt<At extends Step['at']> = Job & { step: Extract<Step, { at: At }> };

interface Found {
  all: Job[];
  at: Map<Step['at'], Job[]>;
}

export class IdleJobs {
  private found: Found | undefined;

  constructor(
    private readonly open: ReadonlyMap<string, Job>,
    private readonly flights: Flights,
  ) {}

  /** A job has changed, has come or gone, or is no longer as busy as it was. */
  changed(): void {
    this.found = undefined;
  }

  /** All of them, the first that joined the set first. */
  all(): readonly Job[] {
    return this.look().all;
  }

  at<At extends Step['at']>(step: At): readonly JobAt<At>[] {
    return (this.look().at.get(step) ?? []) as JobAt<At>[];
  }

  private look(): Found {
    if (this.found !== undefined) return this.found;
    const found: Found = { all: [], at: new Map() };
    for (const [key, job] of this.open) {
      if (this.flights.has(key)) continue;
      found.all.push(job);
      const same = found.at.get(job.step.at);
      if (same === undefined) found.at.set(job.step.at, [job]);
      else same.push(job);
    }
    this.found = found;
    return found;
  }
}
