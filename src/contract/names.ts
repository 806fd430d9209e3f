/** Names that other programs call, and limits that they meet. */

/** Task queue the worker listens on unless `LRO_TASK_QUEUE` says otherwise. */
export const DEFAULT_TASK_QUEUE = 'lro';

/** Connection used when an input names none. */
export const DEFAULT_CONNECTION = 'default';

/** One day: the deadline of an operation whose input names none. */
export const DEFAULT_DEADLINE_SECONDS = 86_400;

/** Workflow types. */
export const RUN_OPERATION = 'runOperation';
export const RUN_BATCH = 'runBatch';
export const RUN_CHAIN = 'runChain';
export const BUILD_TILESET = 'buildTileset';

/** Query `progress` → {@link OperationProgress}, of a batch → {@link BatchProgress}, of a chain → {@link ChainProgress}. */
export const PROGRESS_QUERY = 'progress';
/**
 * Update `accepted` → {@link Acceptance}, or the typed failure. Its argument may be the input: one that is not the running workflow's is
 * refused as `IdConflict`. Its update id is then `accepted-` and the first 16 hex characters of the input's digest.
 */
export const ACCEPTED_UPDATE = 'accepted';
/** Signal `pollNow`: ask now instead of waiting. Its argument may be a {@link PollNowTarget}. */
export const POLL_NOW_SIGNAL = 'pollNow';

/** Query `operation` of a tracker: the id of an operation's workflow → {@link TrackedStanding}. */
export const TRACKED_QUERY = 'operation';

/** Whom a `pollNow` means, where its sender knows: without it, whatever the workflow waits for. */
export interface PollNowTarget {
  /** The workflow's first run, or its batch's: another workflow that has got the id since is not meant. */
  firstRunId?: string;
  /** One job of a shard of a batch. */
  key?: string;
}
/** Update `item` of a batch: an item's id → {@link ItemStanding}. */
export const ITEM_UPDATE = 'item';
/** Signal `pause` of a batch: no new submits; polling, clocks and deadlines go on. */
export const PAUSE_SIGNAL = 'pause';
/** Signal `resume` of a batch. */
export const RESUME_SIGNAL = 'resume';

/** Memo of every run whose input was found right: the SHA-256 of its RFC 8785 JSON in hex. One id, one request: another one is `IdConflict`. */
export const INPUT_DIGEST_MEMO = 'inputDigest';

/** Memo of a batch, once its report is written: the report's {@link FileRef}. */
export const REPORT_MEMO = 'report';

/** Memo of a chain that was cancelled: {@link FailureDetails} with what it has made, and where a new run goes on; of a batch: its {@link BatchResult} without failures. */
export const CANCELED_MEMO = 'canceled';

/** Search attributes (keywords) that are written when the namespace has them. */
export const SEARCH_ATTRIBUTES = {
  status: 'LroStatus',
  connection: 'LroConnection',
  operationId: 'LroOperationId',
  trouble: 'LroTrouble',
} as const;

/** Type of the failure of an activity whose worker lacks the key that its input is encrypted with: workers that have it may go on. */
export const ENCRYPTION_KEY_UNKNOWN = 'EncryptionKeyUnknown';

/** Kept in history at most, in bytes of JSON, for each of body, resource and error of one operation. */
export const MAX_KEPT_BYTES = 65_536;

/** The same of one item of a batch. */
export const MAX_KEPT_ITEM_BYTES = 4096;

/** The same of one step of a chain. */
export const MAX_KEPT_STEP_BYTES = 16_384;

/** Steps of a chain at most. */
export const MAX_STEPS = 20;

/** Items that stand in a batch's input itself, in bytes of JSON: what is more goes into a manifest. */
export const MAX_INLINE_BYTES = 1_048_576;

/** Items of a batch that are open at the service at once, where its input says nothing. */
export const DEFAULT_MAX_IN_FLIGHT = 1000;
