/**
 * Activity `deleteResources`: deletes what a chain has made, by DELETE of the resource locations.
 *
 * Keeps true: a resource that does not exist any more counts as deleted; every other one comes back with the reason why it is left.
 */
import type { CleanedResource } from '../contract';
import type { Connections } from '../http';
import type { DeleteRequest } from '../jobs/model';
import { decideDelete } from '../lro/cancel';
import { masked } from '../lro/trust';
import { audit, outcomeOf } from './audit';
import { withHeartbeat } from './heartbeat';

/** Tries for each resource, with exponential backoff. */
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

export function makeDeleteResources(connections: Connections) {
  return function deleteResources(requests: DeleteRequest[]): Promise<CleanedResource[]> {
    return withHeartbeat(async () => {
      const cleaned: CleanedResource[] = [];
      // One after the other in the given order: a resource is deleted before what it was made from.
      for (const { step, connection, resourceLocation } of requests) {
        const reason = await remove(connection, resourceLocation, connections);
        const shown = masked(resourceLocation) ?? resourceLocation;
        cleaned.push({ step, resourceLocation: shown, deleted: reason === undefined, reason });
      }
      return cleaned;
    });
  };
}

/** @returns why it could not be deleted */
async function remove(name: string, url: string, connections: Connections): Promise<string | undefined> {
  const connection = connections.get(name);
  if (connection === undefined) return `connection "${name}" is not in this worker's file`;
  for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; ; attempt++, pauseMs *= 2) {
    const exchange = await connection.exchange({ purpose: 'cancel', method: 'DELETE', url });
    audit(name, { method: 'DELETE', url }, outcomeOf(exchange));
    const decision = decideDelete(exchange);
    if (decision.kind === 'deleted') return undefined;
    if (decision.kind === 'refused' || attempt === TRIES) return decision.reason;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
