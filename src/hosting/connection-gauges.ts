/**
 * Looks every few seconds at the connections of a worker: what waits, for how long they were held, how old their credentials are.
 *
 * Keeps true: only a worker that takes work is looked at. One that has been followed by another, with another version of the file, leaves
 * these values to that one.
 */
import type { Connection, Connections } from '../http';
import type { WorkerMetrics } from '../metrics/worker-metrics';

const LOOK_EVERY_MS = 5000;

interface Looked {
  connection: Connection;
  held: (seconds: number) => void;
  heldSeconds: number;
}

export class ConnectionGauges {
  private readonly looked: Looked[];
  private timer: NodeJS.Timeout | undefined;

  /** @param takesWork whether the worker does, now */
  constructor(
    private readonly metrics: WorkerMetrics,
    connections: Connections,
    private readonly takesWork: () => boolean,
  ) {
    this.looked = connections.names().flatMap((name) => {
      const connection = connections.get(name);
      return connection === undefined ? [] : [{ connection, held: metrics.heldOf(name), heldSeconds: 0 }];
    });
  }

  /** From now on, where anybody wants to know. Call {@link stop} when the worker has ended. */
  start(): void {
    if (this.metrics.boards === undefined) return;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    // Of whichever worker: nobody else counts it.
    for (const looked of this.looked) {
      const { totalHeldSeconds } = looked.connection;
      looked.held(Math.max(0, totalHeldSeconds - looked.heldSeconds));
      looked.heldSeconds = totalHeldSeconds;
    }
    const { boards } = this.metrics;
    if (boards === undefined || !this.takesWork()) return;
    const of = (value: (connection: Connection) => number | undefined): { labels: { connection: string }; value: number }[] =>
      this.looked.flatMap(({ connection }) => {
        const found = value(connection);
        return found === undefined ? [] : [{ labels: { connection: connection.name }, value: found }];
      });
    const nowMs = Date.now();
    boards.waiting.show(of(({ rates }) => rates.waiting));
    boards.credentialsAge.show(of(({ credentialsTimes: times }) => times && Math.max(0, nowMs - times.sinceMs) / 1000));
    boards.credentialsExpireIn.show(
      of(({ credentialsTimes: { expiresAtMs } = {} }) => expiresAtMs && Math.max(0, expiresAtMs - nowMs) / 1000),
    );
  }
}
