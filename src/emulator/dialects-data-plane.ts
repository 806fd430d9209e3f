/** Azure's data planes: `Operation-Location`, and a monitor that answers 200 with a `status`. */
import type { Dialect } from './dialect';
import { createdText, endsAtMs } from './operation';

/**
 * POST to any path. The query parameter `result` chooses where the result will be: `body` (default) in the monitor's body,
 * `resourceLocation` behind the URL in the monitor's body, `location` behind the `Location` of the submit answer, `none` nowhere.
 * PUT makes a resource that is read at its own URL in the end.
 */
export const dataPlane: Dialect = {
  needsApiVersion: true,
  call: async (call) => {
    const { method, query } = call.request;
    if (method === 'GET') return { httpStatus: 200, body: call.resourceView() };
    if (!['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) throw call.notAllowed();
    const body = await call.request.readJson();
    const place = method === 'POST' ? (query.get('result') ?? 'body') : 'none';
    const existed = call.resource !== undefined;
    const operation = call.accept({
      result: { path: call.path, input: body ?? null },
      properties: { resultPlace: place },
      ...(method === 'POST' ? {} : call.resourceChange(body)),
    });
    const headers: Record<string, string> = { 'Operation-Location': call.statusUrl(operation, 'operations') };
    if (place === 'location') headers.Location = call.resultUrl(operation);
    if (method === 'PUT') return call.accepted(operation, headers, call.resourceView(), existed ? 200 : 201);
    return call.accepted(operation, headers, { id: operation.operationId, status: 'NotStarted' });
  },
  monitor: (call, found) => {
    const { operation } = found;
    const status = call.status(found);
    const body: Record<string, unknown> = { ...times(found.operation), id: operation.operationId, status, ...call.error(found) };
    if (status === 'Succeeded' && operation.properties?.resultPlace === 'body') body.result = operation.result;
    if (status === 'Succeeded' && operation.properties?.resultPlace === 'resourceLocation')
      body.resourceLocation = call.resultUrl(operation);
    return { httpStatus: 200, headers: call.pollHeaders(found, 'Operation-Location'), body };
  },
};

/** Azure Maps Route Matrix 2025-01-01: the status `Completed` and the URL of the matrix. POST to any path. */
export const routeMatrix: Dialect = {
  needsApiVersion: true,
  call: async (call) => {
    if (call.request.method !== 'POST') throw call.notAllowed();
    const input = await call.request.readJson();
    const operation = call.accept({ result: { type: 'Feature', geometry: null, properties: { matrix: [] }, input: input ?? null } });
    return call.accepted(operation, { 'Operation-Location': call.statusUrl(operation, 'operations') }, matrixBody(operation.operationId));
  },
  monitor: (call, found) => {
    const status = call.status(found);
    const body = {
      ...matrixBody(found.operation.operationId),
      ...times(found.operation),
      status: status === 'Succeeded' ? 'Completed' : status,
      ...call.error(found),
      result:
        status === 'Succeeded' ? { resultUrl: call.resultUrl(found.operation), summary: { totalCount: 1, successfulCount: 1 } } : undefined,
    };
    return { httpStatus: 200, headers: call.pollHeaders(found, 'Operation-Location'), body };
  },
};

function matrixBody(id: string): Record<string, unknown> {
  return { id, kind: 'RouteMatrix', status: 'NotStarted' };
}

function times(operation: Parameters<typeof endsAtMs>[0]): Record<string, string> {
  return {
    createdDateTime: createdText(operation.createdAtMs, 'iso'),
    expirationDateTime: createdText(endsAtMs(operation) + 86_400_000, 'iso'),
  };
}
