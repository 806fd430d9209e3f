import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Emulator } from '../../src/emulator';
import { buildDrawingPackage, startEmulator } from '../../src/emulator';
import { contosoZip, describeContoso, manifestOf, pack, readContoso, unpack, withManifest } from './repack';
import type { Manifest, ManifestVersion } from './repack';
import { getJson, make, submit, upload, version } from './support';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0 });
});
afterAll(() => emulator.close());

type Json = Record<string, unknown>;

interface Chain {
  paths: { upload: string; conversion: string; dataset: string; tileset: string; routeset: string };
  upload: Json;
  conversion: Json;
  dataset: Json;
  tileset: Json;
  routeset: Json;
}

/** All steps, and what the service says about each. */
async function build(zip: Buffer, at = emulator): Promise<Chain> {
  const udid = await upload(at, zip);
  const conversionId = await make(at, `/conversions?udid=${udid}&description=my%20building`);
  const datasetId = await make(at, `/datasets?conversionId=${conversionId}`);
  const tilesetId = await make(at, `/tilesets?datasetId=${datasetId}`);
  const routesetId = await make(at, `/routesets?datasetId=${datasetId}`);
  const paths = {
    upload: `/mapData/metadata/${udid}`,
    conversion: `/conversions/${conversionId}`,
    dataset: `/datasets/${datasetId}`,
    tileset: `/tilesets/${tilesetId}`,
    routeset: `/routesets/${routesetId}`,
  };
  return { paths, ...(await readAll(paths, at)) };
}

async function readAll(paths: Chain['paths'], at: Emulator): Promise<Omit<Chain, 'paths'>> {
  const read = (path: string): Promise<Json> => getJson(`${at.url}${path}?${version}`);
  return {
    upload: await read(paths.upload),
    conversion: await read(paths.conversion),
    dataset: await read(paths.dataset),
    tileset: await read(paths.tileset),
    routeset: await read(paths.routeset),
  };
}

function idIn(path: string): string {
  return path.split('/').at(-1)!;
}

/** What the manifest alone says, in the service's words. */
function expectedOf(manifest: Manifest): { levels: object[]; featureClasses: string[]; counts: object; name: string } {
  const { levels } = manifest.buildingLevels;
  const classes = manifest.featureClasses?.map((one) => one.featureClassName) ?? ['unit', 'structure', 'opening', 'zone'];
  const penetrations = manifest.unitProperties?.filter((unit) => unit.verticalPenetrationCategory !== undefined).length ?? 0;
  const counts = { facility: 1, level: levels.length };
  const v1Counts = {
    unit: (manifest.unitProperties?.length ?? 0) - penetrations,
    verticalPenetration: penetrations,
    zone: manifest.zoneProperties?.length,
  };
  return {
    name: manifest.directoryInfo?.name ?? manifest.facilityName!,
    levels: levels.map(({ levelName, ordinal, filename }) => ({ levelName, ordinal, filename })),
    featureClasses: ['facility', 'level', ...classes],
    counts: manifest.version === '2.0' ? counts : { ...counts, ...v1Counts },
  };
}

/** Width and height of a tileset's box, and where its south-western corner is from the origin of the drawings; in metres. */
function metersOf(tileset: Json, { lat, lon }: { lat: number; lon: number }): Record<'east' | 'north' | 'width' | 'height', number> {
  const [west, south, east, north] = tileset.bbox as [number, number, number, number];
  const perLon = 111_320 * Math.cos((lat * Math.PI) / 180);
  const meters = {
    east: (west - lon) * perLon,
    north: (south - lat) * 111_320,
    width: (east - west) * perLon,
    height: (north - south) * 111_320,
  };
  return Object.fromEntries(Object.entries(meters).map(([name, value]) => [name, Math.round(value) + 0])) as typeof meters;
}

describeContoso('the chain from a published package to a tileset', () => {
  it.each(['1.1', '2.0'] as const)('says at every step what the manifest of version %s says', async (manifestVersion) => {
    const zip = contosoZip(manifestVersion);
    const files = await readContoso(manifestVersion);
    const { paths, ...made } = await build(zip);
    const { levels, featureClasses, counts, name } = expectedOf(manifestOf(files));
    const sha256 = createHash('sha256').update(zip).digest('hex');
    const udid = idIn(paths.upload);
    const conversionId = idIn(paths.conversion);
    const datasetId = idIn(paths.dataset);

    expect(made.upload).toMatchObject({ udid, sizeInBytes: zip.length, dataFormat: 'dwgzippackage', uploadStatus: 'Completed', sha256 });
    const conversion = { conversionId, udid, description: 'my building', manifestVersion, facilityName: name, packageSha256: sha256 };
    expect(made.conversion).toMatchObject({ ...conversion, levels, featureClasses, featureCounts: counts });
    const { ontology } = made.conversion;
    const levelOrdinals = levels.map((level) => (level as { ordinal: number }).ordinal);
    const facilities = [{ facilityId: 'FCL1', name, levelOrdinals, conversionId, udid, packageSha256: sha256 }];
    const content = { ontology, levels, featureClasses, featureCounts: counts, facilities, bbox: made.conversion.bbox };
    expect(made.dataset).toMatchObject({ datasetId, datasetSources: { conversionIds: [conversionId] }, ...content });
    expect(made.tileset).toMatchObject({ tilesetId: idIn(paths.tileset), datasetId, minZoom: 16, maxZoom: 18, ...content });
    expect(made.routeset).toMatchObject({ routesetId: idIn(paths.routeset), datasetId, facilities });
    for (const one of Object.values(made)) expect(one.created).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('takes the bounding box from the drawings, millimetres or inches, and the georeference', async () => {
    const places = { '1.1': { east: -19, north: 0, width: 89, height: 90 }, '2.0': { east: -1, north: 0, width: 65, height: 63 } };
    for (const manifestVersion of ['1.1', '2.0'] as const) {
      const { tileset } = await build(contosoZip(manifestVersion));
      expect(metersOf(tileset, manifestOf(await readContoso(manifestVersion)).georeference)).toEqual(places[manifestVersion]);
    }
  });

  it('turns the bounding box clockwise by the angle', async () => {
    const files = withManifest(await readContoso('1.1'), (manifest) => (manifest.georeference = { lat: 0, lon: 10, angle: 90 }));
    const { tileset } = await build(await pack(files));
    // What was up to 90 m north is east now; what reached from 19 m west to 70 m east reaches from 19 m north to 70 m south.
    expect(metersOf(tileset, { lat: 0, lon: 10 })).toEqual({ east: 0, north: -70, width: 90, height: 89 });
  });

  it('tells the two packages apart, and says the same of one package every time', async () => {
    const told = async (manifestVersion: ManifestVersion): Promise<Json> => {
      const { tileset } = await build(contosoZip(manifestVersion));
      const { ontology, bbox, levels, featureClasses, featureCounts, tilesetConfiguration, facilities } = tileset;
      const [{ packageSha256, name }] = facilities as [{ packageSha256: string; name: string }];
      return { ontology, bbox, levels, featureClasses, featureCounts, tilesetConfiguration, packageSha256, name };
    };
    const first = await told('1.1');
    expect(await told('1.1')).toEqual(first);
    const second = await told('2.0');
    for (const field of Object.keys(first)) expect(second[field]).not.toEqual(first[field]);
  });
});

describe('the chain from a sample package to a tileset', () => {
  it('says what the manifest says, in a square of 100 m', async () => {
    const georeference = { lat: 47.6, lon: -122.1 };
    const zip = await buildDrawingPackage({ levelCount: 3, georeference, featureClasses: ['room', 'desk'], facilityName: 'Seven' });
    const { levels, featureClasses, counts } = expectedOf(manifestOf(await unpack(zip)));
    const { tileset, dataset } = await build(zip);
    expect(tileset).toMatchObject({ levels, featureClasses, featureCounts: counts, facilities: [{ name: 'Seven' }] });
    expect(metersOf(tileset, georeference)).toEqual({ east: -50, north: -50, width: 100, height: 100 });
    expect(dataset.bbox).toEqual(tileset.bbox);
  });

  it('keeps the configuration a tileset was made with, or makes one of its feature classes', async () => {
    const { paths, tileset } = await build(await buildDrawingPackage({ featureClasses: ['room'] }));
    const layer = (name: string): object => ({ minZoom: 16, maxZoom: 18, features: { featureClasses: [name] } });
    const layers = { 'Indoor facility': layer('facility'), 'Indoor level': layer('level'), 'Indoor room': layer('room') };
    expect(tileset.tilesetConfiguration).toEqual({ version: 1, layers });
    const configuration = { version: 1, layers: { 'Indoor room': layer('room') } };
    const again = await make(emulator, `/tilesets?datasetId=${idIn(paths.dataset)}`, { body: JSON.stringify(configuration) });
    expect((await getJson(`${emulator.url}/tilesets/${again}`)).tilesetConfiguration).toEqual(configuration);
  });

  it('appends one building to the dataset of another', async () => {
    const first = await build(await buildDrawingPackage({ georeference: { lat: 0, lon: 10 }, facilityName: 'West' }));
    const second = await build(await buildDrawingPackage({ georeference: { lat: 0, lon: 20 }, facilityName: 'East', levelCount: 1 }));
    const query = `conversionId=${idIn(second.paths.conversion)}&datasetId=${idIn(first.paths.dataset)}`;
    const both = await getJson(`${emulator.url}/datasets/${await make(emulator, `/datasets?${query}`)}`);
    expect(both).toMatchObject({
      datasetSources: { conversionIds: [idIn(second.paths.conversion)], appendDatasetId: idIn(first.paths.dataset) },
      featureCounts: { facility: 2, level: 3 },
      facilities: [
        { facilityId: 'FCL1', name: 'West', levelOrdinals: [0, 1], udid: idIn(first.paths.upload) },
        { facilityId: 'FCL2', name: 'East', levelOrdinals: [0], udid: idIn(second.paths.upload) },
      ],
    });
    const [west, , east] = both.bbox as number[];
    expect([Math.round(west!), Math.round(east!)]).toEqual([10, 20]);
    expect(await getJson(`${emulator.url}${first.paths.dataset}`)).toEqual(first.dataset);
  });
});

describe('what was made', () => {
  it('is listed, and deleted once and for all, in any order', async () => {
    const { paths } = await build(await buildDrawingPackage());
    for (const [name, list] of [
      ['upload', 'mapDataList'],
      ['dataset', 'datasets'],
      ['conversion', 'conversions'],
      ['tileset', 'tilesets'],
      ['routeset', 'routesets'],
    ] as const) {
      const resource = `${emulator.url}${paths[name]}?${version}`;
      const address = resource.replace('/metadata', '');
      const listed = async (): Promise<unknown> => (await getJson(`${emulator.url}/${paths[name].split('/')[1]!}?${version}`))[list];
      const whole = await getJson(resource);
      expect(await listed()).toContainEqual(whole);
      const deleted = await fetch(address, { method: 'DELETE' });
      expect([deleted.status, await deleted.text()]).toEqual([204, '']);
      expect((await fetch(resource)).status).toBe(404);
      expect((await fetch(address, { method: 'DELETE' })).status).toBe(404);
      expect(await listed()).not.toContainEqual(whole);
    }
  });

  it('outlives the dataset and the package it was made of, which can no longer be named', async () => {
    const { paths, tileset } = await build(await buildDrawingPackage());
    for (const name of ['upload', 'conversion', 'dataset'] as const) {
      await fetch(`${emulator.url}${paths[name].replace('/metadata', '')}`, { method: 'DELETE' });
    }
    expect(await getJson(`${emulator.url}${paths.tileset}`)).toEqual(tileset);
    expect((await submit(emulator, `/conversions?udid=${idIn(paths.upload)}`)).status).toBe(400);
    expect((await submit(emulator, `/datasets?conversionId=${idIn(paths.conversion)}`)).status).toBe(400);
    expect((await submit(emulator, `/tilesets?datasetId=${idIn(paths.dataset)}`)).status).toBe(400);
  });

  it('survives a restart on the same file, and so does the upload itself', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'emulator-test-'));
    const options = { operationSeconds: 0, databasePath: join(directory, 'state.db') };
    const zip = await buildDrawingPackage();
    const first = await startEmulator(options);
    const { paths, ...made } = await build(zip, first);
    await first.close();
    const second = await startEmulator(options);
    expect(JSON.stringify(await readAll(paths, second))).toBe(JSON.stringify(made).replaceAll(first.url, second.url));
    const downloaded = await fetch(`${second.url}/mapData/${idIn(paths.upload)}?${version}`);
    expect(Buffer.from(await downloaded.arrayBuffer()).equals(zip)).toBe(true);
    await fetch(`${second.url}/mapData/${idIn(paths.upload)}`, { method: 'DELETE' });
    expect(readdirSync(`${options.databasePath}-uploads`)).toEqual([]);
    await second.close();
    rmSync(directory, { recursive: true, force: true });
  });
});
