/** Limits the size of an activity's result: a payload that is too large wedges the workflow that waits for it. */
import type { Json } from '../contract';
import { jsonBytes } from '../lro/sizes';
import type { Elsewhere } from './messages';

/** When the answers of one activity have this size, no further request is begun. */
const MAX_ANSWER_BYTES = 524_288;

/** Limit of all answers together; an answer that would exceed it is replaced by `short` of it. */
const MAX_RESULT_BYTES = 983_040;

/** What became of one of a set of requests; none of these: it was not begun. */
type Answered<D> = { id: string; decision?: D; before?: D[]; early?: true } & Partial<Elsewhere>;

/**
 * Runs `decide` for every request at once and keeps answers in the order of the requests until the budget is used up.
 * Those that were not begun by then come back without a decision; the caller asks for them again.
 * @param short what to keep of a decision that does not fit; undefined: nothing
 * @param results filled in as answers come; a request that has a decision there already is skipped
 * @param isMadeAgain whether a request is made once more at once; `made`: how often it was. Its answers are kept in a row
 */
export async function withinAnswerBudget<R extends { id: string }, D extends object>(
  requests: readonly R[],
  concurrency: number,
  decide: (request: R, made: number) => Promise<D | Elsewhere | 'early'>,
  short: (decision: D) => D | undefined,
  results: Answered<D>[] = requests.map(({ id }) => ({ id })),
  isMadeAgain: (request: R, decision: D, made: number) => boolean = () => false,
): Promise<Answered<D>[]> {
  let bytes = 0;
  let next = 0;
  /** @returns whether it is made once more */
  const make = async (request: R, index: number, made: number): Promise<boolean> => {
    const { id } = request;
    const answer = await decide(request, made);
    if (answer === 'early') {
      results[index] = { id, early: true };
      return false;
    }
    if ('elsewhere' in answer) {
      // What was answered before stands.
      if (made === 0) results[index] = { id, elsewhere: answer.elsewhere };
      return false;
    }
    const { decision: last, before = [] } = results[index] ?? {};
    const size = jsonBytes(answer as Json) ?? MAX_RESULT_BYTES;
    const fits = bytes + size <= MAX_RESULT_BYTES;
    const decision = fits ? answer : short(answer);
    const row = last === undefined ? before : [...before, last];
    results[index] = row.length === 0 ? { id, decision } : { id, decision, before: row };
    if (fits) bytes += size;
    return fits && bytes < MAX_ANSWER_BYTES && isMadeAgain(request, answer, made + 1);
  };
  const lane = async (): Promise<void> => {
    for (let index = next++; index < requests.length && bytes < MAX_ANSWER_BYTES; index = next++) {
      const request = requests[index];
      if (request === undefined) return;
      if (results[index]?.decision !== undefined) continue;
      for (let made = 0; await make(request, index, made);) made++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, lane));
  return results;
}
