/**
 * What is wrong with the packages as their manifests and the compiled files are.
 *
 * Keeps true: a package declares exactly what its files import, in the version that this repository is tested with.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { COPY, OWN } = require('./layout');
const { ROOT, DIST } = require('./modules');

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The `package.json` of a package of the layout. */
function manifestOf({ folder }) {
  return readJson(join(folder, 'package.json'));
}

/** Names of what a package's files import, each with one file that does. */
function importsOf({ files }, modules) {
  const found = new Map();
  for (const [id, kinds] of files) {
    for (const [kind, from] of Object.entries(kinds)) {
      if (from !== OWN && from !== COPY) found.set(from, id);
      else for (const name of modules.get(id)[kind].packages) if (!found.has(name)) found.set(name, id);
    }
  }
  return found;
}

/**
 * One line for each mistake; none where all is right.
 * @param pack of the layout @param manifest its `package.json` @param versions of the lock, by name
 */
function mistakesOf(pack, modules, manifest = manifestOf(pack), versions = lockedVersions()) {
  const { name, files, pinned = [] } = pack;
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const declared = { ...peerDependencies, ...dependencies };
  const imported = importsOf(pack, modules);
  const mistakes = [];
  for (const [found, id] of imported) {
    if (!Object.hasOwn(declared, found)) mistakes.push(`${name}: ${id} imports ${found}, which its package.json does not name`);
  }
  for (const [found, version] of Object.entries(declared)) {
    const isOptional = peerDependenciesMeta[found]?.optional === true;
    if (!imported.has(found) && !pinned.includes(found))
      mistakes.push(`${name}: its package.json names ${found}, which none of its files imports`);
    if (!isOptional && version !== versions[found]) {
      mistakes.push(`${name}: its package.json names ${found} ${version}, and the lock has ${versions[found] ?? 'none'}`);
    }
  }
  for (const [id, { code }] of files) {
    if (code === COPY && !id.endsWith('.json') && /^(?:exports\.\w+ = )?class \w/m.test(readFileSync(join(DIST, `${id}.js`), 'utf8')))
      mistakes.push(`${name}: ${id} is a copy, and has a class`);
  }
  const { version } = readJson(join(ROOT, 'package.json'));
  if (manifest.version !== version) mistakes.push(`${name}: is version ${manifest.version}, and durable-lro is ${version}`);
  return mistakes;
}

/** The versions that are installed here, and that of this project. */
function lockedVersions() {
  const { packages } = readJson(join(ROOT, 'package-lock.json'));
  const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/') && !path.includes('/node_modules/'));
  return Object.fromEntries(
    installed.map(([path, { version, link, resolved }]) => [
      path.slice('node_modules/'.length),
      link === true ? packages[resolved].version : version,
    ]),
  );
}

module.exports = { manifestOf, mistakesOf };
