/** Limits and settings that hold for every tool alike. */

/** HTTP requests at once to the fake service. */
export const CONCURRENT_REQUESTS = 100;

/** A poll that comes later than this after it was due is late. */
export const ON_TIME_MS = 200;

/** Environment of every tool's Node process: what the image of this project sets, see `Dockerfile`. */
export const NODE_SETTINGS = { NODE_OPTIONS: '--max-semi-space-size=32', MALLOC_ARENA_MAX: '2' };

/** Seconds until a run counts as failed. */
const RUN_TIMEOUT_SECONDS = 1800;

/** Rejects when `promise` has not settled after `seconds`. The message begins with `what`. */
export async function inTime<T>(what: string, promise: Promise<T>, seconds = RUN_TIMEOUT_SECONDS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
