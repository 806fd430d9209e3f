import type { Emulator } from '../../src/emulator';
import { buildDrawingPackage, startEmulator } from '../../src/emulator';
import { contoso, describeContoso, pack, readContoso, unpack, withManifest, type Files, type Manifest } from './repack';
import { make, statusOf, statusUrlOf, submit, upload } from './support';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0 });
});
afterAll(() => emulator.close());

interface Failure {
  code: string;
  message: string;
}

/** Converts a package that cannot be converted, and returns what was wrong with it. */
async function failuresOf(zip: Buffer): Promise<Failure[]> {
  const udid = await upload(emulator, zip);
  const failed = await statusOf(await fetch(statusUrlOf(await submit(emulator, `/conversions?udid=${udid}`))));
  expect(failed.status).toBe('Failed');
  expect(failed.error).toMatchObject({ code: 'dwgConversionProblem', details: [{ code: 'failed' }] });
  expect(failed.error?.message ?? failed.error?.details?.[0]?.message).toBeUndefined();
  expect(failed.properties?.diagnosticPackageLocation).toBe(`${emulator.url}/mapData/${udid}`);
  return failed.error?.details?.[0]?.details ?? [];
}

/** Converts a package and returns the status with its warning. */
async function warningsOf(zip: Buffer): Promise<Failure[]> {
  const udid = await upload(emulator, zip);
  const ended = await statusOf(await fetch(statusUrlOf(await submit(emulator, `/conversions?udid=${udid}`))));
  expect(ended.status).toBe('Succeeded');
  return (ended.warning as { details: { details: Failure[] }[] } | undefined)?.details[0]?.details ?? [];
}

function lastDrawing(files: Files): string {
  return [...files.keys()].filter((name) => name.endsWith('.dwg')).at(-1)!;
}

/** What is done to a good package, the code it ends with, and what the text must name. */
const breakages: [what: string, change: (files: Files) => Files, code: string, text: RegExp][] = [
  ['has no manifest', (files) => (files.delete('manifest.json'), files), 'missingManifest', /manifest\.json/],
  [
    'has a manifest cut off',
    (files) => files.set('manifest.json', files.get('manifest.json')!.subarray(0, -9)),
    'invalidJsonFormat',
    /JSON/,
  ],
  ['has a list for a manifest', (files) => files.set('manifest.json', Buffer.from('[]')), 'manifestError', /one JSON object/],
  ['has a manifest of version 3', edited((manifest) => (manifest.version = '3.0')), 'manifestError', /'3\.0'/],
  ['misses a drawing', (files) => (files.delete(lastDrawing(files)), files), 'dwgError', /Level_2\.dwg.*not in the drawing package/],
  ['has text for a drawing', (files) => files.set(lastDrawing(files), Buffer.from('text')), 'dwgError', /Level_2\.dwg.*not a DWG file/],
  ['has a level without ordinal', edited((manifest) => delete levelOf(manifest).ordinal), 'missingRequiredField', /levels\.0\.ordinal/],
  ['has two levels of one ordinal', edited((manifest) => repeatOrdinal(manifest)), 'conflict', /'Level 2'.* have the same ordinal/i],
  ['has no ground floor', edited((manifest) => raise(manifest)), 'manifestError', /no level with the ordinal 0/],
  ['has no levels', edited((manifest) => (manifest.buildingLevels.levels = [])), 'manifestError', /levels/],
  ['has an ordinal in words', edited((manifest) => Object.assign(levelOf(manifest), { ordinal: 'one' })), 'manifestError', /ordinal/],
  ['lies beyond the pole', edited((manifest) => (manifest.georeference.lat = 88)), 'invalidGeoreference', /georeference\.lat/],
  ['lies beyond the date line', edited((manifest) => (manifest.georeference.lon = 181)), 'invalidGeoreference', /georeference\.lon/],
  ['is turned too far', edited((manifest) => (manifest.georeference.angle = 400)), 'invalidGeoreference', /georeference\.angle/],
  ['lies nowhere', edited((manifest) => Reflect.deleteProperty(manifest, 'georeference')), 'missingRequiredField', /georeference/],
  ['names an unknown layer', edited((manifest) => layersOf(manifest).push('NO-SUCH-LAYER')), 'unknownLayer', /'NO-SUCH-LAYER'/],
];

function edited(change: (manifest: Manifest) => unknown): (files: Files) => Files {
  return (files) => withManifest(files, change);
}

function levelOf(manifest: Manifest): Manifest['buildingLevels']['levels'][number] {
  return manifest.buildingLevels.levels[0]!;
}

function repeatOrdinal(manifest: Manifest): void {
  manifest.buildingLevels.levels.at(-1)!.ordinal = levelOf(manifest).ordinal!;
}

function raise(manifest: Manifest): void {
  for (const level of manifest.buildingLevels.levels) level.ordinal = level.ordinal! + 5;
}

function layersOf(manifest: Manifest): string[] {
  return manifest.dwgLayers?.wall ?? manifest.featureClasses?.[0]?.dwgLayers ?? [];
}

describe.each(['1.1', '2.0'] as const)('a sample package with a manifest of version %s', (manifestVersion) => {
  it.each(breakages)('fails to convert when it %s, and says so two details down', async (_what, change, code, text) => {
    const files = await unpack(await buildDrawingPackage({ manifestVersion }));
    expect(await failuresOf(await pack(change(files)))).toEqual([{ code, message: expect.stringMatching(text) as string }]);
  });

  it.each([
    ['missingDwg', 'dwgError'],
    ['badJson', 'invalidJsonFormat'],
    ['unknownLayer', 'unknownLayer'],
  ] as const)('can be built broken: %s', async (broken, code) => {
    expect(await failuresOf(await buildDrawingPackage({ manifestVersion, broken }))).toMatchObject([{ code }]);
  });
});

describeContoso('a published package', () => {
  describe.each(['1.1', '2.0'] as const)('with a manifest of version %s', (version) => {
    it.each(breakages)('fails to convert when a copy of it %s', async (_what, change, code, text) => {
      expect(await failuresOf(await pack(change(await readContoso(version))))).toEqual([
        { code, message: expect.stringMatching(text) as string },
      ]);
    });

    it('fails to convert when a drawing is cut off, or has lost bytes in the middle', async () => {
      const files = await readContoso(version);
      const name = lastDrawing(files);
      const drawing = files.get(name)!;
      const holed = Buffer.from(drawing).fill(0, drawing.length >> 2, drawing.length >> 1);
      for (const broken of [drawing.subarray(0, drawing.length >> 1), drawing.subarray(0, 200), holed]) {
        const failures = await failuresOf(await pack(files.set(name, broken)));
        expect(failures).toEqual([{ code: 'dwgError', message: expect.stringMatching(/Level_2\.dwg.* is corrupt/) as string }]);
      }
    });

    it('knows its layers by their whole names, in any letter case', async () => {
      const { layer, partOfLayer } = contoso[version];
      const naming = async (name: string): Promise<Buffer> =>
        pack(withManifest(await readContoso(version), (manifest) => layersOf(manifest).push(name)));
      expect(await failuresOf(await naming(partOfLayer))).toMatchObject([{ code: 'unknownLayer' }]);
      expect(await failuresOf(await naming(`${layer}S`))).toMatchObject([{ code: 'unknownLayer' }]);
      expect(await warningsOf(await naming(layer.toLowerCase()))).toEqual([]);
    });

    it('converts with a warning when a drawing is of a version that is not looked into', async () => {
      const files = withManifest(await readContoso(version), (manifest) => layersOf(manifest).push('NO-SUCH-LAYER'));
      const older = Buffer.from(files.get(lastDrawing(files))!);
      older.write('AC1027');
      expect(await warningsOf(await pack(files.set(lastDrawing(files), older)))).toEqual([
        { code: 'dwgWarning', message: expect.stringMatching(/Level_2\.dwg.*AC1027/) as string },
      ]);
    });
  });
});

describe('an upload that is no package', () => {
  it('fails to convert when it is no archive, an empty one, or one cut off', async () => {
    const whole = await buildDrawingPackage();
    for (const content of [Buffer.from('not a zip'), await pack(new Map()), whole.subarray(0, -40)]) {
      expect(await failuresOf(content)).toMatchObject([{ code: 'invalidArchiveFormat' }]);
    }
  });

  it('is refused at once when it is GeoJSON', async () => {
    const udid = await make(emulator, '/mapData?dataFormat=geojson', { body: '{}' });
    expect((await submit(emulator, `/conversions?udid=${udid}`)).status).toBe(400);
  });
});

describe('a manifest with more in it than is known', () => {
  it('converts with a warning', async () => {
    const files = withManifest(await unpack(await buildDrawingPackage()), (manifest) => Object.assign(manifest, { colour: 'red' }));
    expect(await warningsOf(await pack(files))).toMatchObject([
      { code: 'manifestWarning', message: expect.stringContaining('colour') as string },
    ]);
  });
});
