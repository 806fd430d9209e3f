/**
 * Tables for people. What scripts read is `--json`.
 *
 * Keeps true: columns are set apart by blanks only, so that a table that is wider than the terminal is still read where it is wrapped.
 */
import Table, { type TableConstructorOptions } from 'cli-table3';
import type { FileRef } from '../../contract';

const BORDERS = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
];

/** No colours and no borders: they would end up in files and pipes, too. */
const PLAIN: TableConstructorOptions = {
  chars: Object.fromEntries(BORDERS.map((part) => [part, part === 'middle' ? '  ' : ''])),
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

type Cell = string | number | undefined;

/** A row each; a row whose value is undefined is left out. */
export function factTable(facts: [name: string, value: Cell][]): string {
  const table = new Table(PLAIN);
  for (const [name, value] of facts) if (value !== undefined) table.push([name, String(value)]);
  return textOf(table);
}

export function listTable(head: string[], rows: Cell[][], whenEmpty: string): string {
  if (rows.length === 0) return whenEmpty;
  const table = new Table({ ...PLAIN, head: head.map((name) => name.toUpperCase()) });
  for (const row of rows) table.push(row.map((cell) => String(cell ?? '')));
  return textOf(table);
}

/** Without the blanks that fill the last column. */
function textOf(table: Table.Table): string {
  return table.toString().replace(/ +$/gm, '');
}

export function fileText(file: FileRef | undefined): string | undefined {
  return file?.path ?? file?.url;
}

/** At most, of a text that the service wrote. */
const MAX_CELL_CHARS = 120;

export function shorten(written: string | undefined): string | undefined {
  if (written === undefined || written.length <= MAX_CELL_CHARS) return written;
  return `${written.slice(0, MAX_CELL_CHARS - 1)}…`;
}
