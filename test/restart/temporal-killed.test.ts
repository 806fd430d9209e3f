/** Temporal is killed (SIGKILL) and comes back on the same port and file: the worker process goes on by itself. */
import { join } from 'node:path';
import { OperationError } from '../../src/client';
import { startDevServer, type Child, type DevServer } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { startProcessBed, untilWaiting, type ProcessBed } from '../support/process-bed';

const databaseFile = join(temporaryFolder(), 'temporal.db');
let temporal: DevServer;
let bed: ProcessBed;
let worker: Child;

beforeAll(async () => {
  temporal = await startDevServer({ databaseFile });
  bed = await startProcessBed({ address: temporal.address });
  worker = await bed.startWorker();
});
afterEach(() => bed.calm());
afterAll(async () => {
  // The one that was started first: nobody has started another.
  expect(await worker.stop()).toEqual({ code: 0, signal: null });
  await bed.close();
  await temporal.stop();
});

async function restartTemporal(): Promise<void> {
  temporal = await startDevServer({ databaseFile, port: temporal.port });
}

test('killed while an operation waits, it is asked when it is due, and not before', async () => {
  const operation = await bed.start('waiting', { retryAfterSeconds: 2 });
  await untilWaiting(operation);
  await temporal.kill();
  await restartTemporal();
  await bed.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

test('killed while an operation is asked, whose answer comes when Temporal is back, it goes on', async () => {
  await bed.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await bed.start('asking', { retryAfterSeconds: 2 });
  await bed.untilHeld(1);
  await temporal.kill();
  await restartTemporal();
  await bed.calm();
  await bed.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

test('killed while an operation is asked, whose answer comes while Temporal is away, it goes on', async () => {
  await bed.addFault({ match: { method: 'GET', path: '/operations/' }, skip: 1, holdUntilReleased: true });
  const operation = await bed.start('answered', { retryAfterSeconds: 2 });
  await bed.untilHeld(1);
  await temporal.kill();
  await bed.calm();
  await restartTemporal();
  await bed.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

test('killed while a submit is under way, it is not sent again where at most one was asked', async () => {
  await bed.addFault({ match: { method: 'POST' }, waitAt: 'afterAccept', holdUntilReleased: true });
  const operation = await bed.start('submitting', { onUncertainSubmit: 'fail' });
  await bed.untilHeld(1);
  await temporal.kill();
  await restartTemporal();
  await bed.calm();
  const [submitted] = (await bed.emulator.admin.operations()).operations.filter(({ status }) => status === 'Running');
  await bed.emulator.admin.changeOperation(submitted?.operationId ?? '', { finish: 'Succeeded' });
  // The answer may come too late to be recorded, when Temporal was away for longer than a heartbeat may be missing.
  const end = await operation.result({ timeoutSeconds: 60 }).then(
    ({ status }) => status,
    (err: unknown) => (err instanceof OperationError ? err.type : err),
  );
  expect(['Succeeded', 'SubmissionUncertain']).toContain(end);
  expect(await bed.submitsOf(operation)).toHaveLength(1);
});
