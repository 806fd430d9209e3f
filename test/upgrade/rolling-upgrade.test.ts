/**
 * A rolling upgrade under load, and the way back: two builds whose workflow code differs work side by side, and what is open moves from one to
 * the other and back. `LRO_LONG=1`: 200 operations and a batch of 2,000 instead of 40 and 300.
 */
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { Evidence } from '../batch/evidence';
import { earlyPolls } from '../support/process-bed';
import { inTurns, startUpgradeBed, TYPES, type Run, type UpgradeBed } from './bed';

const isLong = process.env['LRO_LONG'] === '1';
const OPERATIONS = isLong ? 200 : 40;
const ITEMS = isLong ? 2000 : 300;
/** Of an operation alone; of an item it is one second. */
const RETRY_AFTER_SECONDS = isLong ? 5 : 2;
jest.setTimeout(isLong ? 600_000 : 90_000);

let bed: UpgradeBed;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bed = await startUpgradeBed();
});

afterAll(() => bed.close());

/** Builds that have worked each of these runs. */
function buildsOf(runs: readonly Run[], type: string): string {
  return runs
    .filter((run) => run.type === type)
    .map(({ builds }) => builds.join(' and '))
    .join(', ');
}

/** Whether a run's history replays with the workflow code of a build. */
async function replays({ workflowId, events }: Run, workflowBundle: { codePath: string }): Promise<boolean> {
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId, history: { events } }])) return error === undefined;
  return false;
}

test('a rolling upgrade and a rollback lose nothing, send nothing twice and wedge nothing', async () => {
  const inFlight = Math.ceil(ITEMS / 3);
  const shards = Math.ceil(inFlight / 250);
  const lateOperations = OPERATIONS / 4;
  const lateItems = ITEMS / 10;

  const first = await bed.startWorker('first');
  await bed.setCurrent('first');
  const batch = await bed.startBatch(ITEMS, inFlight, 1);
  const early = await bed.startOperations('early', OPERATIONS, RETRY_AFTER_SECONDS);
  await bed.untilSubmitted(inFlight);

  const next = await bed.startWorker('next');
  await bed.setCurrent('next');
  const lateBatch = await bed.startBatch(lateItems, lateItems, 1);
  const late = await bed.startOperations('late', lateOperations, RETRY_AFTER_SECONDS);
  await bed.untilOn('next', OPERATIONS + lateOperations, shards + 1);
  await bed.releaseItems();
  await bed.untilSubmitted(2 * inFlight + lateItems);

  await bed.setCurrent('first');
  await bed.untilOn('first', OPERATIONS + lateOperations, shards);
  const operations = [...early, ...late];
  const results = await inTurns(operations, (operation) => bed.processes.finish(operation));
  for (let submitted = 2 * inFlight; submitted < ITEMS;) {
    await bed.releaseItems();
    submitted = Math.min(submitted + inFlight, ITEMS);
    await bed.untilSubmitted(submitted + lateItems);
  }
  await bed.releaseItems();
  const ended = await Promise.all([batch, lateBatch].map((one) => one.result()));

  // Nothing is lost …
  expect(results.filter(({ status }) => status !== 'Succeeded')).toEqual([]);
  expect(ended.map(({ counts }) => [counts.total, counts.succeeded])).toEqual([
    [ITEMS, ITEMS],
    [lateItems, lateItems],
  ]);
  const reports = [batch, lateBatch].map((one) => one.report());
  expect(reports.map((lines) => new Set(lines.map(({ id }) => id)).size)).toEqual([ITEMS, lateItems]);
  expect(reports.map(({ length }) => length)).toEqual([ITEMS, lateItems]);

  // … nothing sent twice, nothing asked early …
  const requests = await bed.requests();
  const all = new Evidence(requests);
  expect(all.submits).toHaveLength(operations.length + ITEMS + lateItems);
  expect(new Set(all.submits.map(({ headers }) => headers['operation-id'])).size).toBe(all.submits.length);
  const ofItems = reports.flat().flatMap((item) => earlyPolls([], all.pollsOf(item), 1));
  const ofOperations = results.flatMap((result) => earlyPolls([], all.pollsOf({ result } as never), RETRY_AFTER_SECONDS));
  expect([...ofItems, ...ofOperations]).toEqual([]);

  // … and no run was worked by two builds, or failed a task.
  const runs = await inTurns([...operations.map(({ id }) => id), batch.id, lateBatch.id], (id) => bed.runs(id));
  expect(runs.flat().flatMap(({ taskFailures }) => taskFailures)).toEqual([]);
  const ways = (some: Run[][], type: string): string[] => [...new Set(some.map((one) => buildsOf(one, type)))];
  expect(ways(runs.slice(0, OPERATIONS), TYPES.operation)).toEqual(['first, next, first']);
  expect(ways(runs.slice(OPERATIONS, operations.length), TYPES.operation)).toEqual(['next, first']);
  const [ofBatch = [], ofLateBatch = []] = runs.slice(operations.length);
  expect(buildsOf(ofBatch, TYPES.batch)).toBe('first');
  expect(buildsOf(ofLateBatch, TYPES.batch)).toBe('next');

  // The difference is one that counts: a run of one build would wedge on the other.
  const [ofFirst, ofNext] = runs[0] ?? [];
  if (ofFirst === undefined || ofNext === undefined) throw new Error('an operation has two runs at least');
  const { first: one, next: other } = bed.builds;
  expect(await replays(ofFirst, one.workflowBundle)).toBe(true);
  expect(await replays(ofFirst, other.workflowBundle)).toBe(false);
  expect(await replays(ofNext, other.workflowBundle)).toBe(true);
  expect(await replays(ofNext, one.workflowBundle)).toBe(false);

  expect(await Promise.all([first.stop(), next.stop()])).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
});
