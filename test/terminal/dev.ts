/** `lro dev` on a pseudo-terminal, and `lro` on others beside it. */
import { execFileSync } from 'node:child_process';
import { EmulatorAdmin } from '../../src/emulator';
import { temporaryFolder } from '../support/config';
import { KEYS, TerminalProgram, type TerminalOptions } from '../support/terminal';

export class Dev {
  private constructor(
    readonly terminal: TerminalProgram,
    /** In which it runs, with its `lro.config.yaml`. */
    readonly folder: string,
    readonly address: string,
    readonly emulatorUrl: string,
  ) {}

  /** Resolves when it says what to type next. */
  static async start(args: string[] = [], options: TerminalOptions = {}): Promise<Dev> {
    const { cwd = temporaryFolder() } = options;
    const ports = ['--port', '0', '--ui-port', '0', '--emulator-port', '0'];
    const terminal = TerminalProgram.lro(['dev', ...ports, ...args], { ...options, cwd });
    const seen = await terminal.shows(/Ctrl-C ends all of it/);
    const find = (pattern: RegExp): string => pattern.exec(seen)?.[1] ?? '';
    return new Dev(terminal, cwd, find(/Temporal +(\S+),/), find(/emulator +(http\S+)/));
  }

  get admin(): EmulatorAdmin {
    return new EmulatorAdmin(this.emulatorUrl);
  }

  /** `lro` in another terminal. */
  lro(args: string[], options: TerminalOptions = {}): TerminalProgram {
    return TerminalProgram.lro(args, { cwd: this.folder, ...options, env: { TEMPORAL_ADDRESS: this.address, ...options.env } });
  }

  /** Their pids: all processes below it. */
  processes(): number[] {
    const listed = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    const parents = listed.map((line) => line.trim().split(/ +/).map(Number));
    const below = (pid: number): number[] => parents.flatMap(([child = 0, parent]) => (parent === pid ? [child, ...below(child)] : []));
    return below(this.terminal.pid);
  }

  /** Ctrl-C, and what it ends with. */
  async interrupt(): Promise<number> {
    this.terminal.type(KEYS.ctrlC);
    return await this.terminal.ended();
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
