import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildStartError, startChild } from '../../src/devserver';
import type { ChildOptions } from '../../src/devserver';

const shell = (script: string, options: Partial<ChildOptions> = {}) =>
  startChild({ name: 'a shell', command: '/bin/sh', args: ['-c', script], ...options });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that is dead and not yet collected by the init process does nothing any more.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}

describe('a child that is started', () => {
  it('is ready when its line comes, and hands over the groups of the match', async () => {
    const child = await shell('echo starting; echo listening on port 4711; exec sleep 600', { readyLine: /port (\d+)/ });
    expect(child.ready?.[1]).toBe('4711');
    expect(child.output()).toBe('starting\nlistening on port 4711\n');
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('is an error with its last words when it ends before it is ready', async () => {
    const failed = shell('echo port 80 is not for you >&2; exit 3', { readyLine: /ready/ });
    await expect(failed).rejects.toThrow(ChildStartError);
    await expect(failed).rejects.toThrow('a shell ended with code 3 before it was ready. Its last lines:\nport 80 is not for you');
  });

  it('is ended and an error when its line does not come in time', async () => {
    const late = shell('echo "my pid is $$"; exec sleep 600', { readyLine: /ready/, readyTimeoutSeconds: 0.5 });
    const error = await late.then(
      () => undefined,
      (reason: unknown) => reason as ChildStartError,
    );
    expect(error?.message).toContain('a shell was not ready after 0.5 s');
    expect(isAlive(Number(/my pid is (\d+)/.exec(error?.lastLines ?? '')?.[1]))).toBe(false);
  });

  it('is an error that names the command when there is no such command', async () => {
    await expect(startChild({ name: 'nothing', command: '/no/such/program' })).rejects.toThrow(
      'nothing could not be started: spawn /no/such/program ENOENT',
    );
  });

  it('sees the variables laid over those of its parent, and not those taken away', async () => {
    const child = await shell('echo "$COLOUR-$HOME-"', { env: { COLOUR: 'green', HOME: undefined } });
    await child.exited;
    expect(child.output()).toBe('green--\n');
  });

  it('has everything it wrote appended to its log file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'child-'));
    const logFile = join(folder, 'logs', 'child.log');
    for (const word of ['one', 'two']) await (await shell(`echo ${word}`, { logFile })).exited;
    while (readFileSync(logFile, 'utf8') !== 'one\ntwo\n') await sleep(20);
    rmSync(folder, { recursive: true });
  });
});

describe('a child that is to end', () => {
  it('is asked first and may end in its own way', async () => {
    const child = await shell('trap "echo tidying up; exit 7" TERM; echo ready; while :; do sleep 0.05; done', { readyLine: /ready/ });
    expect(await child.stop()).toEqual({ code: 7, signal: null });
    expect(child.output()).toContain('tidying up');
  });

  it('is ended by force when it does not listen', async () => {
    const child = await shell('trap "" TERM; echo ready; while :; do sleep 0.05; done', { readyLine: /ready/, stopGraceSeconds: 0.3 });
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('takes its own children along', async () => {
    const child = await shell('sleep 600 & echo "grandchild $!"; wait', { readyLine: /grandchild (\d+)/ });
    const grandchild = Number(child.ready?.[1]);
    expect(isAlive(grandchild)).toBe(true);
    await child.kill();
    await untilGone(grandchild);
  });

  it('may be stopped twice, and after it has ended', async () => {
    const child = await shell('exec sleep 600');
    const both = await Promise.all([child.stop(), child.stop()]);
    expect(both).toEqual([await child.exited, await child.exited]);
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});

describe('a child whose parent ends', () => {
  async function parentThatEnds(end: 'exit' | 'exception' | NodeJS.Signals): Promise<void> {
    const parent = spawn(process.execPath, [join(__dirname, 'fixtures', 'parent.js'), end], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(parent, 'exit');
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const [child, grandchild] = [...line.matchAll(/\d+/g)].map(Number);
    if (end.startsWith('SIG')) parent.kill(end as NodeJS.Signals);
    await ended;
    await untilGone(child!);
    await untilGone(grandchild!);
  }

  it('ends with a parent that exits', () => parentThatEnds('exit'));
  it('ends with a parent that throws', () => parentThatEnds('exception'));
  it('ends with a parent that is interrupted (Ctrl-C)', () => parentThatEnds('SIGINT'));
  it('ends with a parent that is killed and can do nothing about it', () => parentThatEnds('SIGKILL'));
});
