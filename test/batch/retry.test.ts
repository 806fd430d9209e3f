/** Retries of what did not succeed, and files that change or fail while a batch runs. */
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchItem, RetryOf } from '../../src/contract';
import { eventually } from '../support/eventually';
import { byOutcome, FAILS, FAST, item, items, newReport, WATCHED, type Batch, type BatchHarness } from './harness';
import { harnessTests, sharedWorkerTests } from './harness-tests';

/** Over before what a test waits for comes; and time enough, on a busy machine, for a retry that has the same. */
const DEADLINE_SECONDS = 4;

const batchTest = sharedWorkerTests();

describe('a retry', () => {
  batchTest('runs what did not succeed, and uncertain items only when it is asked to, then with their old key', async (harness) => {
    const first = await harness.reported({ items: [item('good'), item('bad', FAILS), await harness.uncertain('lost')] });
    const [key] = await harness.keysOf('lost');
    const sentAt = (await harness.submits('lost'))[0]?.headers['repeatability-first-sent'];

    const second = await harness.reported({ retryOf: { report: first.result.report! } });
    expect(second.lines).toMatchObject([{ id: 'bad', outcome: 'failed', generation: 1 }]);
    expect(second.result.counts).toMatchObject({ total: 1, failed: 1 });
    const [oldKey, newKey] = await harness.keysOf('bad');
    expect(newKey).not.toBe(oldKey);

    const third = await harness.reported({ retryOf: { report: first.result.report!, outcomes: ['uncertain'] } });
    expect(third.lines).toMatchObject([{ id: 'lost', outcome: 'succeeded', generation: 1 }]);
    expect(await harness.keysOf('lost')).toEqual([key, key]);
    expect((await harness.submits('lost')).map(({ headers }) => headers['repeatability-first-sent'])).toEqual([sentAt, sentAt]);
    expect((await harness.emulator.admin.operations()).operations.filter(({ collection }) => collection === '/lost')).toHaveLength(1);
    expect(await harness.keysOf('good')).toHaveLength(1);
  });

  batchTest('of a batch by its workflow id finds its report, and a retry of that retry counts on', async (harness) => {
    const first = await harness.start({ items: [item('good'), item('bad', FAILS)], report: newReport() });
    await first.result();
    const second = await harness.start({ retryOf: { workflowId: first.id }, report: newReport() });
    await second.result();
    const { result, lines } = await harness.reported({ retryOf: { workflowId: second.id }, defaults: { labels: { third: 'try' } } });
    expect(lines).toMatchObject([{ id: 'bad', generation: 2, labels: { third: 'try' } }]);
    expect(result.counts).toMatchObject({ total: 1, failed: 1 });
    expect(new Set(await harness.keysOf('bad')).size).toBe(3);
  });

  const polled = (batch: Batch, id: string) =>
    eventually(
      () => batch.item(id),
      ({ progress }) => (progress?.polls ?? 0) > 0,
    );

  batchTest.each<[string, string, Partial<BatchItem>, (batch: Batch, id: string) => Promise<unknown>]>([
    ['whose deadline was over', 'DeadlineExceeded', { deadlineSeconds: DEADLINE_SECONDS }, () => Promise.resolve()],
    ['that was cancelled with its batch', 'OperationCanceled', {}, async (batch, id) => (await polled(batch, id), batch.handle.cancel())],
  ])('follows an operation %s, and does not submit it again', async (harness, _, type, more, cutShort) => {
    const id = `follow-${type}`;
    let batch = await harness.start({ items: [item(id, WATCHED, more)], report: newReport() });
    await cutShort(batch, id);
    await batch.handle.result().catch(() => undefined);
    const { operationId } = await harness.operation(id);
    // A first retry comes too early for it, a second one does not.
    batch = await harness.start({ retryOf: { workflowId: batch.id }, report: newReport() });
    await cutShort(batch, id);
    await batch.handle.result().catch(() => undefined);
    await harness.finish(id);
    const { result, lines } = await harness.reported({ retryOf: { workflowId: batch.id } });
    expect(result.counts).toMatchObject({ total: 1, succeeded: 1 });
    expect(lines).toMatchObject([{ id, generation: 2, result: { operationId } }]);
    expect(await harness.submits(id)).toHaveLength(1);
  });

  batchTest('of a chain follows the step that was under way, and goes on after it', async (harness) => {
    const steps = ['walls', 'roof'].map((id) => ({ id, submit: { ...item(id, id === 'walls' ? WATCHED : undefined).submit! } }));
    const first = await harness.reported({ items: [{ id: 'house', kind: 'chain', steps, deadlineSeconds: DEADLINE_SECONDS }] });
    expect(first.lines).toMatchObject([{ failure: { type: 'StepFailed', step: 'walls', cause: { type: 'DeadlineExceeded' } } }]);
    await harness.finish('walls');
    const { lines } = await harness.reported({ retryOf: { report: first.result.report! } });
    expect(lines).toMatchObject([{ id: 'house', outcome: 'succeeded', generation: 1 }]);
    expect(await harness.submits('walls')).toHaveLength(1);
    expect(await harness.submits('roof')).toHaveLength(1);
  });

  batchTest('that is stopped before it comes to an operation leaves it to be followed by the next one', async (harness) => {
    const first = await harness.reported({ items: [item('bad', FAILS), item('late', WATCHED, { deadlineSeconds: DEADLINE_SECONDS })] });
    expect(byOutcome(first.lines)).toEqual({ failed: ['bad', 'late'] });
    const manifest = first.lines.sort((one, other) => one.id.localeCompare(other.id));
    const sorted = newReport();
    writeFileSync(join(harness.writable, sorted.path!), manifest.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const stopped = await harness.start({ retryOf: { report: sorted }, maxInFlight: 1, stopAfterFailures: 1, report: newReport() });
    const lines = harness.lines((await stopped.result()).report);
    expect(lines).toMatchObject([{ id: 'bad' }, { id: 'late', outcome: 'failed', failure: { type: 'DeadlineExceeded' }, generation: 1 }]);
    await harness.finish('late');
    const { counts } = await harness.run({ retryOf: { workflowId: stopped.id, outcomes: ['failed'] } });
    expect(counts).toMatchObject({ total: 2, succeeded: 1, failed: 1 });
    expect(await harness.submits('late')).toHaveLength(1);
  });

  batchTest('submits again what the service itself has canceled', async (harness) => {
    const first = await harness.reported({ items: [item('ended', { finish: 'Canceled' })] });
    expect(first.lines).toMatchObject([{ outcome: 'canceled', failure: { type: 'OperationCanceled', httpStatus: 200 } }]);
    await harness.reported({ retryOf: { report: first.result.report! } });
    expect(await harness.submits('ended')).toHaveLength(2);
  });

  batchTest('takes up an uncertain submit by itself where it may be sent twice, with its old key', async (harness) => {
    const [once, twice] = [await harness.uncertain('once'), await harness.uncertain('twice')];
    const first = await harness.reported({ items: [once, twice] });
    expect(byOutcome(first.lines)).toEqual({ uncertain: ['once', 'twice'] });
    const changed = newReport();
    const lines = first.lines.map((line) =>
      line.id === 'twice' ? { ...line, input: { ...line.input, onUncertainSubmit: 'retry' } } : line,
    );
    writeFileSync(join(harness.writable, changed.path!), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { lines: retried } = await harness.reported({ retryOf: { report: changed } });
    expect(retried).toMatchObject([{ id: 'twice', outcome: 'succeeded' }]);
    expect(new Set(await harness.keysOf('twice')).size).toBe(1);
    expect(await harness.submits('once')).toHaveLength(1);
  });

  batchTest.each<[string, Partial<BatchItem['submit']>, number]>([
    ['does not submit it again', {}, 1],
    ["submits it again where the caller's own key makes that harmless", { idempotencyKey: 'own-key' }, 2],
  ])('of an operation whose status URL was masked in the report %s', async (harness, _, submit, submits) => {
    const id = `masked-${submits}`;
    const one = item(id, WATCHED, { deadlineSeconds: DEADLINE_SECONDS });
    const first = await harness.reported({ items: [{ ...one, submit: { ...one.submit!, ...submit } }] });
    const masked = newReport();
    const lines = first.lines.map(({ failure, ...line }) => ({
      ...line,
      failure: { ...failure, statusUrl: `${failure?.statusUrl}&sig=***` },
    }));
    writeFileSync(join(harness.writable, masked.path!), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { lines: retried } = await harness.reported({ retryOf: { report: masked } });
    expect(retried).toMatchObject([{ id, outcome: 'failed', failure: { type: 'DeadlineExceeded' } }]);
    expect(retried[0]?.failure?.message.includes('the report masks the signature')).toBe(submits === 1);
    expect(await harness.submits(id)).toHaveLength(submits);
  });

  batchTest('of a batch in which all went well has nothing to do', async (harness) => {
    const first = await harness.reported({ items: [item('good')] });
    expect((await harness.reported({ retryOf: { report: first.result.report! } })).result.counts).toMatchObject({ total: 0 });
  });

  batchTest.each<[string, (harness: BatchHarness, id: string) => Promise<unknown>]>([
    ['that was stopped before it sent it', () => Promise.resolve()],
    ['to which the service was busy', (harness, id) => harness.refuse(429, { 'retry-after': '1' }, id)],
  ])('%s keeps an uncertain item uncertain, with its key', async (harness, _, before) => {
    const first = await harness.reported({ items: [item('bad', FAILS), await harness.uncertain('lost')], maxInFlight: 1 });
    const [key] = await harness.keysOf('lost');
    await before(harness, 'lost');
    const batch = await harness.start({
      retryOf: { report: first.result.report!, outcomes: ['failed', 'uncertain'] },
      report: newReport(),
      maxInFlight: (await harness.emulator.admin.faults()).some(({ times }) => times === 0) ? 2 : 1,
      stopAfterFailures: 1,
    });
    const { counts, report } = await batch.result();
    const lines = harness.lines(report);
    expect(counts).toMatchObject({ failed: 1, uncertain: 1, notStarted: 0 });
    expect(lines.find(({ id }) => id === 'lost')).toMatchObject({ outcome: 'uncertain', idempotencyKey: key, generation: 1 });
    await harness.emulator.admin.removeFaults();
    await harness.reported({ retryOf: { report: report!, outcomes: ['uncertain'] } });
    expect(new Set(await harness.keysOf('lost'))).toEqual(new Set([key]));
    expect((await harness.emulator.admin.operations()).operations.filter(({ collection }) => collection === '/lost')).toHaveLength(1);
  });

  batchTest('of broken items that were skipped is refused where it does not skip them, too', async (harness) => {
    const first = await harness.reported({ manifest: harness.manifest('?\n'), skipInvalid: true });
    const retryOf: RetryOf = { report: first.result.report!, outcomes: ['invalid'] };
    expect(await harness.failure({ retryOf })).toMatchObject({
      type: 'ManifestInvalid',
      message: expect.stringContaining('has no input in the report'),
    });
    expect((await harness.reported({ retryOf, skipInvalid: true })).result.counts).toMatchObject({ total: 1, invalid: 1 });
  });
});

describe('files that change or fail while a batch runs:', () => {
  sharedWorkerTests({ connection: FAST }).each<[string, number, number]>([
    ['in one shard', 2, 250],
    ['in two shards', 252, 700],
  ])('a manifest that is written anew lets what was begun end, and the rest is not started, %s', async (harness, _, maxInFlight, rest) => {
    const name = `changing-${maxInFlight}.jsonl`;
    await harness.emulator.admin.setDefaults(WATCHED);
    const manifest = harness.manifest(items('x', maxInFlight + rest), name);
    const batch = await harness.start({ manifest, maxInFlight, report: newReport() });
    // A shard leaves a tenth of its room empty while the rest is open.
    await harness.submitted(Math.floor(maxInFlight * 0.9));
    harness.manifest(items('y', maxInFlight + rest), name);
    await harness.emulator.admin.setDefaults({});
    for (const { operationId } of (await harness.emulator.admin.operations()).operations)
      await harness.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    const failure = await batch.failure();
    expect(failure).toMatchObject({ type: 'ManifestInvalid', message: expect.stringContaining('has changed since the batch was started') });
    const { succeeded, notStarted, total } = failure.batch!.counts;
    expect(succeeded + notStarted).toBe(total);
    expect(succeeded).toBe((await harness.submits()).length);
    expect(notStarted).toBeGreaterThan(0);
    const lines = harness.lines(failure.batch?.report);
    expect(byOutcome(lines)['succeeded']).toHaveLength(succeeded);
    expect(lines.every(({ id }) => id !== '')).toBe(true);
  });

  harnessTests()('a report store that fails for a while is waited for, and every line is there once', async (harness) => {
    const COUNT = 450;
    const large = items('g', COUNT).map((one) => ({ ...one, submit: { ...one.submit!, body: 'x'.repeat(3500) } }));
    const batch = await harness.start({ manifest: harness.manifest(large), maxInFlight: 100, report: newReport() });
    await harness.submitted(1);
    const away = `${harness.writable}-away`;
    renameSync(harness.writable, away);
    writeFileSync(harness.writable, '');
    // More lines wait than a shard takes: all it does is to try to write.
    await eventually(
      async () => (await batch.shard(0).describe()).raw.pendingActivities ?? [],
      (pending) => pending.length === 1 && pending[0]?.activityType?.name === 'lro.writeReportPage' && (pending[0].attempt ?? 0) > 2,
    );
    const before = (await harness.submits()).length;
    expect(before).toBeLessThan(COUNT);
    rmSync(harness.writable);
    renameSync(away, harness.writable);
    const { counts, report } = await batch.result();
    expect(counts).toMatchObject({ total: COUNT, succeeded: COUNT });
    const lines = harness.lines(report);
    expect(lines).toHaveLength(COUNT);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(COUNT);
    expect(statSync(harness.writable).isDirectory()).toBe(true);
  });
});
