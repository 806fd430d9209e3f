/**
 * Finds the layer names that a drawing does not have.
 *
 * The objects of a drawing are packed bit by bit, so a name may begin at any bit: the section is looked through in all eight shifts. What is
 * looked for is a text of just this length, so `A-WALL` is not found in `A-WALL-EXST`. A name that is not found is no layer for certain. One
 * that is found may be something else (the name of a block, a label), as long as objects are not read one by one.
 */
const lowerCase = Uint8Array.from({ length: 256 }, (_unused, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

/** @param objects the section `AcDb:AcDbObjects`. @returns those of the names that are texts in it; letter case does not matter */
export function namesIn(objects: Buffer, names: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const patterns = new Map([...names].map((name) => [name, patternOf(name)]));
  for (let shift = 0; shift < 8 && patterns.size > 0; shift += 1) {
    const shifted = shiftedLowerCase(objects, shift);
    for (const [name, pattern] of patterns) {
      if (!shifted.includes(pattern)) continue;
      found.add(name);
      patterns.delete(name);
    }
  }
  return found;
}

/** A text is its length in one byte (as all names are shorter than 256) and UTF-16. */
function patternOf(name: string): Buffer {
  const pattern = Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'utf16le')]);
  return Buffer.from(pattern.map((byte) => lowerCase[byte] ?? byte));
}

function shiftedLowerCase(bytes: Buffer, shift: number): Buffer {
  const result = Buffer.alloc(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    const pair = ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
    result[index] = lowerCase[(pair >> (8 - shift)) & 0xff] ?? 0;
  }
  return result;
}
