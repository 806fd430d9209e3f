/** Unpacks, changes and packs drawing packages again, and tells where the published ones are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Entry } from 'yauzl';
import { fromBuffer } from 'yauzl';
import { ZipFile } from 'yazl';

/** The published packages and what the tests know about them. */
export const contoso = {
  '1.1': { path: contosoPath('1.0'), outlineLayer: 'OUTLINE' },
  '2.0': { path: contosoPath('2.0'), outlineLayer: 'GROS$' },
} as const;

/** Runs a test with a published package; without it the test counts as skipped, and its name says why. */
export const itWithContoso = Object.values(contoso).every(({ path }) => existsSync(path))
  ? it
  : (Object.assign((name: string, run: jest.ProvidesCallback) => it.skip(`${name} (skipped: ../shared/data is not here)`, run), {
      each: ((cases: readonly unknown[]) => (name: string, run: jest.ProvidesCallback) =>
        it.skip(`${name} (skipped: ../shared/data is not here)`, run)) as unknown as jest.Each,
    }) as unknown as jest.It);

export type Files = Map<string, Buffer>;

export function readContoso(version: keyof typeof contoso): Promise<Files> {
  return unpack(readFileSync(contoso[version].path));
}

export function unpack(zip: Buffer): Promise<Files> {
  return new Promise((resolve, reject) => {
    fromBuffer(zip, { lazyEntries: true }, (failure, archive) => {
      if (failure !== null) return reject(failure);
      const files: Files = new Map();
      archive.on('entry', (entry: Entry) => {
        archive.openReadStream(entry, (error, stream) => {
          if (error !== null) return reject(error);
          buffer(stream).then((content) => {
            files.set(entry.fileName, content);
            archive.readEntry();
          }, reject);
        });
      });
      archive.once('end', () => resolve(files));
      archive.readEntry();
    });
  });
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
  return JSON.parse(files.get('manifest.json')!.toString('utf8').replace(/^\uFEFF/, '')) as Manifest;
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
