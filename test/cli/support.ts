/** `lro` against a harness's server and task queue. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { LRO_PROGRAM, runLro, type CommandEnd } from '../support/lro-command';
import type { StandInHarness } from '../support/stand-in-harness';
import { TerminalProgram, type TerminalOptions } from '../support/terminal';

export type Lro = (args: string[], stdin?: string) => Promise<CommandEnd>;

export function lroOf({ address, taskQueue }: Pick<StandInHarness, 'address' | 'taskQueue'>): Lro {
  return (args, stdin) => runLro(args, { TEMPORAL_ADDRESS: address, LRO_TASK_QUEUE: taskQueue }, stdin);
}

/** Runs `lro … --json`, which must succeed. */
export async function lroJson(lro: Lro, args: string[], stdin?: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await lro([...args, '--json'], stdin);
  if (code !== 0) throw new Error(`lro ${args.join(' ')} ended with ${code ?? 'a signal'}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Path of a file with this content. */
export function fileWith(content: string): string {
  const path = join(temporaryFolder(), 'batch.yaml');
  writeFileSync(path, content);
  return path;
}

/** The stand-in batch as people write it. */
export function batchYaml(does: 'succeed' | 'wait' | 'fail'): string {
  return [
    'items:',
    '  - { id: first, submit: { path: /tilesets } }',
    '  - { id: second, submit: { path: /tilesets } }',
    'defaults:',
    '  connection: maps',
    `  labels: { does: ${does} }`,
  ].join('\n');
}

/** `lro` while it runs. */
export interface RunningLro {
  /** Waits until this stands in what it has written to standard error. */
  writes(wanted: RegExp): Promise<string>;
  /** Ctrl-C */
  interrupt(): void;
  /** Its exit code, and all that it has written there. */
  ended(): Promise<{ code: number | null; written: string }>;
  kill(): void;
}

/** Starts `lro` on a pseudo-terminal. */
export function lroOnTerminal(
  args: string[],
  { address, taskQueue }: Pick<StandInHarness, 'address' | 'taskQueue'>,
  options: TerminalOptions = {},
): TerminalProgram {
  return TerminalProgram.lro(args, { ...options, env: { TEMPORAL_ADDRESS: address, LRO_TASK_QUEUE: taskQueue } });
}

/** Starts `lro` without a terminal. */
export function startLro(args: string[], { address, taskQueue }: Pick<StandInHarness, 'address' | 'taskQueue'>): RunningLro {
  const env = { ...process.env, TEMPORAL_ADDRESS: address, LRO_TASK_QUEUE: taskQueue };
  const child = spawn(process.execPath, [LRO_PROGRAM, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let written = '';
  child.stderr.on('data', (chunk: Buffer) => (written += chunk.toString()));
  const closed = once(child, 'close');
  return {
    writes: (wanted) =>
      eventually(
        () => written,
        (text) => wanted.test(text),
      ),
    interrupt: () => void child.kill('SIGINT'),
    ended: async () => {
      await closed;
      return { code: child.exitCode, written };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
