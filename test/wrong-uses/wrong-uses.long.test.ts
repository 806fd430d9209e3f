/**
 * Every wrong use is tried, and what is said is what docs/wrong-uses.md says. `LRO_RECORD_WRONG_USES=1` writes that file anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sharedAddress } from '../support/in-process';
import { makeBed } from './bed';
import { insidesIn, SECTIONS } from './sections';
import { documentOf, rowText } from './table';
import { walk, type End } from './walk';
import type { Section } from './wrong-use';

const DOCUMENT = resolve(__dirname, '../../docs/wrong-uses.md');
const IS_RECORDING = process.env['LRO_RECORD_WRONG_USES'] === '1';

const ends = new Map<Section, End[]>();
let document = '';

beforeAll(async () => {
  const bed = await makeBed(sharedAddress());
  try {
    for (const section of SECTIONS) ends.set(section, await walk(bed, section));
  } finally {
    await bed.close();
  }
  if (IS_RECORDING) writeFileSync(DOCUMENT, documentOf(SECTIONS.map((section) => ({ section, ends: ends.get(section) ?? [] }))));
  document = readFileSync(DOCUMENT, 'utf8');
}, 900_000);

describe.each(SECTIONS.map((section) => [section.title, section] as const))('%s', (_, section) => {
  test.each(section.rows.map((row, index) => [row.use, row, index] as const))('%s', (_use, row, index) => {
    const end = ends.get(section)?.[index] ?? { code: null, said: '' };
    expect(end).toEqual({ code: row.code, said: end.said });
    for (const part of row.says) expect(end.said).toContain(part);
    expect(insidesIn(end.said)).toEqual([]);
    if (row.varies !== true) expect(document).toContain(rowText(row, end));
  });
});
