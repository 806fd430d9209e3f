/** What workflows really return, fail with and answer is what the published schemas say. */
import { randomUUID } from 'node:crypto';
import type { FailureDetails, ItemReport } from '../../src/contract';
import { eventually } from '../support/eventually';
import { FAILS, item, newReport, openBatchHarness, WATCHED, type BatchHarness } from '../batch/harness';
import { mistakes } from './compiled';

let harness: BatchHarness;
beforeAll(async () => (harness = await openBatchHarness()));
afterAll(() => harness.close());

/** How it ends that is to fail. */
async function failureOf(handle: { result(): Promise<unknown> }): Promise<FailureDetails> {
  const error: unknown = await handle.result().catch((err: unknown) => err);
  const { details } = error as { details?: FailureDetails };
  if (details === undefined) throw new Error(`no typed failure: ${String(error)}`);
  return details;
}

test('of operations', async () => {
  const handle = await harness.lro.start({ submit: item('alone').submit!, labels: { a: 'b' }, fetchResource: true }, { id: randomUUID() });
  expect(mistakes('accepted.result', await handle.accepted())).toEqual([]);
  expect(mistakes('run-operation.result', await handle.result())).toEqual([]);
  expect(mistakes('run-operation.progress', await handle.progress())).toEqual([]);
});

test('of operations that fail', async () => {
  const failed = await harness.lro.start({ submit: item('fails', FAILS).submit! }, { id: randomUUID() });
  expect(mistakes('failure', await failureOf(failed))).toEqual([]);
});

test('of chains', async () => {
  const chain = { steps: [item('first'), item('second')].map(({ id, submit }) => ({ id, submit: submit! })) };
  const handle = await harness.lro.runChain(chain, { id: randomUUID() });
  expect(mistakes('run-chain.result', await handle.result())).toEqual([]);
  expect(mistakes('chain.progress', await handle.progress())).toEqual([]);
  const broken = await harness.lro.runChain({ steps: [...chain.steps, { id: 'third', submit: item('third', FAILS).submit! }] }, { id: randomUUID() });
  expect(mistakes('failure', await failureOf(broken))).toEqual([]);
});

test('of batches, and of their reports', async () => {
  const items = [item('good'), item('bad', FAILS), item('open', WATCHED)];
  const batch = await harness.start({ items, report: newReport() });
  const standing = await eventually(() => batch.item('open'), ({ state }) => state === 'open');
  expect(mistakes('item.result', standing)).toEqual([]);
  expect(mistakes('run-batch.progress', await batch.progress())).toEqual([]);
  await harness.finish('open');
  const result = await batch.result();
  expect(mistakes('run-batch.result', result)).toEqual([]);
  const lines: ItemReport[] = harness.lines(result.report);
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(mistakes('report-line', line)).toEqual([]);
});
