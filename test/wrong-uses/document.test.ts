/** docs/wrong-uses.md has every wrong use of the list, and each message says what it has to. That programs still say it: the long test beside. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { insidesIn, SECTIONS } from './sections';
import { rowsOf } from './table';

const rows = rowsOf(readFileSync(resolve(__dirname, '../../docs/wrong-uses.md'), 'utf8'));
const listed = SECTIONS.flatMap(({ title, rows: uses }) => uses.map((use) => ({ key: `${title}: ${use.use}`, ...use })));

test('the document has the rows of the list, and no others', () => {
  expect([...rows.keys()]).toEqual(listed.map(({ key }) => key));
  expect(listed.length).toBeGreaterThanOrEqual(90);
});

test.each(listed.map((use) => [use.key, use] as const))('%s', (key, { typed, code, says }) => {
  const row = rows.get(key);
  expect(row).toMatchObject({ typed, code: String(code) });
  for (const part of says) expect(row?.said).toContain(part);
  expect(insidesIn(row?.said ?? '')).toEqual([]);
});

test('exit codes are those of the one table of docs/cli.md', () => {
  const table = readFileSync(resolve(__dirname, '../../docs/cli.md'), 'utf8').split('## Exit codes')[1] ?? '';
  const known = [...table.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  const used = new Set(
    SECTIONS.filter(({ language }) => language === 'bash').flatMap((section) => section.rows.map(({ code }) => Number(code))),
  );
  expect(known).toEqual(expect.arrayContaining([...used]));
});
