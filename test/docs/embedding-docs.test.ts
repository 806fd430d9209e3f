/** The TypeScript of docs/embedding.md, docs/nexus.md and docs/testing.md compiles against the packages, and the programs there run. With `LRO_LONG=1`. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startChild } from '../../src/devserver';
import { startEmulator } from '../../src/emulator';
import { compile } from '../generate/compiled';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';

const ROOT = join(__dirname, '../..');

/** Blocks that begin with the name of a file, written below `folder`. @returns their names */
function writeProgramsOf(document: string, folder: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```ts\n\/\/ ([\w.-]+\.ts)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => {
    writeFileSync(join(folder, name), code);
    return name;
  });
}

/** The compiler and the bundler take seconds; what the programs do is tested in test/plugin and test/nexus as well. */
const longTest = process.env['LRO_LONG'] === '1' ? test : test.skip;

longTest('the programs of the documents compile, and the host runs operations beside its own activity', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/@temporalio'), join(folder, 'node_modules/@temporalio'));
  const names = ['docs/embedding.md', 'docs/nexus.md'].flatMap((document) => writeProgramsOf(document, folder));
  expect(names.sort()).toEqual(['activities.ts', 'callers.ts', 'lro-worker.ts', 'worker.ts', 'workflows.ts']);
  expect(await compile(folder)).toBe('');

  const emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  const connection = await Connection.connect({ address: sharedAddress() });
  const taskQueue = `host-${randomUUID()}`;
  const host = await startChild({
    name: 'host',
    command: process.execPath,
    args: [join(folder, 'worker.js')],
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: sharedAddress(),
      MAPS_TASK_QUEUE: taskQueue,
      LRO_CONFIG: writeConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }),
    },
    readyLine: /state: 'RUNNING'/,
  });
  try {
    const client = new Client({ connection });
    const built = (datasetId: string): Promise<string> =>
      client.workflow.execute('buildMap', { workflowId: randomUUID(), taskQueue, args: [datasetId] });
    expect(await built('none')).toBe('refused');
    await emulator.admin.addFault({
      match: { method: 'POST', path: '^/tilesets$' },
      action: { answer: { httpStatus: 201, body: { tilesetId: 't1' }, headers: { 'Resource-Location': `${emulator.url}/tilesets/t1` } } },
    });
    expect(await built('some')).toMatch(/^published /);
  } finally {
    await host.stop();
    await connection.close();
    await emulator.close();
  }
});

/** The package `durable-lro-dev`, of what is built here: packing it would take longer than the test. */
function linkDevPackage(folder: string): void {
  const home = join(folder, 'node_modules/durable-lro-dev');
  mkdirSync(home, { recursive: true });
  for (const [name, built] of [
    ['emulator', 'emulator/index'],
    ['devserver', 'devserver/public'],
  ] as const) {
    const target = JSON.stringify(join(ROOT, 'dist', built));
    writeFileSync(join(home, `${name}.js`), `module.exports = require(${target});`);
    writeFileSync(join(home, `${name}.d.ts`), `export * from ${target};`);
  }
}

longTest('the test that docs/testing.md shows does what it says there', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/@temporalio'), join(folder, 'node_modules/@temporalio'));
  linkDevPackage(folder);
  expect(writeProgramsOf('docs/testing.md', folder)).toEqual(['tileset.test.ts']);
  expect(await compile(folder)).toBe('');
  const program =
    "require('./tileset.test.js').run().then((ends) => console.log(JSON.stringify(ends)), (err) => { console.error(err); process.exit(1); })";
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { cwd: folder });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(['Succeeded', 'Succeeded', 'SubmissionRejected', '4']);
});
