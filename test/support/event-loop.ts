/** What the event loop of a worker process did, as `event-loop-probe.js` wrote it down there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './config';

const PROBE = resolve(__dirname, 'event-loop-probe.js');

/** [design.md section 3, "Sizes": no answer and no input keeps the event loop busy for more than 100 ms] */
export const MAX_BUSY_MS = 100;

/** A clock of the milliseconds that this thread has worked. */
export function workClock(): () => number {
  const { workedMs } = jest.requireActual<{ workedMs: () => () => number }>('./event-loop-probe.js');
  return workedMs();
}

/** One line of the probe. */
interface Look {
  /** Milliseconds since the epoch. */
  atMs: number;
  /** Since the line before. */
  turns: number;
  /** What the main thread worked without a turn. */
  busyMs: number;
}

export class EventLoopRecord {
  private readonly file = join(temporaryFolder(), 'event-loop.jsonl');

  /** For the environment of the process that is watched; several may write, one after the other. */
  readonly env: NodeJS.ProcessEnv;

  /** @param preload another script that the process loads first */
  constructor(preload?: string) {
    const required = [PROBE, preload].flatMap((path) => (path === undefined ? [] : ['--require', JSON.stringify(path)]));
    this.env = { NODE_OPTIONS: required.join(' '), LRO_TEST_EVENT_LOOP_FILE: this.file };
  }

  /** The longest stretch of work after a moment, in milliseconds. @throws Error when nobody has looked since */
  longestMs(sinceMs: number): number {
    const looks = this.looks().filter(({ atMs }) => atMs >= sinceMs);
    if (looks.reduce((sum, { turns }) => sum + turns, 0) === 0) throw new Error('the event loop was not watched');
    return Math.max(...looks.map(({ busyMs }) => busyMs));
  }

  private looks(): Look[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Look);
  }
}
