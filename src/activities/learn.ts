/**
 * The settings of a worker and its namespace that workflows need: read once, then passed to every workflow that starts.
 */
import { Context, log } from '@temporalio/activity';
import { SEARCH_ATTRIBUTES } from '../contract';
import { reasonOf } from '../text/reason';
import type { LearntSettings } from './messages';

/** @param continueAsNewAfterEvents as in {@link LearntSettings} */
export function makeLearn(namespace: string, continueAsNewAfterEvents?: number): () => Promise<LearntSettings> {
  let registered: Promise<string[]> | undefined;
  return async () => {
    registered ??= registeredSearchAttributes(namespace);
    const searchAttributes = await registered;
    // None found: they may be registered later, so look again next time.
    if (searchAttributes.length === 0) registered = undefined;
    return { searchAttributes, continueAsNewAfterEvents };
  };
}

/** Those of {@link SEARCH_ATTRIBUTES} that the namespace has as keywords; none when it cannot be asked, because they are not essential. */
async function registeredSearchAttributes(namespace: string): Promise<string[]> {
  try {
    const { connection } = Context.current().client;
    const { customAttributes } = await connection.withDeadline(Date.now() + 3000, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    const KEYWORD = 2;
    return Object.values(SEARCH_ATTRIBUTES).filter((name) => Number(customAttributes[name]) === KEYWORD);
  } catch (err) {
    log.debug('search attributes are not known; going without', { reason: reasonOf(err) });
    return [];
  }
}
