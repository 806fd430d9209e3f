/** The items of a page, on the worker that can read them. */
import type { FailureDetails } from '../contract';
import { isFileDependent, typedFailure } from './failures';
import type { Elsewhere, SubmitRequest } from './messages';
import type { OtherWorkers } from './other-workers';
import type { PageItem, Pages } from './pages';

/** @throws ApplicationFailure as `pages.load` does, where no other worker is to be asked */
export async function loaded(
  { source, page, lookups }: Pick<SubmitRequest, 'source' | 'page' | 'lookups'>,
  pages: Pages,
  others: OtherWorkers,
): Promise<PageItem[] | Elsewhere> {
  try {
    return await pages.load(source, page);
  } catch (error) {
    if (!isFileDependent(error)) throw error;
    // All of the page are looked for together.
    const lookedUp = Object.values(lookups ?? {})[0];
    const elsewhere = await others.elsewhere(lookedUp);
    if (elsewhere !== undefined) return elsewhere;
    throw typedFailure(others.told(error.details?.[0] as FailureDetails, lookedUp));
  }
}
