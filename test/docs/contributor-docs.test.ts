/** Documents name files, tests, other documents and activities: all of them exist. CONTRIBUTING.md has a room for every change that people ask about. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const documents = ['.', 'docs']
  .flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  )
  .concat('packages/client/README.md', 'packages/dev/README.md');

/** Paths of this project between backticks, as far as they are paths: `src/lro/status.ts: decideStatus`, `test/protocol/…` */
function pathsIn(text: string): string[] {
  const named = [...text.matchAll(/`((?:src|test|docs|scripts|bench|deploy|examples)\/[\w./-]+)(?::[^`]*)?`/g)];
  return [...new Set(named.map(([, path = '']) => path))];
}

/** Targets of links that lead to files of this project. */
function linksIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target = '']) => target))];
}

/** As GitHub names the headings of a document. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function missingPaths(text: string): string[] {
  return pathsIn(text).filter((path) => !existsSync(join(root, path)));
}

function brokenLinks(document: string, text: string): string[] {
  return linksIn(text).filter((target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? document : join(dirname(document), path);
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && (statSync(join(root, file)).isDirectory() || !anchorsOf(read(file)).includes(anchor));
  });
}

describe.each(documents)('%s', (document) => {
  // Elsewhere, of other projects.
  const text = read(document).replace(/^\[\^[\w-]+\]: .*$/gm, '');

  test('names files that are there', () => {
    expect(missingPaths(text)).toEqual([]);
  });

  test('links to what is there', () => {
    expect(brokenLinks(document, text)).toEqual([]);
  });
});

test('what is missing is found', () => {
  expect(missingPaths('in `src/lro/status.ts: decideStatus`, not in `src/lro/nothing.ts`')).toEqual(['src/lro/nothing.ts']);
  const text = '[a](docs/batches.md#input) [b](docs/batches.md#output) [c](docs/nothing.md) [d](https://example.com/nothing.md)';
  expect(brokenLinks('README.md', text)).toEqual(['docs/batches.md#output', 'docs/nothing.md']);
});

describe('CONTRIBUTING.md', () => {
  const rows = read('CONTRIBUTING.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  test.each([
    'a new dialect',
    'a new kind of credentials',
    'a batch option',
    'an outcome',
    'a result field',
    'completion by a webhook',
    'a circuit breaker',
    'own metrics',
    'a payload codec',
    'a second task queue',
  ])('says which files and which test %s concerns', (change) => {
    const [, , rooms = '', tests = ''] = rows.find(([, name]) => name === change) ?? [];
    expect(pathsIn(rooms).filter((path) => path.startsWith('src/'))).not.toEqual([]);
    expect(pathsIn(tests).filter((path) => path.startsWith('test/'))).not.toEqual([]);
  });

  test('names scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read('CONTRIBUTING.md').matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

test('docs/architecture.md names activities that workers have', () => {
  const registered = read('src/activities/index.ts') + read('src/activities/batch/report.ts');
  const named = [...read('docs/architecture.md').matchAll(/`(lro\.\w+)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !registered.includes(`'${name}'`))).toEqual([]);
});

test('one Node.js is used everywhere: .nvmrc, the image, and what package.json asks for', () => {
  const major = read('.nvmrc').trim();
  expect(major).toMatch(/^\d+$/);
  const images = [...read('Dockerfile').matchAll(/^FROM node:(\d+)\./gm)].map(([, version]) => version);
  expect(images).toEqual([major, major]);
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  expect(Number(major)).toBeGreaterThanOrEqual(Number(/^>=(\d+)/.exec(engines.node)?.[1]));
});

test('CHANGELOG.md has an entry for the version of package.json, newest first', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const versions = [...read('CHANGELOG.md').matchAll(/^## \[([^\]]+)\]/gm)].map(([, name]) => name);
  expect(versions[0]).toBe('Unreleased');
  expect(versions[1]).toBe(version);
});
