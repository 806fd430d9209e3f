/** The result of an operation that succeeded, alone or in a batch. */
import type { OperationResult } from '../contract';
import type { Monitor, Outcome } from '../lro/monitor';

/** What the workflow knows of it besides its outcome. */
export interface OperationRecord {
  monitor?: Monitor;
  created?: { created?: string; createdText?: string };
  submittedAtMs?: number;
  polls: number;
  labels?: Record<string, string>;
}

export function resultOf(outcome: Outcome, { monitor, created, submittedAtMs, polls, labels }: OperationRecord): OperationResult {
  const iso = (atMs: number): string => new Date(atMs).toISOString();
  return {
    ...created,
    ...withoutUndefined(outcome),
    // One word for one meaning, in all dialects; the service's own stands in the body.
    status: 'Succeeded',
    operationId: outcome.operationId ?? monitor?.operationId,
    ...(monitor === undefined || monitor.statusUrl === '' ? {} : { statusUrl: monitor.statusUrl }),
    ...(submittedAtMs === undefined ? {} : { submittedAt: iso(submittedAtMs) }),
    completedAt: iso(Date.now()),
    polls,
    ...(labels && { labels }),
  };
}

export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
