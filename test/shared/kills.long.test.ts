/**
 * Kills while trackers poll: of the worker, of Temporal, of the service, and of the tracker itself, 20 times each. By the service's own clock no
 * poll is early; nothing is lost, nobody is told twice, and nothing is submitted twice that may not be.
 */
import { randomUUID } from 'node:crypto';
import { LroClient } from '../../src/client';
import type { OperationInput, OperationResult } from '../../src/contract';
import { TRACK_OPERATIONS } from '../../src/jobs/tracker-names';
import { trackerId } from '../../src/jobs/tracked';
import { BatchHarness, killsOf, roundsOf } from '../batch/process-harness';
import { Evidence } from '../batch/evidence';
import { eventually } from '../support/eventually';
import { eventsOf } from '../workflows/history';

const OPERATIONS = 60;
const RETRY_AFTER = 3;

let harness: BatchHarness;
beforeAll(async () => {
  harness = await BatchHarness.open({
    ownTemporal: true,
    operations: { durationSeconds: 10, retryAfter: String(RETRY_AFTER) },
    connection: { limits: { submitsPerSecond: 1000 } },
  });
});
afterAll(() => harness.close());

const ROUNDS = roundsOf(
  [
    ...killsOf(() => harness),
    ['the tracker', () => harness.client.workflow.getHandle(trackerId(harness.taskQueue, 'maps')).terminate('killed by a test')],
  ],
  20,
);

test.each(ROUNDS)('%s is killed while a tracker polls (%i)', async (_, __, kill) => {
  await harness.fresh();
  const { admin } = harness.emulator;
  const lro = new LroClient({ client: harness.client, taskQueue: harness.taskQueue });
  const ids = Array.from({ length: OPERATIONS }, (_item, index) => `shared-${index}-${randomUUID()}`);
  const operations = await Promise.all(ids.map((id, index) => lro.start(inputOf(id, index), { id })));
  // Anywhere from the first submits to the first rounds of polls.
  const seen = Math.ceil(Math.random() * 2 * OPERATIONS);
  await (seen < OPERATIONS / 2
    ? admin.waitForRequests({ method: 'POST', count: seen })
    : admin.waitForRequests({ method: 'GET', count: seen }));
  await kill();
  const ends = await Promise.allSettled(operations.map((operation) => operation.result()));
  const evidence = new Evidence(await harness.emulator.admin.requests());
  const succeeded = ends.flatMap((end, index) => (end.status === 'fulfilled' ? [{ id: ids[index]!, result: end.value }] : []));
  // Of those that are not to be sent twice, one whose submit was cut short may have no other end.
  const others = ends.flatMap((end, index) =>
    end.status === 'rejected' ? [`${index % 2} ${(end.reason as Error).name} ${String((end.reason as { type?: string }).type)}`] : [],
  );
  expect(others.filter((end) => end !== '1 OperationError SubmissionUncertain')).toEqual([]);
  expect(earlyOf(evidence, succeeded)).toEqual([]);
  for (const [index, id] of ids.entries()) {
    const submits = evidence.submitsOf({ id }).length;
    if (index % 2 === 1) expect([id, submits]).toEqual([id, submits === 0 ? 0 : 1]);
    const told = (await eventsOf(harness.client.workflow.getHandle(id))).filter(
      ({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes?.signalName === 'trackerTold',
    );
    expect([id, told.length <= 1]).toEqual([id, true]);
  }
});

/** Every second one is not to be sent twice. */
function inputOf(id: string, index: number): OperationInput {
  const onUncertainSubmit = index % 2 === 1 ? 'fail' : 'retry';
  return { connection: 'maps', follow: 'shared', onUncertainSubmit, submit: { path: '/styles', query: { description: id }, body: {} } };
}

function earlyOf(evidence: Evidence, all: { id: string; result: OperationResult }[]): string[] {
  return evidence.early(
    all.map((one) => one as Parameters<typeof evidence.pollsOf>[0]),
    RETRY_AFTER,
  );
}

test('trackers end when they have had nothing to poll for a while', async () => {
  await eventually(
    () => harness.client.workflow.count(`WorkflowType = "${TRACK_OPERATIONS}" AND ExecutionStatus = "Running"`),
    ({ count }) => count === 0,
    120,
  );
});
