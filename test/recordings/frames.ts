/** The screens that a recording comes to, as a terminal draws them. */
import { Terminal, type IBufferCell } from '@xterm/headless';
import type { Cast } from './cast';

/** What stands together in one style. */
export interface Run {
  column: number;
  text: string;
  style: Style;
}

export interface Style {
  /** Of the palette's first 16; undefined: the usual one. */
  color: number | undefined;
  bold: boolean;
  dim: boolean;
}

export type Row = Run[];

export interface Frame {
  atSeconds: number;
  rows: Row[];
}

/** What comes within it is one screen. */
const FRAME_SECONDS = 0.06;

export async function framesOf({ columns, rows, events }: Cast): Promise<Frame[]> {
  const screen = new Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [index, { atSeconds, text }] of events.entries()) {
    await new Promise<void>((resolve) => screen.write(text, resolve));
    const next = events[index + 1];
    if (next !== undefined && next.atSeconds - atSeconds < FRAME_SECONDS) continue;
    const frame = { atSeconds, rows: Array.from({ length: rows }, (_, row) => rowOf(screen, row)) };
    if (JSON.stringify(frame.rows) !== JSON.stringify(frames.at(-1)?.rows)) frames.push(frame);
  }
  screen.dispose();
  return frames;
}

function rowOf(screen: Terminal, row: number): Row {
  const { active } = screen.buffer;
  const line = active.getLine(active.viewportY + row);
  const runs: Row = [];
  for (let column = 0; column < screen.cols; column++) {
    const cell = line?.getCell(column);
    const text = cell?.getChars() ?? '';
    const last = runs.at(-1);
    if (cell === undefined || text === '' || text === ' ') {
      // A blank belongs to what it follows.
      if (last !== undefined && last.column + last.text.length === column) last.text += ' ';
      continue;
    }
    const style = styleOf(cell);
    if (last !== undefined && last.column + last.text.length === column && JSON.stringify(last.style) === JSON.stringify(style))
      last.text += text;
    else runs.push({ column, text, style });
  }
  for (const run of runs) run.text = run.text.trimEnd();
  return runs;
}

function styleOf(cell: IBufferCell): Style {
  return { color: cell.isFgPalette() ? cell.getFgColor() : undefined, bold: cell.isBold() !== 0, dim: cell.isDim() !== 0 };
}
