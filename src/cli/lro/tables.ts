/**
 * Tables for people. What scripts read is `--json`.
 */
import Table from 'cli-table3';
import type { FileRef } from '../../contract';

/** No colours: they would end up in files and pipes, too. */
const PLAIN = { head: [], border: [], compact: true };

type Cell = string | number | undefined;

/** A row each; a row whose value is undefined is left out. */
export function factTable(facts: [name: string, value: Cell][]): string {
  const table = new Table({ style: PLAIN });
  for (const [name, value] of facts) if (value !== undefined) table.push([name, String(value)]);
  return table.toString();
}

export function listTable(head: string[], rows: Cell[][], whenEmpty: string): string {
  if (rows.length === 0) return whenEmpty;
  const table = new Table({ head, style: PLAIN });
  for (const row of rows) table.push(row.map((cell) => String(cell ?? '')));
  return table.toString();
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
