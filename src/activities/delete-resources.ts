/**
 * Activity `deleteResources`: deletes what a chain has made, by DELETE of the resource locations.
 *
 * Keeps true: a resource that does not exist any more counts as deleted; every other one comes back with the reason why it is left.
 */
import type { CleanedResource } from '../contract';
import type { Connection, Connections } from '../http';
import type { DeleteRequest } from '../jobs/model';
import type { Elsewhere, LookedUp, Repeatable } from './messages';
import type { OtherWorkers } from './other-workers';
import { decideDelete } from '../lro/cancel';
import { masked } from '../lro/trust';
import { audit, outcomeOf, SentRequest } from './audit';
import { metered } from './cancel';
import { withHeartbeat } from './heartbeat';

/** Tries for each resource, with exponential backoff. */
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

export function makeDeleteResources(connections: Connections, others: OtherWorkers) {
  return function deleteResources(requests: DeleteRequest[], { lookup }: Repeatable = {}): Promise<CleanedResource[] | Elsewhere> {
    return withHeartbeat(async () => {
      // In their order they are all deleted by one worker.
      const isKnown = requests.every(({ connection }) => connections.get(connection) !== undefined);
      const elsewhere = isKnown ? undefined : await others.elsewhere(lookup);
      if (elsewhere !== undefined) return elsewhere;
      const cleaned: CleanedResource[] = [];
      // One after the other in the given order: a resource is deleted before what it was made from.
      for (const { step, connection, resourceLocation } of requests) {
        const own = connections.get(connection);
        const reason = own === undefined ? unknown(connection, lookup, others) : await remove(own, resourceLocation);
        const shown = masked(resourceLocation) ?? resourceLocation;
        cleaned.push({ step, resourceLocation: shown, deleted: reason === undefined, reason });
      }
      return cleaned;
    });
  };
}

function unknown(connection: string, lookup: LookedUp | undefined, others: OtherWorkers): string {
  return `connection "${connection}" is not in this worker's file; ${others.whereLooked(lookup)}`;
}

/** @returns why it could not be deleted */
async function remove(connection: Connection, url: string): Promise<string | undefined> {
  for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; ; attempt++, pauseMs *= 2) {
    const request = new SentRequest();
    const exchange = request.came(await metered(connection, { purpose: 'cancel', method: 'DELETE', url, onSent: request.onSent }));
    audit(connection.name, { method: 'DELETE', url }, outcomeOf(exchange), request.ids);
    const decision = decideDelete(exchange);
    if (decision.kind === 'deleted') return undefined;
    if (decision.kind === 'refused' || attempt === TRIES) return decision.reason;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
