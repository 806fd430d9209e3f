/** The source of the bytes of a file that is written. */

/** An error of the source, not of the file that is written: its cause is thrown to the caller. */
export class SourceError extends Error {
  constructor(override readonly cause: unknown) {
    super('the source of the bytes failed');
  }
}

/** Bytes to write, whose own errors are distinguished from those of the store that takes them. */
export async function* sourceBytes(bytes: Buffer | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(bytes)) {
    yield bytes;
    return;
  }
  try {
    yield* bytes;
  } catch (error) {
    throw new SourceError(error);
  }
}

/** The same bytes in blocks of `blockBytes`, of which only the last is shorter. Without bytes there is no block. */
export async function* inBlocks(bytes: AsyncIterable<Buffer>, blockBytes: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of bytes) {
    let rest = chunk;
    while (heldBytes + rest.length >= blockBytes) {
      const piece = rest.subarray(0, blockBytes - heldBytes);
      yield Buffer.concat([...held, piece]);
      rest = rest.subarray(piece.length);
      held = [];
      heldBytes = 0;
    }
    if (rest.length > 0) held.push(rest);
    heldBytes += rest.length;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}
