/**
 * Whoever reaches the namespace can start workflows in any way and signal them with anything: no start gets around the checks of its input, and
 * no signal wedges a workflow.
 */
import { randomUUID } from 'node:crypto';
import { BUILD_TILESET, RUN_BATCH, RUN_CHAIN, RUN_OPERATION, type BatchInput, type BatchResult } from '../../src/contract';
import { startChainBed, type ChainBed } from '../chains/bed';
import { eventually } from '../support/eventually';

let bed: ChainBed;
beforeAll(async () => {
  bed = await startChainBed();
});
afterAll(() => bed.close());

const SUBMIT = { path: '/styles', body: {} };
const INPUTS: Record<string, object> = {
  [RUN_OPERATION]: { submit: SUBMIT },
  [RUN_CHAIN]: { steps: [{ id: 'a', submit: SUBMIT }] },
  [BUILD_TILESET]: { package: { path: 'p.zip' } },
  [RUN_BATCH]: { items: [{ id: 'a', submit: SUBMIT }] },
  runShard: { shard: 0 },
};
const TYPES = Object.keys(INPUTS);

/** What a run that went on would have been handed. */
const FORGED = { jobs: [], state: { at: 'poll', monitor: { statusUrl: 'http://127.0.0.1:1/x' } }, deadlineAtMs: 0 };

/** How the first run ends: `InvalidInput: …`. Nothing of the workflow goes on after it. */
async function endOf(
  type: string,
  args: unknown[],
  options: { cronSchedule?: string; retry?: { maximumAttempts: number } } = {},
): Promise<string> {
  const workflowId = randomUUID();
  const started = await bed.client.workflow.start(type, { workflowId, taskQueue: bed.taskQueue, args, ...options });
  try {
    await bed.client.workflow.result(workflowId, started.firstExecutionRunId, { followRuns: false }).catch(() => undefined);
    const { events } = await bed.client.workflow.getHandle(workflowId, started.firstExecutionRunId).fetchHistory();
    const last = events?.at(-1);
    // A failed run under cron ends with the beginning of the next one.
    const failure = (last?.workflowExecutionFailedEventAttributes ?? last?.workflowExecutionContinuedAsNewEventAttributes)?.failure;
    return `${String(failure?.applicationFailureInfo?.type)}: ${String(failure?.message)}`;
  } finally {
    // A schedule of cron starts the next run whatever became of this one.
    await bed.client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined);
  }
}

async function submitsDuring(work: () => Promise<void>): Promise<number> {
  const before = (await bed.submits()).length;
  await work();
  return (await bed.submits()).length - before;
}

test('under cronSchedule no workflow runs, with a forged second argument or without', async () => {
  const submits = await submitsDuring(async () => {
    const ends = await Promise.all(
      TYPES.flatMap((type) => [[INPUTS[type]], [INPUTS[type], FORGED]].map((args) => endOf(type, args, { cronSchedule: '@every 1s' }))),
    );
    for (const end of ends)
      expect(end).toMatch(/^InvalidInput: (cronSchedule is not supported: use a Temporal Schedule|runShard is a part of runBatch)/);
  });
  expect(submits).toBe(0);
});

test('a second argument in a first run is refused, with a retry policy or without', async () => {
  const submits = await submitsDuring(async () => {
    const forgeries = [FORGED, {}, [], 'x', 0, false];
    const starts = TYPES.flatMap((type) => forgeries.map((forged) => ({ type, forged })));
    const ends = await Promise.all(
      starts.flatMap(({ type, forged }) => [
        endOf(type, [INPUTS[type], forged]),
        endOf(type, [INPUTS[type], forged], { retry: { maximumAttempts: 3 } }),
      ]),
    );
    expect(ends.filter((end) => !end.startsWith('InvalidInput: '))).toEqual([]);
  });
  expect(submits).toBe(0);
});

test('a shard cannot be started by hand', async () => {
  const inputs: unknown[] = [
    INPUTS['runShard'],
    undefined,
    null,
    {},
    'x',
    { source: { workflowId: 'w', firstRunId: 'r', items: [] }, pages: [] },
  ];
  for (const input of inputs) expect(await endOf('runShard', [input])).toMatch(/^InvalidInput: /);
});

test('signals that make no sense change nothing of a batch, an operation or a chain, whatever they carry', async () => {
  const values: unknown[] = [
    undefined,
    null,
    0,
    'x',
    [],
    {},
    { shard: 0 },
    { shard: 0, tally: null },
    { shard: '__proto__', tally: {} },
    { tally: { counts: 1 } },
  ];
  // Open until the signals are there.
  const submit = { ...SUBMIT, headers: { 'Emulator-Plan': '{"hold":true}' } };
  const items = ['a', 'b', 'c'].map((id) => ({ id, submit }));
  const batchId = randomUUID();
  const batch = await bed.client.workflow.start<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
    workflowId: batchId,
    taskQueue: bed.taskQueue,
    args: [{ items }],
  });
  const others = await Promise.all(
    [[RUN_OPERATION, { submit }] as const, [RUN_CHAIN, { steps: [{ id: 'a', submit }] }] as const].map(([type, input]) =>
      bed.client.workflow.start(type, { workflowId: randomUUID(), taskQueue: bed.taskQueue, args: [input] }),
    ),
  );
  for (const handle of [batch, ...others]) {
    for (const name of ['told', 'tally', 'pollNow', 'resume', 'no-such-signal']) {
      for (const value of values) await handle.signal(name, ...(value === undefined ? [] : [value]));
    }
  }
  const open = await eventually(
    () => bed.emulator.admin.operations(),
    ({ operations }) => operations.length === 5,
  );
  for (const { operationId } of open.operations) await bed.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  expect((await batch.result()).counts).toMatchObject({ total: 3, succeeded: 3 });
  for (const handle of others) expect(await handle.result()).toBeDefined();
  for (const handle of [batch, ...others]) {
    const { events } = await handle.fetchHistory();
    expect((events ?? []).filter((event) => event.workflowTaskFailedEventAttributes != null)).toEqual([]);
  }
});
