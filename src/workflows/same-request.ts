/**
 * One id, one request: who joins a workflow by its id wants what it does, or is refused.
 *
 * Keeps true: a refusal stands in an update's validator, so it writes no history; it works after continue-as-new, where the input is no longer
 * whole, because the digest is carried.
 */
import { upsertMemo, workflowInfo } from '@temporalio/workflow';
import { INPUT_DIGEST_MEMO, type OperationInput } from '../contract';
import { idConflict, operationTitle } from '../identity/id-conflict';
import { inputDigest } from '../identity/input-digest';
import { typedFailure } from './failures';

/** From now on everybody can see which input this is. Histories of before there were digests have none. */
export function noteDigest({ inputDigest: digest }: { inputDigest?: string }): void {
  if (digest !== undefined) upsertMemo({ [INPUT_DIGEST_MEMO]: digest });
}

/**
 * Refuses a caller whose request is another one.
 * @param own the input of this run, and its digest where it is known
 * @param request what the caller wants; undefined: whatever this is
 * @throws ApplicationFailure `IdConflict`
 */
export function requireSameRequest(own: { input: OperationInput; digest?: string }, request: OperationInput | null | undefined): void {
  if (request === undefined || request === null) return;
  const { workflowId, workflowType, continuedFromExecutionRunId } = workflowInfo();
  // A later run has no body any more; the client compares with the first one's start then.
  if (own.digest === undefined && continuedFromExecutionRunId !== undefined) return;
  const holder = { workflowType, title: operationTitle(own.input), digest: own.digest ?? inputDigest(own.input) };
  const conflict = idConflict(workflowId, holder, { workflowType, title: operationTitle(request), digest: inputDigest(request) });
  if (conflict !== undefined) throw typedFailure(conflict);
}
