/** Limits the size of an activity's result: a payload that is too large wedges the workflow that waits for it. */
import type { Json } from '../contract';
import { jsonBytes } from '../lro/sizes';
import type { Elsewhere } from './messages';

/** When the answers of one activity have this size, no further request is begun. */
const MAX_ANSWER_BYTES = 524_288;

/** Limit of all answers together; an answer that would exceed it is replaced by `short` of it. */
const MAX_RESULT_BYTES = 983_040;

/** What became of one of a set of requests; none of these: it was not begun. */
type Answered<D> = { id: string; decision?: D; early?: true } & Partial<Elsewhere>;

/**
 * Runs `decide` for every request at once and keeps answers in the order of the requests until the budget is used up.
 * Those that were not begun by then come back without a decision; the caller asks for them again.
 * @param short what to keep of a decision that does not fit; undefined: nothing
 * @param results filled in as answers come; a request that has a decision there already is skipped
 */
export async function withinAnswerBudget<R extends { id: string }, D extends object>(
  requests: readonly R[],
  concurrency: number,
  decide: (request: R) => Promise<D | Elsewhere | 'early'>,
  short: (decision: D) => D | undefined,
  results: Answered<D>[] = requests.map(({ id }) => ({ id })),
): Promise<Answered<D>[]> {
  let bytes = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < requests.length && bytes < MAX_ANSWER_BYTES; index = next++) {
      const request = requests[index];
      if (request === undefined) return;
      if (results[index]?.decision !== undefined) continue;
      const decision = await decide(request);
      if (decision === 'early') {
        results[index] = { id: request.id, early: true };
        continue;
      }
      if ('elsewhere' in decision) {
        results[index] = { id: request.id, elsewhere: decision.elsewhere };
        continue;
      }
      const size = jsonBytes(decision as Json) ?? MAX_RESULT_BYTES;
      const fits = bytes + size <= MAX_RESULT_BYTES;
      results[index] = { id: request.id, decision: fits ? decision : short(decision) };
      if (fits) bytes += size;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, lane));
  return results;
}
