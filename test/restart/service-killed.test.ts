/** The service is killed (SIGKILL) in mid-operation and comes back on the same port with all it had accepted. */
import type { Child } from '../../src/devserver';
import { eventually } from '../support/eventually';
import { processTest, untilWaiting, type NamedOperation, type ProcessBed } from '../support/process-bed';

/** The worker is there all the time, and ends in order. */
function serviceTest(name: string, work: (bed: ProcessBed) => Promise<void>): void {
  const withWorker = async (bed: ProcessBed, worker: Child): Promise<void> => {
    await work(bed);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  };
  processTest(name, withWorker, { deduplicates: true });
}

/** Waits until the worker has found the service away. */
async function untilNoticed(operation: NamedOperation): Promise<void> {
  await eventually(
    () => operation.progress(),
    ({ lastProblem }) => lastProblem !== undefined,
  );
}

serviceTest('killed while an operation waits and away when it is due, it is asked again until it answers', async (bed) => {
  const operation = await bed.start('waiting', { retryAfterSeconds: 2 });
  await untilWaiting(operation);
  await bed.emulator.kill();
  await untilNoticed(operation);
  await bed.restartService();
  await bed.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

serviceTest('killed while it is asked, it is asked again', async (bed) => {
  await bed.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await bed.start('asking');
  await bed.untilHeld(1);
  await bed.emulator.kill();
  await bed.restartService();
  await bed.expectRightEnd(operation, { submits: 1 });
});

serviceTest(
  'killed between accepting a submit and its answer, the submit comes again with the same key and is the same operation',
  async (bed) => {
    await bed.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
    const operation = await bed.start('submitting');
    await bed.untilHeld(1);
    await bed.emulator.kill();
    await bed.restartService();
    const { operationId } = await bed.expectRightEnd(operation, { submits: 2 });
    expect(await bed.emulator.admin.operation(operationId ?? '')).toMatchObject({ submitCount: 2 });
  },
);

serviceTest('killed between accepting a submit and its answer, at most one submit is sent where that was asked', async (bed) => {
  await bed.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
  const operation = await bed.start('once', { onUncertainSubmit: 'fail' });
  await bed.untilHeld(1);
  await bed.emulator.kill();
  await bed.restartService();
  await expect(operation.result({ timeoutSeconds: 60 })).rejects.toMatchObject({ type: 'SubmissionUncertain' });
  expect(await bed.submitsOf(operation)).toHaveLength(1);
});
