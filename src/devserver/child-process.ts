/**
 * Starts, watches and ends child processes: Temporal, the worker, the emulator, pip. The only place that does.
 *
 * Keeps true:
 * - a child leads its own process group, so Ctrl-C in the terminal reaches it only when the parent passes it on;
 * - no child, and no child of a child, outlives this process (see `orphan-guard.ts`);
 * - a child that ends before it is ready is an error that carries the last lines it wrote.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { guardAgainstOrphan, hasProcessGroups, signalGroup } from './orphan-guard';

/** What to start, and when it is ready. */
export interface ChildOptions {
  /** Its name in messages, like `Temporal dev server`. */
  name: string;
  command: string;
  args?: readonly string[];
  /** Merged into this process's environment; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** The line of output by which it is ready. Without it the child is ready once it runs. */
  readyLine?: RegExp;
  /** How long to wait for `readyLine`; default 60. */
  readyTimeoutSeconds?: number;
  /** How long `stop` waits after SIGTERM before SIGKILL; default 10. */
  stopGraceSeconds?: number;
  /** A file that all output is appended to. */
  logFile?: string;
  /** Is told of each line of output, for as long as the child lives. */
  onLine?: (line: string) => void;
}

/** How a child ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running child. Every promise here resolves, none rejects. */
export interface Child {
  readonly pid: number;
  /** The match of `readyLine`, with its groups; undefined without `readyLine`. */
  readonly ready: RegExpMatchArray | undefined;
  /** Asks it to end (SIGTERM), ends it after the grace (SIGKILL), and waits until it is gone. */
  stop(): Promise<ChildExit>;
  /** Ends it at once, and waits until it is gone. Default SIGKILL; any other signal must be one that it ends by. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /** Sends a signal without waiting, like SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** What it wrote, both streams in the order of arrival: the last MiB. */
  output(): string;
  readonly exited: Promise<ChildExit>;
}

/** The child ended, or was ended, before it was ready. */
export class ChildStartError extends Error {
  override readonly name = 'ChildStartError';
  constructor(
    message: string,
    /** The last lines that it wrote. */
    readonly lastLines: string,
  ) {
    super(lastLines === '' ? message : `${message}. Its last lines:\n${lastLines}`);
  }
}

const MAX_KEPT_CHARACTERS = 1024 * 1024;
const LAST_LINES_IN_ERROR = 20;
/** A child's pipes normally close with it; a process that inherited one may keep it open. */
const PIPE_CLOSE_TIMEOUT_MS = 1_000;

/** Starts a child and resolves when it is ready. Throws `ChildStartError` when it does not get ready; nothing is left running then. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args = [], stopGraceSeconds = 10 } = options;
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: hasProcessGroups,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new ChildStartError(`${name} could not be started: ${error.message}`, '')));
  });
  const { pid } = child;
  if (pid === undefined) throw new ChildStartError(`${name} could not be started`, '');
  const release = guardAgainstOrphan(pid);

  const output = new OutputTail([child.stdout, child.stderr], options.logFile, options.onLine);
  let ended = false;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      // Processes that the child has left in its group end with it.
      signalGroup(pid, 'SIGKILL');
      release();
      const finish = (): void => {
        clearTimeout(pipesTimer);
        output.close();
        resolve({ code, signal });
      };
      const pipesTimer = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, PIPE_CLOSE_TIMEOUT_MS);
      child.once('close', finish);
    });
  });

  const sendSignal = (signal: NodeJS.Signals): void => {
    if (!ended) signalGroup(pid, signal);
  };
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<ChildExit> => {
    sendSignal(signal);
    return exited;
  };
  const stop = async (): Promise<ChildExit> => {
    sendSignal('SIGTERM');
    const graceTimer = setTimeout(() => sendSignal('SIGKILL'), stopGraceSeconds * 1_000);
    try {
      return await exited;
    } finally {
      clearTimeout(graceTimer);
    }
  };

  let ready: RegExpMatchArray | undefined;
  if (options.readyLine) {
    try {
      ready = await waitForReadyLine(options.readyLine, options, output, exited);
    } catch (error) {
      await kill();
      throw error;
    }
  }
  return { pid, ready, stop, kill, signal: sendSignal, output: () => output.text(), exited };
}

/** How a child ended, as text: `ended with code 1`, `was ended by SIGKILL`. */
export function describeExit(exit: ChildExit): string {
  return exit.signal === null ? `ended with code ${String(exit.code)}` : `was ended by ${exit.signal}`;
}

/** The last lines of `text`, for an error message. */
export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-LAST_LINES_IN_ERROR).join('\n');
}

async function waitForReadyLine(
  readyLine: RegExp,
  options: ChildOptions,
  output: OutputTail,
  exited: Promise<ChildExit>,
): Promise<RegExpMatchArray> {
  const { name, readyTimeoutSeconds = 60 } = options;
  return await new Promise((resolve, reject) => {
    const fail = (message: string): void => {
      clearTimeout(timer);
      output.onLine = undefined;
      reject(new ChildStartError(message, lastLines(output.text())));
    };
    const timer = setTimeout(
      () => fail(`${name} was not ready after ${readyTimeoutSeconds} s (no line like ${String(readyLine)})`),
      readyTimeoutSeconds * 1_000,
    );
    output.onLine = (line) => {
      // `match` and not `exec`, which keeps a position in global and sticky expressions.
      const match = line.match(readyLine);
      if (!match) return;
      clearTimeout(timer);
      output.onLine = undefined;
      resolve(match);
    };
    void exited.then((exit) => fail(`${name} ${describeExit(exit)} before it was ready`));
  });
}

/** Collects what a child writes: its last MiB, its lines as they come, and all of it in the log file. */
class OutputTail {
  onLine: ((line: string) => void) | undefined;
  private kept = '';
  private readonly log: NodeJS.WritableStream | undefined;

  constructor(
    streams: readonly Readable[],
    logFile: string | undefined,
    private readonly follower: ((line: string) => void) | undefined,
  ) {
    if (logFile !== undefined) {
      mkdirSync(dirname(logFile), { recursive: true });
      this.log = createWriteStream(logFile, { flags: 'a' });
      // A full disk must not stop the child or this process.
      this.log.on('error', () => undefined);
    }
    for (const stream of streams) this.follow(stream);
  }

  text(): string {
    return this.kept;
  }

  close(): void {
    this.log?.end();
  }

  private follow(stream: Readable): void {
    let unfinishedLine = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      this.kept = (this.kept + chunk).slice(-MAX_KEPT_CHARACTERS);
      this.log?.write(chunk);
      const lines = (unfinishedLine + chunk).split('\n');
      unfinishedLine = lines.pop() ?? '';
      for (const line of lines) {
        this.onLine?.(line);
        this.follower?.(line);
      }
    });
  }
}
