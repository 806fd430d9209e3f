/** Who goes first where work waits for workers: Temporal's priority and fairness of tasks, as callers write them. */

export interface PriorityOptions {
  /** 1 is first, 5 is last. Default: 3 for operations and chains, 4 for batches, so that a single operation does not wait behind a batch. */
  priorityKey?: number;
  /** Of one priority, each key gets its share. At most 64 bytes. Default: what `fairnessBy` of the client says. */
  fairnessKey?: string;
  /** How many shares its key gets, 0.001 to 1000. Default 1. */
  fairnessWeight?: number;
}

/** Of batches, and with them of their shards and activities. Temporal's own default is 3. */
export const BATCH_PRIORITY_KEY = 4;

/** Temporal's limit. */
export const MAX_FAIRNESS_KEY_BYTES = 64;
