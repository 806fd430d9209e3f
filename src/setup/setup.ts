/**
 * Sets up a namespace for this project's workflows: what `lro setup` does.
 *
 * Keeps true: nothing that is there is changed; asking again says so, and changes nothing.
 */
import { cloudCommands, isTemporalCloud, remedyOf, type CloudCommands } from './cloud';
import { ensureNamespace } from './namespace';
import { addSearchAttributes, findSearchAttributes, isUsable, type FoundSearchAttribute, type SetupConnection } from './search-attributes';
import { SEARCH_ATTRIBUTES } from '../contract';

export interface SetupOptions {
  /** `host:port`, by which Temporal Cloud is told from other servers. */
  address: string;
  namespace: string;
  /** Makes the namespace where there is none, with so many days of retention. Never in Temporal Cloud. */
  createWithRetentionDays?: number;
}

/**
 * `registered`: by this call; `there`: before it; `wrongType`: with another type, left as it is; `missing`: to be registered by the commands;
 * `unknown`: the server does not say.
 */
export type AttributeOutcome = 'registered' | 'there' | 'wrongType' | 'missing' | 'unknown';

export interface AttributeResult extends FoundSearchAttribute {
  outcome: AttributeOutcome;
  /** What to do about a wrong type. */
  remedy?: string;
}

export interface SetupResult {
  namespace: string;
  address: string;
  /** Registered by Temporal Cloud's own command lines only. */
  cloud: boolean;
  /** Whether this call made the namespace. */
  namespaceCreated: boolean;
  searchAttributes: AttributeResult[];
  /** What is left to be done by hand in Temporal Cloud: the same with each of its two programs. */
  commands: CloudCommands[];
  /** All of them are there now, with the right type. */
  complete: boolean;
}

/** gRPC: UNIMPLEMENTED. */
const NOT_OFFERED = 12;
/** gRPC: PERMISSION_DENIED. */
const NOT_ALLOWED = 7;

/** A new namespace is known everywhere only after the server has read its list again (some seconds). gRPC: NOT_FOUND. */
const NOT_FOUND = 5;
const KNOWN_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 500;

/** @throws ServiceError when the server refuses or cannot be reached */
export async function setUpNamespace(connection: SetupConnection, options: SetupOptions): Promise<SetupResult> {
  const { address, namespace, createWithRetentionDays } = options;
  const inCloud = isTemporalCloud(address);
  const isOurs = !inCloud && createWithRetentionDays !== undefined;
  const namespaceCreated = isOurs && (await ensureNamespace(connection, namespace, createWithRetentionDays));
  // Also where it was there: another program may have made it a moment ago.
  const ask = <T>(call: () => Promise<T>): Promise<T> => (isOurs ? onceKnown(call) : call());
  const find = (): Promise<FoundSearchAttribute[]> => ask(() => findSearchAttributes(connection, namespace));
  let cloud = inCloud;
  let searchAttributes: AttributeResult[];
  try {
    const before = await find();
    const missing = before.flatMap(({ name, type }) => (type === undefined ? [name] : []));
    if (!cloud && missing.length > 0) await ask(() => addSearchAttributes(connection, namespace, missing));
    const after = !cloud && missing.length > 0 ? await find() : before;
    searchAttributes = after.map((found) => ({ ...found, outcome: outcomeOf(found, missing) }));
  } catch (err) {
    // By another name, too: behind a private link the address does not tell.
    const notSaid = codeOf(err) === NOT_OFFERED || (inCloud && codeOf(err) === NOT_ALLOWED);
    if (!notSaid) throw err;
    cloud = true;
    searchAttributes = Object.values(SEARCH_ATTRIBUTES).map((name) => ({ name, outcome: 'unknown' }));
  }
  const left = searchAttributes.filter(({ outcome }) => outcome === 'missing' || outcome === 'unknown').map(({ name }) => name);
  return {
    namespace,
    address,
    cloud,
    namespaceCreated,
    searchAttributes: searchAttributes.map((one) =>
      one.outcome === 'wrongType' ? { ...one, remedy: remedyOf(one.name, namespace, cloud) } : one,
    ),
    commands: cloudCommands(namespace, left),
    complete: searchAttributes.every(({ outcome }) => outcome === 'there' || outcome === 'registered'),
  };
}

function outcomeOf(found: FoundSearchAttribute, wereMissing: readonly string[]): AttributeOutcome {
  if (found.type === undefined) return 'missing';
  if (!isUsable(found)) return 'wrongType';
  return wereMissing.includes(found.name) ? 'registered' : 'there';
}

async function onceKnown<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAtMs = Date.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      return await call();
    } catch (err) {
      if (codeOf(err) !== NOT_FOUND || Date.now() > giveUpAtMs) throw err;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
}

function codeOf(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}
