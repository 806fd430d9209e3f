/**
 * Which characters of a text are masked.
 *
 * Keeps true: linear in the text, however many parts of it are marked, and however they overlap.
 */
import { SLICE_CHARS } from './slices';

/** Stands for a secret. */
export const MASK = '***';
/** Pieces that are put together in one step. */
const PIECES_AT_ONCE = 4096;

export class Marks {
  private marked: Uint8Array | undefined;

  constructor(private readonly text: string) {}

  /** From `start` to the character before `end`. */
  add(start: number, end: number): void {
    (this.marked ??= new Uint8Array(this.text.length)).fill(1, start, end);
  }

  /** The text with `***` for each part that is marked. */
  *masked(): Generator<void, string> {
    const { marked, text } = this;
    if (marked === undefined) return text;
    let result = '';
    let pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const start = indexOf(marked, 1, at);
      const end = indexOf(marked, 0, start);
      pieces.push(text.slice(at, start), start < end ? MASK : '');
      // Long stretches count for what they cost.
      if (pieces.length >= PIECES_AT_ONCE || end - at > SLICE_CHARS) {
        result += pieces.join('');
        pieces = [];
        yield;
      }
      at = end;
    }
    return result + pieces.join('');
  }
}

function indexOf(marked: Uint8Array, value: 0 | 1, from: number): number {
  const found = marked.indexOf(value, from);
  return found === -1 ? marked.length : found;
}
