/** Reads `manifest.json` of a drawing package, versions 1.x and 2.0, into the facts about the building that conversions, datasets and tilesets contain. */
import { z } from 'zod';
import type { ODataError } from './answer';

export interface LevelSummary {
  levelName: string;
  ordinal: number;
  filename: string;
}

/** Where the drawings' origin is, in degrees; `angle` is clockwise from true north to the drawings' vertical axis. */
export interface Georeference {
  lat: number;
  lon: number;
  angle: number;
}

export interface BuildingSummary {
  facilityName: string;
  manifestVersion: string;
  levels: LevelSummary[];
  georeference: Georeference;
  featureClasses: string[];
  featureCounts: Record<string, number>;
  /** All layer names the manifest uses. */
  layers: string[];
}

export interface ManifestCheck {
  errors: ODataError[];
  warnings: ODataError[];
  building?: BuildingSummary;
}

const levelSchema = z.looseObject({
  levelName: z.string().min(1),
  ordinal: z.number().int(),
  filename: z.string().regex(/\.dwg$/i, 'must name a .dwg file'),
});
/** The service works in Web Mercator, which ends before the poles. */
const georeferenceSchema = z.object({
  lat: z.number().min(-85.0511).max(85.0511),
  lon: z.number().min(-180).max(180),
  angle: z.number().min(-360).max(360).default(0),
});
const layerNames = z.array(z.string().min(1)).min(1);

const propertiesSchema = z.looseObject({
  categoryName: z.string().optional(),
  verticalPenetrationCategory: z.string().optional(),
  occupants: z.array(z.looseObject({})).default([]),
});
/** Every conversion makes these, whatever the manifest names besides. */
const defaultCategories = ['room', 'structure.wall', 'opening.door', 'zone', 'facility'];

/** Version 1.x: the layers of each kind of feature; `exterior` and `unit` must be there. */
const manifestV1Schema = z.object({
  version: z.string().regex(/^1\./),
  directoryInfo: z.looseObject({ name: z.string().min(1) }),
  buildingLevels: z.object({ levels: z.array(levelSchema).min(1) }),
  georeference: georeferenceSchema,
  dwgLayers: z.strictObject({
    exterior: layerNames,
    unit: layerNames,
    wall: layerNames.optional(),
    door: layerNames.optional(),
    unitLabel: layerNames.optional(),
    zone: layerNames.optional(),
    zoneLabel: layerNames.optional(),
  }),
  unitProperties: z.array(propertiesSchema.extend({ unitName: z.string().min(1) })).default([]),
  zoneProperties: z.array(propertiesSchema.extend({ zoneName: z.string().min(1) })).default([]),
});

/** Version 2.0: the caller's own feature classes. */
const manifestV2Schema = z.object({
  version: z.literal('2.0'),
  facilityName: z.string().min(1).optional(),
  buildingLevels: z.object({ dwgLayers: layerNames, levels: z.array(levelSchema).min(1) }),
  georeference: georeferenceSchema,
  featureClasses: z
    .array(
      z.looseObject({
        featureClassName: z.string().min(1),
        dwgLayers: layerNames,
        featureClassProperties: z.array(z.looseObject({ featureClassPropertyName: z.string().min(1), dwgLayers: layerNames })).default([]),
      }),
    )
    .min(1),
});

/** Never throws: what is wrong is in `errors`, and `building` is absent then. */
export function readManifest(text: string): ManifestCheck {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return wrong([{ code: 'invalidJsonFormat', message: `manifest.json is not valid JSON: ${(error as Error).message}.` }]);
  }
  if (manifest === null || typeof manifest !== 'object' || Array.isArray(manifest)) {
    return wrong([{ code: 'manifestError', message: 'manifest.json must hold one JSON object.' }]);
  }
  const version = String((manifest as { version?: unknown }).version);
  if (version === '2.0') return summarize(manifestV2Schema, manifest, fromV2);
  if (/^1\./.test(version)) return summarize(manifestV1Schema, manifest, fromV1);
  return wrong([{ code: 'manifestError', message: `manifest.json has the version '${version}'; known are 1.x and 2.0.` }]);
}

function summarize<T extends { buildingLevels: { levels: LevelSummary[] } }>(
  schema: z.ZodObject & z.ZodType<T>,
  manifest: object,
  read: (manifest: T) => BuildingSummary,
): ManifestCheck {
  const parsed = schema.safeParse(manifest);
  if (!parsed.success) {
    return wrong(
      parsed.error.issues.map((issue) => ({ code: codeOf(issue), message: `manifest.json: ${placeOf(issue.path)}: ${issue.message}.` })),
    );
  }
  const errors = levelProblems(parsed.data.buildingLevels.levels);
  if (errors.length > 0) return wrong(errors);
  const warnings = Object.keys(manifest)
    .filter((name) => !(name in schema.shape))
    .map((name) => ({ code: 'manifestWarning', message: `Ignoring unexpected JSON property: ${name}.` }));
  return { errors: [], warnings, building: read(parsed.data) };
}

/** Units and zones are counted by the manifest's properties of them, which is how many of them have a name, not how many are drawn. */
function fromV1(manifest: z.infer<typeof manifestV1Schema>): BuildingSummary {
  const { dwgLayers, unitProperties, zoneProperties } = manifest;
  const penetrations = unitProperties.filter((unit) => unit.verticalPenetrationCategory !== undefined).length;
  const named = [...unitProperties, ...zoneProperties].flatMap((one) => [one.categoryName, one.verticalPenetrationCategory]);
  const categories = new Set([...defaultCategories, ...named.filter((name) => name !== undefined).map((name) => name.toLowerCase())]);
  const occupants = unitProperties.reduce((count, unit) => count + unit.occupants.length, 0);
  const kinds = [
    ['unit', dwgLayers.unit],
    ['structure', dwgLayers.wall],
    ['opening', dwgLayers.door],
    ['zone', dwgLayers.zone],
  ] as const;
  return {
    facilityName: manifest.directoryInfo.name,
    manifestVersion: manifest.version,
    levels: manifest.buildingLevels.levels.map(levelSummary),
    georeference: manifest.georeference,
    featureClasses: ['facility', 'level', ...kinds.flatMap(([name, layers]) => (layers === undefined ? [] : [name]))],
    featureCounts: {
      directoryInfo: 1 + occupants,
      facility: 1,
      level: manifest.buildingLevels.levels.length,
      unit: unitProperties.length - penetrations,
      verticalPenetration: penetrations,
      zone: zoneProperties.length,
      category: categories.size,
    },
    layers: [...new Set(Object.values(dwgLayers).flat())],
  };
}

function fromV2(manifest: z.infer<typeof manifestV2Schema>): BuildingSummary {
  const { buildingLevels, featureClasses } = manifest;
  const propertyLayers = featureClasses.flatMap((one) => one.featureClassProperties.flatMap((property) => property.dwgLayers));
  return {
    facilityName: manifest.facilityName ?? 'facility',
    manifestVersion: manifest.version,
    levels: buildingLevels.levels.map(levelSummary),
    georeference: manifest.georeference,
    featureClasses: ['facility', 'level', ...featureClasses.map((one) => one.featureClassName)],
    featureCounts: { facility: 1, level: buildingLevels.levels.length },
    layers: [...new Set([...buildingLevels.dwgLayers, ...featureClasses.flatMap((one) => one.dwgLayers), ...propertyLayers])],
  };
}

function levelSummary({ levelName, ordinal, filename }: LevelSummary): LevelSummary {
  return { levelName, ordinal, filename };
}

/** Two levels of one ordinal, or no ground floor. */
function levelProblems(levels: LevelSummary[]): ODataError[] {
  const problems = [...new Set(levels.map((level) => level.ordinal))].flatMap((ordinal) => {
    const names = levels.filter((level) => level.ordinal === ordinal).map((level) => `'${level.levelName}'`);
    return names.length > 1 ? [{ code: 'conflict', message: `The levels ${names.join(' and ')} have the same ordinal ${ordinal}.` }] : [];
  });
  if (!levels.some((level) => level.ordinal === 0)) {
    problems.push({ code: 'manifestError', message: 'The facility has no level with the ordinal 0.' });
  }
  return problems;
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('undefined')) return 'missingRequiredField';
  return issue.path[0] === 'georeference' ? 'invalidGeoreference' : 'manifestError';
}

function placeOf(path: PropertyKey[]): string {
  return path.map(String).join('.') || 'the object';
}

function wrong(errors: ODataError[]): ManifestCheck {
  return { errors, warnings: [] };
}
