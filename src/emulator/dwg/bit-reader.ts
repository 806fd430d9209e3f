/** Reads the bit codes of DWG files. Source: "Open Design Specification for .dwg files", chapter 2. Beyond the end it throws a RangeError. */
export class BitReader {
  private position = 0;

  constructor(
    private readonly bytes: Buffer,
    startByte: number,
  ) {
    this.position = startByte * 8;
  }

  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1, this.position += 1) {
      value = value * 2 + ((this.bytes.readUInt8(this.position >> 3) >> (7 - (this.position & 7))) & 1);
    }
    return value;
  }

  raw(byteCount: number): Buffer {
    return Buffer.from(Array.from({ length: byteCount }, () => this.bits(8)));
  }

  rawDouble(): number {
    return this.raw(8).readDoubleLE();
  }

  /** BS */
  short(): number {
    const code = this.bits(2);
    if (code === 0) return this.raw(2).readInt16LE();
    if (code === 1) return this.bits(8);
    return code === 2 ? 0 : 256;
  }

  /** BL */
  long(): number {
    const code = this.bits(2);
    if (code === 0) return this.raw(4).readInt32LE();
    return code === 1 ? this.bits(8) : 0;
  }

  /** BLL */
  longLong(): void {
    this.raw(this.bits(3));
  }

  /** BD */
  double(): number {
    const code = this.bits(2);
    if (code === 0) return this.rawDouble();
    return code === 1 ? 1 : 0;
  }

  /** H */
  handle(): void {
    this.bits(4);
    this.raw(this.bits(4));
  }
}
