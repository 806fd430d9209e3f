/**
 * `npm run architecture`: draws the picture and the table of rooms in docs/architecture.md from the imports in `src`.
 * With `--check` nothing is written, and the exit code is 1 when they are not what the imports say. Other documents may be named.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const prettier = require('prettier');
const RULES = require('../.dependency-cruiser.js');
const ROOMS = require('./rooms.js');

const ROOT = join(__dirname, '..');
const DOCUMENT = join(ROOT, 'docs', 'architecture.md');
const BEGIN = '<!-- drawn by `npm run architecture`: -->';
const END = '<!-- end of what is drawn -->';

/** `src/lro/status.ts` and `src/contract.ts` are in the rooms `lro` and `contract`. */
function roomOf(file) {
  return /^src\/([\w-]+)(\/|\.ts$)/.exec(file)?.[1];
}

/** The imports of each room: by room, whether they are of types only. */
function importsOf(modules) {
  const imports = new Map(ROOMS.map(({ name }) => [name, new Map()]));
  for (const { source, dependencies } of modules) {
    const from = roomOf(source);
    for (const { resolved, dependencyTypes } of dependencies) {
      const to = roomOf(resolved);
      if (from === undefined || to === undefined || from === to) continue;
      const before = imports.get(from).get(to) ?? true;
      imports.get(from).set(to, before && dependencyTypes.includes('type-only'));
    }
  }
  return imports;
}

/** Whether other imports lead from `from` to `to` as well: imports of code over code only, imports of types over anything. */
function isImplied(from, to, imports) {
  const isTypesOnly = imports.get(from).get(to);
  const next = (room) => [...imports.get(room)].filter(([, ofTypes]) => isTypesOnly || !ofTypes).map(([name]) => name);
  const seen = new Set();
  const reaches = (room) => {
    if (room === to) return true;
    if (seen.has(room)) return false;
    seen.add(room);
    return next(room).some(reaches);
  };
  return next(from).some((room) => room !== to && reaches(room));
}

function picture(imports) {
  const lines = ROOMS.toReversed().flatMap(({ name }) =>
    [...imports.get(name)]
      .filter(([to]) => !isImplied(name, to, imports))
      .map(([to, isTypesOnly]) => `  ${name} ${isTypesOnly ? '-.->' : '-->'} ${to}`),
  );
  const alone = ROOMS.filter(({ name }) => !lines.some((line) => line.split(' ').includes(name))).map(({ name }) => `  ${name}`);
  return ['```mermaid', 'flowchart TD', ...lines, ...alone, '```'].join('\n');
}

function table(imports) {
  const order = ROOMS.map(({ name }) => name);
  const rows = ROOMS.toReversed().map(({ name, purpose }) => {
    const found = [...imports.get(name)].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    const list = found.map(([to, isTypesOnly]) => (isTypesOnly ? `_${to}_` : to)).join(', ');
    return `| \`${name}\` | ${purpose} | ${list || 'no other'} |`;
  });
  return ['| room | what it is for | imports (_types only_) |', '|---|---|---|', ...rows].join('\n');
}

/** The document as the imports say that it is. */
async function drawnIn(document, written, imports) {
  const [before, rest] = written.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (after === undefined) throw new Error(`${document} has no place for the picture: "${BEGIN}" and "${END}"`);
  const drawn = [before, BEGIN, '\n\n', picture(imports), '\n\n', table(imports), '\n\n', END, after].join('');
  return prettier.format(drawn, { ...(await prettier.resolveConfig(DOCUMENT)), parser: 'markdown' });
}

async function main() {
  const { cruise } = await import('dependency-cruiser');
  const named = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  const documents = named.length === 0 ? [DOCUMENT] : named.map((path) => resolve(path));
  process.chdir(ROOT);
  const { output } = await cruise(['src'], { ...RULES.options, includeOnly: '^src/' });
  const imports = importsOf(output.modules);
  for (const document of documents) {
    const written = readFileSync(document, 'utf8');
    const text = await drawnIn(document, written, imports);
    if (text === written) continue;
    if (process.argv.includes('--check')) {
      console.error(`${document} is not what the imports in src say: "npm run architecture" draws it anew`);
      process.exitCode = 1;
    } else {
      writeFileSync(document, text);
    }
  }
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
