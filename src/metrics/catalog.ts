/**
 * Every metric of this project's own: its name, kind, labels, and what it tells. `docs/metrics.md` has a row for each; a test compares them.
 *
 * Keeps true: no label holds a URL, an id, or a text of a caller or a service. Connections are those of a worker's file, {@link UNKNOWN} is any
 * other; all other labels have the values that are listed here.
 *
 * Durations are seconds, and their names say so: names do not depend on `unitSuffix` of the SDK's runtime. Counters get their `_total` by
 * `countersTotalSuffix` of the runtime. Besides the labels below all have `namespace` and `taskQueue`, those of workflows `workflowType`, too;
 * the gauges of the process ({@link PROCESS_METRICS}) have none of them.
 */
import { FAILURE_TYPES, ITEM_OUTCOMES, TROUBLE_KINDS } from '../contract';

/** Label `connection` of what no connection of the worker's file has to do with. */
export const UNKNOWN = 'unknown';

/** Label `request`: a submit or the request that starts what was submitted, a status, a result, a cancel or a delete, a search for a lost submit. */
export const REQUESTS = ['submit', 'poll', 'fetch', 'cancel', 'find'] as const;
export type RequestKind = (typeof REQUESTS)[number];

/**
 * Label `kind` of an answer. `unreachable`: none, or 408, 425, 5xx; `unauthorized`: 401, 403, or no credentials to send; `throttled`: 429, and
 * 503 with `Retry-After`; `unreadable`: one that makes no sense; `rejected`: another 4xx.
 */
export const ANSWER_KINDS = ['ok', 'throttled', 'unreachable', 'unauthorized', 'unreadable', 'rejected'] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** Label `status` of open operations: of the words of services only `Running` is counted by itself, all others are `other`. */
export const OPEN_STATUSES = ['Submitting', 'Accepted', 'Running', 'other'] as const;

/** Label `trouble`, as the search attribute `LroTrouble` has it. */
export const TROUBLES = TROUBLE_KINDS;

/** Label `outcome` of operations that have ended; items of batches may be `notStarted`, too. */
export const OPERATION_OUTCOMES = ['succeeded', 'failed', 'uncertain', 'canceled', 'invalid'] as const;
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];

export interface MetricDescription {
  /** Without `_total`. */
  name: string;
  kind: 'counter' | 'gauge' | 'histogram';
  /** Labels of its own, with their values where these are fixed. */
  labels: Readonly<Record<string, readonly string[] | 'connections' | 'hashes'>>;
  /** For the `HELP` line. */
  text: string;
}

const connection = 'connections' as const;

/** Of requests, by the worker that sends them. */
export const REQUEST_METRICS = {
  pollLateness: {
    name: 'lro_poll_lateness_seconds',
    kind: 'histogram',
    labels: { connection },
    text: 'How long after it was due a status request left',
  },
  submitLatency: {
    name: 'lro_submit_latency_seconds',
    kind: 'histogram',
    labels: { connection },
    text: 'From a submit leaving to its answer, without its wait for a turn',
  },
  answers: {
    name: 'lro_answers',
    kind: 'counter',
    labels: { connection, request: REQUESTS, kind: ANSWER_KINDS },
    text: 'Requests that were tried, by what came of them',
  },
  throttles: {
    name: 'lro_throttles',
    kind: 'counter',
    labels: { connection, request: REQUESTS },
    text: 'Answers 429, and 503 with Retry-After',
  },
  uncertainSubmits: {
    name: 'lro_uncertain_submits',
    kind: 'counter',
    labels: { connection },
    text: 'Submits of which nobody knows whether the service has accepted them',
  },
} as const satisfies Record<string, MetricDescription>;

/** Of a connection, looked at every few seconds. */
export const CONNECTION_METRICS = {
  held: {
    name: 'lro_held_seconds',
    kind: 'counter',
    labels: { connection },
    text: 'Seconds in which submits and polls were held, one at a time trying whether the service has room or takes the key again',
  },
  waiting: {
    name: 'lro_waiting_requests',
    kind: 'gauge',
    labels: { connection },
    text: 'Requests that wait for their turn at the connection',
  },
  credentialsAge: {
    name: 'lro_credentials_age_seconds',
    kind: 'gauge',
    labels: { connection },
    text: 'Since the worker has the credentials that it used last; of a file, since it was changed',
  },
  credentialsExpireIn: {
    name: 'lro_credentials_expire_in_seconds',
    kind: 'gauge',
    labels: { connection },
    text: 'Until the credentials that were used last expire; 0 when they have',
  },
} as const satisfies Record<string, MetricDescription>;

/** Of all open operations of the task queue, counted in Temporal's visibility by every worker: to be read with `max`, not `sum`. */
export const OPEN_METRICS = {
  openOperations: {
    name: 'lro_open_operations',
    kind: 'gauge',
    labels: { connection, status: OPEN_STATUSES },
    text: 'Open operations and chains of the task queue, without items of batches',
  },
  inTrouble: {
    name: 'lro_operations_in_trouble',
    kind: 'gauge',
    labels: { connection, trouble: TROUBLES },
    text: 'Those of them that something keeps from going on',
  },
  openItems: {
    name: 'lro_batch_open_items',
    kind: 'gauge',
    labels: {},
    text: 'Items of open batches of the task queue that are open at services',
  },
} as const satisfies Record<string, MetricDescription>;

/** Of workflows, counted where they end. */
export const WORKFLOW_METRICS = {
  operationsEnded: {
    name: 'lro_operations_ended',
    kind: 'counter',
    labels: { connection, outcome: OPERATION_OUTCOMES, failure: ['', ...FAILURE_TYPES, 'other'] },
    text: 'Operations and chains that have ended, without items of batches',
  },
  itemsEnded: {
    name: 'lro_batch_items_ended',
    kind: 'counter',
    labels: { outcome: ITEM_OUTCOMES },
    text: 'Items of batches that have ended',
  },
  reportsLost: {
    name: 'lro_reports_lost',
    kind: 'counter',
    labels: {},
    text: 'Reports of batches that could not be put together',
  },
  uncertainSubmits: REQUEST_METRICS.uncertainSubmits,
} as const satisfies Record<string, MetricDescription>;

/** Of the worker process, not of a worker inside another program. */
export const PROCESS_METRICS = {
  file: {
    name: 'lro_worker_file',
    kind: 'gauge',
    labels: { file_hash: 'hashes' },
    text: 'Version of the file with connections: 1 where new work is done with it',
  },
  fileAge: {
    name: 'lro_file_age_seconds',
    kind: 'gauge',
    labels: {},
    text: 'Since the version of the file with connections that is in use was written',
  },
  draining: {
    name: 'lro_worker_draining',
    kind: 'gauge',
    labels: {},
    text: '1 from the signal that ends the process on, 0 before',
  },
} as const satisfies Record<string, MetricDescription>;

/** The buckets of own histograms, in seconds, from a poll in time to one that an outage made late. */
export const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const;
