/** The other styles of long-running operations, each below `/dialects/{name}`; all use the same operations. */
import type { Answer } from './answer';
import { Refusal } from './answer';
import type { Dialect } from './dialect';
import { DialectCall } from './dialect';
import { armAsync, armLocation, putResource } from './dialects-arm';
import { creatorV1, fabric, graphCopy, routeV1 } from './dialects-location';
import { dataPlane, routeMatrix } from './dialects-data-plane';
import { preciseNowMs, statusAt } from './operation';
import type { Service, ServiceContext } from './service';

const dialects: Partial<Record<string, Dialect>> = {
  'data-plane': dataPlane,
  'route-matrix': routeMatrix,
  'arm-async': armAsync,
  'arm-location': armLocation,
  'route-v1': routeV1,
  'creator-v1': creatorV1,
  fabric,
  'graph-copy': graphCopy,
  'put-resource': putResource,
};

export function dialectsService(context: ServiceContext): Service {
  return async (request) => {
    const place = /^\/dialects\/([\w-]+)(\/.*)?$/.exec(request.path);
    const dialect = dialects[place?.[1] ?? ''];
    if (place === null || dialect === undefined) return undefined;
    const call = new DialectCall(context, request, place[1] ?? '', place[2] ?? '/');
    if (dialect.needsApiVersion && (request.query.get('api-version') ?? '') === '') {
      throw new Refusal(400, 'MissingApiVersionParameter', 'The query parameter api-version is required.', 'api-version');
    }
    return (await answerPoll(dialect, call)) ?? dialect.call(call);
  };
}

/**
 * The monitor of Graph's copy is outside the credential check: its URL is the credential, and a request with any other is refused, as
 * SharePoint refuses tokens that were not made for it.
 */
export function graphMonitorService(context: ServiceContext): Service {
  return async (request) => {
    const place = /^\/dialects\/graph-copy(\/operations\/.*)$/.exec(request.path);
    if (place === null) return undefined;
    if (request.headers.authorization !== undefined || request.headers['subscription-key'] !== undefined) {
      throw new Refusal(401, 'unauthenticated', 'The monitor wants no credentials.');
    }
    return answerPoll(graphCopy, new DialectCall(context, request, 'graph-copy', place[1] ?? ''));
  };
}

async function answerPoll(dialect: Dialect, call: DialectCall): Promise<Answer | undefined> {
  const poll = /^\/(operations|operationResults|results)\/([^/:]+)(:cancel|\/result)?$/.exec(call.path);
  if (poll === null) return undefined;
  const [, kind, key = '', suffix] = poll;
  const { operations } = call.context;
  if ((suffix === ':cancel' && call.request.method === 'POST') || (kind === 'operations' && call.request.method === 'DELETE')) {
    return { httpStatus: 202, operationId: operations.cancel(key).operationId };
  }
  if (kind === 'results' || suffix === '/result') return resultAnswer(call, key);
  const read = kind === 'operations' ? dialect.monitor : dialect.location;
  if (read === undefined || call.request.method !== 'GET') throw call.notAllowed();
  await call.request.skipBody();
  const found = operations.monitor(key, (operation) =>
    call.statusUrl(operation, kind === 'operations' ? 'operations' : 'operationResults'),
  );
  return { ...read(call, found), operationId: found.operation.operationId };
}

/** What a finished operation has made, as long as it is kept. */
function resultAnswer(call: DialectCall, operationId: string): Answer {
  const operation = call.context.operations.find(operationId);
  const forgotten = operation === undefined || call.context.operations.isForgotten(operation);
  if (forgotten || statusAt(operation, preciseNowMs()) !== 'Succeeded') {
    throw new Refusal(404, 'NotFound', `There is no result of operation ${operationId}.`);
  }
  return { httpStatus: 200, operationId, body: operation.result };
}
