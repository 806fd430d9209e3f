/** Where a building is: the extents of its drawings, turned and placed by the manifest's georeference. */
import type { Extents } from './dwg/extents';
import type { Georeference } from './manifest';

/** West, south, east, north in degrees. */
export type BoundingBox = [number, number, number, number];

/** The size of a building without readable extents: a square of 100 m around its georeference. */
const assumedExtents: Extents = { minX: -50, minY: -50, maxX: 50, maxY: 50 };
const metersPerDegree = 111_320;

/** @param drawings the extents of those drawings that have some. */
export function boundingBox({ lat, lon, angle }: Georeference, drawings: Extents[]): BoundingBox {
  const radians = (angle * Math.PI) / 180;
  const corners = (drawings.length === 0 ? [assumedExtents] : drawings).flatMap(cornersOf).map(([x, y]) => ({
    east: x * Math.cos(radians) + y * Math.sin(radians),
    north: y * Math.cos(radians) - x * Math.sin(radians),
  }));
  const lons = corners.map(({ east }) => lon + east / (metersPerDegree * Math.cos((lat * Math.PI) / 180)));
  const lats = corners.map(({ north }) => lat + north / metersPerDegree);
  const box: BoundingBox = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
  return box.map((degrees) => Number(degrees.toFixed(7))) as BoundingBox;
}

/** The smallest box around all of them. */
export function unitedBoxes(boxes: BoundingBox[]): BoundingBox {
  const corner = (index: 0 | 1 | 2 | 3, pick: (...values: number[]) => number): number => pick(...boxes.map((box) => box[index]));
  return [corner(0, Math.min), corner(1, Math.min), corner(2, Math.max), corner(3, Math.max)];
}

function cornersOf({ minX, minY, maxX, maxY }: Extents): [number, number][] {
  return [
    [minX, minY],
    [minX, maxY],
    [maxX, minY],
    [maxX, maxY],
  ];
}
