/** Activities of a set that are under way, and the jobs in them. */
import { keyOf } from '../../jobs/begin';
import type { Place } from '../../jobs/model';

/** An answer that is longer in coming holds up those that were asked with it, and from then on no others. */
const STRAGGLING_SECONDS = 3;

export type FlightKind = 'submit' | 'find' | 'poll' | 'read' | 'file' | 'cleanup';

interface Flight {
  kind: FlightKind;
  /** From then on it keeps others waiting. */
  fromMs: number;
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

  /** One begins. @param fromMs when the last of its requests goes @returns a function that ends it */
  begin(kind: FlightKind, jobs: readonly Place[], fromMs: number): () => void {
    const flight = { kind, fromMs };
    this.open.add(flight);
    for (const job of jobs) this.busy.add(keyOf(job));
    return () => {
      this.open.delete(flight);
      for (const job of jobs) this.busy.delete(keyOf(job));
    };
  }

  /** One activity of a kind at a time, so that others come due meanwhile and go together; one that straggles is not waited for. */
  freeFromMs(kind: FlightKind): number {
    return Math.max(-Infinity, ...this.of(kind).map(({ fromMs }) => fromMs + STRAGGLING_SECONDS * 1000));
  }

  private of(kind: FlightKind): Flight[] {
    return [...this.open].filter((flight) => flight.kind === kind);
  }
}
