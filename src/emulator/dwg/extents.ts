/**
 * How large a drawing is: `$EXTMIN`, `$EXTMAX` and `$INSUNITS` among the header variables of an AC1032 file.
 *
 * The variables stand one after the other, each as long as its value needs, so all before the wanted ones are read.
 * Source: "Open Design Specification for .dwg files", chapter 9.
 */
import { BitReader } from './bit-reader';
import { metersPerUnit } from './units';

/** In metres, relative to the drawing's origin: x to the right, y upwards. */
export interface Extents {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

const startSentinel = 'cf7b1f23fdde38a95f7c68b84e6d335f';
/** Sentinel, size, and the size's upper half. */
const variablesStart = 24;
/** Nobody draws a building of this size; somewhere far out a forgotten line lies. */
const maxMeters = 20_000;

/**
 * Types of the variables, in order: B bit, S short, L long, D double, 3 three doubles, 2 two raw doubles, C colour, H handle.
 * Strings and most handles are kept elsewhere and do not count.
 */
const upToInsertionBase = [
  'DDDD LL', // nameless, the first is 412148564080
  'BB BBBBBBB B BBBB BB BBB BB', // DIMASO to PELLIPSE
  'S SSSSS S S LLL SSSSS', // PROXYGRAPHICS to USERI5
  'SSSSSSSSSSSSSS', // SPLINESEGS to TEXTQLTY
  'DDDDDDDDD DDDDD DDDDDDD', // LTSCALE to CELTSCALE
  'LLLL LLL LL LL', // TDCREATE to TDUSRTIMER
  'C H D', // CECOLOR, HANDSEED, PSVPSCALE
  '333 22 D 333 S 333333', // paper space, PINSBASE to PUCSORGBACK
  '3', // INSBASE
].join('');
const betweenExtentsAndUnits = [
  '22 D 333 S 333333', // LIMMIN to UCSORGBACK
  'DDDDDDDDD DDSC', // DIMSCALE to DIMTFILLCLR
  'BBBBBBSSS S DDDDDDDD D B S BBBB', // DIMTOL to DIMSOXD
  'CCC SSSSSSSSSSS BB SSSS B S B BDD SS', // DIMCLRD to DIMLWE
  'SS L', // TSTACKALIGN to FLAGS
].join('');

/**
 * @param header the section `AcDb:Header`.
 * @param isMetric `$MEASUREMENT`: what a drawing without units counts in, millimetres or inches.
 * @returns undefined when the drawing is empty, or its header is not as expected.
 */
export function readExtents(header: Buffer, isMetric: boolean): Extents | undefined {
  if (header.toString('hex', 0, 16) !== startSentinel) return undefined;
  const reader = new BitReader(header, variablesStart);
  reader.raw(4);
  reader.longLong();
  skip(reader, upToInsertionBase);
  const low = point(reader);
  const high = point(reader);
  skip(reader, betweenExtentsAndUnits);
  const scale = metersPerUnit(reader.short(), isMetric);
  const extents = { minX: low.x * scale, minY: low.y * scale, maxX: high.x * scale, maxY: high.y * scale };
  const isUsable = Object.values(extents).every((meters) => Math.abs(meters) <= maxMeters);
  return isUsable && extents.minX < extents.maxX && extents.minY < extents.maxY ? extents : undefined;
}

function point(reader: BitReader): { x: number; y: number } {
  const x = reader.double();
  const y = reader.double();
  reader.double();
  return { x, y };
}

function skip(reader: BitReader, types: string): void {
  for (const type of types.replaceAll(' ', '')) {
    if (type === 'B') reader.bits(1);
    else if (type === 'S') reader.short();
    else if (type === 'L') reader.long();
    else if (type === 'D') reader.double();
    else if (type === '3') point(reader);
    else if (type === '2') reader.raw(16);
    else if (type === 'H') reader.handle();
    else colour(reader);
  }
}

function colour(reader: BitReader): void {
  reader.short();
  reader.long();
  reader.bits(8);
}
