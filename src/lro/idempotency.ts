/**
 * The key that makes a second submit safe, and the headers that carry it. [OASIS Repeatable Requests 1.0; api-guidelines azure/Guidelines.md]
 *
 * Keeps true: every try of one operation carries the same key; the key comes from the workflow's identity, so no two operations share it.
 */
import { v5 as uuidv5 } from 'uuid';
import type { IdempotencyHeader } from './settings';

/** Namespace of this project's keys, made once at random. */
const NAMESPACE = '8d2b6f1e-7c43-4a0b-9f5e-3a1d5f0c2e77';

/**
 * Key of one operation. The first run's id, because a workflow id alone would replay an old failure, and a run's own id changes when
 * the workflow continues as new.
 * @param stepId of a chain: each of its steps is an operation of its own
 */
export function idempotencyKey(workflowId: string, firstRunId: string, itemId: string, generation: number, stepId?: string): string {
  const step = stepId === undefined ? [] : [stepId];
  return uuidv5(JSON.stringify([workflowId, firstRunId, itemId, generation, ...step]), NAMESPACE);
}

/** The headers of one submit. `firstSentAtMs` is the time of the first try, the same for all. */
export function idempotencyHeaders(names: readonly IdempotencyHeader[], key: string, firstSentAtMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of names) headers[name] = key;
  if (names.includes('Repeatability-Request-ID')) {
    // Its format is that of HTTP dates [ECMA-262, Date.prototype.toUTCString; RFC 9110 §5.6.7].
    headers['Repeatability-First-Sent'] = new Date(firstSentAtMs).toUTCString();
  }
  return headers;
}
