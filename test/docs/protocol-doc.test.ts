/**
 * docs/protocol.md names functions and tests: all of them exist, and no dialect and no error answer is without one.
 * docs/comparison.md says nothing without a test or a source.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRESETS } from '../../src/lro/dialects';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Row {
  section: string;
  cells: string[];
  keepers: string[];
  tests: string[];
}

/** Rows of tables whose last two columns are "kept by" and "shown by". */
function rowsOf(document: string): Row[] {
  const rows: Row[] = [];
  let section = '';
  let inTable = false;
  for (const line of document.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3).trim();
    const cells = line.startsWith('|')
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : [];
    if (cells.length === 0) inTable = false;
    else if (cells.at(-1) === 'shown by') inTable = true;
    else if (inTable && !/^-+$/.test(cells[0] ?? '')) {
      rows.push({ section, cells, keepers: codesOf(cells.at(-2)), tests: codesOf(cells.at(-1)) });
    }
  }
  return rows;
}

function codesOf(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** `src/lro/status.ts: decideStatus`, `test/protocol/status.test.ts: a title: with colons` */
function splitName(name: string): [file: string, what: string] {
  const colon = name.indexOf(': ');
  return [name.slice(0, colon), name.slice(colon + 2)];
}

function defines(source: string, name: string): boolean {
  const declaration = new RegExp(`^(export )?(async )?(function|class|const) ${name}\\b`, 'm');
  const method = new RegExp(`^  ((private|protected|public|static|async) )*${name}(<.*>)?\\((.*\\{|)$`, 'm');
  return declaration.test(source) || method.test(source);
}

/** The title stands in the file as a whole text, in quotes of either kind. */
function hasTitle(source: string, title: string): boolean {
  return [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`].some((text) => source.includes(text));
}

const rows = rowsOf(read('docs/protocol.md'));
const keepers = [...new Set(rows.flatMap((row) => row.keepers))];
const tests = [...new Set(rows.flatMap((row) => row.tests))];

test('every rule names the function that keeps it and the test that shows it', () => {
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((row) => row.keepers.length === 0 || row.tests.length === 0)).toEqual([]);
});

test.each(keepers)('%s exists', (keeper) => {
  const [file, name] = splitName(keeper);
  expect(file).toMatch(/^src\//);
  expect(existsSync(join(root, file))).toBe(true);
  expect(defines(read(file), name)).toBe(true);
});

test.each(tests)('%s exists', (shown) => {
  const [file, title] = splitName(shown);
  expect(file).toMatch(/^test\/.*\.test\.ts$/);
  expect(existsSync(join(root, file))).toBe(true);
  expect(hasTitle(read(file), title)).toBe(true);
});

test('the check itself finds what is missing', () => {
  const [shown = ''] = tests;
  const [file, title] = splitName(shown);
  expect(hasTitle(read(file), title.slice(1))).toBe(false);
  expect(defines(read('src/lro/status.ts'), 'decideNothing')).toBe(false);
  expect(defines(read('src/lro/status.ts'), 'withCookies')).toBe(false);
});

test.each([
  'Creator V2, Azure data plane',
  'Azure Maps Route Matrix',
  'Azure Resource Manager, monitor',
  'Azure Resource Manager, Location',
  'Azure Maps Route and Search v1',
  'Creator V1, Microsoft Fabric',
  'Microsoft Graph copy',
  'PUT of a resource',
])('the dialect "%s" has a row', (dialect) => {
  expect(rows.filter(({ section, cells }) => section === 'Dialects' && cells[0] === dialect)).toHaveLength(1);
});

test.each(Object.keys(PRESETS))('the job API "%s" has a row', (preset) => {
  expect(rows.filter(({ section, cells }) => section === 'Other job APIs' && cells[0] === preset)).toHaveLength(1);
});

test.each([
  '400, 404, 405, 409, 410, 412, 413, 415, 422, other 4xx',
  '401, 403',
  '429, 503 with `Retry-After`',
  '408, 425, 503 without `Retry-After`',
  '501 to an idempotency header',
  '3xx',
  'connection refused, DNS, TLS',
  '500, 502, 504, connection lost, timeout',
  'worker killed meanwhile',
  '408, 425, 429, 5xx, network',
  '404 right after the submit',
  '404 later',
  '410',
  'other 4xx',
])('the error answer "%s" has a row', (answer) => {
  const found = rows.filter(({ section, cells }) => section === 'Error answers' && cells[0] === answer);
  expect(found).toHaveLength(answer === '401, 403' ? 2 : 1);
});

describe('the comparison', () => {
  const comparison = read('docs/comparison.md');
  const [body = ''] = comparison.split('\n[^js]: ');
  const notes = new Map([...comparison.matchAll(/^\[\^([\w-]+)\]: (.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']));
  const named = [...new Set([...notes.values()].flatMap(codesOf))].filter((name) => name.startsWith('test/'));

  test('has a note in every cell of its tables', () => {
    const rowsInTables = body.split('\n').filter((line) => /^\| /.test(line) && !/^\| *(-|.*\| this worker *\|$)/.test(line));
    expect(rowsInTables.length).toBeGreaterThan(30);
    const cells = rowsInTables.flatMap((line) => line.split('|').slice(2, -1));
    expect(cells.filter((cell) => !/\[\^[\w-]+\]/.test(cell))).toEqual([]);
  });

  test('has no note that is not defined, and none that is not used', () => {
    const used = new Set([...body.matchAll(/\[\^([\w-]+)\]/g)].map((match) => match[1] ?? ''));
    expect([...used].sort()).toEqual([...notes.keys()].sort());
  });

  test.each(named)('%s exists', (shown) => {
    const [file, title] = splitName(shown);
    expect(existsSync(join(root, file))).toBe(true);
    expect(hasTitle(read(file), title)).toBe(true);
  });
});
