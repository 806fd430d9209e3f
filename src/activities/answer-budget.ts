/**
 * How much one activity may answer: a payload that is too large wedges the workflow that waits for it.
 */
import type { Json } from '../contract';
import { jsonBytes } from '../lro/sizes';

/** Of one activity's answers: those that were not begun by then are not asked. */
const MAX_ANSWER_BYTES = 524_288;

/** Of all answers together; one that would go beyond it is replaced by what is known without it. */
const MAX_RESULT_BYTES = 983_040;

/**
 * Runs `decide` for every request at once and keeps answers in the order of the requests until the budget is used up.
 * Those that were not begun by then come back without a decision; the caller asks for them again.
 * @param short what is left of a decision that is too large beside the others; absent: nothing
 * @param results where they stand as they come; one that is decided there already is not asked
 */
export async function withinAnswerBudget<R extends { id: string }, D>(
  requests: readonly R[],
  concurrency: number,
  decide: (request: R) => Promise<D>,
  short: (decision: D) => D | undefined,
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
      const size = jsonBytes(decision as Json) ?? MAX_RESULT_BYTES;
      const fits = bytes + size <= MAX_RESULT_BYTES;
      results[index] = { id: request.id, decision: fits ? decision : short(decision) };
      if (fits) bytes += size;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, lane));
  return results;
}

/** Bytes that may be used up, reserved before they are known. */
export class ByteBudget {
  private used = 0;
  private reserved = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly maxBytes: number) {}

  /** Waits until so many may be used. False when there will never be so many, unless nothing at all is used. */
  async reserve(bytes: number): Promise<boolean> {
    while (this.used + this.reserved + bytes > this.maxBytes) {
      if (this.reserved === 0) {
        if (this.used > 0) return false;
        break;
      }
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
    this.reserved += bytes;
    return true;
  }

  /** So many of the reserved ones were used in fact. */
  settle(reserved: number, used: number): void {
    this.reserved -= reserved;
    this.used += used;
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }
}
