/** Services that name their monitor in `Location`, and what each of them answers there. Submits are POSTs to any path. */
import type { Answer } from './answer';
import type { Dialect, DialectCall } from './dialect';
import type { OperationRecord } from './operation';
import { createdText, isTerminal } from './operation';

/** Azure Maps Route and Search v1: 202 until 200 with the result. */
export const routeV1: Dialect = {
  needsApiVersion: true,
  call: (call) => post(call, (operation) => call.statusUrl(operation, 'operationResults')),
  location: (call, found) => {
    const status = call.status(found);
    const headers = call.pollHeaders(found, 'Location');
    if (!isTerminal(status)) return { httpStatus: 202, headers };
    return status === 'Succeeded'
      ? { httpStatus: 200, headers, body: found.operation.result }
      : { httpStatus: 500, headers, body: call.error(found) };
  },
};

/** Creator V1: 200 with `status` while open, in the end 201 with the resource in a new `Location` and in the body. */
export const creatorV1: Dialect = {
  needsApiVersion: true,
  call: (call) => post(call, (operation) => call.statusUrl(operation, 'operations')),
  monitor: (call, found) => {
    const { operation } = found;
    const status = call.status(found);
    const headers = call.pollHeaders(found, 'Location');
    const body = { operationId: operation.operationId, created: operation.createdText, status, ...call.error(found) };
    if (status !== 'Succeeded') return { httpStatus: 200, headers, body };
    const resourceLocation = call.resultUrl(operation);
    return { httpStatus: 201, headers: { ...headers, Location: resourceLocation }, body: { ...body, resourceLocation } };
  },
};

/** Microsoft Fabric: 200 with `status`, in the end with a `Location` that ends in `/result`. */
export const fabric: Dialect = {
  needsApiVersion: false,
  call: async (call) => {
    const answer = await post(call, (operation) => call.statusUrl(operation, 'operations'));
    return { ...answer, headers: { ...answer.headers, 'x-ms-operation-id': answer.operationId ?? '' } };
  },
  monitor: (call, found) => {
    const { operation } = found;
    const status = call.status(found);
    const result: Record<string, string> =
      status === 'Succeeded' ? { Location: call.url(`/operations/${operation.operationId}/result`) } : {};
    const percentComplete = isTerminal(status) ? 100 : 50;
    const createdTimeUtc = createdText(operation.createdAtMs, 'iso');
    const body = { status, createdTimeUtc, percentComplete, ...call.error(found) };
    return { httpStatus: 200, headers: { ...call.pollHeaders(found, 'Location'), ...result }, body };
  },
};

/** Microsoft Graph's copy: a monitor on another host, which refuses credentials and answers 202 even at the end. */
export const graphCopy: Dialect = {
  needsApiVersion: false,
  call: (call) => post(call, (operation) => call.statusUrl(operation, 'operations', `${monitorOrigin(call)}/dialects/${call.name}`)),
  monitor: (call, found) => {
    const status = call.status(found);
    const words = { NotStarted: 'notStarted', Running: 'inProgress', Succeeded: 'completed', Failed: 'failed', Canceled: 'cancelled' };
    const body = { operation: 'ItemCopy', percentageComplete: isTerminal(status) ? 100 : 50, status: words[status], ...call.error(found) };
    const resource = status === 'Succeeded' ? { resourceId: found.operation.operationId } : {};
    return { httpStatus: 202, headers: call.pollHeaders(found, 'Location'), body: { ...body, ...resource } };
  },
};

async function post(call: DialectCall, locationOf: (operation: OperationRecord) => string): Promise<Answer> {
  if (call.request.method !== 'POST') throw call.notAllowed();
  const input = await call.request.readJson();
  const operation = call.accept({ result: { path: call.path, input: input ?? null } });
  return call.accepted(operation, { Location: locationOf(operation) });
}

/** The host of Graph's monitor: the one in the settings, or the other name of the loopback interface, which is another host to clients. */
function monitorOrigin(call: DialectCall): string {
  if (call.context.settings.monitorUrl !== undefined) return call.context.settings.monitorUrl.replace(/\/$/, '');
  const url = new URL(call.request.origin);
  url.hostname = url.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  return url.origin;
}
