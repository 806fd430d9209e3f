/**
 * The priority with which the client starts workflows. What they start inherits it: shards, the runs that continue them, and activities [docs.temporal.io/develop/task-queue-priority-fairness].
 *
 * Keeps true: only options of a start say it. Workflow code sets none, so no history depends on it, and it can be changed at any time.
 */
import type { Priority } from '@temporalio/common';
import { BATCH_PRIORITY_KEY, DEFAULT_CONNECTION, MAX_FAIRNESS_KEY_BYTES, RUN_BATCH, type PriorityOptions } from '../contract';
import { check } from '../schema/check';
import { priorityOptions } from '../schema/priority';

/** Whose share of the workers a start counts for: its connection's (default), that of the value of one of its labels, or nobody's. */
export type FairnessBy = 'connection' | 'none' | { label: string };

/**
 * @param input not checked yet: the workflow refuses a wrong one
 * @throws TypeError with every mistake of `given`
 */
export function priorityOf(workflowType: string, input: object, fairnessBy: FairnessBy, given: PriorityOptions = {}): Priority {
  const checked = check(priorityOptions, given, 'priority');
  if (!checked.ok) throw new TypeError(`priority: ${checked.mistakes.join('; ')}`);
  const { priorityKey = workflowType === RUN_BATCH ? BATCH_PRIORITY_KEY : undefined, fairnessWeight } = checked.value;
  const fairnessKey = checked.value.fairnessKey ?? fairnessKeyOf(input, fairnessBy);
  return {
    ...(priorityKey === undefined ? {} : { priorityKey }),
    ...(fairnessKey === undefined ? {} : { fairnessKey }),
    ...(fairnessWeight === undefined ? {} : { fairnessWeight }),
  };
}

/** As callers write it: Temporal has 0 and the empty text for what is not set. */
export function writtenPriority({ priorityKey, fairnessKey, fairnessWeight }: Priority = {}): PriorityOptions {
  return {
    ...(priorityKey ? { priorityKey } : {}),
    ...(fairnessKey ? { fairnessKey } : {}),
    ...(fairnessWeight ? { fairnessWeight } : {}),
  };
}

/** What inputs of operations, chains and batches have of it. */
interface Named {
  connection?: unknown;
  labels?: unknown;
  defaults?: Named | null;
  items?: unknown;
}

/** Of a batch: what its defaults say, else its first item. One key for the whole batch: its items share its shards. */
function fairnessKeyOf(input: Named, fairnessBy: FairnessBy): string | undefined {
  if (fairnessBy === 'none') return undefined;
  const first = Array.isArray(input.items) ? (input.items[0] as Named | null | undefined) : undefined;
  const said = [input, input.defaults, first].map((named) => {
    if (fairnessBy === 'connection') return named?.connection;
    return (named?.labels as Record<string, unknown> | null | undefined)?.[fairnessBy.label];
  });
  const key = said.find((one): one is string => typeof one === 'string' && one !== '');
  if (key === undefined) return fairnessBy === 'connection' ? DEFAULT_CONNECTION : undefined;
  return withinBytes(key, MAX_FAIRNESS_KEY_BYTES);
}

/** Cut to so many bytes, at the border of a character. Half characters, which gRPC refuses, become whole ones. */
function withinBytes(text: string, maxBytes: number): string {
  let kept = '';
  for (const char of Buffer.from(text).toString()) {
    if (Buffer.byteLength(kept) + Buffer.byteLength(char) > maxBytes) break;
    kept += char;
  }
  return kept;
}
