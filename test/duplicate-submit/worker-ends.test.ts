/** The worker ends while a submit is under way: what the service sees depends on what the caller chose, and on nothing else. */
import { eventually } from '../support/eventually';
import { processTest, type NamedOperation, type ProcessHarness } from '../support/process-harness';

/** One operation of each mode, whose submits the service has accepted and not yet answered. */
async function acceptedWithoutAnswer(
  harness: ProcessHarness,
  name: string,
): Promise<{ retrying: NamedOperation; failing: NamedOperation }> {
  await harness.addFault({ match: { method: 'POST' }, times: 2, waitAt: 'afterAccept', holdUntilReleased: true });
  const [retrying, failing] = await Promise.all([
    harness.start(`${name}-retry`, { onUncertainSubmit: 'retry' }),
    harness.start(`${name}-fail`, { onUncertainSubmit: 'fail' }),
  ]);
  await harness.untilHeld(2);
  return { retrying, failing };
}

async function expectUncertain(harness: ProcessHarness, operation: NamedOperation): Promise<void> {
  await expect(operation.result({ timeoutSeconds: 150 })).rejects.toMatchObject({ type: 'SubmissionUncertain' });
  expect(await harness.submitsOf(operation)).toHaveLength(1);
}

describe('killed after the service has accepted', () => {
  processTest(
    'and before it answers: "retry" submits again with the same key and ends right, "fail" leaves it at one submit',
    async (harness, worker) => {
      const { retrying, failing } = await acceptedWithoutAnswer(harness, 'unanswered');
      await worker.kill();
      worker = await harness.startWorker();
      await harness.expectRightEnd(retrying, { submits: 2 });
      await expectUncertain(harness, failing);
    },
  );

  processTest('and answered, before the answer is recorded: the same', async (harness, worker) => {
    const { retrying, failing } = await acceptedWithoutAnswer(harness, 'answered');
    // The answers go out to a process that does not read them any more.
    worker.signal('SIGSTOP');
    await harness.emulator.admin.release();
    await harness.emulator.admin.waitForRequests({ method: 'POST', query: 'description=answered-', answered: true, count: 2 });
    await worker.kill();
    worker = await harness.startWorker();
    await harness.expectRightEnd(retrying, { submits: 2 });
    await expectUncertain(harness, failing);
  });

  processTest(
    'a service that knows the key makes one operation of both submits',
    async (harness, worker) => {
      await harness.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
      const operation = await harness.start('same-key');
      await harness.untilHeld(1);
      await worker.kill();
      await harness.startWorker();
      const { operationId } = await harness.expectRightEnd(operation, { submits: 2 });
      const { operations } = await harness.emulator.admin.operations();
      expect(operations).toMatchObject([{ operationId, submitCount: 2 }]);
    },
    { deduplicates: true },
  );
});

processTest('killed before the service has accepted, "fail" leaves it at one submit, because nobody knows', async (harness, worker) => {
  await harness.addFault({ match: { method: 'POST' }, holdUntilReleased: true });
  const operation = await harness.start('not-accepted', { onUncertainSubmit: 'fail' });
  await harness.untilHeld(1);
  await worker.kill();
  worker = await harness.startWorker();
  await expectUncertain(harness, operation);
});

processTest(
  'asked to end (SIGTERM) during a submit, the worker finishes it, records its answer and ends with 0; the service sees one submit',
  async (harness, worker) => {
    const operations = await acceptedWithoutAnswer(harness, 'drained');
    worker.signal('SIGTERM');
    await eventually(
      () => worker.output(),
      (output) => output.includes('DRAINING'),
    );
    await harness.emulator.admin.release({ count: 2 });
    expect(await worker.exited).toEqual({ code: 0, signal: null });

    for (const operation of Object.values(operations)) {
      const { events } = await harness.client.workflow.getHandle(operation.id).fetchHistory();
      const submit = events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'lro.submit');
      const recorded = events?.find((event) => submit?.eventId?.eq(event.activityTaskCompletedEventAttributes?.scheduledEventId ?? 0));
      expect(recorded).toBeDefined();
    }

    worker = await harness.startWorker();
    await Promise.all(Object.values(operations).map((operation) => harness.expectRightEnd(operation, { submits: 1 })));
  },
);
