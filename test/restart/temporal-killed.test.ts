/** Temporal is killed (SIGKILL) and comes back on the same port and file: the worker process goes on by itself. */
import { join } from 'node:path';
import { OperationError } from '../../src/client';
import { startDevServer } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { startProcessHarness, untilWaiting, type ProcessHarness } from '../support/process-harness';

/** A Temporal of a test's own, that may be killed. */
interface OwnTemporal {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** The worker is there all the time, and ends in order. */
function temporalTest(name: string, work: (harness: ProcessHarness, temporal: OwnTemporal) => Promise<void>): void {
  test.concurrent(name, async () => {
    const databaseFile = join(temporaryFolder(), 'temporal.db');
    let server = await startDevServer({ databaseFile });
    const harness = await startProcessHarness({ address: server.address });
    try {
      const worker = await harness.startWorker();
      await work(harness, {
        kill: () => server.kill(),
        restart: async () => {
          server = await startDevServer({ databaseFile, port: server.port });
        },
      });
      // The one that was started first: nobody has started another.
      expect(await worker.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await harness.close();
      await server.stop();
    }
  });
}

temporalTest('killed while an operation waits, it is asked when it is due, and not before', async (harness, temporal) => {
  const operation = await harness.start('waiting', { retryAfterSeconds: 2 });
  await untilWaiting(operation);
  await temporal.kill();
  await temporal.restart();
  await harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

temporalTest('killed while an operation is asked, whose answer comes when Temporal is back, it goes on', async (harness, temporal) => {
  await harness.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await harness.start('asking', { retryAfterSeconds: 2 });
  await harness.untilHeld(1);
  await temporal.kill();
  await temporal.restart();
  await harness.calm();
  await harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

temporalTest('killed while an operation is asked, whose answer comes while Temporal is away, it goes on', async (harness, temporal) => {
  await harness.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await harness.start('answered', { retryAfterSeconds: 2 });
  await harness.untilHeld(1);
  await temporal.kill();
  await harness.calm();
  await temporal.restart();
  await harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

temporalTest('killed while a submit is under way, it is not sent again where at most one was asked', async (harness, temporal) => {
  await harness.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
  const operation = await harness.start('submitting', { onUncertainSubmit: 'fail' });
  await harness.untilHeld(1);
  await temporal.kill();
  await temporal.restart();
  await harness.calm();
  const [submitted] = (await harness.emulator.admin.operations()).operations.filter(({ status }) => status === 'Running');
  await harness.emulator.admin.changeOperation(submitted?.operationId ?? '', { finish: 'Succeeded' });
  // The answer may come too late to be recorded, when Temporal was away for longer than a heartbeat may be missing.
  const end = await operation.result({ timeoutSeconds: 150 }).then(
    ({ status }) => status,
    (err: unknown) => (err instanceof OperationError ? err.type : err),
  );
  expect(['Succeeded', 'SubmissionUncertain']).toContain(end);
  expect(await harness.submitsOf(operation)).toHaveLength(1);
});
