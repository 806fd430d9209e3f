/** What a batch tells of its items: report and result. */
import { join } from 'node:path';
import type { BatchInput } from '../../src/contract';
import { eventually } from '../support/eventually';
import { byOutcome, FAILS, FAST, HELD, item, items, newReport, openBatchHarness, WATCHED, type BatchHarness } from './harness';

let harness: BatchHarness;

beforeAll(async () => (harness = await openBatchHarness({ connection: FAST })));

beforeEach(() => harness.emulator.admin.reset());

afterAll(() => harness.close());

describe('the report', () => {
  test('has one line for each item, with what became of it, and with the input of what did not succeed', async () => {
    const mixed = [
      item('good', undefined, { labels: { campus: '7' } }),
      item('bad', FAILS, { labels: { campus: '8' } }),
      await harness.uncertain('lost'),
    ];
    const { result, lines } = await harness.reported({ items: mixed });
    const of = (id: string) => lines.find((line) => line.id === id);
    expect(lines).toHaveLength(3);
    expect(of('good')).toEqual({
      id: 'good',
      kind: 'operation',
      outcome: 'succeeded',
      generation: 0,
      labels: { campus: '7' },
      result: expect.objectContaining({ status: 'Succeeded', polls: 1, labels: { campus: '7' }, body: expect.anything() }),
    });
    expect(of('bad')).toEqual({
      id: 'bad',
      kind: 'operation',
      outcome: 'failed',
      generation: 0,
      labels: { campus: '8' },
      failure: expect.objectContaining({ type: 'OperationFailed', message: expect.stringContaining('no layer'), error: FAILS.error }),
      input: { submit: mixed[1]?.submit, labels: { campus: '8' } },
    });
    expect(of('lost')).toEqual({
      id: 'lost',
      kind: 'operation',
      outcome: 'uncertain',
      generation: 0,
      failure: expect.objectContaining({ type: 'SubmissionUncertain' }),
      input: { submit: mixed[2]?.submit, onUncertainSubmit: 'fail' },
      idempotencyKey: (await harness.keysOf('lost'))[0],
      firstSentAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(result.counts).toEqual({ total: 3, succeeded: 1, failed: 1, uncertain: 1, canceled: 0, notStarted: 0, invalid: 0 });
    expect(result.firstFailures.map(({ id }) => id).sort()).toEqual(['bad', 'lost']);
    expect(result.firstFailures.every(({ failure }) => failure?.error === undefined)).toBe(true);
  });

  test('stands where its name says, with the ids of workflow and run in it, and its pages are gone', async () => {
    const batch = await harness.start(
      { items: [item('a')], report: { path: 'nights/{workflowId}/{runId}.jsonl' } },
      { id: `night/7 ${newReport().path}` },
    );
    const { report } = await batch.result();
    const folder = join('nights', batch.id.replace(/[/ ]/g, '_'));
    expect(report).toEqual({ path: join(folder, `${batch.handle.firstExecutionRunId}.jsonl`) });
    expect(harness.lines(report)).toHaveLength(1);
    expect(harness.written().filter((name) => name.endsWith('.part'))).toEqual([]);
    expect((await batch.handle.describe()).memo).toMatchObject({ report });
  });

  test('masks the signatures in status URLs, as the answer about an item does', async () => {
    const { url } = await harness.emulator.admin.addScript({
      name: 'signed',
      routes: [
        {
          method: 'POST',
          path: '/submit',
          answers: [{ httpStatus: 202, headers: { 'operation-location': '{base}/status?sig=secret&x=1' } }],
        },
        { path: '/status', answers: [{ body: { status: 'Failed', error: { code: 'Bad', message: 'no' } } }] },
      ],
    });
    const input: BatchInput = {
      items: [{ id: 'signed', submit: { path: `${new URL(url).pathname}/submit` } }, item('open', WATCHED)],
      report: newReport(),
    };
    const batch = await harness.start(input);
    const ended = await eventually(
      () => batch.item('signed'),
      ({ state }) => state === 'ended',
    );
    await harness.finish('open');
    const { report } = await batch.result();
    const line = harness.lines(report).find(({ id }) => id === 'signed');
    expect(line?.failure?.statusUrl).toMatch(/sig=[^&]*\*|sig=REDACTED|sig=…/i);
    expect(JSON.stringify([line, ended])).not.toContain('secret');
  });

  test('cuts what is larger than 4 KiB, and names it', async () => {
    const large = { ...item('large'), submit: { ...item('large').submit!, body: 'x'.repeat(10_000) } };
    const failing = item('failing', { ...FAILS, error: { code: 'Large', message: 'y'.repeat(10_000) } });
    const { lines } = await harness.reported({ items: [large, failing] });
    const [one, other] = ['large', 'failing'].map((id) => lines.find((line) => line.id === id));
    expect(one?.result?.truncated).toEqual(['body']);
    expect(other?.failure?.truncated).toEqual(expect.arrayContaining(['error']));
    expect(JSON.stringify(one?.result?.body).length).toBeLessThanOrEqual(4096);
    expect(JSON.stringify(other?.failure?.error).length).toBeLessThanOrEqual(4096);
    expect(one?.input).toBeUndefined();
  });

  test('of more items than a page has tells each of them once, and the result the first ten failures', async () => {
    const { result, lines } = await harness.reported({
      manifest: harness.manifest([...items('g', 495), ...items('b', 15, FAILS)]),
      maxInFlight: 200,
    });
    expect(new Set(lines.map(({ id }) => id)).size).toBe(510);
    expect(lines).toHaveLength(510);
    expect(result.counts).toMatchObject({ total: 510, succeeded: 495, failed: 15 });
    expect(result.firstFailures).toHaveLength(10);
    expect(result.itemsPerSecond).toBeGreaterThan(0);
    expect((Date.parse(result.completedAt) - Date.parse(result.startedAt)) / 1000).toBeCloseTo(result.durationSeconds, 6);
  });

  test('is not needed', async () => {
    const before = harness.written();
    const result = await harness.run({ items: [item('a'), item('b', FAILS)] });
    expect(result).toMatchObject({ counts: { succeeded: 1, failed: 1 }, firstFailures: [{ id: 'b' }] });
    expect(result.report).toBeUndefined();
    expect(harness.written()).toEqual(before);
  });
});

describe('too many failures', () => {
  test.each<[string, BatchInput['failWhen'], boolean]>([
    ['as many as failWhen names', { failedItems: 2 }, true],
    ['fewer than failWhen names', { failedItems: 3 }, false],
    ['the percentage that failWhen names', { failedPercent: 50 }, true],
    ['less than the percentage that failWhen names', { failedPercent: 50.1 }, false],
    ['one of both', { failedItems: 3, failedPercent: 10 }, true],
  ])('%s', async (_, failWhen, fails) => {
    const batch = await harness.start({ items: [...items('g', 2), ...items('b', 2, FAILS)], failWhen, report: newReport() });
    if (!fails) return expect(await batch.result()).toMatchObject({ counts: { failed: 2, succeeded: 2 } });
    const failure = await batch.failure();
    expect(failure).toMatchObject({
      type: 'BatchFailed',
      message: '2 of 4 items did not succeed (50.0 %)',
      batch: { counts: { failed: 2, succeeded: 2 } },
    });
    expect(harness.lines(failure.batch?.report)).toHaveLength(4);
  });

  test('end the submits where stopAfterFailures says so: the rest is reported as not started', async () => {
    const batch = await harness.start({
      manifest: harness.manifest([item('b', FAILS), item('open', HELD), ...items('rest', 150)]),
      report: newReport(),
      stopAfterFailures: 1,
      maxInFlight: 2,
    });
    await eventually(
      () => batch.progress(),
      ({ phase }) => phase === 'stopping',
    );
    await harness.finish('open');
    await batch.handle.signal('pause');
    await batch.shard(0).signal('resume');
    const { operationId } = await harness.operation('open');
    expect(operationId).toBeDefined();
    await batch.handle.cancel();
    await batch.cause();
    const lines = harness.lines((await batch.progress()).report);
    expect(lines).toHaveLength(152);
    expect(byOutcome(lines)['failed']).toEqual(['b']);
    expect(byOutcome(lines)['notStarted']).toHaveLength(150);
    expect(lines.every(({ input, outcome }) => outcome === 'succeeded' || input !== undefined)).toBe(true);
    expect(await harness.submits()).toHaveLength(2);
    expect((await batch.progress()).counts).toMatchObject({ total: 152, failed: 1, notStarted: 150 });
  });

  test('in several shards stop all of them, and what waited to be submitted again is not started', async () => {
    await harness.refuse(429, { 'retry-after': '1' }, 'later');
    const spread = [item('b0', FAILS), item('later'), ...items('g', 200), ...items('rest', 700), item('b1', FAILS)];
    const { result, lines } = await harness.reported({ manifest: harness.manifest(spread), stopAfterFailures: 1, maxInFlight: 300 });
    const told = byOutcome(lines);
    expect(lines).toHaveLength(903);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(903);
    expect(told['notStarted']).toContain('later');
    for (const outcome of ['succeeded', 'failed', 'notStarted'] as const) expect(result.counts[outcome]).toBe(told[outcome]?.length ?? 0);
    expect((await harness.submits()).length - (await harness.submits('later')).length).toBe(903 - result.counts.notStarted);
  });
});
