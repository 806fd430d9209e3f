/**
 * The compression of DWG sections since AutoCAD 2004: LZ77 with offsets up to 48 KiB.
 * Source: Open Design Alliance, "Open Design Specification for .dwg files", chapter 4.7.
 */
import { CorruptDrawingError } from './corrupt';

const END = 0x11;

/**
 * @param size of the result in bytes; whatever the source leaves of it stays zero.
 * @throws CorruptDrawingError when the source ends too early, or refers to bytes outside the result.
 */
export function decompress(source: Uint8Array, size: number): Buffer {
  const result = Buffer.alloc(size);
  let read = 0;
  let written = 0;

  /** The opcode after the literals; 0 asks for one from the source. */
  let opcode = copyLiterals(literalCount());
  while (opcode !== END) {
    const literals = opcode >= 0x40 ? copyShort(opcode) : copyLong(opcode);
    opcode = copyLiterals(literals === 0 ? literalCount() : { count: literals, opcode: 0 });
  }
  return result;

  function next(): number {
    const byte = source[read];
    if (byte === undefined) throw new CorruptDrawingError('a compressed section ends too early');
    read += 1;
    return byte;
  }

  /** A length that is continued over zero bytes, each worth 255. */
  function longLength(start: number): number {
    let length = start;
    let byte = next();
    for (; byte === 0; byte = next()) length += 0xff;
    return length + byte;
  }

  /** How many literal bytes follow; a byte that is no such count is the next opcode. */
  function literalCount(): { count: number; opcode: number } {
    const byte = next();
    if (byte >= 0x10) return { count: 0, opcode: byte };
    return { count: byte === 0 ? longLength(0x0f) + 3 : byte + 3, opcode: 0 };
  }

  function copyLiterals(found: { count: number; opcode: number }): number {
    if (read + found.count > source.length || written + found.count > size)
      throw new CorruptDrawingError('a compressed section is too long');
    result.set(source.subarray(read, read + found.count), written);
    read += found.count;
    written += found.count;
    return found.opcode === 0 ? next() : found.opcode;
  }

  function copyShort(code: number): number {
    copyBack((next() << 2) | ((code & 0x0c) >> 2), (code >> 4) - 1);
    return code & 3;
  }

  function copyLong(code: number): number {
    const isNear = code >= 0x20;
    const short = isNear ? code & 0x1f : code & 0x07;
    const length = short === 0 ? longLength(isNear ? 0x21 : 9) : short + 2;
    const first = next();
    const offset = (first >> 2) | (next() << 6);
    copyBack(isNear ? offset : offset + ((code & 8) << 11) + 0x3fff, length);
    return first & 3;
  }

  /** Copies byte by byte: source and target may overlap. */
  function copyBack(offset: number, length: number): void {
    const from = written - offset - 1;
    if (from < 0 || written + length > size) throw new CorruptDrawingError('a compressed section refers to bytes outside of it');
    for (let index = 0; index < length; index += 1) result.writeUInt8(result.readUInt8(from + index), written + index);
    written += length;
  }
}
