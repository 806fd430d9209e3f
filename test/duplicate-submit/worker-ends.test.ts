/** The worker ends while a submit is under way: what the service sees depends on what the caller chose, and on nothing else. */
import type { Child } from '../../src/devserver';
import { eventually } from '../support/eventually';
import { startProcessBed, type NamedOperation, type ProcessBed } from '../support/process-bed';

let bed: ProcessBed;
let worker: Child;

beforeAll(async () => {
  bed = await startProcessBed();
  worker = await bed.startWorker();
});
afterEach(() => bed.calm());
afterAll(() => bed.close());

/** One operation of each mode, whose submits the service has accepted and not yet answered. */
async function acceptedWithoutAnswer(name: string): Promise<{ retrying: NamedOperation; failing: NamedOperation }> {
  await bed.addFault({ match: { method: 'POST' }, times: 2, waitAt: 'afterAccept', holdUntilReleased: true });
  const [retrying, failing] = await Promise.all([
    bed.start(`${name}-retry`, { onUncertainSubmit: 'retry' }),
    bed.start(`${name}-fail`, { onUncertainSubmit: 'fail' }),
  ]);
  await bed.untilHeld(2);
  return { retrying, failing };
}

async function expectUncertain(operation: NamedOperation): Promise<void> {
  await expect(operation.result({ timeoutSeconds: 60 })).rejects.toMatchObject({ type: 'SubmissionUncertain' });
  expect(await bed.submitsOf(operation)).toHaveLength(1);
}

describe('killed after the service has accepted', () => {
  test('and before it answers: "retry" submits again with the same key and ends right, "fail" leaves it at one submit', async () => {
    const { retrying, failing } = await acceptedWithoutAnswer('unanswered');
    await worker.kill();
    worker = await bed.startWorker();
    await bed.expectRightEnd(retrying, { submits: 2 });
    await expectUncertain(failing);
  });

  test('and answered, before the answer is recorded: the same', async () => {
    const { retrying, failing } = await acceptedWithoutAnswer('answered');
    // The answers go out to a process that does not read them any more.
    worker.signal('SIGSTOP');
    await bed.emulator.admin.release();
    await bed.emulator.admin.waitForRequests({ method: 'POST', query: 'description=answered-', answered: true, count: 2 });
    await worker.kill();
    worker = await bed.startWorker();
    await bed.expectRightEnd(retrying, { submits: 2 });
    await expectUncertain(failing);
  });

  test('a service that knows the key makes one operation of both submits', async () => {
    const other = await startProcessBed({ deduplicates: true });
    try {
      const killed = await other.startWorker();
      await other.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
      const operation = await other.start('same-key');
      await other.untilHeld(1);
      await killed.kill();
      await other.startWorker();
      const { operationId } = await other.expectRightEnd(operation, { submits: 2 });
      const { operations } = await other.emulator.admin.operations();
      expect(operations).toMatchObject([{ operationId, submitCount: 2 }]);
    } finally {
      await other.close();
    }
  });
});

test('killed before the service has accepted, "fail" leaves it at one submit, because nobody knows', async () => {
  await bed.addFault({ match: { method: 'POST' }, holdUntilReleased: true });
  const operation = await bed.start('not-accepted', { onUncertainSubmit: 'fail' });
  await bed.untilHeld(1);
  await worker.kill();
  worker = await bed.startWorker();
  await expectUncertain(operation);
});

test('asked to end (SIGTERM) during a submit, the worker finishes it, records its answer and ends with 0; the service sees one submit', async () => {
  const operations = await acceptedWithoutAnswer('drained');
  worker.signal('SIGTERM');
  await eventually(
    () => worker.output(),
    (output) => output.includes('DRAINING'),
  );
  await bed.emulator.admin.release({ count: 2 });
  expect(await worker.exited).toEqual({ code: 0, signal: null });

  for (const operation of Object.values(operations)) {
    const { events } = await bed.client.workflow.getHandle(operation.id).fetchHistory();
    const submit = events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'lro.submit');
    const recorded = events?.find((event) => submit?.eventId?.eq(event.activityTaskCompletedEventAttributes?.scheduledEventId ?? 0));
    expect(recorded).toBeDefined();
  }

  worker = await bed.startWorker();
  await Promise.all(Object.values(operations).map((operation) => bed.expectRightEnd(operation, { submits: 1 })));
});
