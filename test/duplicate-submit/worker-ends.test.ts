/** The worker ends while a submit is under way: what the service sees depends on what the caller chose, and on nothing else. */
import { eventually } from '../support/eventually';
import { processTest, type NamedOperation, type ProcessBed } from '../support/process-bed';

/** One operation of each mode, whose submits the service has accepted and not yet answered. */
async function acceptedWithoutAnswer(bed: ProcessBed, name: string): Promise<{ retrying: NamedOperation; failing: NamedOperation }> {
  await bed.addFault({ match: { method: 'POST' }, times: 2, waitAt: 'afterAccept', holdUntilReleased: true });
  const [retrying, failing] = await Promise.all([
    bed.start(`${name}-retry`, { onUncertainSubmit: 'retry' }),
    bed.start(`${name}-fail`, { onUncertainSubmit: 'fail' }),
  ]);
  await bed.untilHeld(2);
  return { retrying, failing };
}

async function expectUncertain(bed: ProcessBed, operation: NamedOperation): Promise<void> {
  await expect(operation.result({ timeoutSeconds: 60 })).rejects.toMatchObject({ type: 'SubmissionUncertain' });
  expect(await bed.submitsOf(operation)).toHaveLength(1);
}

describe('killed after the service has accepted', () => {
  processTest(
    'and before it answers: "retry" submits again with the same key and ends right, "fail" leaves it at one submit',
    async (bed, worker) => {
      const { retrying, failing } = await acceptedWithoutAnswer(bed, 'unanswered');
      await worker.kill();
      worker = await bed.startWorker();
      await bed.expectRightEnd(retrying, { submits: 2 });
      await expectUncertain(bed, failing);
    },
  );

  processTest('and answered, before the answer is recorded: the same', async (bed, worker) => {
    const { retrying, failing } = await acceptedWithoutAnswer(bed, 'answered');
    // The answers go out to a process that does not read them any more.
    worker.signal('SIGSTOP');
    await bed.emulator.admin.release();
    await bed.emulator.admin.waitForRequests({ method: 'POST', query: 'description=answered-', answered: true, count: 2 });
    await worker.kill();
    worker = await bed.startWorker();
    await bed.expectRightEnd(retrying, { submits: 2 });
    await expectUncertain(bed, failing);
  });

  processTest(
    'a service that knows the key makes one operation of both submits',
    async (bed, worker) => {
      await bed.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
      const operation = await bed.start('same-key');
      await bed.untilHeld(1);
      await worker.kill();
      await bed.startWorker();
      const { operationId } = await bed.expectRightEnd(operation, { submits: 2 });
      const { operations } = await bed.emulator.admin.operations();
      expect(operations).toMatchObject([{ operationId, submitCount: 2 }]);
    },
    { deduplicates: true },
  );
});

processTest('killed before the service has accepted, "fail" leaves it at one submit, because nobody knows', async (bed, worker) => {
  await bed.addFault({ match: { method: 'POST' }, holdUntilReleased: true });
  const operation = await bed.start('not-accepted', { onUncertainSubmit: 'fail' });
  await bed.untilHeld(1);
  await worker.kill();
  worker = await bed.startWorker();
  await expectUncertain(bed, operation);
});

processTest(
  'asked to end (SIGTERM) during a submit, the worker finishes it, records its answer and ends with 0; the service sees one submit',
  async (bed, worker) => {
    const operations = await acceptedWithoutAnswer(bed, 'drained');
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
  },
);
