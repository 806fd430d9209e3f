/**
 * Long computations in slices.
 *
 * Keeps true: a computation that yields often enough keeps the event loop busy for {@link SLICE_MS} at a time, and so do many of them together: one
 * goes on after the other, because everything that waits for the next turn of the loop runs in one and the same turn.
 */
import pLimit from 'p-limit';

/** So many characters are a step that takes a millisecond or a few. */
export const SLICE_CHARS = 32_768;

const SLICE_MS = 10;

const oneAtATime = pLimit(1);

/** The result of `work`, all at once. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** The result of `work`, with turns of the event loop in between. */
export function inSlices<T>(work: () => Generator<void, T>): Promise<T> {
  return oneAtATime(async () => {
    const steps = work();
    for (;;) {
      const startedAt = performance.now();
      do {
        const step = steps.next();
        if (step.done === true) return step.value;
      } while (performance.now() - startedAt < SLICE_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
}
