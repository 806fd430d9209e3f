/** The `lro` command line as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export const LRO_PROGRAM = resolve(__dirname, '../../dist/cli/lro.js');

export interface CommandEnd {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `lro` to its end. */
export async function runLro(args: string[], env: NodeJS.ProcessEnv, stdin = ''): Promise<CommandEnd> {
  const child = spawn(process.execPath, [LRO_PROGRAM, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}
