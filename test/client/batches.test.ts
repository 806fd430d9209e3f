/** Batches in the typed client: ids, ends, questions and signals mean what they mean for operations. */
import { randomUUID } from 'node:crypto';
import {
  BatchCancelledError,
  BatchEndedError,
  BatchError,
  CANCELED_MEMO,
  RUN_BATCH,
  StillRunningError,
  type BatchInput,
} from '../../src/client';
import { batchTitle } from '../../src/client/batches';
import { standInBatch, startStandInHarness, type StandInHarness } from '../support/stand-in-harness';

let harness: StandInHarness;

beforeAll(async () => {
  harness = await startStandInHarness();
});

afterAll(() => harness.close());

async function runIdOf(id: string): Promise<string> {
  return (await harness.client.workflow.getHandle(id).describe()).runId;
}

test('a batch returns its result, and the same id returns the recorded one', async () => {
  const id = randomUUID();
  const result = await harness.lro.executeBatch(standInBatch('succeed'), { id });
  expect(result.counts).toMatchObject({ total: 2, succeeded: 2 });
  const runId = await runIdOf(id);
  expect(await harness.lro.executeBatch(standInBatch('succeed'), { id })).toEqual(result);
  expect(await runIdOf(id)).toBe(runId);
});

test('a running batch is joined by whoever starts one of its id', async () => {
  const id = randomUUID();
  const [first, second] = await Promise.all([
    harness.lro.startBatch(standInBatch('wait'), { id }),
    harness.lro.startBatch(standInBatch('wait'), { id }),
  ]);
  expect([first.started, second.started].sort()).toEqual([false, true]);
  await harness.finish(id);
  expect(await first.result()).toEqual(await second.result());
});

test.each(['wait', 'succeed'] as const)('another batch under the id of one that does "%s" is refused, and starts nothing', async (does) => {
  const id = randomUUID();
  const first = await harness.lro.startBatch(standInBatch(does), { id });
  const runId = await runIdOf(id);
  const error: unknown = await harness.lro.startBatch({ manifest: { path: './other.jsonl' } }, { id }).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(BatchError);
  expect(error).toMatchObject({ type: 'IdConflict', workflowId: id });
  expect((error as Error).message).toMatch(
    /belongs to another request: runBatch "batch of 2 · maps" .*"batch of manifest \.\/other\.jsonl"/,
  );
  expect(await runIdOf(id)).toBe(runId);
  await (does === 'wait' ? harness.finish(id) : undefined);
  await first.result();
});

test('a batch that failed says what became of its items, and its id may be started anew', async () => {
  const id = randomUUID();
  const error = await harness.lro.executeBatch(standInBatch('fail'), { id }).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(BatchError);
  expect(error).toMatchObject({ type: 'BatchFailed', workflowId: id, message: '2 items did not succeed' });
  expect((error as BatchError).batch?.firstFailures[0]).toMatchObject({ id: 'first', outcome: 'failed' });
  expect((await harness.lro.executeBatch(standInBatch('succeed'), { id })).counts.succeeded).toBe(2);
});

test('a batch is paused and resumed', async () => {
  const batch = await harness.lro.startBatch(standInBatch('wait'));
  await batch.pause();
  expect(await batch.progress()).toMatchObject({ phase: 'paused', counts: { total: 2 } });
  await batch.resume();
  expect(await batch.progress()).toMatchObject({ phase: 'running' });
});

test('each question about an item is answered anew', async () => {
  const batch = harness.lro.getBatch((await harness.lro.startBatch(standInBatch('wait'))).id);
  expect(await batch.item('first')).toMatchObject({ id: 'first', state: 'open', progress: { polls: 1 } });
  expect(await batch.item('first')).toMatchObject({ progress: { polls: 2 } });
});

test('an item that the batch does not have is the typed failure of the batch', async () => {
  const batch = await harness.lro.startBatch(standInBatch('wait'));
  await expect(batch.item('third')).rejects.toMatchObject({ name: 'BatchError', type: 'InvalidInput', message: /no item "third"/ });
});

test('a cancelled batch ends as cancelled', async () => {
  const batch = await harness.lro.startBatch(standInBatch('wait'));
  await batch.cancel();
  const error = await batch.result().catch((err: unknown) => err);
  expect(error).toBeInstanceOf(BatchCancelledError);
  expect((error as BatchCancelledError).batch).toBeUndefined();
});

test('a cancelled batch says what became of its items, where its workflow has left that in the memo', async () => {
  const workflowId = randomUUID();
  const left = {
    counts: { total: 2, succeeded: 1, failed: 0, uncertain: 0, canceled: 0, notStarted: 1, invalid: 0 },
    startedAt: '2026-11-25T02:00:00.000Z',
    completedAt: '2026-11-25T02:00:10.000Z',
    durationSeconds: 10,
    itemsPerSecond: 0.1,
    report: { path: 'nightly.jsonl' },
  };
  const memo = { [CANCELED_MEMO]: left };
  await harness.client.workflow.start(RUN_BATCH, { workflowId, taskQueue: harness.taskQueue, args: [standInBatch('wait')], memo });
  const batch = harness.lro.getBatch(workflowId);
  await batch.cancel();
  const error = await batch.result().catch((err: unknown) => err);
  expect(error).toBeInstanceOf(BatchCancelledError);
  expect(error).toMatchObject({ workflowId, batch: { ...left, firstFailures: [] } });
});

test('a call that does not wait long enough says how to find the batch again', async () => {
  const batch = await harness.lro.startBatch(standInBatch('wait'));
  const error = await batch.result({ timeoutSeconds: 0.2 }).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(StillRunningError);
  expect((error as Error).message).toBe(
    `no result of batch "${batch.id}" within 0.2 s; the batch goes on, its last problem: the service is busy: getBatch("${batch.id}") finds it again`,
  );
});

test('a batch that has ended can be neither paused nor asked for an item', async () => {
  const batch = await harness.lro.startBatch(standInBatch('succeed'));
  await batch.result();
  await expect(batch.item('first')).rejects.toBeInstanceOf(BatchEndedError);
  await expect(batch.pause()).rejects.toBeInstanceOf(BatchEndedError);
  await expect(batch.resume()).rejects.toBeInstanceOf(BatchEndedError);
  await batch.cancel();
});

test('lists of workflows show what a batch is', async () => {
  const { id } = await harness.lro.startBatch(standInBatch('succeed'));
  expect(await (await harness.client.workflow.getHandle(id).describe()).staticSummary()).toBe('batch of 2 · maps');
});

test.each<[BatchInput, string]>([
  [{ items: [{ id: 'a' }, { id: 'b', connection: 'maps' }] }, 'batch of 2 · default, maps'],
  [{ manifest: { path: './nightly.jsonl' } }, 'batch of manifest ./nightly.jsonl'],
  [{ manifest: { url: 'https://user:secret@files.example/m.jsonl?sig=secret' } }, 'batch of manifest https://files.example/m.jsonl'],
  [{ manifest: { path: 'm.jsonl' }, defaults: { connection: 'maps' } }, 'batch of manifest m.jsonl · maps'],
  [{ retryOf: { workflowId: 'nightly' } }, 'retry of batch nightly'],
  [{ retryOf: { report: { path: 'r.jsonl' } } }, 'retry of report r.jsonl'],
  [{ items: [null] as never }, 'batch of 1 · default'],
  [{}, 'batch'],
])('%j is shown as "%s"', (input, summary) => {
  expect(batchTitle(input)).toBe(summary);
});
