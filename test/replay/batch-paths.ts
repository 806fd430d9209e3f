/** One batch for every path through the workflows of batches: what the histories `batch-*.json` were recorded from. */
import { eventually } from '../support/eventually';
import type { WorkflowHandle } from '@temporalio/client';
import {
  ITEM_UPDATE,
  PAUSE_SIGNAL,
  PROGRESS_QUERY,
  RESUME_SIGNAL,
  type BatchInput,
  type BatchItem,
  type BatchProgress,
} from '../../src/contract';
import type { Emulator } from '../../src/emulator';
import { ACCEPTED, busy, CANCEL, running, SUCCEEDED, type Answer } from './paths';

export interface BatchPath {
  /** Ids of its items, which share one route. */
  items: string[];
  /** Of each item, where it is no operation. */
  item?: Omit<BatchItem, 'id'>;
  /** Answers in order; the last one repeats. Default: accepted, and succeeded at the first poll. */
  submit?: Answer[];
  status?: Answer[];
  input?: Partial<BatchInput>;
  /** What somebody does meanwhile. `asked` waits for the answered requests to a route. */
  meanwhile?: (handle: WorkflowHandle, asked: (route: string, count?: number) => Promise<unknown>, emulator: Emulator) => Promise<unknown>;
  continueAsNewAfterEvents?: number;
}

const REPORT: Partial<BatchInput> = { report: { path: 'report.jsonl' } };
const FAILED: Answer = { body: { status: 'Failed', error: { code: 'DwgError', message: 'no layer' } } };

/** Until the batch is in that phase. */
const inPhase = (handle: WorkflowHandle, phase: string) =>
  eventually(
    () => handle.query<BatchProgress>(PROGRESS_QUERY),
    (progress) => progress.phase === phase,
  );

const STEP = { submit: { path: '{base}/submit' } };
/** A chain of two steps at the routes of all. */
const CHAIN: Omit<BatchItem, 'id'> = {
  kind: 'chain',
  steps: [
    { id: 'first', ...STEP },
    { id: 'second', submit: { ...STEP.submit, query: { of: '{{steps.first.operationId}}' } } },
  ],
};
const CLEANED_UP = { ...CHAIN, cleanup: 'onFailure' as const };

export const BATCH_PATHS: Record<string, BatchPath> = {
  'batch-chains': { items: ['a', 'b'], item: CHAIN, status: [running(1), SUCCEEDED], input: REPORT },
  'batch-chains-failed': { items: ['a'], item: CLEANED_UP, status: [SUCCEEDED, FAILED], input: REPORT },
  'batch-chains-canceled': {
    items: ['a'],
    item: { ...CHAIN, ...CANCEL },
    status: [SUCCEEDED, running(3600)],
    meanwhile: async (handle, asked) => (await asked('status', 2), handle.cancel()),
  },
  'batch-chains-continue-as-new': { items: ['a', 'b'], item: CHAIN, status: [running(1), SUCCEEDED], continueAsNewAfterEvents: 25 },
  'batch-success-two-shards': {
    items: Array.from({ length: 251 }, (_, index) => `item-${index}`),
    submit: [ACCEPTED, ACCEPTED, { body: { status: 'Succeeded' } }],
    status: [running(1), SUCCEEDED],
  },
  // What travels is packed.
  'batch-many-continue-as-new': {
    items: Array.from({ length: 30 }, (_, index) => `item-${index}`),
    status: [...Array.from({ length: 60 }, () => running(1)), SUCCEEDED],
    continueAsNewAfterEvents: 15,
  },
  // The question that waits for them to come due is waited for.
  'batch-many-cancel': {
    items: Array.from({ length: 25 }, (_, index) => `item-${index}`),
    status: [running(2)],
    meanwhile: async (handle, asked) => (await asked('status', 30), handle.cancel()),
  },
  'batch-report': { items: ['a', 'b', 'c'], status: [running(1), SUCCEEDED, FAILED, SUCCEEDED], input: REPORT },
  'batch-refused': { items: ['a', 'a'], input: REPORT },
  'batch-stop': { items: ['a', 'b', 'c'], status: [FAILED], input: { ...REPORT, stopAfterFailures: 1, maxInFlight: 1 } },
  'batch-fail-when': { items: ['a'], status: [FAILED], input: { failWhen: { failedItems: 1 } } },
  'batch-cancel': {
    items: ['a', 'b', 'c'],
    status: [running(3600)],
    input: { ...REPORT, defaults: CANCEL, maxInFlight: 2 },
    meanwhile: async (handle, asked) => (await asked('status', 2), handle.cancel()),
  },
  'batch-pause': {
    items: ['a', 'b'],
    status: [running(3600), SUCCEEDED],
    input: { maxInFlight: 1 },
    meanwhile: async (handle, asked) => {
      await handle.signal(PAUSE_SIGNAL);
      await inPhase(handle, 'paused');
      await handle.signal(RESUME_SIGNAL);
      await asked('status');
      await handle.signal(PAUSE_SIGNAL);
      await inPhase(handle, 'paused');
      await handle.cancel();
    },
  },
  'batch-uncertain-failed': {
    items: ['a', 'b'],
    submit: [{ httpStatus: 500 }, ACCEPTED],
    input: { ...REPORT, defaults: { onUncertainSubmit: 'fail' } },
  },
  'batch-uncertain-retried': { items: ['a'], submit: [{ httpStatus: 500 }, ACCEPTED] },
  'batch-resubmit': { items: ['a'], submit: [busy(1), busy(0), ACCEPTED] },
  'batch-deadline-before-acceptance': { items: ['a'], submit: [busy(1)], input: { defaults: { deadlineSeconds: 2 } } },
  'batch-item': {
    items: ['a', 'b'],
    status: [running(3600)],
    input: { ...REPORT, maxInFlight: 1, defaults: CANCEL },
    meanwhile: async (handle, asked) => {
      await asked('status');
      for (const id of ['a', 'b']) await handle.executeUpdate(ITEM_UPDATE, { args: [id] });
      await handle.executeUpdate(ITEM_UPDATE, { args: ['none'] }).catch(() => undefined);
      await handle.cancel();
    },
  },
  'batch-continue-as-new': {
    items: ['a', 'b', 'c'],
    status: [...Array<Answer>(8).fill(running(0)), SUCCEEDED],
    input: { ...REPORT, maxInFlight: 2 },
    continueAsNewAfterEvents: 25,
  },
};
