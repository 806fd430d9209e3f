/**
 * Activity `deleteResources`: deletes what a chain has made, by DELETE of the resource locations.
 *
 * Keeps true: what is not there any more counts as deleted; every other resource comes back with its reason.
 */
import type { CleanedResource } from '../contract';
import type { Connections } from '../http';
import type { DeleteRequest } from '../jobs/model';
import { decideDelete } from '../lro/cancel';
import { masked } from '../lro/trust';
import { audit, outcomeOf } from './audit';
import { withHeartbeat } from './heartbeat';

/** Services are asked so often, with a pause that grows, before it is said that they could not be reached. */
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

export function makeDeleteResources(connections: Connections) {
  return function deleteResources(requests: DeleteRequest[]): Promise<CleanedResource[]> {
    return withHeartbeat(async () => {
      const cleaned: CleanedResource[] = [];
      // What was made of another thing goes first: one after the other, as they are given.
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
