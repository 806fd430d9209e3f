/**
 * What is being started, a line each, on a terminal with how long it takes already; the lines go when all of it is ready.
 *
 * Keeps true: without a terminal nothing is drawn, and a line is written for each that is ready; what else is said meanwhile stands above the
 * list; Ctrl-C is left to who starts them.
 */
import { MultiBar } from 'cli-progress';
import pc from 'picocolors';
import { forTerminal } from '../lro/terminal';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const FRAMES_PER_SECOND = 10;

interface Task {
  name: string;
  startedAtMs: number;
  endedAtMs?: number;
}

export class TaskList {
  private list: MultiBar | undefined;

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {}

  /** Shows that it is being started, until the promise settles. */
  async show<T>(name: string, starting: Promise<T>): Promise<T> {
    const task: Task = { name, startedAtMs: performance.now() };
    if (this.out.isTTY) this.opened().create(1, 0, { task });
    const started = await starting;
    task.endedAtMs = performance.now();
    if (!this.out.isTTY) this.write(lineOf(task));
    return started;
  }

  say(line: string): void {
    if (this.list === undefined) this.write(line);
    else this.list.log(`${forTerminal(line)}\n`);
  }

  /** The list goes, and the cursor is there again. */
  close(): void {
    // What was said last is still to be written.
    this.list?.update();
    this.list?.stop();
    this.list = undefined;
  }

  private opened(): MultiBar {
    this.list ??= new MultiBar({
      stream: this.out,
      format: (_options, _params, { task }: { task: Task }) => lineOf(task),
      fps: FRAMES_PER_SECOND,
      clearOnComplete: true,
      hideCursor: true,
      // What is said above the list moves it down.
      forceRedraw: true,
      // Else a handler of its own would end this process before its children are ended.
      gracefulExit: false,
    });
    return this.list;
  }

  private write(line: string): void {
    this.out.write(`${forTerminal(line)}\n`);
  }
}

/** `⠙ the worker is starting · 1.2 s` */
function lineOf({ name, startedAtMs, endedAtMs }: Task): string {
  const now = endedAtMs ?? performance.now();
  const seconds = `${((now - startedAtMs) / 1000).toFixed(1)} s`;
  if (endedAtMs !== undefined) return `✓ ${name} is ready · ${seconds}`;
  const frame = FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length] ?? '';
  return `${pc.cyan(frame)} ${name} is starting · ${seconds}`;
}
