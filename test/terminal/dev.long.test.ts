/**
 * `lro dev` in one terminal, `lro run`, `watch` and `batch run` in others: what a person sees of them, read from the screens that a terminal
 * draws.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { KEYS, type TerminalProgram } from '../support/terminal';
import { Dev, isAlive } from './dev';

const UPLOAD = ['--connection', 'maps', '--path', '/mapData', '--query', 'dataFormat=geojson'];
const BODY = ['--body', '{"type":"FeatureCollection","features":[]}'];
/** Goes on until it is told to end. */
const HELD = ['--header', 'Emulator-Plan: {"hold":true,"durationSeconds":0,"retryAfter":"3"}'];

const QUICK_ITEMS = 10;
const SLOW_ITEMS = 40;
/** Longer than the shards of a batch take until they report first. */
const SLOW_SECONDS = 30;

let dev: Dev;
const opened: TerminalProgram[] = [];

beforeAll(async () => {
  dev = await Dev.start();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()));
});

afterAll(() => dev.terminal.close());

function lro(columns: number, ...args: string[]): TerminalProgram {
  const terminal = dev.lro(args, { columns });
  opened.push(terminal);
  return terminal;
}

async function finish(id: string): Promise<void> {
  const seen = await showing(lro(200, 'status', id, '--json'), /"operationId"/);
  await dev.admin.changeOperation(/"operationId": "([^"]+)"/.exec(seen)?.[1] ?? '', { hold: false });
}

async function showing(terminal: TerminalProgram, wanted: RegExp): Promise<string> {
  const seen = await terminal.shows(wanted);
  await terminal.ended();
  return seen;
}

test('dev has said where everything is, with nothing left of the list of what it was starting', async () => {
  const lines = await dev.terminal.lines();
  expect(lines[0]).toBe('');
  expect(lines[1]).toMatch(/^Temporal {4}127\.0\.0\.1:\d+, by /);
  expect(lines.join('\n')).toMatch(/Type next, in another terminal:\n {2}export TEMPORAL_ADDRESS=\S+\n {2}lro run --connection maps/);
  expect(dev.terminal.written).toMatch(/the Temporal dev server is starting · \d+\.\d s/);
  expect(dev.terminal.written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(dev.terminal.written.lastIndexOf('\u001b[?25l'));
});

test('what dev says to type next can be typed', async () => {
  const typed = (await dev.terminal.text()).match(/^ {2}lro .+$/gm)?.map((line) => line.replace(/ +#.*/, '').trim()) ?? [];
  expect(typed.map((line) => line.split(' ')[1])).toEqual(['run', 'run', 'doctor']);
  const ends = await Promise.all(
    typed.map(async (line) => {
      const terminal = lro(100, ...line.replaceAll("'", '').split(' ').slice(1));
      return [await terminal.ended(), await terminal.text()];
    }),
  );
  expect(ends).toEqual([
    [0, expect.stringMatching(/^status +Succeeded$/m)],
    [1, expect.stringMatching(/failed \(SubmissionRejected\).*400/)],
    [0, expect.stringMatching(/\d+ ok, 0 to look at, 0 failed$/)],
  ]);
});

test.each([100, 80, 40])('at %i columns run and watch show one live line each, then the result', async (columns) => {
  const id = `seen-at-${columns}`;
  const run = lro(columns, 'run', '--id', id, ...UPLOAD, ...BODY, ...HELD);
  // Before anything is waited for.
  expect((await run.shows(/is started/)).split('\n')[0]).toBe(`operation "${id}" is started`);
  const live = /^Running · [1-9]\d* polls? · next poll in [123] s$/m;
  expect((await run.shows(live)).split('\n')).toHaveLength(2);
  const watch = lro(columns, 'watch', id);
  expect((await watch.shows(live)).split('\n')).toHaveLength(1);
  await finish(id);
  expect(await Promise.all([run.ended(), watch.ended()])).toEqual([0, 0]);
  const [ofRun, ofWatch] = await Promise.all([run.lines(), watch.lines()]);
  expect(ofRun.slice(1)).toEqual(ofWatch);
  expect(ofWatch[0]).toBe('status       Succeeded');
  expect(ofRun.join('\n')).not.toContain('next poll');
});

test('Ctrl-C leaves an operation running, says how to see it again, and that works', async () => {
  const id = 'left alone';
  const run = lro(100, 'run', '--id', id, ...UPLOAD, ...BODY, ...HELD);
  await run.shows(/· next poll in/);
  run.type(KEYS.ctrlC);
  expect(await run.ended()).toBe(130);
  const lines = await run.lines();
  expect(lines[0]).toBe(`operation "${id}" is started`);
  expect(lines.at(-1)).toMatch(/stopped watching; the operation goes on\. To see it again: lro watch 'left alone'$/);
  expect(run.written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(run.written.lastIndexOf('\u001b[?25l'));

  const status = lro(100, 'status', id);
  expect(await status.ended()).toBe(0);
  expect(await status.text()).toMatch(/^state +running$/m);
  const watch = lro(100, 'watch', id);
  await watch.shows(/· next poll in/);
  await finish(id);
  expect(await watch.ended()).toBe(0);
});

test('a batch shows a bar with rate and ETA, at 100, 80 and 40 columns', async () => {
  const item = (id: string, plan: object): object => ({
    id,
    submit: {
      path: '/mapData',
      query: { dataFormat: 'geojson' },
      headers: { 'Emulator-Plan': JSON.stringify(plan) },
      body: { type: 'FeatureCollection', features: [] },
    },
  });
  const items = [
    ...Array.from({ length: QUICK_ITEMS }, (_, index) => item(`quick-${index}`, { durationSeconds: 0, retryAfter: '0' })),
    ...Array.from({ length: SLOW_ITEMS }, (_, index) => item(`slow-${index}`, { durationSeconds: SLOW_SECONDS, retryAfter: '1' })),
  ];
  const total = items.length;
  writeFileSync(join(dev.folder, 'batch.yaml'), JSON.stringify({ items, defaults: { connection: 'maps' }, maxInFlight: total }));
  const run = lro(100, 'batch', 'run', '--input', 'batch.yaml', '--id', 'nightly-7');
  await run.shows(/^batch "nightly-7" is started$/m);
  const watches = [lro(80, 'watch', 'nightly-7'), lro(40, 'batch', 'result', 'nightly-7')];
  const bar = new RegExp(`^█+░+ \\d+/${total} · \\d+(\\.\\d)? items/s · ETA \\d+`, 'm');
  const [ofRun, at80, at40] = await Promise.all([
    run.shows(bar),
    watches[0]!.shows(bar),
    watches[1]!.shows(new RegExp(`^█+░+ \\d+/${total} · .*…$`, 'm')),
  ]);
  expect([ofRun, at80, at40].map((seen) => seen.split('\n').length)).toEqual([2, 1, 1]);
  expect(ofRun).toMatch(/ETA \d+ (s|min \d+ s) · \d+ open$/);
  expect([at80, at40].map((line) => line.length <= 80)).toEqual([true, true]);
  for (const terminal of [run, ...watches]) {
    const code = await terminal.ended();
    const lines = await terminal.lines();
    expect(lines.join('\n')).toMatch(new RegExp(`^items +${total}: ${total} succeeded$`, 'm'));
    expect(code).toBe(0);
    // No line was written that is not on the screen now.
    expect(terminal.written.match(/\n/g)).toHaveLength(lines.length);
  }
});

test('Ctrl-C ends all that dev has started, with exit code 0', async () => {
  const processes = dev.processes();
  expect(processes.length).toBeGreaterThanOrEqual(3);
  expect(await dev.interrupt()).toBe(0);
  expect((await dev.terminal.lines()).at(-1)).toMatch(/ending what was started …$/);
  // The shells that watch over them end by themselves then.
  await eventually(
    () => processes.filter(isAlive),
    (alive) => alive.length === 0,
    10,
  );
  await expect(fetch(dev.emulatorUrl)).rejects.toThrow();
});

test('Ctrl-C while dev is starting ends all of it, too', async () => {
  const starting = dev.lro(['dev', '--port', '0', '--ui-port', '0', '--emulator-port', '0']);
  opened.push(starting);
  await starting.shows(/the emulator is ready/);
  starting.type(KEYS.ctrlC);
  expect(await starting.ended()).toBe(0);
  expect(starting.written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(starting.written.lastIndexOf('\u001b[?25l'));
});
