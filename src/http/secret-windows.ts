/**
 * Finds pieces of secrets in text that is in its normal form.
 *
 * Keeps true:
 * 1. The time is linear in the text, whatever the number and the length of the secrets. Nothing is compiled from a secret, and no error can quote one.
 * 2. Only every fifth window of eight characters is kept: each piece of twelve holds one of them whole, and tokens of 16 KiB that come and go cost
 *    milliseconds.
 */
import { randomInt } from 'node:crypto';

/** So many successive characters of a long secret are looked for, wherever in it they stand. */
export const WINDOW_CHARS = 12;

/** Of these windows every one at a multiple of {@link STEP} is kept. */
const KEY_CHARS = 8;
const STEP = WINDOW_CHARS - KEY_CHARS + 1;
/** A piece goes on so far beyond the first and the last kept window in it, and from one to the next, at most. */
const REACH = STEP - 1;

/** Index of the first character of a piece and the one behind its last. */
export type Found = (start: number, end: number) => void;

// Of its own: a global is looked up at every use, which in some contexts costs more than all the rest.
const { imul, min } = Math;

/** An odd multiplier of its own for each process: nobody outside can make texts whose hashes all meet. */
const BASE = randomInt(2 ** 20, 2 ** 31 - 1) | 1;
/** What the first character of a window adds to its hash. */
const LEAVING = Array.from({ length: KEY_CHARS }).reduce<number>((power) => imul(power, BASE), 1);

function spread(hash: number): number {
  const mixed = imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Stands between the texts, and in none. */
const BETWEEN = Buffer.alloc(REACH);

/** Pieces of some texts. */
export class WindowIndex {
  private readonly chars: Buffer;
  /** Position in `chars`, by hash; 0: free. Open addressing, at most a quarter full. */
  private readonly table: Int32Array;
  private readonly mask: number;

  /** @param texts each at least {@link WINDOW_CHARS} long */
  constructor(texts: readonly Buffer[]) {
    this.chars = Buffer.concat([BETWEEN, ...texts.flatMap((text) => [text, BETWEEN])]);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, (this.chars.length * 4) / STEP)));
    this.table = new Int32Array(size);
    this.mask = size - 1;
    let start = REACH;
    for (const text of texts) {
      for (let offset = start; offset + KEY_CHARS <= start + text.length; offset += STEP) this.keep(offset);
      start += text.length + REACH;
    }
  }

  /**
   * Calls `found` for the pieces of `text` that begin in a part of it and stand in one of these texts. Calls may overlap; together they cover every
   * piece of at least {@link WINDOW_CHARS} characters, and nothing else.
   */
  find(text: Buffer, from: number, to: number, found: Found): void {
    const { table, mask } = this;
    const end = min(to + KEY_CHARS - 1, text.length);
    let hash = 0;
    for (let index = from; index < end; index++) {
      hash = imul(hash, BASE) + (text[index] ?? 0);
      const start = index - KEY_CHARS + 1;
      if (start > from) hash -= imul(LEAVING, text[start - 1] ?? 0);
      else if (start < from) continue;
      hash |= 0;
      let slot = spread(hash) & mask;
      for (let entry = table[slot] ?? 0; entry !== 0; entry = table[slot] ?? 0) {
        this.compare(entry, text, start, found);
        slot = (slot + 1) & mask;
      }
    }
  }

  private keep(offset: number): void {
    const { table, mask, chars } = this;
    let hash = 0;
    for (let index = offset; index < offset + KEY_CHARS; index++) hash = (imul(hash, BASE) + (chars[index] ?? 0)) | 0;
    let slot = spread(hash) & mask;
    for (let entry = table[slot] ?? 0; entry !== 0; entry = table[slot] ?? 0) {
      // Also what stands around it is the same.
      if (this.isAt(entry, chars, offset, REACH)) return;
      slot = (slot + 1) & mask;
    }
    table[slot] = offset;
  }

  /** Whether what stands at `position` here stands at `start` there, with so many characters before and behind it. */
  private isAt(position: number, text: Buffer, start: number, around: number): boolean {
    for (let index = -around; index < KEY_CHARS + around; index++) if (this.chars[position + index] !== text[start + index]) return false;
    return true;
  }

  private compare(position: number, text: Buffer, start: number, found: Found): void {
    const { chars } = this;
    if (!this.isAt(position, text, start, 0)) return;
    let before = 0;
    while (before < REACH && start - before > 0 && chars[position - before - 1] === text[start - before - 1]) before++;
    let behind = KEY_CHARS;
    const most = min(KEY_CHARS + REACH, text.length - start);
    while (behind < most && chars[position + behind] === text[start + behind]) behind++;
    if (before + behind >= WINDOW_CHARS) found(start - before, start + behind);
  }
}

/** So many pieces at most are found in one go. */
const MOST_AT_ONCE = 10_000;

/** Calls `found` where all of `wanted` stands in `text` from `from` on; returns where to go on, -1 when there is no more. */
export function findWhole(text: Buffer, wanted: Buffer, from: number, found: Found): number {
  if (wanted.length === 0) return -1;
  let at = text.indexOf(wanted, from);
  for (let count = 0; at !== -1 && count < MOST_AT_ONCE; count++) {
    found(at, at + wanted.length);
    at = text.indexOf(wanted, at + 1);
  }
  return at;
}
