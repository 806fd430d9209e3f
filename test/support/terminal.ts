/**
 * Programs on a pseudo-terminal, and what a person sees of them: the screen as a terminal emulator draws it.
 *
 * Keeps true: what a program wrote is on the screen before anybody is told of it; none of them outlives its test, if that closes it.
 */
import { Terminal } from '@xterm/headless';
import { spawn, type IPty } from '@lydell/node-pty';
import { eventually } from './eventually';
import { LRO_PROGRAM } from './lro-command';

export interface TerminalOptions {
  /** Default 100. */
  columns?: number;
  /** Default 40. */
  rows?: number;
  /** Over this process's own; `undefined` removes a variable. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Is told of each piece of output as it comes. */
  onOutput?: (text: string) => void;
}

/** Ctrl-C and others as a keyboard sends them. */
export const KEYS = { ctrlC: '\u0003', ctrlD: '\u0004', ctrlU: '\u0015', enter: '\r', tab: '\t' } as const;

/** More than any test writes. */
const MAX_LINES = 5000;

export class TerminalProgram {
  /** All that it has written, with the codes that move the cursor. */
  written = '';
  readonly pid: number;
  private readonly screen: Terminal;
  private readonly pty: IPty;
  private readonly exited: Promise<number>;
  private drawn = Promise.resolve();
  private isOpen = true;

  constructor(command: string, args: string[], options: TerminalOptions = {}) {
    const { columns = 100, rows = 40, cwd } = options;
    this.screen = new Terminal({ cols: columns, rows, scrollback: MAX_LINES, allowProposedApi: true });
    const env = { ...process.env, ...withoutTests(), TERM: 'xterm-256color', ...options.env };
    this.pty = spawn(command, args, { cols: columns, rows, cwd, env: given(env), name: 'xterm-256color' });
    this.pid = this.pty.pid;
    this.pty.onData((text) => {
      this.written += text;
      options.onOutput?.(text);
      this.drawn = this.drawn.then(() => new Promise((resolve) => this.screen.write(text, resolve)));
    });
    // A program may ask the terminal, as fish does: which colours, where the cursor is.
    this.screen.onData((answer) => this.isOpen && this.pty.write(answer));
    this.exited = new Promise((resolve) => {
      this.pty.onExit(({ exitCode, signal }) => {
        this.isOpen = false;
        resolve(signal ? 128 + signal : exitCode);
      });
    });
  }

  /** `lro` with these arguments. */
  static lro(args: string[], options: TerminalOptions = {}): TerminalProgram {
    return new TerminalProgram(process.execPath, [LRO_PROGRAM, ...args], options);
  }

  /** Every line that is on the screen or was scrolled out of it, without blanks at their ends; lines that were wrapped are one. */
  async lines(): Promise<string[]> {
    await this.drawn;
    const { active } = this.screen.buffer;
    const lines: string[] = [];
    for (let row = 0; row < active.length; row++) {
      const line = active.getLine(row);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped === true) lines.push(`${lines.pop() ?? ''}${text}`);
      else lines.push(text);
    }
    return lines.join('\n').trimEnd().split('\n');
  }

  /** As one text. */
  async text(): Promise<string> {
    return (await this.lines()).join('\n');
  }

  /** Waits until this can be read on the screen, and returns what is there then. */
  shows(wanted: RegExp, timeoutSeconds = 120): Promise<string> {
    return eventually(
      () => this.text(),
      (text) => wanted.test(text),
      timeoutSeconds,
    );
  }

  /** As typed on the keyboard; a line ends with `KEYS.enter`. */
  type(text: string): void {
    if (this.isOpen) this.pty.write(text);
  }

  /** Its exit code, once it has ended and all of its output is drawn; 128 + n after signal n. */
  async ended(): Promise<number> {
    const code = await this.exited;
    await this.drawn;
    return code;
  }

  /** Ends it at once if it still runs. */
  async close(): Promise<void> {
    if (this.isOpen) this.pty.kill('SIGKILL');
    await this.exited;
    await this.drawn;
    this.screen.dispose();
  }
}

/** What CI and jest set would switch off or add to what is tested. */
function withoutTests(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => /^(CI|NO_COLOR|FORCE_COLOR|LRO_TEST_.+)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function given(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
