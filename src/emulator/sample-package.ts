/**
 * Makes small drawing packages for demos and tests, good ones and broken ones.
 *
 * The drawings are a few hundred bytes: the magic of a DWG file, then a readable list of layers, which the package check looks for.
 * They open in the emulator only.
 */
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export interface DrawingPackageOptions {
  /** Manifest version; default 2.0. */
  manifestVersion?: '1.1' | '2.0';
  facilityName?: string;
  /** How many levels, from the ground up; default 2. */
  levelCount?: number;
  /** Default: a place in Redmond. `angle` in degrees. */
  georeference?: { lat: number; lon: number; angle?: number };
  /** Only for version 2.0; default room, wall and workspace. */
  featureClasses?: string[];
  /** What is wrong with it: the last level's file is missing, the manifest is no JSON, or it names a layer that no drawing has. */
  broken?: 'missingDwg' | 'badJson' | 'unknownLayer';
  /** Random bytes added to every drawing, to make the package larger. */
  paddingBytes?: number;
}

/** The same options make the same bytes. */
const entryOptions = { mtime: new Date(2026, 0, 1) };
const listStart = 'SAMPLE-LAYERS[';
const listEnd = ']';

/** @returns the bytes of a ZIP archive, ready for `POST /mapData?dataFormat=dwgzippackage`. */
export async function buildDrawingPackage(options: DrawingPackageOptions = {}): Promise<Buffer> {
  const levels = Array.from({ length: options.levelCount ?? 2 }, (_unused, ordinal) => ({
    levelName: ordinal === 0 ? 'Ground' : `Level ${ordinal + 1}`,
    ordinal,
    filename: ordinal === 0 ? 'Ground.dwg' : `Level_${ordinal + 1}.dwg`,
  }));
  const { manifest, layers } = options.manifestVersion === '1.1' ? manifestV1(options, levels) : manifestV2(options, levels);
  const manifestText = JSON.stringify(manifest, undefined, 2);
  const archive = new ZipFile();
  archive.addBuffer(Buffer.from(options.broken === 'badJson' ? manifestText.slice(0, -20) : manifestText), 'manifest.json', entryOptions);
  for (const [index, level] of levels.entries()) {
    if (options.broken === 'missingDwg' && index === levels.length - 1) continue;
    archive.addBuffer(drawing(layers, options.paddingBytes ?? 0), level.filename, entryOptions);
  }
  archive.end();
  return buffer(archive.outputStream);
}

/** The layers that a sample drawing lists; undefined for any other file. */
export function layersOfSampleDrawing(head: Buffer): string[] | undefined {
  const start = head.indexOf(listStart);
  const end = start < 0 ? -1 : head.indexOf(listEnd, start);
  if (end < 0) return undefined;
  return head.toString('utf8', start + listStart.length, end).split('|');
}

function drawing(layers: string[], paddingBytes: number): Buffer {
  const padding = Buffer.alloc(paddingBytes);
  // Not compressible, so that the archive really grows.
  for (let at = 0, value = 1; at < paddingBytes; at += 1) {
    value = (value * 48_271) % 2_147_483_647;
    padding[at] = value & 0xff;
  }
  return Buffer.concat([Buffer.from('AC1032\0\0\0\0\0'), Buffer.from(listStart + layers.join('|') + listEnd), padding]);
}

type Level = { levelName: string; ordinal: number; filename: string };
type Manifest = { manifest: Record<string, unknown>; layers: string[] };

function manifestV1(options: DrawingPackageOptions, levels: Level[]): Manifest {
  const dwgLayers = { exterior: ['OUTLINE'], unit: ['UNITS'], wall: ['WALLS'], door: ['DOORS'], unitLabel: ['UNITLABELS'] };
  const layers = Object.values(dwgLayers).flat();
  if (options.broken === 'unknownLayer') dwgLayers.wall.push('NO-SUCH-LAYER');
  return {
    layers,
    manifest: {
      version: '1.1',
      directoryInfo: { name: options.facilityName ?? 'Sample building' },
      buildingLevels: { levels },
      georeference: georeferenceOf(options),
      dwgLayers,
      unitProperties: levels.map((level) => ({ unitName: `${level.ordinal}01`, categoryName: 'room.office' })),
    },
  };
}

function manifestV2(options: DrawingPackageOptions, levels: Level[]): Manifest {
  const featureClasses = (options.featureClasses ?? ['room', 'wall', 'workspace']).map((featureClassName) => ({
    featureClassName,
    dwgLayers: [`A-${featureClassName.toUpperCase()}`],
  }));
  const layers = ['GROS$', ...featureClasses.flatMap((one) => one.dwgLayers)];
  if (options.broken === 'unknownLayer') featureClasses[0]?.dwgLayers.push('NO-SUCH-LAYER');
  return {
    layers,
    manifest: {
      version: '2.0',
      facilityName: options.facilityName ?? 'Sample building',
      buildingLevels: { dwgLayers: ['GROS$'], levels },
      georeference: georeferenceOf(options),
      featureClasses,
    },
  };
}

function georeferenceOf({ georeference }: DrawingPackageOptions): Record<string, number> {
  return { lat: georeference?.lat ?? 47.6364, lon: georeference?.lon ?? -122.1327, angle: georeference?.angle ?? 0 };
}
