/** `npm run demo`, as a process without a terminal: what it shows, its exit code, and that nothing of it is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { startChild, type Child } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { DEMO, expectNothingLeft, processesOf } from './processes';

interface Demo extends Child {
  /** Its folders lie here, and the environment of all its processes names it. */
  folder: string;
}

/** @param untilLine resolves when the demo has written such a line */
async function startDemo(untilLine: RegExp, env: Record<string, string> = {}): Promise<Demo> {
  const folder = temporaryFolder();
  const child = await startChild({
    name: 'the demo',
    command: process.execPath,
    args: [DEMO],
    env: { TEMPORAL_ADDRESS: undefined, LRO_TASK_QUEUE: undefined, FORCE_COLOR: undefined, ...env, TMPDIR: folder },
    readyLine: untilLine,
  });
  return Object.assign(child, { folder });
}

/** Steps as they were before they were broken into lines. */
function unwrapped(shown: string): string {
  return shown.replace(/\n {15,}(?=\S)/g, ' ');
}

test.concurrent('the demo shows a chain that survives the kill of its worker, a rejection and a failure, and leaves nothing', async () => {
  const demo = await startDemo(/takes work/);
  expect(processesOf(demo).length).toBeGreaterThanOrEqual(4);
  const exit = await demo.exited;
  const lines = demo.output();
  expect({ ...exit, lines }).toMatchObject({ code: 0 });
  expect(lines.split('\n').filter((line) => line.length > 100)).toEqual([]);
  const shown = unwrapped(lines);

  for (const [name, path] of Object.entries({
    upload: 'mapData/metadata',
    conversion: 'conversions',
    dataset: 'datasets',
    tileset: 'tilesets',
  })) {
    expect(shown).toMatch(new RegExp(`✓ ${name} +/${path}/[\\w-]+ \\(\\d+ polls?, `));
  }
  for (const name of ['tileset', 'rejected', 'broken']) {
    expect(shown).toMatch(new RegExp(`http://127\\.0\\.0\\.1:\\d+/namespaces/default/workflows/demo%2F${name}%2F`));
  }
  expect(shown).toMatch(/✗ rejected +SubmissionRejected: .*'no-such-dataset' was not found in \/datasets/);
  expect(shown).toMatch(
    /✗ failed +StepFailed: step "conversion" .*The manifest names the layer 'NO-SUCH-LAYER', which no drawing of the package has/,
  );
  expect(shown).toMatch(/pid \d+ ended by SIGKILL while the conversion waits/);
  expect(shown).toMatch(/polled again \d+\.\d s after the kill/);
  expect(shown).toMatch(
    /1 POST per operation: upload 1, conversion 1, dataset 1, tileset 1, rejected 1, broken-upload 1, broken-conversion 1\n/,
  );
  expect(shown).toMatch(/✓ temporal +dev server at 127\.0\.0\.1:\d+, pid \d+ by \/\S+ \(from .+\)\n/);
  expect(shown).toMatch(/the links above lead nowhere\. .* npm run demo -- --keep\n$/s);
  // Plain lines where nobody looks on.
  expect(shown).not.toContain('\x1b');
  await expectNothingLeft(demo);
});

test.concurrent('Ctrl-C in the middle ends every process of the demo, and not the server that TEMPORAL_ADDRESS names', async () => {
  const demo = await startDemo(/ended by SIGKILL/, { TEMPORAL_ADDRESS: sharedAddress() });
  expect(processesOf(demo).length).toBeGreaterThanOrEqual(2);
  expect(await demo.kill('SIGINT')).toEqual({ code: 130, signal: null });
  await expectNothingLeft(demo);
  const connection = await Connection.connect({ address: sharedAddress() });
  await connection.close();
});

test.concurrent('Ctrl-C while Temporal is starting leaves nothing behind', async () => {
  const demo = await startDemo(/a drawing package becomes a tileset/);
  for (const giveUpAtMs = Date.now() + 10_000; processesOf(demo).length < 3 && Date.now() < giveUpAtMs;) await sleep(20);
  expect(await demo.kill('SIGINT')).toEqual({ code: 130, signal: null });
  await expectNothingLeft(demo);
});
