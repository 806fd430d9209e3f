/** The demo as a program, and the processes that it starts. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const DEMO = resolve(__dirname, '../../dist/cli/demo.js');

/** The processes of a demo, found by the environment that they were started with: its `TMPDIR`. */
export function processesOf({ folder }: { folder: string }): string[] {
  const all = execFileSync('ps', ['axeww'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return all.split('\n').filter((line) => line.includes(`TMPDIR=${folder}`));
}

export async function expectNothingLeft(demo: { folder: string }): Promise<void> {
  // The watchdogs of children notice the end of the demo by a pipe.
  for (const giveUpAtMs = Date.now() + 10_000; processesOf(demo).length > 0 && Date.now() < giveUpAtMs;) await sleep(100);
  expect(processesOf(demo)).toEqual([]);
  expect(readdirSync(demo.folder)).toEqual([]);
}
