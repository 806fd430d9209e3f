/** The programs of docs/programs.md, run as they stand there, by the commands that stand there. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { randomUUID } from 'node:crypto';
import { LroClient } from '../../src/client';
import type { Child } from '../../src/devserver';
import { buildDrawingPackage, startEmulator, type Emulator } from '../../src/emulator';
import { blocksIn, pageText } from '../docs/blocks';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

const ROOT = resolve(__dirname, '../..');
const PYTHON_FOLDER = join(ROOT, 'examples/python');
/** Kept between runs; another set of requirements is another environment. */
const VENV = join(ROOT, '.cache/python');
const run = promisify(execFile);

const taskQueue = `examples-${randomUUID()}`;
const folder = temporaryFolder();
let emulator: Emulator;
let worker: Child;

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  const configPath = writeConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }, { files: { readBelow: [folder] } });
  worker = await startWorkerProcess({ configPath, address: sharedAddress(), taskQueue });
});

afterAll(async () => {
  await worker.stop();
  await emulator.close();
});

/** Puts a dataset into the emulator, by the way a real one goes. */
async function makeDataset(): Promise<string> {
  const udid = await make('/mapData?dataFormat=dwgzippackage', new Uint8Array(await buildDrawingPackage()));
  return make(`/datasets?conversionId=${await make(`/conversions?udid=${udid}`)}`);
}

async function make(path: string, body?: Uint8Array<ArrayBuffer>): Promise<string> {
  const submitted = await fetch(`${emulator.url}${path}&api-version=2.0`, {
    method: 'POST',
    ...(body && { body, headers: { 'content-type': 'application/octet-stream' } }),
  });
  const statusUrl = submitted.headers.get('operation-location') ?? '';
  for (;;) {
    const status = await fetch(statusUrl);
    const location = status.headers.get('resource-location');
    if (location !== null) return location.replaceAll('"', '').split('/').at(-1) ?? '';
    const { status: word } = (await status.json()) as { status: string };
    if (word === 'Failed') throw new Error(`${path} failed`);
  }
}

async function output(command: string, args: string[]): Promise<string> {
  const env = { ...process.env, TEMPORAL_ADDRESS: sharedAddress(), LRO_TASK_QUEUE: taskQueue };
  return (await run(command, args, { cwd: ROOT, env })).stdout;
}

async function expectLocationThenReason(command: string, program: string): Promise<void> {
  const datasetId = await makeDataset();
  const location = new RegExp(`^accepted: [\\w-]+\nlocation: ${emulator.url}/tilesets/[\\w-]+\n$`);
  const first = await output(command, [program, datasetId]);
  expect(first).toMatch(location);
  // The same id is the same operation, also when it has ended.
  const again = await output(command, [program, datasetId]);
  expect(first).toContain(again.split('\n').at(-2));
  const rejected = await output(command, [program, `no-such-dataset-${randomUUID()}`]);
  expect(rejected).toMatch(/^SubmissionRejected: .*400: BadRequest: 'no-such-dataset-.*' was not found in \/datasets\.\n$/);
}

test('the TypeScript program prints the location of a tileset, and the reason of a rejection', async () => {
  await expectLocationThenReason(process.execPath, 'examples/typescript/tileset.mjs');
});

/** While another request holds its id, a program is refused. */
async function expectConflict(command: string, program: string): Promise<void> {
  const datasetId = `held-${randomUUID()}`;
  const lro = await LroClient.connect({ address: sharedAddress(), taskQueue });
  // Nobody knows it yet: it is asked for again for a minute.
  const holder = await lro.start(
    { connection: 'maps', attach: { statusUrl: '/tilesets/operations/late' } },
    { id: `tileset/${datasetId}` },
  );
  try {
    await eventually(
      () => holder.progress(),
      ({ polls }) => polls > 0,
    );
    const refused = await output(command, [program, datasetId]);
    expect(refused).toMatch(
      /^IdConflict: workflow id "tileset\/held-.*" belongs to another request: runOperation "follow · maps" .*"POST \/tilesets · maps"/,
    );
  } finally {
    await holder.cancel();
    await lro.close();
  }
}

test('the TypeScript program is refused where its id belongs to another request', async () => {
  await expectConflict(process.execPath, 'examples/typescript/tileset.mjs');
});

test('the program that builds a tileset prints its location, and what to go on with when a step fails', async () => {
  const [good, broken] = [join(folder, 'good.zip'), join(folder, 'broken.zip')];
  writeFileSync(good, await buildDrawingPackage());
  writeFileSync(broken, await buildDrawingPackage({ broken: 'missingDwg' }));
  expect(await output(process.execPath, ['examples/typescript/building.mjs', good])).toMatch(/^tileset: http:\S+\/tilesets\/[\w-]+\n$/);
  const failed = await output(process.execPath, ['examples/typescript/building.mjs', broken]);
  expect(failed).toMatch(/^step "conversion" .*failed: .*Level_2\.dwg.* → go on with \{/);
});

test('the TypeScript programs here, on the first page and of the recipes have no type error', async () => {
  const programs = [
    readFileSync(join(ROOT, 'examples/typescript/tileset.mjs'), 'utf8'),
    ...['README.md', 'docs/connections.md'].flatMap((page) =>
      blocksIn(pageText(page), page).flatMap(({ code }) => (code.includes("from 'durable-lro'") ? [code] : [])),
    ),
  ];
  expect(programs).toHaveLength(3);
  // TypeScript's own ending, and beside the package, so that its name leads to it.
  const copies = programs.map((code) => {
    const copy = join(ROOT, 'examples/typescript', `program-${randomUUID()}.mts`);
    writeFileSync(copy, code);
    return copy;
  });
  try {
    const options = '--ignoreConfig --noEmit --strict --target es2022 --module nodenext --types node --skipLibCheck';
    await run(process.execPath, [join(ROOT, 'node_modules/@typescript/native/bin/tsc'), ...options.split(' '), ...copies]);
  } finally {
    for (const copy of copies) rmSync(copy);
  }
});

const pythonTest = hasVenv() ? test : test.skip;
pythonTest(
  'the Python program prints the location of a tileset, and the reason of a rejection',
  async () => {
    await expectLocationThenReason(await venvPython(), 'examples/python/tileset.py');
  },
  300_000,
);

pythonTest(
  'the Python program is refused where its id belongs to another request',
  async () => {
    await expectConflict(await venvPython(), 'examples/python/tileset.py');
  },
  300_000,
);

test.each(['examples/typescript/tileset.mjs', 'examples/typescript/building.mjs', 'examples/python/tileset.py'])(
  'docs/programs.md shows %s word for word',
  (path) => {
    const blocks = [...readFileSync(join(ROOT, 'docs/programs.md'), 'utf8').matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, code]) => code);
    expect(blocks).toContain(readFileSync(join(ROOT, path), 'utf8'));
  },
);

function hasVenv(): boolean {
  const probe = spawnSync('python3', ['-c', 'import venv, ensurepip'], { encoding: 'utf8' });
  if (probe.status === 0) return true;
  const reason = probe.error?.message ?? probe.stderr.trim();
  console.warn(`the Python example is not tested: python3 with venv is needed (${reason})`);
  return false;
}

/** A Python with the example's requirements. */
async function venvPython(): Promise<string> {
  const python = join(VENV, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const requirements = readFileSync(join(PYTHON_FOLDER, 'requirements.txt'), 'utf8');
  const installed = join(VENV, 'installed.txt');
  if (!existsSync(installed) || readFileSync(installed, 'utf8') !== requirements) {
    await run('python3', ['-m', 'venv', '--clear', VENV]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '-r', join(PYTHON_FOLDER, 'requirements.txt')]);
    writeFileSync(installed, requirements);
  }
  return python;
}
