/**
 * How a benchmark ends: whatever it has started is stopped, newest first, after success, after an error and on Ctrl-C.
 *
 * A death that runs no JavaScript is caught by the watchdogs of `src/devserver`.
 */
type Stop = () => Promise<void> | void;

const stops: Stop[] = [];
let ending = false;

/** Whether all is being stopped: what fails from now on is no finding. */
export function isEnding(): boolean {
  return ending;
}

/** Has `stop` called at the end, unless the returned function was called before; that calls it too. */
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

/** Runs a program, stops what it has started, and ends the process: native threads would keep it. */
export function runToEnd(main: () => Promise<void>): void {
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    void stopAll().then(() => process.exit(code));
  };
  // Again and again: npm passes on the Ctrl-C that the terminal has sent already.
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
