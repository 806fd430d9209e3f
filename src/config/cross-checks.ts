/**
 * Checks that need several keys of a connection at once. They run on the file as written, right or not, so that their
 * mistakes are named together with all others.
 */
import { credentialsElsewhere } from './schema';

/** Something wrong at a place of the file; `path` as in JSON. */
export interface Mistake {
  path: readonly PropertyKey[];
  message: string;
}

type Written = Record<string, unknown>;

function mapAt(value: unknown): Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Written) : {};
}

/** `minSeconds` may not be above `maxSeconds`. */
function pollMistakes(poll: Written): Mistake[] {
  const { minSeconds, maxSeconds } = poll;
  if (typeof minSeconds !== 'number' || typeof maxSeconds !== 'number' || minSeconds <= maxSeconds) return [];
  return [{ path: ['poll', 'minSeconds'], message: `must not be above maxSeconds (${maxSeconds})` }];
}

/** The header or parameter that carries the key may not be set beside it. */
function keyMistakes(auth: Written, connection: Written): Mistake[] {
  if (auth.type !== 'key' || typeof auth.name !== 'string' || (auth.in !== 'query' && auth.in !== 'header')) return [];
  const place = auth.in === 'query' ? 'query' : 'headers';
  const ownName = auth.name.toLowerCase();
  return Object.keys(mapAt(connection[place]))
    .filter((name) => name.toLowerCase() === ownName)
    .map((name) => ({ path: [place, name], message: credentialsElsewhere(auth.in === 'query' ? 'query' : 'header', name) }));
}

/** A secret or token file belongs to one application of one tenant. */
function entraMistakes(auth: Written): Mistake[] {
  if (auth.type !== 'entra') return [];
  if (auth.clientSecret !== undefined && auth.tokenFile !== undefined) {
    return [{ path: ['auth', 'tokenFile'], message: 'must not stand beside clientSecret: one of the two proves who the worker is' }];
  }
  const proof = auth.clientSecret !== undefined ? 'clientSecret' : auth.tokenFile !== undefined ? 'tokenFile' : undefined;
  if (proof === undefined) return [];
  return ['tenantId', 'clientId']
    .filter((key) => auth[key] === undefined)
    .map((key) => ({ path: ['auth', key], message: `is required beside ${proof}` }));
}

/** All mistakes of this kind in a file that may be wrong in any way. */
export function crossMistakes(file: unknown): Mistake[] {
  return Object.entries(mapAt(mapAt(file).connections)).flatMap(([name, value]) => {
    const connection = mapAt(value);
    const auth = mapAt(connection.auth);
    const found = [...pollMistakes(mapAt(connection.poll)), ...keyMistakes(auth, connection), ...entraMistakes(auth)];
    return found.map((mistake) => ({ ...mistake, path: ['connections', name, ...mistake.path] }));
  });
}
