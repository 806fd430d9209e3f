/**
 * Which compiled file is in which package: each has what its files import, and no more. It reads `dist/`, which `npm test` builds before.
 *
 * What `npm pack` makes of it is tried in `tarballs.long.test.ts`.
 */
import { join } from 'node:path';

interface Imports {
  modules: Set<string>;
  packages: Set<string>;
}
interface Module {
  id: string;
  code?: Imports;
  types?: Imports;
}
interface Pack {
  name: string;
  files: Map<string, { code?: string; types?: string }>;
}
interface Manifest {
  version: string;
  dependencies: Record<string, string>;
}

const SCRIPTS = join(__dirname, '..', '..', 'scripts', 'packages');
/* eslint-disable @typescript-eslint/no-require-imports -- scripts are JavaScript */
const { readModules } = require(join(SCRIPTS, 'modules.js')) as { readModules: () => Map<string, Module> };
const { layoutOf } = require(join(SCRIPTS, 'layout.js')) as { layoutOf: (modules: Map<string, Module>, bundled?: Set<string>) => Pack[] };
const { manifestOf, mistakesOf } = require(join(SCRIPTS, 'check.js')) as {
  manifestOf: (pack: Pack) => Manifest;
  mistakesOf: (pack: Pack, modules: Map<string, Module>, manifest?: Manifest) => string[];
};
/* eslint-enable @typescript-eslint/no-require-imports */

const modules = readModules();
const packs = layoutOf(modules);
const [client, dev, lro] = packs as [Pack, Pack, Pack];

/** The compiled program with one more import. */
function withImport(from: string, found: { module?: string; package?: string }): Map<string, Module> {
  const { code, ...rest } = modules.get(from)!;
  const changed = {
    ...rest,
    code: {
      modules: new Set([...code!.modules, ...(found.module === undefined ? [] : [found.module])]),
      packages: new Set([...code!.packages, ...(found.package === undefined ? [] : [found.package])]),
    },
  };
  return new Map([...modules, [from, changed]]);
}

test.each(packs)('$name declares what its files import, at the versions of the lock, and nothing else', (pack) => {
  expect(mistakesOf(pack, modules)).toEqual([]);
});

test('every file has one package', () => {
  for (const id of modules.keys()) {
    const owners = packs.filter(({ files }) => files.get(id)?.code === 'own').map(({ name }) => name);
    expect([id, owners.length]).toEqual([id, id === 'hosting/build-bundle' ? 0 : 1]);
  }
});

test('the classes of the client are those of the client package wherever they are exported', () => {
  expect(lro.files.get('client/index')).toEqual({ code: 'durable-lro-client', types: 'durable-lro-client' });
  for (const [id, { code }] of lro.files) if (client.files.get(id)?.code === 'own') expect([id, code]).not.toEqual([id, 'own']);
});

test('programs that are started by their path are there', () => {
  expect(lro.files.get('emulator/main')).toEqual({ code: dev.name });
  expect(dev.files.get('worker')).toEqual({ code: lro.name });
});

test("what the demo has of lro is that of the worker's package", () => {
  const changed = layoutOf(withImport('cli/demo/temporal', { module: 'cli/lro/failures' }));
  expect(changed[1]!.files.get('cli/lro/failures')).toEqual({ code: lro.name });
  expect(changed[2]!.files.get('cli/lro/failures')).toMatchObject({ code: 'own' });
});

test('an import that the client may not have is named, with the file that has it', () => {
  expect(() => layoutOf(withImport('client/calls', { module: 'http/send' }))).toThrow(
    /^durable-lro-client may not have these files:\n {2}http\/send, which client\/calls imports/,
  );
  const changed = withImport('client/calls', { package: 'fastify' });
  expect(mistakesOf(layoutOf(changed)[0]!, changed)).toEqual([
    'durable-lro-client: client/calls imports fastify, which its package.json does not name',
  ]);
});

test('a dependency that nobody imports is named, and so is one of another version than the lock', () => {
  const manifest = manifestOf(client);
  const dependencies = { ...manifest.dependencies, axios: '1.0.0', zod: '4.0.0' };
  expect(mistakesOf(client, modules, { ...manifest, dependencies })).toEqual([
    expect.stringMatching(/^durable-lro-client: its package.json names zod 4\.0\.0, and the lock has /),
    'durable-lro-client: its package.json names axios, which none of its files imports',
    expect.stringMatching(/^durable-lro-client: its package.json names axios 1\.0\.0, and the lock has /),
  ]);
  expect(mistakesOf(client, modules, { ...manifest, version: '0.0.9' })).toEqual([
    `durable-lro-client: is version 0.0.9, and durable-lro is ${manifest.version}`,
  ]);
});

test('a class in a file that two packages have is named', () => {
  const bundled = new Set(['client/errors']);
  expect(mistakesOf(layoutOf(modules, bundled)[2]!, modules)).toContain('durable-lro: client/errors is a copy, and has a class');
});
