/** The workflow that hands out windows, as workers and others meet it. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { LIMITER, WINDOW_UPDATE, type Window, type WindowRequest } from '../../src/sharing/windows';
import { testConfig } from '../support/config';
import { startTestBed, type TestBed } from '../support/in-process';

const LIMITS = { submitsPerSecond: 40, pollsPerSecond: 400, concurrentRequests: 20 };
const request = (worker: string): WindowRequest => ({ worker, workers: 2, limits: LIMITS, wanted: LIMITS });

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed(testConfig({ default: { baseUrl: 'http://127.0.0.1:9' } }));
});
afterAll(() => bed.close());

const newId = (): string => `limiter-${randomUUID()}`;

/** As a worker asks. */
function ask(workflowId: string, asked: unknown, continueAsNewAfterEvents?: number): Promise<Window> {
  return bed.client.workflow.executeUpdateWithStart<Workflow, Window, [unknown]>(WINDOW_UPDATE, {
    args: [asked],
    startWorkflowOperation: new WithStartWorkflowOperation(LIMITER, {
      workflowId,
      taskQueue: bed.taskQueue,
      args: [{ continueAsNewAfterEvents }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  });
}

async function eventsOf(workflowId: string): Promise<number> {
  return (await bed.client.workflow.getHandle(workflowId).describe()).historyLength;
}

it('costs five events a window, and none where nobody asks or what is asked is no request', async () => {
  const id = newId();
  await ask(id, request('a'));
  const first = await eventsOf(id);
  await ask(id, request('b'));
  const second = await eventsOf(id);
  expect(second - first).toBe(5);
  await expect(ask(id, { ...request('c'), wanted: 'all' })).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  expect(await eventsOf(id)).toBe(second);
});

it('knows what it has handed out when it continues as new', async () => {
  const id = newId();
  const all = [];
  for (let round = 0; round < 6; round++) for (const worker of ['a', 'b']) all.push(await ask(id, request(worker), 20));
  const { events } = await bed.client.workflow.getHandle(id).fetchHistory();
  expect(events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toMatch(/./);
  // One that knew nobody would hold all but a twentieth for the first who asks.
  expect(all.slice(2).every(({ rates }) => rates.submitsPerSecond <= 20)).toBe(true);
  expect(all.at(-1)?.askAgainSeconds).toBe(12);
});

it('cannot be started with windows that no limiter handed out', async () => {
  const handle = await bed.client.workflow.start(LIMITER, {
    workflowId: newId(),
    taskQueue: bed.taskQueue,
    args: [{}, { sinceMs: 0, members: [] }],
  });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
});
