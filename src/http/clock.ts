/** Time, to be replaced in tests. */
export interface Clock {
  /** Milliseconds since the epoch: for dates only. Somebody may set it back. */
  nowMs(): number;
  /** Milliseconds since some moment: for everything that lasts. */
  monotonicMs(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
