/**
 * SIGKILLs in the middle of batches: of the worker, of Temporal, of the service. Half of the items of each batch are sent once at most,
 * half again where nobody knows. `LRO_LONG=1`: of twice as many items, of Temporal and of the service, and at random moments, too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchItem, ItemReport } from '../../src/contract';
import type { RecordedRequest } from '../../src/emulator';
import { BatchHarness, halfOnce, itemsNamed, submitsOf, type EndedBatch } from './process-harness';

const isLong = process.env['LRO_LONG'] === '1';
const ITEMS = isLong ? 2000 : 1000;
const long = isLong ? test : test.skip;
/** Of the connection: so many are claimed at once at most. */
const CONCURRENT = 50;
/** An answer is told to Temporal so long after it came, at the latest. */
const UNTOLD_MS = 3000;
/** What was claimed is sent so long afterwards, at the latest, also when Temporal is gone. */
const UNSENT_MS = 3000;

let harness: BatchHarness;
beforeAll(async () => {
  harness = await BatchHarness.open({
    ownTemporal: true,
    connection: { limits: { concurrentRequests: CONCURRENT, submitsPerSecond: 1000 } },
  });
});
afterAll(() => harness.close());

/** One submit in about every chunk, in all shards, stays open at the service, which has accepted it, until it is released. Resolves when some are. */
async function untilSomeAreHeld(items: BatchItem[], every: number, count: number): Promise<void> {
  const held = items.filter((_, index) => index % every === 0);
  await harness.emulator.admin.addFault({
    match: { method: 'POST', query: submitsOf(held) },
    times: 0,
    waitAt: 'afterAccept',
    holdUntilReleased: true,
  });
  await harness.emulator.admin.waitForRequests({ method: 'POST', query: submitsOf(held), count });
}

/** All that has to hold, whatever was killed. */
function expectRight(items: BatchItem[], { report, evidence, result }: EndedBatch, killedAtMs: number[]): void {
  const once = items.filter(({ onUncertainSubmit }) => onUncertainSubmit === 'fail').map(({ id }) => reportOf(report, id));
  const again = items.filter(({ onUncertainSubmit }) => onUncertainSubmit !== 'fail').map(({ id }) => reportOf(report, id));

  expect(again.filter(({ outcome }) => outcome !== 'succeeded')).toEqual([]);
  expect(again.filter((item) => new Set(evidence.submitsOf(item).map(({ headers }) => headers['operation-id'])).size !== 1)).toEqual([]);

  expect(once.filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'uncertain')).toEqual([]);
  expect(once.filter((item) => evidence.submitsOf(item).length > 1)).toEqual([]);
  const uncertain = once.filter(({ outcome }) => outcome === 'uncertain');
  console.log(
    `${result.durationSeconds} s, ${uncertain.length} uncertain, ${evidence.submits.length - items.length} submits more than items`,
  );
  expect(uncertain.filter(({ failure }) => failure?.type !== 'SubmissionUncertain')).toEqual([]);
  expect(uncertain.filter((item) => !evidence.submitsOf(item).every((submit) => wasUnderWay(submit, killedAtMs)))).toEqual([]);
  // Those that were claimed and may be sent again are as many, and counted with them.
  const repeated = again.filter((item) => evidence.submitsOf(item).length > 1);
  expect(uncertain.length + repeated.length).toBeLessThanOrEqual(CONCURRENT * killedAtMs.length);

  const isExcused = (fromMs: number, toMs: number): boolean => killedAtMs.some((killMs) => fromMs <= killMs && killMs <= toMs);
  expect(evidence.early(report.values(), 1, isExcused)).toEqual([]);
}

function reportOf(report: ReadonlyMap<string, ItemReport>, id: string): ItemReport {
  const found = report.get(id);
  if (found === undefined) throw new Error(`no report of ${id}`);
  return found;
}

/** Claimed at a kill: on its way, or its answer not told yet. */
function wasUnderWay({ receivedAtMs, answeredAtMs = Infinity }: RecordedRequest, killedAtMs: number[]): boolean {
  return killedAtMs.some((killMs) => receivedAtMs <= killMs + UNSENT_MS && answeredAtMs >= killMs - UNTOLD_MS);
}

test('of a worker that is killed, no more submits are uncertain than its connection may have open, however many chunks are half answered', async () => {
  const items = itemsNamed(ITEMS, halfOnce);
  await harness.fresh();
  const batch = await harness.start(items, { inFile: true });
  await untilSomeAreHeld(items, 13, 7);
  const killedAtMs = Date.now();
  await harness.killWorker();
  await harness.calm();
  await harness.startWorker();
  expectRight(items, await batch.end(), [killedAtMs]);
});

long('Temporal is killed while submits and polls are under way', async () => {
  const items = itemsNamed(ITEMS, halfOnce);
  await harness.fresh();
  const batch = await harness.start(items);
  await untilSomeAreHeld(items, 151, 5);
  const killedAtMs = Date.now();
  await killAndRestartTemporal();
  await harness.calm();
  expectRight(items, await batch.end(), [killedAtMs]);
});

long('the service is killed while submits and polls are under way', async () => {
  const items = itemsNamed(ITEMS, halfOnce);
  await harness.fresh();
  const batch = await harness.start(items, { inFile: true });
  await untilSomeAreHeld(items, 151, 5);
  const killedAtMs = Date.now();
  await killAndRestartService();
  await harness.calm();
  expectRight(items, await batch.end(), [killedAtMs]);
});

long.each([1, 2, 3])(
  'the worker, Temporal and the service are killed at random moments, ten times in one batch (%i)',
  async (round) => {
    const items = itemsNamed(2 * ITEMS, halfOnce);
    await harness.fresh();
    const batch = await harness.start(items, { inFile: round % 2 === 1, submitsPerSecond: 60 });
    await harness.emulator.admin.waitForRequests({ method: 'POST' });
    const killedAtMs: number[] = [];
    for (let kill = 0; kill < 10; kill++) {
      // Random moments are what this is about; nothing is concluded from how long it waits.
      await sleep(500 + Math.random() * 5000);
      killedAtMs.push(Date.now());
      const victim = VICTIMS[Math.floor(Math.random() * VICTIMS.length)] ?? killAndRestartWorker;
      await victim();
    }
    expectRight(items, await batch.end(), killedAtMs);
  },
  400_000,
);

async function killAndRestartWorker(): Promise<void> {
  await harness.killWorker();
  await harness.startWorker();
}

async function killAndRestartTemporal(): Promise<void> {
  await harness.killTemporal();
  await harness.restartTemporal();
}

async function killAndRestartService(): Promise<void> {
  await harness.emulator.kill();
  await harness.restartService();
}

const VICTIMS = [killAndRestartWorker, killAndRestartTemporal, killAndRestartService];
