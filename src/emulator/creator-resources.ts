/** Reading, listing and deleting what Creator's operations made. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from './answer';
import { Refusal } from './answer';
import type { CreatorCollection } from './creator-submits';
import { createdText, preciseNowMs, statusAt } from './operation';
import type { ServiceContext } from './service';
import type { ServiceRequest } from './service-request';
import type { ResourceRecord } from './store';

/** What the id of a collection's resources and a list of them are called. */
const fieldNames: Record<CreatorCollection, { id: string; list: string }> = {
  '/mapData': { id: 'udid', list: 'mapDataList' },
  '/conversions': { id: 'conversionId', list: 'conversions' },
  '/datasets': { id: 'datasetId', list: 'datasets' },
  '/tilesets': { id: 'tilesetId', list: 'tilesets' },
  '/routesets': { id: 'routesetId', list: 'routesets' },
  '/styles': { id: 'styleId', list: 'styles' },
  '/styles/mapconfigurations': { id: 'mapConfigurationId', list: 'mapConfigurations' },
};

/** @param rest the path below the collection. */
export async function answerResources(
  context: ServiceContext,
  request: ServiceRequest,
  collection: CreatorCollection,
  rest: string,
): Promise<Answer> {
  if (rest === '' && request.method === 'GET') return { httpStatus: 200, body: list(context, request, collection) };
  const wanted = /^\/(metadata\/)?([^/]+)$/.exec(rest);
  const id = wanted?.[2] ?? '';
  const resource = context.store.resource(collection, id);
  if (resource === undefined || !isVisible(context, resource)) throw new Refusal(404, 'NotFound', `There is no ${request.path}.`);
  if (request.method === 'DELETE') {
    context.store.deleteResource(collection, id);
    if (collection === '/mapData') await rm(uploadPath(context, resource), { force: true });
    return { httpStatus: 204 };
  }
  if (request.method !== 'GET') throw new Refusal(405, 'MethodNotAllowed', `${request.method} is not possible here.`);
  if (collection === '/mapData' && wanted?.[1] === undefined) return download(context, resource);
  return { httpStatus: 200, body: view(request, collection, resource) };
}

function list(context: ServiceContext, request: ServiceRequest, collection: CreatorCollection): Record<string, unknown> {
  const visible = context.store.resources(collection).filter((resource) => isVisible(context, resource));
  return { [fieldNames[collection].list]: visible.map((resource) => view(request, collection, resource)) };
}

function isVisible(context: ServiceContext, resource: ResourceRecord): boolean {
  const operation = resource.operationId === undefined ? undefined : context.store.operation(resource.operationId);
  return operation === undefined || statusAt(operation, preciseNowMs()) === 'Succeeded';
}

function view(request: ServiceRequest, collection: CreatorCollection, resource: ResourceRecord): Record<string, unknown> {
  const content = { ...resource.content, fileName: undefined };
  const upload = collection === '/mapData' ? { location: `${request.origin}/mapData/${resource.id}`, uploadStatus: 'Completed' } : {};
  const created = createdText(resource.createdAtMs, 'iso');
  return { [fieldNames[collection].id]: resource.id, created, description: resource.description, ...upload, ...content };
}

function download(context: ServiceContext, resource: ResourceRecord): Answer {
  const contentType = resource.content.dataFormat === 'geojson' ? 'application/geo+json' : 'application/zip';
  return { httpStatus: 200, headers: { 'Content-Type': contentType }, bodyFile: uploadPath(context, resource) };
}

function uploadPath(context: ServiceContext, resource: ResourceRecord): string {
  return join(context.uploadDirectory, String(resource.content.fileName));
}
