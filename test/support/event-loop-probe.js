/**
 * Loaded into a worker process before its program (`--require`): writes down how long each stretch of work kept its event loop.
 *
 * What counts is the time that the main thread itself has worked between two turns, not the time that went by: on a busy machine a turn
 * is late because others work, and that is no fault of ours. Waiting without working (a synchronous read of a slow disk) is not seen.
 */
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const FILE = process.env['LRO_TEST_EVENT_LOOP_FILE'];
const EVERY_MS = 10;
/** Shorter stretches are not written down. */
const WORTH_TELLING_MS = 20;
/** So often it is said how many turns were looked at. */
const COUNT_EVERY_MS = 250;

/** Linux: nanoseconds on a processor, nanoseconds of waiting for one, times. The thread that asks is the main thread. */
const SCHEDSTAT = '/proc/thread-self/schedstat';

/** Milliseconds that this thread has worked. Elsewhere than on Linux, all of the process's threads, and never more than went by. */
function workedMs() {
  if (existsSync(SCHEDSTAT)) return () => Number(readFileSync(SCHEDSTAT, 'latin1').split(' ')[0]) / 1e6;
  return () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
}

module.exports = { workedMs };

if (isMainThread && FILE !== undefined) {
  const worked = workedMs();
  let [lastMs, lastWorkedMs, countedAtMs, turns] = [performance.now(), worked(), performance.now(), 0];
  const look = () => {
    const [nowMs, nowWorkedMs] = [performance.now(), worked()];
    // Between two looks others may have had their turns for as long as a look waits.
    const busyMs = Math.min(nowWorkedMs - lastWorkedMs, nowMs - lastMs) - EVERY_MS;
    turns++;
    const line = { atMs: Date.now(), turns, busyMs: Math.round(busyMs), passedMs: Math.round(nowMs - lastMs) };
    if (busyMs >= WORTH_TELLING_MS || nowMs - countedAtMs >= COUNT_EVERY_MS) {
      appendFileSync(FILE, `${JSON.stringify(line)}\n`);
      [countedAtMs, turns] = [nowMs, 0];
    }
    // What writing has cost is not the worker's.
    [lastMs, lastWorkedMs] = [performance.now(), worked()];
  };
  setInterval(look, EVERY_MS).unref();
}
