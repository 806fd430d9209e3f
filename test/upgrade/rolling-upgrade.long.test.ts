/**
 * A rolling upgrade under load, and the way back: two builds whose workflow code differs work side by side, and what is open moves from one to
 * the other and back. 200 operations and a batch of 2,000.
 */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { Evidence } from '../batch/evidence';
import { eventually } from '../support/eventually';
import { earlyPolls } from '../support/process-harness';
import { inTurns, PATIENCE_SECONDS, startUpgradeHarness, TYPES, type Run, type UpgradeHarness } from './harness';

const OPERATIONS = 200;
const ITEMS = 2000;
const IN_FLIGHT = 600;
/** A shard does not begin a few more for what few have ended. */
const SOON_IN_FLIGHT = 0.9 * IN_FLIGHT;
/** Of a batch that ends on the next build; one that begins there has twice as many. */
const SHORT_ITEMS = 10;
/** Of an operation alone; of an item it is a second. */
const RETRY_AFTER_SECONDS = 5;
jest.setTimeout(900_000);

let harness: UpgradeHarness;

beforeAll(async () => {
  // The control that is to fail would say so in the log.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  harness = await startUpgradeHarness();
});

afterEach(() => harness.killWorkers());
afterAll(() => harness.close());

/** What a run was begun with. */
function inputOf(run: Run | undefined): string {
  const payloads = run?.events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  return payloads.map(({ data }) => Buffer.from(data ?? []).toString('utf8')).join('\n');
}

/**
 * Builds that have worked each of these runs, one after the other. A run may be followed by another one on the same build, where a part of
 * Temporal did not know yet which build is current: that one is told again.
 */
function buildsOf(runs: readonly Run[], type: string): string {
  return runs
    .filter((run) => run.type === type)
    .map(({ builds }) => builds.join(' and '))
    .filter((builds, index, list) => builds !== list[index - 1])
    .join(', ');
}

/** Whether it has done what the two builds do differently. */
function hasPolled({ events }: Run): boolean {
  return events.some(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'lro.ask');
}

/** Whether a run's history replays with the workflow code of a build. */
async function replays({ workflowId, events }: Run, workflowBundle: { codePath: string }): Promise<boolean> {
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId, history: { events } }]))
    return error === undefined;
  return false;
}

test('a rolling upgrade and a rollback lose nothing, send nothing twice and wedge nothing', async () => {
  const shards = Math.ceil(IN_FLIGHT / 250);
  const lateOperations = OPERATIONS / 4;
  const alone = OPERATIONS + lateOperations;

  const first = await harness.startWorker('first');
  await harness.setCurrent('first');
  const batch = await harness.startBatch(ITEMS, IN_FLIGHT, 1);
  const shortBatch = await harness.startBatch(SHORT_ITEMS, SHORT_ITEMS, 1);
  const early = await harness.startOperations('early', OPERATIONS, RETRY_AFTER_SECONDS);
  await harness.untilSubmitted(IN_FLIGHT + SHORT_ITEMS);

  const next = await harness.startWorker('next');
  expect(next.ready?.[0]).toContain(`, deployment "${harness.deploymentName}", build "next", `);
  await harness.setCurrent('next');
  const lateBatch = await harness.startBatch(2 * SHORT_ITEMS, SHORT_ITEMS, 1);
  const late = await harness.startOperations('late', lateOperations, RETRY_AFTER_SECONDS);
  await harness.untilOn('next', alone, shards + 2);
  await harness.untilSubmitted(IN_FLIGHT + 2 * SHORT_ITEMS);
  await harness.release('items');
  await harness.untilSubmitted(IN_FLIGHT + SOON_IN_FLIGHT + 3 * SHORT_ITEMS);
  const short = await shortBatch.result();

  await harness.setCurrent('first');
  await harness.untilOn('first', alone, shards + 1);
  await harness.release('operations');
  const operations = [...early, ...late];
  const results = await Promise.all(operations.map((operation) => operation.result({ timeoutSeconds: PATIENCE_SECONDS })));
  const ended = [await harness.releaseToTheEnd(batch), short, await harness.releaseToTheEnd(lateBatch)];

  // Nothing is lost …
  const counts = [ITEMS, SHORT_ITEMS, 2 * SHORT_ITEMS];
  expect(results.filter(({ status }) => status !== 'Succeeded')).toEqual([]);
  expect(ended.map((result) => [result.counts.total, result.counts.succeeded])).toEqual(counts.map((count) => [count, count]));
  const reports = [batch, shortBatch, lateBatch].map((one) => one.report());
  expect(reports.map((lines) => new Set(lines.map(({ id }) => id)).size)).toEqual(counts);
  expect(reports.map(({ length }) => length)).toEqual(counts);

  // … nothing sent twice, nothing asked early …
  const all = new Evidence(await harness.requests());
  expect(all.submits).toHaveLength(alone + ITEMS + 3 * SHORT_ITEMS);
  expect(new Set(all.submits.map(({ headers }) => headers['operation-id'])).size).toBe(all.submits.length);
  const ofItems = reports.flat().flatMap((item) => earlyPolls([], all.pollsOf(item), 1));
  const ofOperations = results.flatMap((result) => earlyPolls([], all.pollsOf({ result } as never), RETRY_AFTER_SECONDS));
  expect([...ofItems, ...ofOperations]).toEqual([]);

  // … and no run was worked by two builds, or failed a task.
  const runs = await inTurns([...operations, batch, shortBatch, lateBatch], ({ id }) => harness.runs(id));
  expect(runs.flat().flatMap(({ taskFailures }) => taskFailures)).toEqual([]);
  const ways = (some: Run[][], type: string): string[] => [...new Set(some.map((one) => buildsOf(one, type)))];
  expect(ways(runs.slice(0, OPERATIONS), TYPES.operation)).toEqual(['first, next, first']);
  expect(ways(runs.slice(OPERATIONS, alone), TYPES.operation)).toEqual(['next, first']);
  // A batch stays on its build; its shards begin there, and have moved.
  const ofBatches = runs.slice(alone);
  expect(ofBatches.map((one) => buildsOf(one, TYPES.batch))).toEqual(['first', 'first', 'next']);
  const shardsOf = (one: Run[]): string[] => [...new Set(one.map(({ workflowId }) => workflowId))].slice(1);
  const waysOfShards = ofBatches.map((one) =>
    shardsOf(one).map((id) =>
      buildsOf(
        one.filter(({ workflowId }) => workflowId === id),
        TYPES.shard,
      ),
    ),
  );
  expect(waysOfShards.map((some) => [...new Set(some)])).toEqual([['first, next, first'], ['first, next'], ['next, first']]);
  expect(waysOfShards[0]).toHaveLength(shards);

  // What the next build had added came along, and was no hindrance to the first.
  const fromNext = runs.flat().filter((run, index, list) => list[index - 1]?.builds[0] === 'next' && run.builds[0] === 'first');
  expect(fromNext.length).toBeGreaterThanOrEqual(alone + shards);
  expect(fromNext.filter((run) => run.type !== TYPES.batch && !inputOf(run).includes('addedLater'))).toEqual([]);

  // The difference is one that counts: a run of one build would wedge on the other.
  const polled = (build: string): Run => {
    const found = runs.flat().find((run) => run.type === TYPES.operation && run.builds[0] === build && hasPolled(run));
    if (found === undefined) throw new Error(`operations were polled on the build ${build}`);
    return found;
  };
  const [ofFirst, ofNext] = [polled('first'), polled('next')];
  const { first: one, next: other } = harness.builds;
  expect(await replays(ofFirst, one.workflowBundle)).toBe(true);
  expect(await replays(ofFirst, other.workflowBundle)).toBe(false);
  expect(await replays(ofNext, other.workflowBundle)).toBe(true);
  expect(await replays(ofNext, one.workflowBundle)).toBe(false);

  expect(await Promise.all([first.stop(), next.stop()])).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
});

test('what moved to a build whose workers are gone goes on after a rollback, and what was not accepted has stayed', async () => {
  const { processes } = harness;
  await harness.startWorker('first');
  await harness.setCurrent('first');
  const [moved] = await harness.startOperations('moved', 1, 1);
  if (moved === undefined) throw new Error('one was started');
  const match = { method: 'POST', query: 'description=unaccepted' };
  await processes.addFault({ match, times: 0, action: { answer: { httpStatus: 503, headers: { 'retry-after': '1' } } } });
  const unaccepted = await processes.start('unaccepted');
  const next = await harness.startWorker('next');
  await next.kill();
  await harness.setCurrent('next');
  await eventually(
    () => harness.runs(moved.id),
    (runs) => runs.at(-1)?.builds.length === 0,
  );
  await eventually(
    () => harness.runs(unaccepted.id),
    (runs) => runs.length > 1 || (runs[0]?.timesTold ?? 0) >= 2,
  );

  // An update that came meanwhile would be lost with a new run.
  expect(await harness.runs(unaccepted.id)).toMatchObject([{ builds: ['first'], taskFailures: [] }]);
  await processes.calm();
  expect(await unaccepted.accepted()).toMatchObject({ operationId: expect.any(String) as string });

  await harness.setCurrent('first');
  await processes.expectRightEnd(moved, { submits: 1 });
  await processes.finish(unaccepted);
  expect((await harness.runs(moved.id)).map(({ builds }) => builds)).toEqual([['first'], ['first']]);
  const submits = await processes.submitsOf(unaccepted);
  expect(submits.filter(({ httpStatus }) => httpStatus !== 503)).toHaveLength(1);
});
