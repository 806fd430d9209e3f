/**
 * What becomes of a final body that the caller wants in a file (`resultFile`). Pure: others write.
 *
 * Keeps true:
 * 1. The operation stays succeeded, whatever becomes of its file. Without a file the result says why, and keeps of the body what fits.
 * 2. What could not be written, and can be read once more, is read again by a GET of its own.
 */
import type { Json, ResultFile } from '../contract';
import type { Answer } from './answer';
import type { Fetch, Monitor, Outcome, StatusDecision, SubmitDecision, Succeeded } from './monitor';
import { ReadAnswer } from './read-answer';
import { valueOf } from './expressions';
import type { ProtocolSettings } from './settings';

/** What came of writing. `isFinal`: trying again would not help. */
export type Written = { kind: 'written'; file: ResultFile } | { kind: 'failed'; reason: string; isFinal: boolean };

/** What of an answer goes into the file: its body as it came, or a part of it, as JSON. */
export type FileContent = { kind: 'body' } | { kind: 'part'; value: Json } | { kind: 'none'; reason: string };

const CUT_PART = 'the result is a part of an answer that is longer than the connection\'s "maxBodyBytes"';

/** What of the answer that a decision was made of goes into the file; undefined: nothing, it is not the final body. */
export function contentOf(decision: StatusDecision | SubmitDecision, answer: Answer, settings: ProtocolSettings): FileContent | undefined {
  if (decision.kind !== 'succeeded' || isReadLater(decision)) return undefined;
  const { outcome, isPart } = decision;
  if (answer.httpStatus >= 300) return undefined;
  if (isPart === true && answer.body.cutBy === 'limit') return { kind: 'none', reason: CUT_PART };
  if (outcome.missing?.['body'] !== undefined) return undefined;
  if (answer.body.cutBy === 'connection') return { kind: 'none', reason: 'the answer broke off' };
  const expression = settings.dialect?.result;
  if (isPart !== true || expression === undefined) return { kind: 'body' };
  const value = valueOf(expression, new ReadAnswer(answer));
  return value === undefined ? undefined : { kind: 'part', value };
}

/** A success with what came of its file. @param again how the body is read once more, where that is possible */
export function withFile(decision: Succeeded, written: Written | undefined, again: Fetch | undefined): Succeeded {
  const { isPart, ...succeeded } = decision;
  if (isReadLater(succeeded)) return succeeded;
  const { outcome, fetches = [] } = succeeded;
  if (written?.kind === 'written') return { ...succeeded, outcome: inFile(outcome, written.file) };
  if (written !== undefined && !written.isFinal && isPart !== true && again !== undefined)
    return { ...succeeded, fetches: [again, ...fetches] };
  const reason = written?.reason ?? outcome.missing?.['body'] ?? 'the answer that ended it has no body';
  return { ...succeeded, outcome: { ...outcome, missing: { ...outcome.missing, file: reason } } };
}

/** The outcome whose body stands in a file. */
function inFile(outcome: Outcome, file: ResultFile): Outcome {
  const truncated = outcome.truncated?.filter((field) => field !== 'body');
  return { ...outcome, body: undefined, file, truncated: truncated?.length ? truncated : undefined };
}

/** How the last status answer is read once more. */
export function statusAgain({ connection, statusUrl, headers, cookies, poll, resultFile }: Monitor): Fetch | undefined {
  if (poll?.method === 'POST') return undefined;
  return { connection, url: statusUrl, into: ['body'], headers, cookies, file: resultFile, namedByService: true };
}

function isReadLater({ fetches = [] }: Succeeded): boolean {
  return fetches.some(({ file }) => file !== undefined);
}
