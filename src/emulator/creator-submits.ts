/** Submits to Creator's collections: what each requires, and the resource it will make. Wrong ids and parameters are answered 400. */
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { Refusal } from './answer';
import type { ConversionContent } from './map-content';
import { contentOfConversion, contentOfDataset, defaultConfiguration, mergedContent } from './map-content';
import { isTerminal, preciseNowMs, statusAt } from './operation';
import type { NewOperation } from './operations';
import { checkDrawingPackage, conversionProblem } from './package-check';
import type { ServiceContext } from './service';
import type { ServiceRequest } from './service-request';
import type { ResourceRecord } from './store';

/** Longest first where one is the beginning of another. */
export const creatorCollections = [
  '/mapData',
  '/conversions',
  '/datasets',
  '/tilesets',
  '/routesets',
  '/styles/mapconfigurations',
  '/styles',
] as const;
export type CreatorCollection = (typeof creatorCollections)[number];

type Submit = (context: ServiceContext, request: ServiceRequest) => Promise<Omit<NewOperation, 'family' | 'collection'>>;

/** As in the examples of the service's documentation. */
const tilesetZoom = { minZoom: 16, maxZoom: 18 };

export const submits: Record<CreatorCollection, Submit> = {
  '/mapData': upload,
  '/conversions': convert,
  '/datasets': createDataset,
  '/tilesets': createTileset,
  '/routesets': createRouteset,
  '/styles': (context, request) => createStyle(context, request, '/styles'),
  '/styles/mapconfigurations': (context, request) => createStyle(context, request, '/styles/mapconfigurations'),
};

async function upload(context: ServiceContext, request: ServiceRequest): ReturnType<Submit> {
  const dataFormat = required(request, 'dataFormat').toLowerCase();
  if (!['geojson', 'zip', 'dwgzippackage'].includes(dataFormat)) {
    throw badParameter('dataFormat', `'${dataFormat}' is none of geojson, zip, dwgzippackage.`);
  }
  const id = uuid();
  const fileName = `${id}.upload`;
  const saved = await request.saveBody(join(context.uploadDirectory, fileName), context.settings.maxUploadBytes);
  const resource = resourceOf(request, '/mapData', id, { dataFormat, fileName, ...saved });
  const accepted = { resourcePath: `/mapData/metadata/${id}`, resource };
  return context.settings.immediateUpload ? { ...accepted, durationSeconds: 0 } : accepted;
}

async function convert(context: ServiceContext, request: ServiceRequest): ReturnType<Submit> {
  const uploaded = existing(context, '/mapData', required(request, 'udid'), 'udid');
  if (uploaded.content.dataFormat === 'geojson') throw badParameter('udid', `'${uploaded.id}' is GeoJSON, not a drawing package.`);
  const packageVersion = request.query.get('dwgPackageVersion');
  if (packageVersion !== null && !['1.0', '2.0'].includes(packageVersion)) {
    throw badParameter('dwgPackageVersion', `'${packageVersion}' is neither 1.0 nor 2.0.`);
  }
  const check = await checkDrawingPackage(join(context.uploadDirectory, String(uploaded.content.fileName)));
  const id = uuid();
  const properties = { diagnosticPackageLocation: `/mapData/${uploaded.id}` };
  if (check.building === undefined) return { outcome: 'Failed', error: conversionProblem('failed', check.errors), properties };
  const ontology = request.query.get('outputOntology') ?? (check.building.manifestVersion === '2.0' ? 'facility-3.0' : 'facility-2.0');
  const hasWarnings = check.warnings.length > 0;
  const content: ConversionContent = { udid: uploaded.id, packageSha256: String(uploaded.content.sha256), ...check.building };
  return {
    resourcePath: `/conversions/${id}`,
    warning: hasWarnings ? conversionProblem('warning', check.warnings) : undefined,
    properties: hasWarnings ? properties : undefined,
    resource: resourceOf(request, '/conversions', id, { ontology, ...content }),
  };
}

function createDataset(context: ServiceContext, request: ServiceRequest): ReturnType<Submit> {
  required(request, 'conversionId');
  const conversions = request.query.getAll('conversionId').map((id) => existing(context, '/conversions', id, 'conversionId'));
  const appendTo = request.query.get('datasetId');
  const base = appendTo === null ? undefined : existing(context, '/datasets', appendTo, 'datasetId');
  const parts = conversions.map(contentOfConversion);
  const content = mergedContent(base === undefined ? parts : [contentOfDataset(base), ...parts]);
  const id = uuid();
  const datasetSources = { conversionIds: conversions.map((one) => one.id), appendDatasetId: base?.id };
  const ontology = conversions[0]?.content.ontology;
  const resource = resourceOf(request, '/datasets', id, { datasetSources, ontology, ...content });
  return Promise.resolve({ resourcePath: `/datasets/${id}`, resource });
}

async function createTileset(context: ServiceContext, request: ServiceRequest): ReturnType<Submit> {
  const dataset = existing(context, '/datasets', required(request, 'datasetId'), 'datasetId');
  const configuration = await request.readJson();
  if (configuration !== undefined && (configuration === null || typeof configuration !== 'object' || Array.isArray(configuration))) {
    throw new Refusal(400, 'BadRequest', 'The body must be a JSON object, or empty.', 'body');
  }
  const content = contentOfDataset(dataset);
  const tilesetConfiguration = configuration ?? defaultConfiguration(content.featureClasses, tilesetZoom);
  const fields = { datasetId: dataset.id, ontology: dataset.content.ontology, ...tilesetZoom, ...content, tilesetConfiguration };
  const id = uuid();
  return { resourcePath: `/tilesets/${id}`, resource: resourceOf(request, '/tilesets', id, fields) };
}

async function createRouteset(context: ServiceContext, request: ServiceRequest): ReturnType<Submit> {
  const dataset = existing(context, '/datasets', required(request, 'datasetId'), 'datasetId');
  await request.skipBody();
  const fields = { datasetId: dataset.id, facilities: contentOfDataset(dataset).facilities };
  const id = uuid();
  return { resourcePath: `/routesets/${id}`, resource: resourceOf(request, '/routesets', id, fields) };
}

async function createStyle(context: ServiceContext, request: ServiceRequest, collection: CreatorCollection): ReturnType<Submit> {
  const body = await request.readBody();
  const isArchive = body.subarray(0, 2).toString('latin1') === 'PK';
  if (!isArchive && !isJson(body)) throw new Refusal(400, 'BadRequest', 'The body must be JSON or a ZIP archive.', 'body');
  const alias = request.query.get('alias') ?? undefined;
  if (alias !== undefined && context.store.resources(collection).some((one) => one.content.alias === alias)) {
    throw badParameter('alias', `'${alias}' is already taken.`);
  }
  const id = uuid();
  return { resourcePath: `${collection}/${id}`, resource: resourceOf(request, collection, id, { alias, sizeInBytes: body.length }) };
}

/** A resource that was made by an operation which has succeeded; anything else is a 400 that names the parameter. */
function existing(context: ServiceContext, collection: CreatorCollection, id: string, parameter: string): ResourceRecord {
  const resource = context.store.resource(collection, id);
  const operation = resource?.operationId === undefined ? undefined : context.store.operation(resource.operationId);
  const status = operation === undefined ? 'Succeeded' : statusAt(operation, preciseNowMs());
  if (resource === undefined || (isTerminal(status) && status !== 'Succeeded')) {
    throw badParameter(parameter, `'${id}' was not found in ${collection}.`);
  }
  if (status !== 'Succeeded') throw badParameter(parameter, `'${id}' is not ready: its operation is ${status}.`);
  return resource;
}

function resourceOf(
  request: ServiceRequest,
  collection: CreatorCollection,
  id: string,
  content: object,
): Required<Pick<NewOperation, 'resource'>>['resource'] {
  return { collection, id, description: request.query.get('description') ?? undefined, content: { ...content } };
}

function required(request: ServiceRequest, parameter: string): string {
  const value = request.query.get(parameter) ?? '';
  if (value === '') throw badParameter(parameter, `The query parameter ${parameter} is required.`);
  return value;
}

function badParameter(parameter: string, message: string): Refusal {
  return new Refusal(400, 'BadRequest', message, parameter);
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
