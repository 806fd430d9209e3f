/**
 * Opens a drawing package and checks it as the conversion does.
 *
 * What is checked: the archive, `manifest.json` of version 1.x and 2.0 (levels, georeference, layers or feature classes), that every
 * level's file is there and begins like a DWG file. What is not: a real DWG file keeps its layer table compressed, so the layer
 * names of the manifest cannot be looked up in it. Only the sample drawings of `sample-package.ts` carry a readable list, and only there
 * a layer that no drawing has is an error.
 */
import type { Readable } from 'node:stream';
import type { Entry, ZipFile } from 'yauzl';
import { openPromise } from 'yauzl';
import type { ODataError } from './answer';
import type { BuildingSummary } from './manifest';
import { readManifest } from './manifest';
import { layersOfSampleDrawing } from './sample-package';

/** What a conversion makes of a package. */
export interface PackageCheck {
  /** Empty when the package can be converted. */
  errors: ODataError[];
  warnings: ODataError[];
  /** Present when there are no errors. */
  building?: BuildingSummary;
}

const maxManifestBytes = 16 * 1024 ** 2;
/** Enough for the magic of a DWG file and the layer list of a sample drawing. */
const drawingHeadBytes = 64 * 1024;

/** Never throws for a bad package; that is what `errors` is for. */
export async function checkDrawingPackage(filePath: string): Promise<PackageCheck> {
  let archive: ZipFile;
  try {
    archive = await openPromise(filePath, { lazyEntries: true, autoClose: false });
  } catch (error) {
    return failed('invalidArchiveFormat', `The drawing package is not a ZIP archive that can be read: ${messageOf(error)}.`);
  }
  try {
    return await checkArchive(archive);
  } catch (error) {
    return failed('invalidArchiveFormat', `The drawing package cannot be read: ${messageOf(error)}.`);
  } finally {
    archive.close();
  }
}

async function checkArchive(archive: ZipFile): Promise<PackageCheck> {
  const entries = await entriesOf(archive);
  const manifestEntry = entries.get('manifest.json');
  if (manifestEntry === undefined) return failed('missingManifest', 'There is no manifest.json at the root of the drawing package.');
  const manifestBytes = await readStart(archive, manifestEntry, maxManifestBytes);
  const { errors, warnings, building } = readManifest(manifestBytes.toString('utf8'));
  if (building === undefined) return { errors, warnings };

  const knownLayers = new Set<string>();
  let allListed = true;
  for (const level of building.levels) {
    const entry = entries.get(plainName(level.filename));
    if (entry === undefined) {
      errors.push({
        code: 'manifestError',
        message: `Level '${level.levelName}' names the file '${level.filename}', which is not in the package.`,
      });
      continue;
    }
    const head = await readStart(archive, entry, drawingHeadBytes);
    if (!/^AC10\d\d/.test(head.toString('latin1', 0, 6))) {
      errors.push({ code: 'dwgError', message: `'${level.filename}' of level '${level.levelName}' is not a DWG file.` });
      continue;
    }
    const layers = layersOfSampleDrawing(head);
    if (layers === undefined) allListed = false;
    else for (const layer of layers) knownLayers.add(layer);
  }
  if (errors.length === 0 && allListed) {
    for (const layer of building.layers.filter((name) => !knownLayers.has(name))) {
      errors.push({ code: 'manifestError', message: `The manifest names the layer '${layer}', which no drawing of the package has.` });
    }
  }
  return errors.length > 0 ? { errors, warnings } : { errors, warnings, building };
}

function entriesOf(archive: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    archive.on('entry', (entry: Entry) => {
      entries.set(plainName(entry.fileName), entry);
      archive.readEntry();
    });
    archive.once('end', () => resolve(entries));
    archive.once('error', reject);
    archive.readEntry();
  });
}

/** Manifests write `./Ground.dwg`; letter case does not matter to the service. */
function plainName(fileName: string): string {
  return fileName.replaceAll('\\', '/').replace(/^\.\//, '').toLowerCase();
}

function readStart(archive: ZipFile, entry: Entry, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, opened) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const stream: Readable = opened;
      const parts: Buffer[] = [];
      let length = 0;
      stream.on('data', (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length >= maxBytes) {
          resolve(Buffer.concat(parts).subarray(0, maxBytes));
          stream.destroy();
        }
      });
      stream.once('end', () => resolve(Buffer.concat(parts)));
      stream.once('error', reject);
    });
  });
}

function failed(code: string, message: string): PackageCheck {
  return { errors: [{ code, message }], warnings: [] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A conversion's `error` or `warning`: like the real one it has no message of its own, the texts are two `details` levels down. */
export function conversionProblem(kind: 'failed' | 'warning', problems: ODataError[]): ODataError {
  return { code: 'dwgConversionProblem', details: [{ code: kind, details: problems }] };
}
