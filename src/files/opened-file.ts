/**
 * A file that is open, and the counting of its bytes.
 *
 * Keeps true: whoever reads a file to its end has got exactly what was announced, or an error before the last byte.
 */
import { FileUnreadableError } from './errors';

/** Part of a file: `bytes` of them (at least 1) from `offset` on. What lies behind the file's end is left out. */
export interface ByteRange {
  offset: number;
  bytes: number;
}

/**
 * A file that is open. `sizeBytes` is what `bytes` will yield, where the source knows it. `bytes` can be read once, and throws
 * `FileUnreadableError` when the source breaks off; `close` is always called.
 */
export interface OpenedFile {
  sizeBytes?: number;
  /** Changes when the file changes, if its source can tell. */
  version?: string;
  bytes: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** All bytes of a file that is small, or of a range; closes it. */
export async function wholeOf(opened: OpenedFile): Promise<Buffer> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of opened.bytes) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await opened.close();
  }
}

/** How many bytes of `range` a file of `sizeBytes` has. */
export function bytesWithin(range: ByteRange, sizeBytes: number): number {
  return Math.max(0, Math.min(range.bytes, sizeBytes - range.offset));
}

/** The bytes of `source`, the last of them only once it is sure that no more and no fewer than `sizeBytes` came. */
export async function* exactly(sizeBytes: number | undefined, source: AsyncIterable<Buffer>, label: string): AsyncGenerator<Buffer> {
  let seen = 0;
  let held: Buffer | undefined;
  for await (const chunk of source) {
    if (held !== undefined) yield held;
    held = chunk;
    seen += chunk.length;
    if (sizeBytes !== undefined && seen > sizeBytes) break;
  }
  if (sizeBytes !== undefined && seen !== sizeBytes) throw new FileUnreadableError(`${label} changed its size while it was read`);
  if (held !== undefined) yield held;
}

/** Only `range` of `source`, which is read no further than that. */
export async function* cut(range: ByteRange, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let before = range.offset;
  let left = range.bytes;
  for await (const chunk of source) {
    const wanted = chunk.subarray(Math.min(before, chunk.length)).subarray(0, left);
    before -= Math.min(before, chunk.length);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left === 0) return;
  }
}

/** `source`, whose own error (which may hold anything) becomes what `translate` makes of it. */
export async function* translated(source: AsyncIterable<Buffer>, translate: (error: unknown) => Error): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw translate(error);
  }
}

/** What an empty file yields. */
export const NO_BYTES: AsyncIterable<Buffer> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
