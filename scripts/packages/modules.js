/**
 * The compiled files and what they import.
 *
 * Keeps true: whatever a file loads is found, also the programs that it starts by their path in `dist`.
 */
const { existsSync, readdirSync, readFileSync, statSync } = require('node:fs');
const { isBuiltin } = require('node:module');
const { join, posix } = require('node:path');
const ts = require('typescript');

const ROOT = join(__dirname, '..', '..');
const DIST = join(ROOT, 'dist');

/** A text that may be the path of a program: `'emulator/main.js'`. */
const PROGRAM = /(?<!require\()["'`]((?:\.\.\/)*[\w-]+(?:\/[\w-]+)*)\.js["'`]/g;

/** @typedef {{ modules: Set<string>, packages: Set<string> }} Imports modules by their path in `dist` without extension, packages by name */
/** @typedef {{ id: string, code?: Imports, types?: Imports }} Module `code` is of the `.js`, or of JSON; `types` of the `.d.ts` */

/** All modules of `dist`, by their path without extension; JSON files keep theirs. */
function readModules() {
  if (!existsSync(DIST)) throw new Error('there is no dist: run "npm run build" first');
  const files = readdirSync(DIST, { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  const modules = new Map();
  const moduleOf = (id) => modules.get(id) ?? modules.set(id, { id }).get(id);
  for (const file of files) {
    if (/^workflow-bundle/.test(file) || file.endsWith('.map') || statSync(join(DIST, file)).isDirectory()) continue;
    if (file.endsWith('.json')) moduleOf(file).code = { modules: new Set(), packages: new Set() };
    else if (file.endsWith('.d.ts')) moduleOf(file.slice(0, -5)).types = importsOf(file, '.d.ts');
    else if (file.endsWith('.js')) moduleOf(file.slice(0, -3)).code = importsOf(file, '.js');
  }
  for (const module of modules.values()) addPrograms(module, modules);
  return modules;
}

function importsOf(file, extension) {
  const imports = { modules: new Set(), packages: new Set() };
  const { importedFiles } = ts.preProcessFile(readFileSync(join(DIST, file), 'utf8'), true, true);
  for (const { fileName } of importedFiles) {
    if (fileName.startsWith('.')) imports.modules.add(resolved(file, fileName, extension));
    else if (!isBuiltin(fileName)) imports.packages.add(packageOf(fileName));
  }
  return imports;
}

function resolved(file, written, extension) {
  const path = posix.join(posix.dirname(file), written);
  const found = [path, `${path}/index`].find((id) => existsSync(join(DIST, `${id}${extension}`)));
  if (found !== undefined) return found;
  if (path.endsWith('.json') && existsSync(join(DIST, path))) return path;
  throw new Error(`dist/${file} imports "${written}", which is not there`);
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function addPrograms({ id, code }, modules) {
  if (code === undefined || id.endsWith('.json')) return;
  for (const [, path] of readFileSync(join(DIST, `${id}.js`), 'utf8').matchAll(PROGRAM)) {
    // Relative to the file, or to `dist`.
    const program = [posix.join(posix.dirname(id), path), path].find((found) => modules.has(found));
    if (program !== undefined && program !== id) code.modules.add(program);
  }
}

/** What the entries lead to. @param without ids of modules that are not looked into */
function closureOf(entries, modules, without) {
  const seen = new Set();
  const add = (id) => {
    if (seen.has(id) || without.test(id)) return;
    seen.add(id);
    const module = modules.get(id);
    if (module === undefined) throw new Error(`there is no dist/${id}.js`);
    for (const { modules: imported } of [module.code, module.types].filter(Boolean)) imported.forEach(add);
  };
  entries.forEach(add);
  return seen;
}

module.exports = { ROOT, DIST, readModules, closureOf };
