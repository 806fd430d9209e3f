/**
 * What a worker knows of its namespace and of how it was set: asked once, then told to every workflow that starts.
 */
import { Context, log } from '@temporalio/activity';
import { SEARCH_ATTRIBUTES } from '../contract';
import type { LearntSettings } from './messages';

/** @param continueAsNewAfterEvents as in {@link LearntSettings} */
export function makeLearn(namespace: string, continueAsNewAfterEvents?: number): () => Promise<LearntSettings> {
  let registered: Promise<string[]> | undefined;
  return async () => {
    registered ??= registeredSearchAttributes(namespace);
    const searchAttributes = await registered;
    // Nothing found may mean that they are about to be registered: look again next time.
    if (searchAttributes.length === 0) registered = undefined;
    return { searchAttributes, ...(continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents }) };
  };
}

/** Those of our search attributes that the namespace has as keywords. Going without is better than failing. */
async function registeredSearchAttributes(namespace: string): Promise<string[]> {
  try {
    const { connection } = Context.current().client;
    const { customAttributes } = await connection.withDeadline(Date.now() + 3000, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    const KEYWORD = 2;
    return Object.values(SEARCH_ATTRIBUTES).filter((name) => Number(customAttributes[name]) === KEYWORD);
  } catch (err) {
    log.debug('search attributes are not known; going without', { reason: err instanceof Error ? err.message : String(err) });
    return [];
  }
}
