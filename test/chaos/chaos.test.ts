/** The chaos program in its short mode, as CI runs it. Only with `LRO_LONG=1`: `npm run test:long`. See docs/chaos.md. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const long = process.env['LRO_LONG'] === '1' ? test : test.skip;
const MINUTES = 3;
const LONGEST_MS = 40 * 60_000;

long(
  'after minutes of kills, cuts and changes every operation has ended once and right',
  () => {
    const args = ['--require', resolve(__dirname, '../emulator/run-typescript.js'), resolve(__dirname, 'main.ts')];
    const ended = spawnSync(process.execPath, [...args, '--minutes', String(MINUTES)], { encoding: 'utf8', timeout: LONGEST_MS });
    process.stdout.write(ended.stdout);
    expect([ended.status, ended.status === 0 ? '' : `${ended.stdout}\n${ended.stderr}`]).toEqual([0, '']);
  },
  LONGEST_MS,
);
