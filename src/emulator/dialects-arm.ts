/** Azure Resource Manager: `Azure-AsyncOperation`, `Location`, and resources with a `provisioningState`. */
import type { Answer, HeaderValues } from './answer';
import { Refusal } from './answer';
import type { Dialect, DialectCall } from './dialect';
import type { OperationRecord } from './operation';
import { createdText, endsAtMs, isTerminal } from './operation';
import type { Monitor } from './operations';
import { retryAfterHeaders } from './operations';

/** PUT answers 201 with `Azure-AsyncOperation`; PATCH, POST and DELETE answer 202 with that and `Location`. */
export const armAsync: Dialect = {
  needsApiVersion: true,
  call: (call) =>
    armCall(call, (operation, existed) => {
      const monitor = { 'Azure-AsyncOperation': call.statusUrl(operation, 'operations') };
      if (operation.method === 'PUT') return call.accepted(operation, monitor, call.resourceView(), existed ? 200 : 201);
      return call.accepted(operation, { ...monitor, Location: call.statusUrl(operation, 'operationResults') });
    }),
  monitor: (call, found) => {
    const { operation } = found;
    const status = call.status(found);
    const terminal = isTerminal(status);
    return {
      httpStatus: 200,
      headers: call.pollHeaders(found, 'Azure-AsyncOperation'),
      body: {
        id: `/dialects/${call.name}/operations/${operation.operationId}`,
        name: operation.operationId,
        // ARM lets each service choose its status words for open operations.
        status: status === 'NotStarted' ? 'Accepted' : status === 'Running' ? 'InProgress' : status,
        startTime: createdText(operation.createdAtMs, 'iso'),
        endTime: terminal ? createdText(endsAtMs(operation), 'iso') : undefined,
        percentComplete: terminal ? 100 : 50,
        ...call.error(found),
        properties: status === 'Succeeded' && operation.method === 'POST' ? operation.result : undefined,
      },
    };
  },
  location: locationAnswer,
};

/** Every method answers 202 with nothing but `Location`, which is 202 until it is the result. */
export const armLocation: Dialect = {
  needsApiVersion: true,
  call: (call) => armCall(call, (operation) => call.accepted(operation, { Location: call.statusUrl(operation, 'operationResults') })),
  location: locationAnswer,
};

/**
 * PUT and PATCH answer 201 or 200 with the resource and no header: it is polled itself. With `?finalState=none` on the PUT the finished
 * resource has no state at all.
 */
export const putResource: Dialect = {
  needsApiVersion: true,
  call: async (call) => {
    const { method, query } = call.request;
    if (method !== 'GET' && method !== 'PUT' && method !== 'PATCH') throw call.notAllowed();
    if (method === 'GET') return resourceAnswer(call, 200);
    const existed = call.resource !== undefined;
    if (method === 'PATCH' && !existed) throw new Refusal(404, 'ResourceNotFound', `There is no resource ${call.path}.`);
    const body = await call.request.readJson();
    const operation = call.accept({ properties: { finalState: query.get('finalState') }, ...call.resourceChange(body) });
    return { ...resourceAnswer(call, existed ? 200 : 201), operationId: operation.operationId };
  },
};

async function armCall(call: DialectCall, accepted: (operation: OperationRecord, existed: boolean) => Answer): Promise<Answer> {
  const { method } = call.request;
  if (method === 'GET') return { httpStatus: 200, body: call.resourceView() };
  if (!['PUT', 'PATCH', 'POST', 'DELETE'].includes(method)) throw call.notAllowed();
  const existed = call.resource !== undefined;
  const repeated = call.context.operations.repeated(call.request);
  if (repeated !== undefined) return accepted(repeated, true);
  if (!existed && method === 'DELETE') return { httpStatus: 204 };
  if (!existed && method === 'PATCH') throw new Refusal(404, 'ResourceNotFound', `There is no resource ${call.path}.`);
  const body = await call.request.readJson();
  const change = method === 'POST' ? {} : call.resourceChange(body);
  return accepted(call.accept({ result: { path: call.path, input: body ?? null }, properties: { existed }, ...change }), existed);
}

/** 202 while open; then the resource (200, or 201 when it is new), an action's result, or 204 for a delete; or the error. */
function locationAnswer(call: DialectCall, found: Monitor): Answer {
  const { operation } = found;
  const status = call.status(found);
  const headers: HeaderValues = call.pollHeaders(found, 'Location');
  if (!isTerminal(status)) return { httpStatus: 202, headers: { Location: call.statusUrl(operation, 'operationResults'), ...headers } };
  if (status !== 'Succeeded') return { httpStatus: 409, headers, body: call.error(found) };
  if (operation.method === 'DELETE') return { httpStatus: 204, headers };
  if (operation.method === 'POST') return { httpStatus: 200, headers, body: operation.result };
  const isNew = operation.method === 'PUT' && operation.properties?.existed === false;
  return { httpStatus: isNew ? 201 : 200, headers, body: call.resourceView(operation.collection) };
}

function resourceAnswer(call: DialectCall, httpStatus: number): Answer {
  const body = call.resourceView();
  const operation = call.context.operations.find(call.resource?.operationId ?? '');
  const properties = body.properties as Record<string, unknown>;
  const state = String(properties.provisioningState);
  if (operation === undefined) return { httpStatus, body };
  if (['Creating', 'Updating'].includes(state)) {
    return { httpStatus, operationId: operation.operationId, headers: retryAfterHeaders(operation, call.context.settings), body };
  }
  if (operation.properties?.finalState === 'none') delete properties.provisioningState;
  const error = call.error({ kind: 'open', operation });
  return { httpStatus, operationId: operation.operationId, body: { ...body, ...error } };
}
