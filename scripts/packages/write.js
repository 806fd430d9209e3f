/**
 * What `npm pack` and `npm publish` run: `node scripts/packages/write.js <name>` builds, checks the package of that name and writes its
 * `dist`; `--restore` (root only) puts back the `dist` of the checkout, which holds everything.
 *
 * Keeps true: nothing is packed whose manifest does not fit its files; a checkout has its own `dist` again when packing is over, and when
 * packing was broken off, the next build makes it.
 */
const { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { manifestOf, mistakesOf } = require('./check');
const { COPY, OWN, layoutOf } = require('./layout');
const { DIST, ROOT, readModules } = require('./modules');

/** Where the checkout's own `dist` waits while the root is packed. */
const FULL = join(ROOT, '.packing');
const CLIENT = 'durable-lro-client';

function main([name]) {
  if (name === '--restore') return restore();
  require('../build-if-stale');
  if (process.exitCode) return;
  const modules = readModules();
  const pack = layoutOf(modules).find((found) => found.name === name);
  if (pack === undefined) throw new Error(`there is no package "${name}"`);
  const mistakes = mistakesOf(pack, modules);
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  const target = join(pack.folder, pack.folder === ROOT ? '.packing-new' : 'dist');
  rmSync(target, { recursive: true, force: true });
  for (const [id, kinds] of pack.files) writeModule(target, id, kinds, pack);
  if (pack.folder === ROOT) {
    for (const file of readdirSync(DIST).filter((name) => name.startsWith('workflow-bundle'))) {
      if (file.endsWith('.js')) writeFileSync(join(target, file), withoutFolders(readFileSync(join(DIST, file), 'utf8')));
      else cpSync(join(DIST, file), join(target, file));
    }
    rmSync(FULL, { recursive: true, force: true });
    renameSync(DIST, FULL);
    renameSync(target, DIST);
    return;
  }
  for (const file of ['LICENSE', 'CHANGELOG.md']) cpSync(join(ROOT, file), join(pack.folder, file));
  if (name === CLIENT) {
    rmSync(join(pack.folder, 'schemas'), { recursive: true, force: true });
    cpSync(join(ROOT, 'schemas'), join(pack.folder, 'schemas'), { recursive: true });
  }
}

/** A bundle whose source map names its files relative to this folder: where it was built is nobody's business. */
function withoutFolders(bundle) {
  const marker = ';base64,';
  const at = bundle.lastIndexOf(marker) + marker.length;
  let map = Buffer.from(bundle.slice(at), 'base64').toString();
  for (const folder of [ROOT, dirname(realpathSync(join(ROOT, 'node_modules')))])
    map = map.replaceAll(JSON.stringify(folder).slice(1, -1), () => '.');
  return bundle.slice(0, at) + Buffer.from(map).toString('base64');
}

function restore() {
  if (!existsSync(FULL)) return;
  rmSync(DIST, { recursive: true, force: true });
  renameSync(FULL, DIST);
}

function writeModule(target, id, { code, types }, pack) {
  const copied = id.endsWith('.json') ? [''] : ['.js', '.js.map'];
  put(target, id, code, copied, '.js', (owner) => codeStub(owner, id, pack));
  put(target, id, types, ['.d.ts'], '.d.ts', (owner) => `export * from '${specifierOf(owner, id)}';\n`);
}

function put(target, id, from, copied, extension, stub) {
  if (from === undefined) return;
  mkdirSync(dirname(join(target, id)), { recursive: true });
  if (from === OWN || from === COPY) for (const end of copied) cpSync(join(DIST, `${id}${end}`), join(target, `${id}${end}`));
  else writeFileSync(join(target, `${id}${extension}`), stub(from));
}

function specifierOf(owner, id) {
  return id === 'client/index' ? owner : `${owner}/internal/${id}`;
}

/** The client is always there. Of the other two each does without the other, until somebody asks for what needs it. */
function codeStub(owner, id, pack) {
  if (owner === CLIENT) return `'use strict';\nmodule.exports = require('${specifierOf(owner, id)}');\n`;
  const { version, peerDependencies } = manifestOf(pack);
  const install = `npm install ${owner === 'durable-lro-dev' ? '--save-dev ' : ''}${owner}@${peerDependencies[owner] ?? version}`;
  return `'use strict';
const { dirname, join } = require('node:path');

function packageFolder() {
  let path;
  try {
    path = require.resolve('${owner}/package.json');
  } catch {
    return refuse('this needs the package ${owner}, which is not installed: ${install}');
  }
  const { version } = require(path);
  if (version !== '${version}') return refuse(\`this needs ${owner} ${version}, and \${version} is installed: ${install}\`);
  return dirname(path);
}

function refuse(message) {
  if (require.main !== module) throw new Error(message);
  process.stderr.write(\`\${message}\\n\`);
  process.exit(1);
}

module.exports = require(join(packageFolder(), 'dist/${id}.js'));
`;
}

try {
  main(process.argv.slice(2));
} catch (err) {
  process.stderr.write(`${err.message}\n`);
  process.exitCode = 1;
}
