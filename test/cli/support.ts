/** `lro` against a harness's server and task queue. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { LRO_PROGRAM, runLro, type CommandEnd } from '../support/lro-command';
import type { StandInHarness } from '../support/stand-in-harness';

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
  /** Waits until this stands in what it has written: on a terminal all, else standard error. */
  writes(wanted: RegExp): Promise<string>;
  /** Ctrl-C */
  interrupt(): void;
  /** Its exit code, and all that it has written. */
  ended(): Promise<{ code: number | null; written: string }>;
  kill(): void;
}

/** Whether there is a pseudo-terminal: `script` of util-linux gives one. */
export const HAS_TERMINAL = spawnSync('script', ['--version']).status === 0;

/** Starts `lro`, on a pseudo-terminal or not. */
export function startLro(
  args: string[],
  { address, taskQueue }: Pick<StandInHarness, 'address' | 'taskQueue'>,
  onTerminal = false,
): RunningLro {
  const words = [process.execPath, LRO_PROGRAM, ...args];
  const [command = '', ...rest] = onTerminal ? ['script', '-qefc', words.map((word) => `'${word}'`).join(' '), '/dev/null'] : words;
  const env = { ...process.env, TEMPORAL_ADDRESS: address, LRO_TASK_QUEUE: taskQueue };
  const child = spawn(command, rest, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let written = '';
  (onTerminal ? child.stdout : child.stderr).on('data', (chunk: Buffer) => (written += chunk.toString()));
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
