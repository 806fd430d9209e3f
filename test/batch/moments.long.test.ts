/** Moments in a batch's life that no killed process hits for sure: the activities are scripted. */
import { CancelledFailure } from '@temporalio/common';
import { ITEM_UPDATE, type ItemStanding } from '../../src/contract';
import { eventually } from '../support/eventually';
import { accepted, gate, running, sharedServer, type Gate, type Server } from '../workflows/harness';
import { alive, refusal, startScripted, type ScriptedBatch } from './scripted';

let server: Server & { close(): Promise<void> };
let batch: ScriptedBatch;
let writing: Gate;
beforeAll(async () => {
  server = await sharedServer();
});
beforeEach(() => {
  writing = gate();
});
afterEach(() => batch.end());
afterAll(() => server.close());

const SUCCEEDED = { kind: 'succeeded', outcome: { status: 'Succeeded' } } as const;

test('a batch that is refused ends though somebody waits for an item of it', async () => {
  const checked = gate();
  const prepareBatch = (): Promise<never> => alive(checked.passed.then(() => Promise.reject(refusal('InvalidInput', 'no items'))));
  batch = await startScripted(server, { items: 1, prepareBatch });
  const asked = await batch.handle.startUpdate<ItemStanding, [string]>(ITEM_UPDATE, { args: ['i-0'], waitForStage: 'ACCEPTED' });
  checked.open();
  await expect(asked.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  await expect(batch.handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
});

test('after the store of the report took no lines for long, the rest of the batch is submitted', async () => {
  const store = gate();
  batch = await startScripted(server, { items: 4000, submitted: () => SUCCEEDED, writeReportPage: () => alive(store.passed) });
  // One page is on its way, and so many lines wait that nothing more is submitted. Nothing is open that could end.
  await eventually(
    () => batch.progressOfShard(),
    ({ ended, submitted }) => ended === submitted && ended >= 2500,
  );
  store.open();
  const { counts } = await batch.handle.result();
  expect(counts.succeeded).toBe(4000);
  expect(new Set(batch.lines).size).toBe(4000);
  expect(batch.lines).toHaveLength(4000);
});

test('a batch that is cancelled while a shard is about to continue as new ends', async () => {
  const store = gate();
  batch = await startScripted(server, {
    items: 100,
    continueAsNewAfterEvents: 40,
    submitted: (_chunk, index) => (index === 0 ? SUCCEEDED : accepted(1)),
    writeReportPage: () => {
      writing.open();
      return alive(store.passed);
    },
  });
  await writing.passed;
  await batch.handle.cancel();
  await batch.untilShardHasCancelRequest();
  store.open();
  await expect(batch.handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
  expect(new Set(batch.lines).size).toBe(100);
  expect(batch.lines).toHaveLength(100);
});

test('a manifest that is gone when a batch is cancelled costs only the lines of what was never submitted', async () => {
  const finished: (number | null)[][] = [];
  batch = await startScripted(server, {
    items: 500,
    writeReportRest: () => Promise.reject(refusal('ManifestInvalid', 'the manifest is gone')),
    finishReport: ({ pages, target }) => {
      finished.push(pages);
      return Promise.resolve(target.report);
    },
  });
  await eventually(
    () => batch.progressOfShard(),
    ({ submitted }) => submitted >= 250,
  );
  await batch.handle.cancel();
  await expect(batch.handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
  expect(batch.lines).toHaveLength(250);
  expect(finished).toEqual([[1]]);
});

test('a chunk that is long in coming back keeps no operation from being asked, though the shard is to continue as new', async () => {
  const slow = gate();
  let asked = 0;
  batch = await startScripted(server, {
    items: 200,
    continueAsNewAfterEvents: 30,
    submitted: (_chunk, index) => (index < 100 ? accepted(1) : slow.passed.then(() => SUCCEEDED)),
    status: (asks) => {
      // Long after the shard had as much history as it may.
      if (++asked === 8) slow.open();
      return Promise.resolve(asks.map(({ id }) => ({ id, decision: asked < 8 ? running(1) : SUCCEEDED })));
    },
  });
  const { counts } = await batch.handle.result();
  expect(counts.succeeded).toBe(200);
});
