/** Azure Maps Creator's long-running operations, V2: submits, status monitors and cancels of every collection. */
import type { Answer, HeaderValues } from './answer';
import { Refusal } from './answer';
import { answerResources } from './creator-resources';
import type { CreatorCollection } from './creator-submits';
import { creatorCollections, submits } from './creator-submits';
import type { OperationRecord } from './operation';
import { errorOf, isTerminal, preciseNowMs, statusAt } from './operation';
import { repeatabilityHeaders, retryAfterHeaders } from './operations';
import type { Service, ServiceContext } from './service';
import type { ServiceRequest } from './service-request';

export function creatorService(context: ServiceContext): Service {
  return async (request) => {
    const collection = collectionOf(request.path);
    if (collection === undefined) return undefined;
    const rest = request.path.slice(collection.length);
    const status = /^\/operations\/([^/:]+)(:cancel)?$/.exec(rest);
    if (status !== null) return monitor(context, request, status[1] ?? '', status[2] !== undefined);
    if (rest === '' && request.method === 'POST') return submit(context, request, collection);
    return answerResources(context, request, collection, rest);
  };
}

/** The longest one that the path lies in: `/styles/mapconfigurations` before `/styles`. */
function collectionOf(path: string): CreatorCollection | undefined {
  return creatorCollections.find((collection) => path === collection || path.startsWith(`${collection}/`));
}

async function submit(context: ServiceContext, request: ServiceRequest, collection: CreatorCollection): Promise<Answer> {
  requireApiVersion(request);
  const repeated = context.operations.repeated(request);
  const operation =
    repeated ?? context.operations.accept(request, { family: 'creator', collection, ...(await submits[collection](context, request)) });
  const statusUrl = statusUrlOf(context, request, operation);
  const { immediateUpload } = context.settings;
  const finished = isTerminal(statusAt(operation, preciseNowMs()));
  if (immediateUpload && collection === '/mapData' && finished) return statusAnswer(context, request, operation);
  return {
    httpStatus: 202,
    operationId: operation.operationId,
    headers: {
      ...statusHeaders(context, statusUrl),
      ...retryAfterHeaders(operation, context.settings),
      ...repeatabilityHeaders(request, context.settings),
    },
    body: { operationId: operation.operationId, created: operation.createdText, status: 'NotStarted' },
  };
}

function monitor(context: ServiceContext, request: ServiceRequest, statusKey: string, cancel: boolean): Answer {
  requireApiVersion(request);
  if (request.method === 'DELETE' || (cancel && request.method === 'POST')) {
    const canceled = context.operations.cancel(statusKey);
    return { ...statusAnswer(context, request, canceled), httpStatus: cancel ? 202 : 200 };
  }
  if (request.method !== 'GET') throw new Refusal(405, 'MethodNotAllowed', `${request.method} is not possible here.`);
  const found = context.operations.monitor(statusKey, (operation) => statusUrlOf(context, request, operation));
  const moved: HeaderValues = found.kind === 'moved' ? statusHeaders(context, found.url) : {};
  const answer = statusAnswer(context, request, found.operation);
  // A client that is sent to another URL gets no final status here: the new URL has it.
  if (found.kind === 'moved') answer.body = { ...(answer.body as object), status: 'Running', error: undefined };
  return {
    ...answer,
    headers: { ...(found.kind === 'moved' ? retryAfterHeaders(found.operation, context.settings) : answer.headers), ...moved },
  };
}

/** Always 200, also at the end. */
function statusAnswer(context: ServiceContext, request: ServiceRequest, operation: OperationRecord): Answer {
  const { operationId, createdText: created, warning, properties, resourcePath } = operation;
  const status = statusAt(operation, preciseNowMs());
  const body: Record<string, unknown> = { operationId, created, status };
  if (!isTerminal(status)) return { httpStatus: 200, operationId, headers: retryAfterHeaders(operation, context.settings), body };
  const headers: HeaderValues = {};
  if (status === 'Succeeded') {
    if (resourcePath !== undefined) headers['Resource-Location'] = quoted(context, `${request.origin}${resourcePath}`);
    if (warning !== undefined) body.warning = warning;
  } else {
    body.error = errorOf(operation, status);
  }
  if (properties !== undefined) body.properties = fullUrls(properties, request.origin);
  return { httpStatus: 200, operationId, headers, body };
}

function statusUrlOf(context: ServiceContext, request: ServiceRequest, operation: OperationRecord): string {
  const version = operation.apiVersion;
  const query = version !== undefined && context.settings.apiVersionInStatusUrl ? `?api-version=${encodeURIComponent(version)}` : '';
  return `${request.origin}${operation.collection}/operations/${operation.statusKey}${query}`;
}

function statusHeaders(context: ServiceContext, statusUrl: string): HeaderValues {
  const { statusHeader } = context.settings;
  return {
    ...(statusHeader === 'Location' ? {} : { 'Operation-Location': statusUrl }),
    ...(statusHeader === 'Operation-Location' ? {} : { Location: statusUrl }),
  };
}

function quoted(context: ServiceContext, url: string): string {
  return context.settings.quoteResourceLocation ? `"${url}"` : url;
}

/** Paths are stored, because the port changes with a restart; URLs are sent. */
function fullUrls(properties: Record<string, unknown>, origin: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, typeof value === 'string' && value.startsWith('/') ? origin + value : value]),
  );
}

function requireApiVersion(request: ServiceRequest): void {
  if ((request.query.get('api-version') ?? '') === '') {
    throw new Refusal(400, 'MissingApiVersionParameter', 'The query parameter api-version is required.', 'api-version');
  }
}
