/** How a batch treats a service: counted there, by the service's own clock. */
import { batchTest, itemsNamed, submitsOf } from './process-harness';
import { mostAtOnce, mostWithin } from './evidence';

const CONCURRENT = 20;
const CONNECTION_RATE = 100;
/** Claimed at once, and spread by the connection. */
const BURST = 1;
/** Timers of a busy machine: submits that were to come one after the other come together. */
const LATE = 10;

const NARROW = { connection: { limits: { concurrentRequests: CONCURRENT, submitsPerSecond: CONNECTION_RATE } } };
/** Few claims at once make many small sets of operations that come due together. */
const WIDE = { connection: { limits: { concurrentRequests: 50, submitsPerSecond: 1000 } } };

batchTest('four shards together have no more requests open than their connection may, and submit no faster', NARROW, async (harness) => {
  // Answers that take their time fill all places.
  await harness.emulator.admin.addFault({ match: { method: 'POST' }, times: 0, delayMs: 400 });
  const batch = await harness.start(itemsNamed(500), { maxInFlight: 1000 });
  const { evidence, result } = await batch.end();
  expect(result.counts.succeeded).toBe(500);
  expect(evidence.submits).toHaveLength(500);
  const most = mostAtOnce([...evidence.submits, ...evidence.polls]);
  expect(most).toBeLessThanOrEqual(CONCURRENT);
  expect(most).toBeGreaterThan(CONCURRENT / 2);
  expect(mostWithin(evidence.submits, 1)).toBeLessThanOrEqual(CONNECTION_RATE + BURST + LATE);
});

batchTest(
  'operations that are asked together stay together: at most 0.3 events of history a poll, and none is early',
  WIDE,
  async (harness) => {
    await harness.emulator.admin.setDefaults({ durationSeconds: 8, retryAfter: '1' });
    const batch = await harness.start(itemsNamed(600), { maxInFlight: 1000, inFile: true });
    const { evidence, report, result } = await batch.end();
    expect(result.counts.succeeded).toBe(600);
    expect(evidence.early(report.values(), 1)).toEqual([]);
    const events = await batch.historyEvents();
    console.log(`${events} events, ${evidence.polls.length} polls, ${result.durationSeconds} s`);
    expect(events / evidence.polls.length).toBeLessThanOrEqual(0.3);
  },
);

batchTest("the batch's own pace is kept by all its shards together", NARROW, async (harness) => {
  const items = itemsNamed(300);
  const batch = await harness.start(items, { maxInFlight: 1000, submitsPerSecond: 40 });
  const { evidence } = await batch.end();
  expect(evidence.submits).toHaveLength(300);
  for (const seconds of [2, 4]) expect(mostWithin(evidence.submits, seconds)).toBeLessThanOrEqual(40 * (seconds + 1) + LATE);
  const [first, last] = [evidence.submits.at(0), evidence.submits.at(-1)];
  expect(((last?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)) / 1000).toBeGreaterThanOrEqual((300 - 40) / 40 - 0.5);
});

batchTest(
  'after an answer of 429 that submit waits as long as it was asked to, and the others do not wait for it',
  NARROW,
  async (harness) => {
    const items = itemsNamed(600);
    const [busy] = items.slice(200);
    const retryAfter = 3;
    await harness.emulator.admin.addFault({
      match: { method: 'POST', query: submitsOf(busy === undefined ? [] : [busy]) },
      action: { answer: { httpStatus: 429, headers: { 'Retry-After': String(retryAfter) } } },
    });
    const batch = await harness.start(items, { maxInFlight: 1000 });
    const { evidence, result } = await batch.end();
    expect(result.counts.succeeded).toBe(600);
    const [refused, again] = busy === undefined ? [] : evidence.submitsOf(busy);
    const answeredAtMs = refused?.answeredAtMs ?? NaN;
    expect(refused?.httpStatus).toBe(429);
    expect((again?.receivedAtMs ?? NaN) - answeredAtMs).toBeGreaterThanOrEqual(retryAfter * 1000 - 1);
    const meanwhile = evidence.submits.filter(
      ({ receivedAtMs }) => receivedAtMs > answeredAtMs && receivedAtMs < answeredAtMs + retryAfter * 1000,
    );
    // More than those that had left when the answer came.
    expect(meanwhile.length).toBeGreaterThan(2 * CONCURRENT);
    expect(evidence.submits.length).toBe(601);
  },
);
