/** Activities of a set that are under way, and the jobs in them. */
import { keyOf } from '../../jobs/begin';
import type { Place } from '../../jobs/model';

/** An answer that is longer in coming holds up those that were asked with it, and from then on no others. */
const STRAGGLING_SECONDS = 3;

export type FlightKind = 'submit' | 'find' | 'read' | 'file' | 'cleanup';

interface Flight {
  kind: FlightKind;
  startedAtMs: number;
}

export class Flights {
  private readonly open = new Set<Flight>();
  private readonly busy = new Set<string>();

  /** How many there are. @param kind absent: of all kinds */
  count(kind?: FlightKind): number {
    return kind === undefined ? this.open.size : this.of(kind).length;
  }

  /** Whether a job is in one of them. */
  has(key: string): boolean {
    return this.busy.has(key);
  }

  /** One begins. @returns a function that ends it */
  begin(kind: FlightKind, jobs: readonly Place[], startedAtMs: number): () => void {
    const flight = { kind, startedAtMs };
    this.open.add(flight);
    for (const job of jobs) this.busy.add(keyOf(job));
    return () => {
      this.open.delete(flight);
      for (const job of jobs) this.busy.delete(keyOf(job));
    };
  }

  /** One question at a time, so that others come due meanwhile and go together; one that straggles is not waited for. */
  readsFromMs(): number {
    return Math.max(-Infinity, ...this.of('read').map(({ startedAtMs }) => startedAtMs + STRAGGLING_SECONDS * 1000));
  }

  private of(kind: FlightKind): Flight[] {
    return [...this.open].filter((flight) => flight.kind === kind);
  }
}
