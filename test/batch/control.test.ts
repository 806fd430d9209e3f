/** What people do to a batch while it runs, and what becomes of it when it, its parent or a shard is ended from outside. */
import { CancelledFailure } from '@temporalio/common';
import type { BatchResult, ItemStanding } from '../../src/contract';
import { eventually } from '../support/eventually';
import { type Batch, byOutcome, CANCEL, FAILS, FAST, HELD, item, items, newReport, WATCHED, type BatchHarness } from './harness';
import { sharedWorkerTests } from './harness-tests';

const batchTest = sharedWorkerTests({ continueAsNewAfterEvents: 60, connection: FAST });

/** Until what the batch knows of its shards says so. */
const until = (batch: Batch, wanted: (progress: Awaited<ReturnType<Batch['progress']>>) => boolean) =>
  eventually(() => batch.progress(), wanted);

const runsOf = async (batch: Batch, shard: number) => (await batch.shard(shard).describe()).runId;

/** Until the shard goes on in another run than `runId`. */
const continued = (batch: Batch, shard: number, runId: string) =>
  eventually(
    () => runsOf(batch, shard),
    (now) => now !== runId,
  );

async function shardResult(batch: Batch, shard: number): Promise<{ counts: BatchResult['counts']; reportPages: number }> {
  return (await batch.shard(shard).result()) as { counts: BatchResult['counts']; reportPages: number };
}

describe('query progress', () => {
  batchTest('tells phase, counts, rate and where the report will be', async (harness) => {
    await harness.refuse(429, { 'retry-after': '1' }, 'busy');
    const report = newReport();
    const batch = await harness.start({ items: [item('a'), item('b', FAILS), item('open', WATCHED), item('busy')], report });
    const progress = await until(batch, ({ lastProblems }) => lastProblems.length > 0);
    expect(progress).toMatchObject({ counts: { total: 4 }, shards: 1, report, phase: 'running' });
    expect(progress.lastProblems[0]?.message).toContain('429');
    await harness.emulator.admin.removeFaults();
    await harness.finish('open');
    await batch.result();
    const last = await batch.progress();
    expect(last).toMatchObject({ phase: 'succeeded', counts: { succeeded: 3, failed: 1 }, submitted: 4, running: 0 });
    expect(last.itemsPerSecond).toBeGreaterThan(0);
    expect(last.etaSeconds).toBeUndefined();
  });

  batchTest('of a batch that was refused says that it failed', async (harness) => {
    const batch = await harness.start({ items: [] });
    await batch.failure();
    expect(await batch.progress()).toMatchObject({ phase: 'failed', counts: { total: 0 }, shards: 0 });
  });
});

describe('update item', () => {
  batchTest('knows an item wherever it stands', async (harness) => {
    await harness.refuse(429, { 'retry-after': '1' }, 'busy');
    const manifest = harness.manifest([item('ended', FAILS), item('open', WATCHED), item('busy'), ...items('rest', 3)]);
    const batch = await harness.start({ manifest, maxInFlight: 3, stopAfterFailures: 2, report: newReport() }, {});
    await batch.handle.signal('pause');
    await batch.handle.signal('resume');
    const when = (id: string, state: string, isWanted: (standing: ItemStanding) => boolean = () => true) =>
      eventually(
        () => batch.item(id),
        (standing) => standing.state === state && isWanted(standing),
      );
    expect(await when('ended', 'ended')).toMatchObject({
      id: 'ended',
      report: { outcome: 'failed', failure: { type: 'OperationFailed' } },
    });
    // While it is asked, nobody knows when it is asked next.
    const waits = await when('open', 'open', ({ progress }) => progress?.nextPollAt !== undefined);
    expect(waits).toMatchObject({ progress: { operationId: expect.any(String) } });
    expect(await when('busy', 'submitting')).toMatchObject({ progress: { polls: 0, lastProblem: { httpStatus: 429 } } });
    await expect(batch.item('nobody')).rejects.toMatchObject({
      cause: { type: 'InvalidInput', message: 'the batch has no item "nobody"' },
    });
    await batch.handle.cancel();
    expect(await batch.cause()).toBeInstanceOf(CancelledFailure);
  });

  batchTest('knows an item that is not started, in a manifest and in the input', async (harness) => {
    for (const source of [
      { manifest: harness.manifest([...items('open', 2, HELD), item('later')]) },
      { items: [...items('open', 2, HELD), item('later')] },
    ]) {
      const batch = await harness.start({ ...source, maxInFlight: 2 });
      await eventually(
        () => batch.item('open1'),
        ({ state }) => state === 'open',
      );
      expect(await batch.item('later')).toEqual({ id: 'later', state: 'notStarted' });
      await batch.handle.cancel();
      await batch.cause();
    }
  });

  batchTest('of an item that has ended in a batch without report says no more than that', async (harness) => {
    const batch = await harness.start({ items: [item('ended'), item('open', HELD)] });
    expect(
      await eventually(
        () => batch.item('ended'),
        ({ state }) => state === 'ended',
      ),
    ).toEqual({ id: 'ended', state: 'ended' });
    await batch.handle.cancel();
    await batch.cause();
  });

  batchTest('to a batch that is refused fails as the batch does, and does not hold it', async (harness) => {
    const batch = await harness.start({ items: [item('a'), item('a')] });
    const asked = batch.item('a').catch((error: unknown) => error);
    expect(await batch.failure()).toMatchObject({ type: 'InvalidInput' });
    expect(await asked).toBeInstanceOf(Error);
  });

  batchTest('needs an id', async (harness) => {
    const batch = await harness.start({ items: [item('open', HELD)] });
    await expect(batch.item('')).rejects.toMatchObject({ cause: { message: 'the id of an item is needed' } });
    await batch.handle.cancel();
    await batch.cause();
  });
});

describe('pause', () => {
  batchTest('sent at once keeps everything from being submitted, until resume', async (harness) => {
    const batch = await harness.start({ items: items('a', 3), report: newReport() });
    await batch.handle.signal('pause');
    await until(batch, ({ phase }) => phase === 'paused');
    await eventually(
      () => batch.item('a0'),
      ({ state }) => state === 'notStarted',
    );
    expect(await harness.submits()).toHaveLength(0);
    await batch.handle.signal('resume');
    expect((await batch.result()).counts).toMatchObject({ succeeded: 3 });
  });

  batchTest('and resume sent at once leave the batch running', async (harness) => {
    const batch = await harness.start({ items: items('a', 3) });
    await Promise.all([batch.handle.signal('pause'), batch.handle.signal('resume')]);
    await batch.handle.signal('resume');
    expect((await batch.result()).counts).toMatchObject({ succeeded: 3 });
  });

  batchTest('lets polls and deadlines go on, also over continue-as-new, and submits nothing', async (harness) => {
    const manifest = harness.manifest([
      item('late', WATCHED, { deadlineSeconds: 4 }),
      item('open', { ...WATCHED, retryAfter: '0' }),
      ...items('rest', 30),
    ]);
    const batch = await harness.start({ manifest, maxInFlight: 2, report: newReport() });
    await harness.submitted(2);
    await batch.handle.signal('pause');
    await until(batch, ({ phase }) => phase === 'paused');
    await continued(batch, 0, await runsOf(batch, 0));
    expect(
      (
        await eventually(
          () => batch.item('late'),
          ({ state }) => state === 'ended',
        )
      ).report?.failure?.type,
    ).toBe('DeadlineExceeded');
    await continued(batch, 0, await runsOf(batch, 0));
    expect(await harness.submits()).toHaveLength(2);
    await harness.finish('open');
    await eventually(
      () => batch.item('open'),
      ({ state }) => state === 'ended',
    );
    expect(await harness.submits()).toHaveLength(2);
    await batch.handle.signal('resume');
    const { counts, report } = await batch.result();
    expect(counts).toMatchObject({ succeeded: 31, failed: 1 });
    expect(new Set(harness.lines(report).map(({ id }) => id)).size).toBe(32);
    expect(harness.lines(report)).toHaveLength(32);
  });
});

describe('cancel', () => {
  batchTest(
    'stops the submits, tells the service where it can, keeps ends that were there first, and writes the report',
    async (harness) => {
      const manifest = harness.manifest([
        item('ended'),
        item('told', HELD, CANCEL),
        item('untold', HELD),
        item('tooLate', HELD, CANCEL),
        ...items('rest', 100),
      ]);
      const batch = await harness.start({ manifest, maxInFlight: 4, report: newReport() });
      await harness.submitted(4);
      for (const id of ['told', 'untold', 'tooLate'])
        await eventually(
          () => batch.item(id),
          ({ state }) => state === 'open',
        );
      await harness.finish('tooLate');
      await batch.handle.cancel();
      const cause = await batch.cause();
      expect(cause).toBeInstanceOf(CancelledFailure);
      const { report, phase, counts } = await batch.progress();
      expect(phase).toBe('canceled');
      const { workflowId } = batch.handle;
      await expect(harness.lro.getBatch(workflowId).result()).rejects.toMatchObject({
        name: 'BatchCancelledError',
        batch: { counts, report },
      });
      const lines = harness.lines(report);
      const told = byOutcome(lines);
      expect(told['succeeded']).toEqual(expect.arrayContaining(['ended', 'tooLate']));
      expect(told['canceled']).toEqual(expect.arrayContaining(['told', 'untold']));
      expect(lines).toHaveLength(104);
      expect(counts).toMatchObject({ total: 104, canceled: told['canceled']?.length, notStarted: told['notStarted']?.length });
      const canceled = await harness.emulator.admin.requests({ method: 'POST', path: ':cancel$' });
      expect(canceled.length).toBeGreaterThanOrEqual(2);
      expect((await harness.operation('told')).status).toBe('Canceled');
      expect((await harness.operation('untold')).status).toBe('Running');
    },
  );

  batchTest('sent at once leaves nothing submitted that the report does not tell of', async (harness) => {
    const batch = await harness.start({ items: items('a', 300), maxInFlight: 300, report: newReport() });
    await batch.handle.cancel();
    expect(await batch.cause()).toBeInstanceOf(CancelledFailure);
    const { report, counts } = await batch.progress();
    const lines = report === undefined ? [] : harness.lines(report);
    expect(lines.filter(({ outcome }) => outcome !== 'notStarted')).toHaveLength((await harness.submits()).length);
    if (report !== undefined) expect(lines).toHaveLength(counts.total);
  });

  batchTest('while a submit is under way lets it end, and cancels what it made', async (harness) => {
    await harness.emulator.admin.addFault({ match: { path: '/a$' }, holdUntilReleased: true });
    const batch = await harness.start({ items: [item('a', HELD, CANCEL)], report: newReport() });
    await harness.emulator.admin.waitForRequests({ method: 'POST', path: '/a$' });
    await batch.handle.cancel();
    await until(batch, ({ phase }) => phase === 'canceling');
    await harness.emulator.admin.release({ count: 1 });
    await batch.cause();
    expect((await harness.operation('a')).status).toBe('Canceled');
    expect(byOutcome(harness.lines((await batch.progress()).report))).toEqual({ canceled: ['a'] });
  });

  batchTest('reaches shards that continue as new all the time', async (harness) => {
    const manifest = harness.manifest([...items('open', 3, { ...HELD, retryAfter: '0' }), ...items('rest', 50)]);
    for (let round = 0; round < 3; round++) {
      await harness.emulator.admin.reset();
      const batch = await harness.start({ manifest, maxInFlight: 3, report: newReport() });
      await harness.submitted(3);
      await continued(batch, 0, await runsOf(batch, 0));
      await batch.handle.cancel();
      expect(await batch.cause()).toBeInstanceOf(CancelledFailure);
      expect((await batch.progress()).counts).toMatchObject({ canceled: 3, notStarted: 50 });
    }
  });
});

describe('a batch that is gone', () => {
  const input = (harness: BatchHarness) => ({
    manifest: harness.manifest([item('ended'), item('told', HELD, CANCEL), ...items('rest', 60)]),
    maxInFlight: 2,
    report: newReport(),
  });

  batchTest.each<[string, (batch: Batch) => Promise<unknown>, object]>([
    ['terminated', (batch) => batch.handle.terminate(), {}],
    ['timed out', () => Promise.resolve(), { workflowExecutionTimeout: 3000 }],
  ])('because it was %s has its shards cancelled: they submit nothing more, and leave their pages', async (harness, _, end, options) => {
    const wanted = input(harness);
    // Only the first of the rest is open beside the other when the batch goes.
    await harness.emulator.admin.setDefaults(HELD);
    const batch = await harness.start(wanted, options);
    await harness.submitted(2);
    await end(batch);
    await batch.cause();
    const { counts, reportPages } = await shardResult(batch, 0);
    const submits = (await harness.submits()).length;
    expect(counts.notStarted).toBe(62 - submits);
    expect((await harness.operation('told')).status).toBe('Canceled');
    const pages = harness.written().filter((name) => name.startsWith(wanted.report.path ?? '') && name.endsWith('.part'));
    expect(pages).toHaveLength(reportPages);
    const parts = pages.flatMap((path) => harness.lines({ path }));
    expect(parts).toHaveLength(62);
    expect(await harness.submits()).toHaveLength(submits);
  });

  batchTest('in one shard that an operator terminated fails and names it, and the others end as they should', async (harness) => {
    const batch = await harness.start({ items: items('a', 260, WATCHED), maxInFlight: 260, report: newReport() });
    await harness.submitted(260);
    await batch.shard(0).terminate('by an operator');
    for (const { operationId } of (await harness.emulator.admin.operations()).operations)
      await harness.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    const failure = await batch.failure();
    expect(failure).toMatchObject({
      type: 'BatchFailed',
      message: expect.stringMatching(/^1 of 2 shards did not come to their end.*\(shard 1: /),
    });
    expect(failure.batch?.counts).toMatchObject({ total: 260, succeeded: 130 });
    expect(harness.lines(failure.batch?.report)).toHaveLength(130);
  });
});

describe('items', () => {
  batchTest('that are never accepted end by their own deadline, and so do those that stay open', async (harness) => {
    // Without Retry-After: that would hold the others' submits, too.
    await harness.refuse(429, {}, 'busy');
    const { result, lines } = await harness.reported({
      items: [item('busy', undefined, { deadlineSeconds: 2 }), item('open', HELD), item('good', undefined, { deadlineSeconds: 60 })],
      defaults: { deadlineSeconds: 3 },
    });
    expect(byOutcome(lines)).toEqual({ failed: ['busy', 'open'], succeeded: ['good'] });
    const of = (id: string) => lines.find((line) => line.id === id)?.failure;
    expect(of('busy')).toMatchObject({ type: 'DeadlineExceeded', message: expect.stringContaining('was not accepted by its deadline') });
    expect(of('open')).toMatchObject({ type: 'DeadlineExceeded', statusUrl: expect.any(String) });
    expect(result.counts).toMatchObject({ failed: 2, succeeded: 1 });
  });

  batchTest('of which none is left but one that is never accepted end the batch with its deadline', async (harness) => {
    await harness.refuse(429, { 'retry-after': '1' }, 'busy');
    const { result } = await harness.reported({ items: [item('busy', undefined, { deadlineSeconds: 2 })] });
    expect(result.counts).toMatchObject({ total: 1, failed: 1 });
  });

  batchTest('that wait for another try end by their deadline while all chunks are under way', async (harness) => {
    await harness.refuse(503, {}, 'busy');
    await harness.emulator.admin.addFault({ match: { path: '/slow' }, times: 0, holdUntilReleased: true });
    const batch = await harness.start({
      manifest: harness.manifest([item('busy', undefined, { deadlineSeconds: 3 }), ...items('slow', 3)]),
      maxInFlight: 12,
      submitsPerSecond: 1,
      report: newReport(),
    });
    expect(
      await eventually(
        () => batch.item('busy'),
        ({ state }) => state === 'ended',
      ),
    ).toMatchObject({ report: { failure: { type: 'DeadlineExceeded' } } });
    await harness.emulator.admin.removeFaults();
    await harness.emulator.admin.release();
    expect((await batch.result()).counts).toMatchObject({ failed: 1, succeeded: 3 });
  });

  batchTest('that end with their submit, and resources that are fetched, are in the report', async (harness) => {
    const { url } = await harness.emulator.admin.addScript({
      name: 'once',
      routes: [
        { method: 'POST', path: '/now', answers: [{ body: { status: 'Succeeded', answer: 42 } }] },
        { method: 'POST', path: '/thing', answers: [{ headers: { 'resource-location': '{base}/thing' }, body: { status: 'Succeeded' } }] },
        { path: '/thing', answers: [{ body: { name: 't1' } }] },
      ],
    });
    const base = new URL(url).pathname;
    const { lines } = await harness.reported({
      items: [
        { id: 'now', submit: { path: `${base}/now` } },
        { id: 'thing', submit: { path: `${base}/thing` }, fetchResource: true },
      ],
    });
    const of = (id: string) => lines.find((line) => line.id === id)?.result;
    expect(of('now')).toMatchObject({ status: 'Succeeded', polls: 0, body: { answer: 42 } });
    expect(of('now')?.statusUrl).toBeUndefined();
    expect(of('thing')).toMatchObject({ resource: { name: 't1' }, resourceId: 'thing' });
  });
});
