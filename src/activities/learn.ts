/**
 * The settings of a worker and its namespace that workflows need: passed to every workflow that starts.
 */
import { Context, log } from '@temporalio/activity';
import { docsUrlOf, DOCS_URL_VARIABLE } from '../contract/runbooks';
import { findSearchAttributes, isUsable } from '../setup';
import { reasonOf } from '../text/reason';
import type { LearntSettings } from './messages';

/** Workflows rely on a list for so long, and a worker asks the server so often at most: one may be removed, or added, meanwhile. */
const RELIED_ON_SECONDS = 300;
const KNOWN_MS = 60_000;

export interface Learn {
  /** For a workflow that starts. */
  settings: () => Promise<LearntSettings>;
  /** For one that has been running for a while. */
  searchAttributes: () => Promise<string[]>;
}

/** @param continueAsNewAfterEvents as in {@link LearntSettings} @param isQuiet the same. @throws Error where `LRO_DOCS_URL` is no URL */
export function makeLearn(namespace: string, continueAsNewAfterEvents?: number, isQuiet = false): Learn {
  let known: { registered: Promise<string[]>; atMs: number } | undefined;
  const docsUrl = docsUrlOf(process.env[DOCS_URL_VARIABLE]);
  const searchAttributes = async (): Promise<string[]> => {
    if (known === undefined || performance.now() - known.atMs > KNOWN_MS)
      known = { registered: registeredSearchAttributes(namespace), atMs: performance.now() };
    const registered = await known.registered;
    // None found: they may be registered soon, so look again next time.
    if (registered.length === 0) known = undefined;
    return registered;
  };
  return {
    searchAttributes,
    settings: async () => ({
      searchAttributes: await searchAttributes(),
      searchAttributesForSeconds: RELIED_ON_SECONDS,
      continueAsNewAfterEvents,
      docsUrl,
      isQuiet: isQuiet ? true : undefined,
    }),
  };
}

/** Those of the project's search attributes that the namespace has as keywords; none when it cannot be asked, because they are not essential. */
async function registeredSearchAttributes(namespace: string): Promise<string[]> {
  try {
    const found = await findSearchAttributes(Context.current().client.connection, namespace);
    return found.filter(isUsable).map(({ name }) => name);
  } catch (err) {
    log.debug('search attributes are not known; going without', { reason: reasonOf(err) });
    return [];
  }
}
