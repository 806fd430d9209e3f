/** The service is killed (SIGKILL) in mid-operation and comes back on the same port with all it had accepted. */
import type { Child } from '../../src/devserver';
import { eventually } from '../support/eventually';
import { processTest, untilWaiting, type NamedOperation, type ProcessHarness } from '../support/process-harness';

/** The worker is there all the time, and ends in order. */
function serviceTest(name: string, work: (harness: ProcessHarness) => Promise<void>): void {
  const withWorker = async (harness: ProcessHarness, worker: Child): Promise<void> => {
    await work(harness);
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

serviceTest('killed while an operation waits and away when it is due, it is asked again until it answers', async (harness) => {
  const operation = await harness.start('waiting', { retryAfterSeconds: 2 });
  await untilWaiting(operation);
  await harness.emulator.kill();
  await untilNoticed(operation);
  await harness.restartService();
  await harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

serviceTest('killed while it is asked, it is asked again', async (harness) => {
  await harness.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await harness.start('asking');
  await harness.untilHeld(1);
  await harness.emulator.kill();
  await harness.restartService();
  await harness.expectRightEnd(operation, { submits: 1 });
});

serviceTest(
  'killed between accepting a submit and its answer, the submit comes again with the same key and is the same operation',
  async (harness) => {
    await harness.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
    const operation = await harness.start('submitting');
    await harness.untilHeld(1);
    await harness.emulator.kill();
    await harness.restartService();
    const { operationId } = await harness.expectRightEnd(operation, { submits: 2 });
    expect(await harness.emulator.admin.operation(operationId ?? '')).toMatchObject({ submitCount: 2 });
  },
);

serviceTest('killed between accepting a submit and its answer, at most one submit is sent where that was asked', async (harness) => {
  await harness.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
  const operation = await harness.start('once', { onUncertainSubmit: 'fail' });
  await harness.untilHeld(1);
  await harness.emulator.kill();
  await harness.restartService();
  await expect(operation.result({ timeoutSeconds: 150 })).rejects.toMatchObject({ type: 'SubmissionUncertain' });
  expect(await harness.submitsOf(operation)).toHaveLength(1);
});
