/** Unpacks, changes and packs drawing packages again, and tells where the published ones are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';

/** The published packages and what the tests know about them. */
export const contoso = {
  '1.1': { path: contosoPath('1.0'), layer: 'OUTLINE', partOfLayer: 'OUTLIN' },
  '2.0': { path: contosoPath('2.0'), layer: 'A-WALL-EXST', partOfLayer: 'A-WALL' },
} as const;

/** For what needs the published packages; without them the tests count as skipped, and the title says why. */
export const describeContoso = Object.values(contoso).every(({ path }) => existsSync(path))
  ? describe
  : (title: string, body: () => void): void => describe.skip(`${title} (skipped: ../shared/data is not here)`, body);

export type ManifestVersion = keyof typeof contoso;

export type Files = Map<string, Buffer>;

export function contosoZip(version: ManifestVersion): Buffer {
  return readFileSync(contoso[version].path);
}

export function readContoso(version: ManifestVersion): Promise<Files> {
  return unpack(contosoZip(version));
}

export async function unpack(zip: Buffer): Promise<Files> {
  const archive = await fromBufferPromise(zip, { lazyEntries: true });
  const files: Files = new Map();
  for await (const entry of archive.eachEntry()) files.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  return files;
}

export function pack(files: Files): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [name, content] of files) archive.addBuffer(content, name);
  archive.end();
  return buffer(archive.outputStream);
}

export interface Manifest {
  version: string;
  facilityName?: string;
  directoryInfo?: { name: string };
  buildingLevels: { levels: { levelName: string; ordinal?: number; filename: string }[]; dwgLayers?: string[] };
  georeference: { lat: number; lon: number; angle?: number };
  dwgLayers?: Record<string, string[]>;
  featureClasses?: { featureClassName: string; dwgLayers: string[] }[];
  unitProperties?: { verticalPenetrationCategory?: string }[];
  zoneProperties?: object[];
}

/** Read without any of the emulator's own code. */
export function manifestOf(files: Files): Manifest {
  return JSON.parse(
    files
      .get('manifest.json')!
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
  ) as Manifest;
}

/** A copy of the files whose manifest was changed. */
export function withManifest(files: Files, change: (manifest: Manifest) => void): Files {
  const manifest = manifestOf(files);
  change(manifest);
  return new Map(files).set('manifest.json', Buffer.from(JSON.stringify(manifest)));
}

function contosoPath(name: string): string {
  return join(__dirname, `../../../shared/data/contoso-drawing-package-${name}.zip`);
}
