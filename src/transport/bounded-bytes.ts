/**
 * The bytes of a body up to a limit.
 *
 * Keeps true: memory stays near the limit, in pieces of whatever size the bytes come, and time is linear in them.
 */

/** What is longer than one piece is given so much room first. */
const FIRST_BYTES = 16_384;

export class BoundedBytes {
  private bytes: Buffer | undefined;
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  /** Takes what there is room for, and returns the rest. */
  add(chunk: Buffer): Buffer | undefined {
    const room = this.maxBytes - this.length;
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (this.bytes === undefined) this.bytes = taken;
    else this.append(this.bytes, taken);
    this.length += taken.length;
    return chunk.length > room ? chunk.subarray(room) : undefined;
  }

  /** All that were taken. */
  get all(): Buffer {
    return this.bytes?.subarray(0, this.length) ?? Buffer.alloc(0);
  }

  /** Copied as it comes, from the second piece on: a small piece keeps the whole block alive that it was read into. */
  private append(bytes: Buffer, chunk: Buffer): void {
    const length = this.length + chunk.length;
    let target = bytes;
    // The first piece is not ours to write to.
    if (length > bytes.length || bytes.length === this.length) {
      target = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(FIRST_BYTES, 2 * bytes.length, length)));
      bytes.copy(target, 0, 0, this.length);
      this.bytes = target;
    }
    chunk.copy(target, this.length);
  }
}
