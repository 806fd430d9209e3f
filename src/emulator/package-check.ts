/**
 * Opens a drawing package and looks at it as the conversion does: the archive, `manifest.json`, and the drawings it names.
 *
 * Of a drawing of version AC1032, the one that Creator requires, the layer names and the extents are read. Other versions and very large
 * drawings are only checked to be DWG files, so missing layers are not found in them. The sample drawings of `sample-package.ts` have a
 * plain list of their layers instead, and no extents.
 *
 * Codes are those of the document "Drawing conversion errors and warnings". `unknownLayer`, `manifestError` and `dwgWarning` are not in it:
 * it names none for these cases.
 */
import { reasonOf } from '../text/reason';
import type { ODataError } from './answer';
import { Archive } from './archive';
import { boundingBox, type BoundingBox } from './bounding-box';
import { CorruptDrawingError } from './dwg/corrupt';
import { dwgVersion, readableVersion, readDrawing, type Drawing } from './dwg/drawing';
import type { BuildingSummary, LevelSummary } from './manifest';
import { readManifest } from './manifest';
import { layersOfSampleDrawing } from './sample-package';

/** What a conversion makes of a package. */
export interface PackageCheck {
  /** Empty when the package can be converted. */
  errors: ODataError[];
  warnings: ODataError[];
  /** Present when there are no errors. */
  building?: BuildingSummary & { bbox: BoundingBox };
}

const maxManifestBytes = 16 * 1024 ** 2;
/** Enough for the version of a DWG file and the layer list of a sample drawing. */
const drawingHeadBytes = 64 * 1024;
/** A drawing is unpacked in memory to be looked into. Those of buildings have a few MiB. */
const maxReadDrawingBytes = 32 * 1024 ** 2;

/** Never throws for a bad package; that is what `errors` is for. */
export async function checkDrawingPackage(filePath: string): Promise<PackageCheck> {
  let archive: Archive;
  try {
    archive = await Archive.open(filePath);
  } catch (error) {
    return failed('invalidArchiveFormat', `The drawing package is not a ZIP archive that can be read: ${reasonOf(error)}.`);
  }
  try {
    return await checkArchive(archive);
  } catch (error) {
    return failed('invalidArchiveFormat', `The drawing package cannot be unpacked: ${reasonOf(error)}.`);
  } finally {
    archive.close();
  }
}

async function checkArchive(archive: Archive): Promise<PackageCheck> {
  if (archive.isEmpty) return failed('invalidArchiveFormat', 'The drawing package is an empty ZIP archive.');
  if (archive.sizeOf('manifest.json') === undefined) {
    return failed('missingManifest', 'There is no manifest.json at the root of the drawing package.');
  }
  const { errors, warnings, building } = readManifest((await archive.readStart('manifest.json', maxManifestBytes)).toString('utf8'));
  if (building === undefined) return { errors, warnings };

  const drawings: (Drawing | 'unread')[] = [];
  for (const level of building.levels) {
    const look = await lookAtDrawing(archive, level, building.layers);
    if ('error' in look) errors.push(look.error);
    else drawings.push(look.drawing);
    if ('warning' in look) warnings.push(look.warning);
  }
  if (errors.length > 0) return { errors, warnings };
  const read = drawings.filter((drawing) => drawing !== 'unread');
  if (read.length === drawings.length) errors.push(...unknownLayers(building, read));
  if (errors.length > 0) return { errors, warnings };
  const extents = read.map((drawing) => drawing.extents).filter((one) => one !== undefined);
  return { errors, warnings, building: { ...building, bbox: boundingBox(building.georeference, extents) } };
}

type Look = { error: ODataError } | { drawing: Drawing } | { drawing: 'unread'; warning: ODataError };

async function lookAtDrawing(archive: Archive, { filename, levelName }: LevelSummary, layers: string[]): Promise<Look> {
  const where = `'${filename}' of level '${levelName}'`;
  const sizeInBytes = archive.sizeOf(filename);
  if (sizeInBytes === undefined) return { error: { code: 'dwgError', message: `${where} is not in the drawing package.` } };
  const head = await archive.readStart(filename, drawingHeadBytes);
  const version = dwgVersion(head);
  if (version === undefined) return { error: { code: 'dwgError', message: `${where} is not a DWG file.` } };
  const sampleLayers = layersOfSampleDrawing(head);
  if (sampleLayers !== undefined) return { drawing: { layers: new Set(sampleLayers) } };
  if (version !== readableVersion || sizeInBytes > maxReadDrawingBytes) {
    const why = version === readableVersion ? `has ${sizeInBytes} bytes` : `has the version ${version}, not ${readableVersion}`;
    return { drawing: 'unread', warning: { code: 'dwgWarning', message: `${where} ${why}: its layers were not looked up.` } };
  }
  try {
    return { drawing: readDrawing(await archive.readStart(filename, maxReadDrawingBytes), layers) };
  } catch (error) {
    if (!(error instanceof CorruptDrawingError)) throw error;
    return { error: { code: 'dwgError', message: `${where} is corrupt: ${error.message}.` } };
  }
}

function unknownLayers(building: BuildingSummary, drawings: Drawing[]): ODataError[] {
  return building.layers
    .filter((name) => !drawings.some((drawing) => drawing.layers.has(name)))
    .map((name) => ({ code: 'unknownLayer', message: `The manifest names the layer '${name}', which no drawing of the package has.` }));
}

function failed(code: string, message: string): PackageCheck {
  return { errors: [{ code, message }], warnings: [] };
}

/** A conversion's `error` or `warning`: like the real one it has no message of its own, the texts are two `details` levels down. */
export function conversionProblem(kind: 'failed' | 'warning', problems: ODataError[]): ODataError {
  return { code: 'dwgConversionProblem', details: [{ code: kind, details: problems }] };
}
