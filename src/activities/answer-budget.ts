/**
 * How much one activity may answer: a payload that is too large wedges the workflow that waits for it.
 */
import type { Json } from '../contract';
import { jsonBytes } from '../lro/sizes';

/** Of the 2 MB a payload may have; what one answer more can add stays far below the rest. */
const MAX_ANSWER_BYTES = 524_288;

/**
 * Runs `decide` for every request at once and keeps answers in the order of the requests until the budget is used up.
 * Those that were not begun by then come back without a decision; the caller asks for them again.
 * @param results where they stand as they come; one that is decided there already is not asked
 */
export async function withinAnswerBudget<R extends { id: string }, D>(
  requests: readonly R[],
  concurrency: number,
  decide: (request: R) => Promise<D>,
  results: { id: string; decision?: D }[] = requests.map(({ id }) => ({ id })),
): Promise<{ id: string; decision?: D }[]> {
  let bytes = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < requests.length && bytes < MAX_ANSWER_BYTES; index = next++) {
      const request = requests[index];
      if (request === undefined) return;
      if (results[index]?.decision !== undefined) continue;
      const decision = await decide(request);
      bytes += jsonBytes(decision as Json) ?? 0;
      results[index] = { id: request.id, decision };
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, lane));
  return results;
}
