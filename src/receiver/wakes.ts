/**
 * Sends signals, one at a time to each operation:
 *
 *     free ──call──▶ sending ──sent, and a pause──▶ free
 *                       └─ calls meanwhile ─▶ all of them wait for one more
 *
 * Keeps true: after every call a signal is sent that began after it came: one that was under way already may have been read too soon.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two signals of one operation: a service that calls back at every percent does not fill its history. */
const PAUSE_MS = 250;
/** Operations with a signal under way or in its pause. */
const MAX_LANES = 10_000;

interface Lane {
  /** Ends when the next signal may be sent. */
  free: Promise<unknown>;
  /** The next one, which has not begun. */
  next?: Promise<void> | undefined;
}

export class Wakes {
  private readonly lanes = new Map<string, Lane>();

  constructor(private readonly pauseMs = PAUSE_MS) {}

  /** Whether so many operations are called about that one more has to come later. */
  get isFull(): boolean {
    return this.lanes.size >= MAX_LANES;
  }

  /** Has `send` called for the operation `name`, together with others that came. @throws what `send` throws */
  wake(name: string, send: () => Promise<void>): Promise<void> {
    const lane = this.laneOf(name);
    lane.next ??= lane.free.then(() => this.sendIn(name, lane, send));
    return lane.next;
  }

  private laneOf(name: string): Lane {
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const lane: Lane = { free: Promise.resolve() };
    this.lanes.set(name, lane);
    return lane;
  }

  private sendIn(name: string, lane: Lane, send: () => Promise<void>): Promise<void> {
    lane.next = undefined;
    const sent = send();
    const ended = sent.then(
      () => undefined,
      () => undefined,
    );
    lane.free = ended.then(() => sleep(this.pauseMs, undefined, { ref: false }));
    void lane.free.then(() => {
      if (lane.next === undefined) this.lanes.delete(name);
    });
    return sent;
  }
}
