/**
 * How a benchmark ends: whatever it has started is stopped, newest first, after success, after an error and on Ctrl-C. When the process
 * is killed, the watchdogs of `src/devserver` do it.
 */
type Stop = () => Promise<void> | void;

const stops: Stop[] = [];
let ending = false;

/** Whether everything is being stopped: errors from now on are caused by that. */
export function isEnding(): boolean {
  return ending;
}

/** Calls `stop` at the end, or when the returned function is called before. */
export function atEnd(stop: Stop): () => Promise<void> {
  stops.push(stop);
  return async () => {
    const at = stops.lastIndexOf(stop);
    if (at === -1) return;
    stops.splice(at, 1);
    await stop();
  };
}

async function stopAll(): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    try {
      await stop();
    } catch (err) {
      console.error(err);
    }
  }
}

/** Runs a program, stops what it has started, and ends the process, which native threads would keep alive. */
export function runToEnd(main: () => Promise<void>): void {
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    void stopAll().then(() => process.exit(code));
  };
  // `on`, not `once`: npm passes on the Ctrl-C that the terminal has already sent.
  process.on('SIGINT', () => end(130));
  process.on('SIGTERM', () => end(143));
  main().then(
    () => end(Number(process.exitCode ?? 0)),
    (err: unknown) => {
      if (!ending) console.error(err);
      end(1);
    },
  );
}
