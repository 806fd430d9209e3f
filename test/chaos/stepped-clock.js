/**
 * Loaded into a worker process (`--require`): its wall clock is off by what a file says, in milliseconds, read at start and on SIGWINCH.
 *
 * As when a machine's clock is set: `Date` jumps, `performance.now()` and timers do not. Covered is all JavaScript of the main thread, that is
 * activities and connections to services; not the core of Temporal's SDK, whose own waits follow the monotonic clock.
 */
const { readFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  const RealDate = Date;
  let offMs = 0;
  const now = () => RealDate.now() + offMs;
  const read = () => {
    try {
      offMs = Number(readFileSync(process.env.LRO_TEST_CLOCK_FILE, 'utf8'));
    } catch {
      offMs = 0;
    }
  };
  read();
  process.on('SIGWINCH', read);
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
