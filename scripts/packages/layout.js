/**
 * Which compiled file belongs to which of the three packages.
 *
 * Keeps true: a file has one package, and in the others a stub that loads it from there, so that there is one class of each name, whoever
 * exports it. Only what runs in workflows stands in two: a bundle's stamp is a hash of the files beside it, and none of them has a class.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { ROOT, DIST, closureOf } = require('./modules');

/** Not imported: fastify takes any version of it, and the newest ones need Node 22. */
const PINNED = ['light-my-request'];

/**
 * `entries` and what they lead to belong to the package, unless it belongs to one before. `typed` are the entries that other programs import;
 * `rooms` (absent: any) are the folders that it may take files of; `without` is left to others, `pinned` are dependencies for the sake of their version. The last one takes the rest.
 */
const PACKAGES = [
  {
    name: 'durable-lro-client',
    folder: join(ROOT, 'packages', 'client'),
    // What a data converter names by its path; and what both others share with it.
    entries: ['client/index', 'encryption/failure-converter', 'setup/index', 'text/reason'],
    rooms: /^(client|config|contract|encryption|identity|jobs|lro|schema|setup|text)\//,
  },
  {
    name: 'durable-lro-dev',
    folder: join(ROOT, 'packages', 'dev'),
    entries: ['emulator/index', 'emulator/main', 'devserver/public', 'devserver/index', 'cli/demo'],
    typed: ['emulator/index', 'devserver/public'],
    // The demo starts the worker, and speaks as lro does: both are there when it runs.
    without: /^(worker$|cli\/lro\/)/,
    pinned: PINNED,
    rooms: /^(emulator|devserver|cli\/demo)(\/|$)/,
  },
  {
    name: 'durable-lro',
    folder: ROOT,
    typed: ['client/index', 'hosting/index', 'nexus/index', 'plugin/index', 'workflows/index'],
    // Of the build.
    without: /^hosting\/build-bundle$/,
    pinned: PINNED,
  },
];

/** A file's own package, and one that has it as well. */
const OWN = 'own';
const COPY = 'copy';

/** Modules that stand in the bundles of the workflows. */
function workflowModules() {
  return new Set(JSON.parse(readFileSync(join(DIST, 'workflow-bundle-encoding-failures.json'), 'utf8')).modules);
}

/**
 * What each package holds: by module, whether its code and its types are its own (`own`), a `copy`, or a stub of the package that is named;
 * absent where it has none.
 * @throws Error that names each file that a package would take and may not have
 */
function layoutOf(modules, bundled = workflowModules()) {
  const owner = new Map();
  for (const { name, entries = [...modules.keys()], rooms = /^/, without = /^$/ } of PACKAGES) {
    const found = [...closureOf(entries, modules, without)];
    const taken = found.filter((id) => !owner.has(id));
    const wrong = taken.filter((id) => !rooms.test(id));
    if (wrong.length > 0) {
      const lines = wrong.map((id) => `  ${id}, which ${importerOf(id, found, modules)} imports`);
      throw new Error(`${name} may not have these files:\n${lines.join('\n')}`);
    }
    for (const id of taken) owner.set(id, name);
  }
  return PACKAGES.map((pack) => ({ ...pack, files: filesOf(pack, modules, owner, bundled) }));
}

function importerOf(id, found, modules) {
  return found.find((other) => [modules.get(other).code, modules.get(other).types].some((kind) => kind?.modules.has(id))) ?? 'nobody';
}

function filesOf({ name, typed }, modules, owner, bundled) {
  const files = new Map();
  const isOwn = (id) => owner.get(id) === name;
  const put = (id, kind) => {
    if (files.get(id)?.[kind] !== undefined || modules.get(id)[kind] === undefined) return;
    const isCopied = kind === 'code' && name === 'durable-lro' && (bundled.has(id) || id.endsWith('.json'));
    const from = isOwn(id) ? OWN : isCopied ? COPY : owner.get(id);
    files.set(id, { ...files.get(id), [kind]: from });
    if (from === OWN || from === COPY) for (const found of modules.get(id)[kind].modules) put(found, kind);
  };
  const own = [...modules.keys()].filter(isOwn);
  for (const id of [...own, ...(typed ?? [])]) put(id, 'code');
  // Others load any of the client's files, with their types; of the rest nobody reads types but through the entries.
  for (const id of typed ?? own) put(id, 'types');
  if (name === 'durable-lro') for (const id of bundled) put(id, 'code');
  return files;
}

module.exports = { PACKAGES, OWN, COPY, layoutOf };
