/**
 * Finds pieces of secrets in text that is in its normal form.
 *
 * Keeps true: the time is linear in the text, whatever the number and the length of the secrets. Nothing is compiled from a secret, and no
 * error can quote one.
 */
import { randomInt } from 'node:crypto';

/** So many successive characters of a long secret are looked for, wherever in it they stand. */
export const WINDOW_CHARS = 12;

/** Index of the first character of a piece and the one behind its last. */
export type Found = (start: number, end: number) => void;

// Of its own: a global is looked up at every use, which in some contexts costs more than all the rest.
const { imul } = Math;

/** An odd multiplier of its own for each process: nobody outside can make texts whose hashes all meet. */
const BASE = randomInt(2 ** 20, 2 ** 31 - 1) | 1;
/** What the first character of a window adds to its hash. */
const LEAVING = Array.from({ length: WINDOW_CHARS }).reduce<number>((power) => imul(power, BASE), 1);

function spread(hash: number): number {
  const mixed = imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** All windows of some texts. */
export class WindowIndex {
  private readonly chars: Buffer;
  /** Position in `chars` and one, by hash; 0: free. Open addressing, at most a quarter full. */
  private readonly table: Int32Array;
  private readonly mask: number;

  /** @param texts each at least {@link WINDOW_CHARS} long */
  constructor(texts: readonly Buffer[]) {
    this.chars = Buffer.concat(texts);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, this.chars.length * 4)));
    this.table = new Int32Array(size);
    this.mask = size - 1;
    let start = 0;
    for (const text of texts) {
      this.addWindows(start, text.length);
      start += text.length;
    }
  }

  /** Calls `found` for every window of `text` that is one of these. Calls are in order and may overlap. */
  find(text: Buffer, found: Found): void {
    const { table, mask } = this;
    let hash = 0;
    for (let index = 0; index < text.length; index++) {
      hash = imul(hash, BASE) + (text[index] ?? 0);
      if (index >= WINDOW_CHARS) hash -= imul(LEAVING, text[index - WINDOW_CHARS] ?? 0);
      else if (index < WINDOW_CHARS - 1) continue;
      hash |= 0;
      let slot = spread(hash) & mask;
      for (let entry = table[slot] ?? 0; entry !== 0; entry = table[slot] ?? 0) {
        const start = index - WINDOW_CHARS + 1;
        if (this.isAt(entry - 1, text, start)) {
          found(start, index + 1);
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
  }

  private addWindows(start: number, length: number): void {
    const { table, mask, chars } = this;
    for (let offset = start; offset + WINDOW_CHARS <= start + length; offset++) {
      let hash = 0;
      for (let index = offset; index < offset + WINDOW_CHARS; index++) hash = (imul(hash, BASE) + (chars[index] ?? 0)) | 0;
      let slot = spread(hash) & mask;
      let isNew = true;
      for (let entry = table[slot] ?? 0; entry !== 0 && isNew; entry = table[slot] ?? 0) {
        if (this.isAt(entry - 1, chars, offset)) isNew = false;
        else slot = (slot + 1) & mask;
      }
      if (isNew) table[slot] = offset + 1;
    }
  }

  private isAt(position: number, text: Buffer, start: number): boolean {
    for (let index = 0; index < WINDOW_CHARS; index++) if (this.chars[position + index] !== text[start + index]) return false;
    return true;
  }
}

/** Calls `found` wherever all of `wanted` stands in `text`. */
export function findWhole(text: Buffer, wanted: Buffer, found: Found): void {
  if (wanted.length === 0) return;
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) found(at, at + wanted.length);
}
