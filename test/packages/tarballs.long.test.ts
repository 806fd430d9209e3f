/** The three packages as people get them: packed, installed into empty projects, imported, type-checked and run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { provisionTemporalCli, startChild } from '../../src/devserver';
import { megabytesOf, packAll, projectWith, ROOT, run, succeed, write, type PackageName } from './packed';

jest.setTimeout(900_000);

let tarballs: Record<PackageName, string>;
/** Projects with the client alone, with the worker as well, and with all three. */
let clientOnly: string;
let withWorker: string;
let withAll: string;

beforeAll(async () => {
  tarballs = await packAll();
  const { 'durable-lro-client': client, 'durable-lro': lro, 'durable-lro-dev': dev } = tarballs;
  clientOnly = await projectWith([client]);
  withWorker = await projectWith([client, lro]);
  withAll = await projectWith([client, lro, dev]);
});

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

function packageFolder(project: string, name: string): string {
  return join(project, 'node_modules', name);
}

/** What a program writes, as CommonJS and as ESM. */
async function asBoth(project: string, names: string[], specifier: string): Promise<string[]> {
  const list = names.join(', ');
  write(project, {
    'a.cjs': `const { ${list} } = require('${specifier}'); console.log(${names.map((name) => `typeof ${name}`).join(', ')});`,
    'a.mjs': `import { ${list} } from '${specifier}'; console.log(${names.map((name) => `typeof ${name}`).join(', ')});`,
  });
  return Promise.all(['a.cjs', 'a.mjs'].map(async (file) => (await succeed(process.execPath, [file], project)).trim()));
}

test.each([
  ['durable-lro-client', ['LroClient', 'OperationError', 'ConfigError', 'encryptedData']],
  ['durable-lro', ['LroClient', 'OperationError', 'ConfigError', 'encryptedData']],
  ['durable-lro/worker', ['createLroWorker', 'loadConfig', 'prometheusMetrics']],
  ['durable-lro/plugin', ['LroPlugin']],
  ['durable-lro-dev/emulator', ['startEmulator', 'EmulatorAdmin', 'buildDrawingPackage']],
  ['durable-lro-dev/devserver', ['startDevServer', 'provisionTemporalCli']],
])('%s is imported by CommonJS and by ESM', async (specifier, names) => {
  const functions = names.map(() => 'function').join(' ');
  expect(await asBoth(withAll, names, specifier)).toEqual([functions, functions]);
});

test('the Nexus service is imported by CommonJS and by ESM', async () => {
  expect(await asBoth(withAll, ['lroService'], 'durable-lro/nexus')).toEqual(['object', 'object']);
});

test('the client takes less than 60 MB, has its schemas, and brings no worker', async () => {
  const mb = megabytesOf(join(clientOnly, 'node_modules'));
  expect(mb).toBeLessThan(60);
  // Other people's machines have other packages: Temporal's client is most of it.
  expect(mb).toBeGreaterThan(20);
  const found = [...readdirSync(join(clientOnly, 'node_modules')), ...readdirSync(join(clientOnly, 'node_modules', '@temporalio'))];
  expect(found).toEqual(expect.arrayContaining(['durable-lro-client', 'client', 'common']));
  for (const heavy of ['worker', 'core-bridge', 'fastify', 'libsql', 'axios', '@azure', 'commander']) expect(found).not.toContain(heavy);
  write(clientOnly, {
    's.cjs': `console.log(require('durable-lro-client/schemas/run-operation.input.json').$schema !== undefined)`,
  });
  expect(await succeed(process.execPath, ['s.cjs'], clientOnly)).toBe('true\n');
});

test('what a client out of durable-lro throws is of the classes of durable-lro-client', async () => {
  write(withWorker, {
    'classes.mjs': `
      import { Client, Connection } from '@temporalio/client';
      import * as client from 'durable-lro-client';
      import * as lro from 'durable-lro';
      import { loadConfig } from 'durable-lro/worker';
      const thrown = async (call) => { try { await call(); } catch (err) { return err; } };
      const made = new lro.LroClient({ client: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }) });
      const schedule = await thrown(() => made.schedules.create({ id: 'a', times: {}, batch: {} }));
      const config = await thrown(() => loadConfig('none.yaml'));
      console.log(made instanceof client.LroClient, schedule instanceof client.ScheduleError, config instanceof client.ConfigError);
      console.log(Object.keys(lro).filter((name) => lro[name] !== client[name]).join());
    `,
  });
  expect(await succeed(process.execPath, ['classes.mjs'], withWorker)).toBe('true true true\n\n');
});

test.each(['node16', 'bundler'])('a program is type-checked under moduleResolution %s', async (moduleResolution) => {
  const program = `
    import { LroClient, OperationError, type OperationInput } from 'durable-lro';
    import { LroClient as SameClient, type OperationResult } from 'durable-lro-client';
    import { createLroWorker, loadConfig } from 'durable-lro/worker';
    import { LroPlugin } from 'durable-lro/plugin';
    import { lroService } from 'durable-lro/nexus';
    import { startEmulator, EmulatorAdmin } from 'durable-lro-dev/emulator';
    import { startDevServer } from 'durable-lro-dev/devserver';
    interface Building { name: string }
    export const uses = [createLroWorker, loadConfig, LroPlugin, lroService, startEmulator, EmulatorAdmin, startDevServer, OperationError];
    export const input: OperationInput<Building> = { submit: { path: '/buildings', body: { name: 'a' } } };
    export async function build(lro: LroClient): Promise<OperationResult<Building>> {
      const same: SameClient = lro;
      // @ts-expect-error an id is a text
      same.get(7);
      // @ts-expect-error a path is a text
      await startEmulator({ port: 'x' });
      // @ts-expect-error its file is a text
      loadConfig(7);
      return same.execute<Building>(input);
    }
  `;
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', lib: ['es2023'], types: [], esModuleInterop: true },
    ...{ moduleResolution, module: moduleResolution === 'node16' ? 'node16' : 'esnext' },
  };
  write(withAll, {
    'consumer.mts': program,
    'consumer.cts': program,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['consumer.mts', 'consumer.cts'] }),
  });
  await succeed(process.execPath, [TSC, '-p', '.'], withAll);
});

test('lro says its help, and what to install for lro dev', async () => {
  const lro = join(packageFolder(withWorker, 'durable-lro'), 'dist', 'cli', 'lro.js');
  expect(await succeed(process.execPath, [lro, '--help'], withWorker)).toContain('Usage: lro <command> [options]');
  expect(await run(process.execPath, [lro, 'dev'], withWorker)).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^this needs the package durable-lro-dev, which is not installed: npm install --save-dev durable-lro-dev@\S+\n$/,
    ) as string,
  });
});

test('the demo of the installed packages runs to its end', async () => {
  const { path } = await provisionTemporalCli();
  const { code, stdout, stderr } = await run(join(withAll, 'node_modules', '.bin', 'lro-demo'), [], withAll, { TEMPORAL_CLI_PATH: path });
  expect([code, stderr, stdout]).toEqual([0, expect.anything(), expect.stringContaining('saw 1 POST per operation')]);
});

test('lro dev of the installed packages runs, and so does the plugin beside it', async () => {
  const { path } = await provisionTemporalCli();
  const dev = await startChild({
    name: 'lro dev',
    command: join(withAll, 'node_modules', '.bin', 'lro'),
    args: ['dev', '--port', '0', '--ui-port', '0', '--emulator-port', '0', '--config', join(withAll, 'lro.config.yaml')],
    env: { TEMPORAL_CLI_PATH: path },
    readyLine: /Temporal +(127\.0\.0\.1:\d+)/,
    stopGraceSeconds: 60,
  });
  try {
    write(withAll, {
      'plugin.mjs': `
        import { NativeConnection, Worker } from '@temporalio/worker';
        import { LroClient, OperationError } from 'durable-lro';
        import { LroPlugin } from 'durable-lro/plugin';
        const [address, taskQueue] = [process.argv[2], 'plugin'];
        const connection = await NativeConnection.connect({ address });
        const plugins = [new LroPlugin({ config: 'lro.config.yaml' })];
        const worker = await Worker.create({ connection, namespace: 'default', taskQueue, plugins });
        const lro = await LroClient.connect({ address, taskQueue });
        await worker.runUntil(async () => {
          const submit = { path: '/tilesets?datasetId=none' };
          const end = await lro.execute({ connection: 'maps', submit }).catch((err) => err);
          console.log(end instanceof OperationError, end.type);
        });
        await lro.close();
        await connection.close();
      `,
    });
    expect(await succeed(process.execPath, ['plugin.mjs', dev.ready?.[1] ?? ''], withAll)).toBe('true SubmissionRejected\n');
  } finally {
    await dev.stop();
  }
  expect(await dev.exited).toMatchObject({ code: 0 });
});

test.each(['durable-lro-client', 'durable-lro-dev', 'durable-lro'] as const)(
  '%s has its licence, changelog and readme, and the sources of its source maps',
  (name) => {
    const folder = packageFolder(withAll, name);
    for (const file of ['LICENSE', 'CHANGELOG.md', 'README.md']) expect([file, existsSync(join(folder, file))]).toEqual([file, true]);
    if (name === 'durable-lro') expect(existsSync(join(folder, 'docs', 'cli.md'))).toBe(true);
    const dist = join(folder, 'dist');
    const compiled = readdirSync(dist, { recursive: true }).map((file) => join(dist, normalize(file as string)));
    const maps = compiled.filter((file) => file.endsWith('.js.map'));
    expect(maps.length).toBeGreaterThan(20);
    for (const map of maps) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[]; sourcesContent?: string[] };
      expect([map, sources.length, sourcesContent?.length, sourcesContent?.[0]]).toEqual([map, 1, 1, expect.stringMatching(/\S/)]);
    }
    for (const file of compiled.filter((path) => path.endsWith('.js'))) {
      const code = readFileSync(file, 'utf8');
      const named = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(code)?.[1];
      // Of a bundle it stands in the file itself; nobody learns where that was built.
      const [, inline] = named?.split(';base64,') ?? [];
      const map = Buffer.from(inline ?? '', 'base64').toString();
      expect([file, map.includes(ROOT), map.includes(join(tmpdir(), 'durable-lro-'))]).toEqual([file, false, false]);
      if (named !== undefined && inline === undefined) expect([file, existsSync(join(dirname(file), named))]).toEqual([file, true]);
    }
  },
);
