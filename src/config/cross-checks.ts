/**
 * Checks of keys, and of several values at once. They run on the file as written, right or not, so that their mistakes are named
 * together with all others (a schema's own such checks are left out as soon as something else is wrong).
 */
import { CREDENTIAL_PARAMETERS, isCredentialHeader, isHeaderName, isHeaderValue, isTransportHeader } from './names';

/** Something wrong at a place of the file; `path` as in JSON. */
export interface Mistake {
  path: readonly PropertyKey[];
  message: string;
}

/** A connection's name appears in inputs, logs and metrics. */
const CONNECTION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

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

/** What only a submit has would go out with every request, as it stands there; and a floor of polls may not be above their cap. */
function webhookMistakes({ query, headers, webhooks, poll }: Written): Mistake[] {
  const placed = Object.entries({ query, headers }).flatMap(([place, values]) =>
    Object.entries(mapAt(values))
      .filter(([, value]) => typeof value === 'string' && value.includes('{callbackUrl}'))
      .map(([name]) => ({ path: [place, name], message: '{callbackUrl} has its place in the submits of callers: query, headers or body' })),
  );
  const { pollSeconds } = mapAt(webhooks);
  const { maxSeconds } = mapAt(poll);
  if (typeof pollSeconds !== 'number' || typeof maxSeconds !== 'number' || pollSeconds <= maxSeconds) return placed;
  return [...placed, { path: ['webhooks', 'pollSeconds'], message: `must not be above maxSeconds of poll (${maxSeconds})` }];
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

/** Advice for a credential that stands among plain headers or parameters. */
function credentialsElsewhere(place: 'query' | 'header', name: string): string {
  return `carries credentials, which do not stand here; use auth: { type: key, in: ${place}, name: ${name}, value: { env: NAME } } or another type of auth`;
}

/** What HTTP cannot carry, what the transport sets itself, and what is a secret have no place in `headers` and `query`. */
function nameMistakes(connection: Written): Mistake[] {
  const inHeaders = Object.entries(mapAt(connection.headers)).map(([name, value]) => ({
    path: ['headers', name],
    message: wrongHeader(name, value),
  }));
  const inQuery = Object.keys(mapAt(connection.query))
    .filter((name) => CREDENTIAL_PARAMETERS.includes(name.toLowerCase()))
    .map((name) => ({ path: ['query', name], message: credentialsElsewhere('query', name) }));
  return [...inHeaders.flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }])), ...inQuery];
}

function wrongHeader(name: string, value: unknown): string | undefined {
  if (!isHeaderName(name)) return 'is not a header name';
  if (isCredentialHeader(name)) return credentialsElsewhere('header', name);
  if (isTransportHeader(name)) return 'is set by the worker itself';
  return typeof value === 'string' && !isHeaderValue(value) ? 'holds characters that a header cannot carry' : undefined;
}

/** A secret or token file belongs to one application of one tenant. */
function entraMistakes(auth: Written): Mistake[] {
  if (auth.type !== 'entra') return [];
  if (auth.clientSecret !== undefined && auth.tokenFile !== undefined) {
    return [{ path: ['auth', 'tokenFile'], message: 'must not stand beside clientSecret: only one of the two can show who the worker is' }];
  }
  const credential = auth.clientSecret !== undefined ? 'clientSecret' : auth.tokenFile !== undefined ? 'tokenFile' : undefined;
  if (credential === undefined) return [];
  return ['tenantId', 'clientId']
    .filter((key) => auth[key] === undefined)
    .map((key) => ({ path: ['auth', key], message: `is required beside ${credential}` }));
}

/** Two of the same container could not both be meant, and a token does not go over the wire in the clear. */
function containerMistakes(containers: unknown): Mistake[] {
  if (!Array.isArray(containers)) return [];
  const seen = new Set<string>();
  return containers.flatMap((value: unknown, index) => {
    const container = mapAt(value);
    const auth = mapAt(container.auth);
    const found = entraMistakes(auth);
    if (typeof container.url === 'string') {
      const url = container.url.replace(/\/$/, '').toLowerCase();
      if (seen.has(url)) found.push({ path: ['url'], message: 'names a container that stands here already' });
      seen.add(url);
      if (auth.type === 'entra' && url.startsWith('http:')) found.push({ path: ['url'], message: 'must be https beside auth: entra' });
    }
    return found.map((mistake) => ({ ...mistake, path: ['files', 'blobContainers', index, ...mistake.path] }));
  });
}

/** All mistakes of this kind in a file that may be wrong in any way. */
export function crossMistakes(file: unknown): Mistake[] {
  return [...connectionMistakes(mapAt(file).connections), ...containerMistakes(mapAt(mapAt(file).files).blobContainers)];
}

function connectionMistakes(connections: unknown): Mistake[] {
  return Object.entries(mapAt(connections)).flatMap(([name, value]) => {
    const connection = mapAt(value);
    const auth = mapAt(connection.auth);
    const found: Mistake[] = CONNECTION_NAME.test(name)
      ? []
      : [{ path: [], message: 'is a wrong name: letters, digits, ".", "_" and "-" (at most 64)' }];
    found.push(
      ...pollMistakes(mapAt(connection.poll)),
      ...webhookMistakes(connection),
      ...nameMistakes(connection),
      ...keyMistakes(auth, connection),
      ...entraMistakes(auth),
    );
    return found.map((mistake) => ({ ...mistake, path: ['connections', name, ...mistake.path] }));
  });
}
