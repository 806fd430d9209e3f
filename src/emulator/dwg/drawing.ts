/** A drawing as the conversion looks at it: which of the manifest's layers it has, and how large it is. */
import { findSections, readSection, type SectionPlaces } from './container';
import { guarded } from './corrupt';
import { readExtents, type Extents } from './extents';
import { namesIn } from './layer-names';

export interface Drawing {
  /** Those of the wanted layers that it has. */
  layers: Set<string>;
  /** Absent when the drawing is empty. */
  extents?: Extents;
}

/** The only version that is looked into; Creator's document asks for it. */
export const readableVersion = 'AC1032';

/** The version a DWG file begins with; undefined for any other file. */
export function dwgVersion(head: Buffer): string | undefined {
  return /^AC10\d\d/.exec(head.toString('latin1', 0, 6))?.[0];
}

/**
 * @param file all bytes of a file of version AC1032.
 * @param wantedLayers the names to look for.
 * @throws CorruptDrawingError
 */
export function readDrawing(file: Buffer, wantedLayers: Iterable<string>): Drawing {
  const sections = findSections(file);
  return {
    layers: namesIn(readSection(file, sections, 'AcDb:AcDbObjects'), wantedLayers),
    extents: guarded(() => readExtents(readSection(file, sections, 'AcDb:Header'), isMetric(file, sections))),
  };
}

/** `$MEASUREMENT` stands behind the template's description, a length and UTF-16. */
function isMetric(file: Buffer, sections: SectionPlaces): boolean {
  if (!sections.has('AcDb:Template')) return true;
  const template = readSection(file, sections, 'AcDb:Template');
  return template.readUInt16LE(2 + 2 * template.readUInt16LE(0)) === 1;
}
