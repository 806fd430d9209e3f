/** Cancelling an operation, whatever it is at. Afterwards its memo says what is left at the service. Scripted, to hold it at each place. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { CancelDecision } from '../../src/lro/cancel';
import type { FailureDetails, OperationInput, OperationProgress } from '../../src/contract';
import type { SubmitDecision } from '../../src/lro/monitor';
import {
  accepted,
  gate,
  MONITOR,
  openScriptedHarness,
  running,
  scripted,
  sharedServer,
  SUBMIT,
  SUCCEEDED,
  type Handle,
  type ScriptedHarness,
} from './harness';
import { untilTimer } from './history';

let server: Awaited<ReturnType<typeof sharedServer>>;
let harness: ScriptedHarness;

beforeAll(async () => {
  server = await sharedServer();
  harness = await openScriptedHarness(server);
});

afterAll(async () => {
  await harness.close();
  await server.close();
});

const CANCELLABLE: OperationInput = { ...SUBMIT, cancel: { path: '{statusPath}:cancel' } };
const HOUR = 3600;

/** Why it failed, and its memo at the end. */
async function endOf(handle: Handle): Promise<{ cause: unknown; memo: Record<string, unknown>; progress: OperationProgress }> {
  const error: unknown = await handle.result().catch((err: unknown) => err);
  const latest = server.client.workflow.getHandle(handle.workflowId);
  const { memo = {} } = await latest.describe();
  const progress = await latest.query<OperationProgress>('progress');
  return { cause: error instanceof WorkflowFailedError ? error.cause : error, memo, progress };
}

test('while its input is checked: nothing was sent, and nothing is left', async () => {
  const checked = gate();
  const activities = scripted({ prepare: () => checked.passed });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('prepare');
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  checked.open();
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(memo).toEqual({});
  expect(activities.submitted).toHaveLength(0);
  expect(activities.cancels).toBe(0);
});

test('while the submit is in flight: it is not cut, and what it made is cancelled at the service', async () => {
  const answered = gate();
  const activities = scripted({ submits: [answered.passed.then(() => accepted(HOUR))] });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('submit');
  await handle.cancel();
  answered.open();
  const { cause, memo, progress } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(1);
  expect(activities.polls).toBe(0);
  expect(memo).toMatchObject({ operationId: 'op-1', statusUrl: MONITOR.statusUrl, cancel: 'the service was told (202)' });
  expect(progress).toMatchObject({ phase: 'canceled', operationId: 'op-1' });
});

test('while the submit is in flight and is refused: it fails as refused', async () => {
  const answered = gate();
  const failure: FailureDetails = { type: 'SubmissionRejected', message: 'rejected with 400', httpStatus: 400 };
  const activities = scripted({ submits: [answered.passed.then((): SubmitDecision => ({ kind: 'failed', failure }))] });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('submit');
  await handle.cancel();
  answered.open();
  expect((await endOf(handle)).cause).toMatchObject({ type: 'SubmissionRejected' });
  expect(activities.cancels).toBe(0);
});

test('while the submit is in flight and is to be repeated at once: it is not sent again', async () => {
  const answered = gate();
  const busy: SubmitDecision = { kind: 'notAccepted', waitSeconds: 0, why: 'Retry-After', trouble: { message: 'busy' } };
  const activities = scripted({ submits: [answered.passed.then(() => busy), accepted()] });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('submit');
  await handle.cancel();
  answered.open();
  expect((await endOf(handle)).cause).toBeInstanceOf(CancelledFailure);
  expect(activities.submitted).toHaveLength(1);
});

test('while it waits to submit again: nothing is left', async () => {
  const busy: SubmitDecision = {
    kind: 'notAccepted',
    waitSeconds: HOUR,
    why: 'Retry-After',
    trouble: { message: 'busy', httpStatus: 429 },
  };
  const activities = scripted({ submits: [busy] });
  const handle = await harness.start(activities, CANCELLABLE);
  await untilTimer(server.client, handle);
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(memo).toEqual({ inputDigest: expect.any(String) });
  expect(activities.submitted).toHaveLength(1);
});

test('while nobody knows whether it was accepted: the memo says so', async () => {
  const lost: SubmitDecision = { kind: 'uncertain', waitSeconds: HOUR, why: 'backoff', trouble: { message: 'connection lost' } };
  const activities = scripted({ submits: [lost] });
  const handle = await harness.start(activities, CANCELLABLE);
  await untilTimer(server.client, handle);
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(memo).toEqual({
    inputDigest: expect.any(String),
    cancel: 'cancelled while nobody knew whether the service had accepted it',
  });
});

test('while it waits for the next poll: the service is told', async () => {
  const activities = scripted({ submits: [accepted(HOUR)] });
  const handle = await harness.start(activities, CANCELLABLE);
  await untilTimer(server.client, handle);
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(1);
  expect(memo).toMatchObject({ operationId: 'op-1', cancel: 'the service was told (202)' });
});

test('without a cancel request in its input: it ends, and the memo says that the service was not told', async () => {
  const activities = scripted({ submits: [accepted(HOUR)] });
  const handle = await harness.start(activities);
  await untilTimer(server.client, handle);
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(0);
  expect(memo).toMatchObject({ operationId: 'op-1', statusUrl: MONITOR.statusUrl, cancel: expect.stringContaining('was not told') });
});

test('while the service is asked: the question is given up, and the service is told', async () => {
  const asked = gate();
  const activities = scripted({ status: () => asked.passed.then(() => SUCCEEDED) });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('status');
  await handle.cancel();
  const { cause, memo } = await endOf(handle);
  asked.open();
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(1);
  expect(memo).toMatchObject({ cancel: 'the service was told (202)' });
});

test('while its result is read: it has succeeded, and the result says what was not read', async () => {
  const read = gate();
  const fetch = { connection: 'maps', url: 'https://maps.example.com/tilesets/t1', into: ['body' as const, 'resource' as const] };
  const activities = scripted({
    status: () => ({ kind: 'succeeded', outcome: { status: 'Succeeded', resourceId: 't1' }, fetches: [fetch] }),
    resource: (requests) => read.passed.then(() => requests.map(({ id }) => ({ id }))),
  });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('resource');
  await handle.cancel();
  const result = await handle.result();
  read.open();
  expect(result).toMatchObject({ status: 'Succeeded', resourceId: 't1' });
  expect(result.missing).toEqual({ body: 'cancelled before it was read', resource: 'cancelled before it was read' });
  expect(activities.cancels).toBe(0);
});

test('after a continuation: the service is told all the same', async () => {
  const activities = scripted({
    continueAsNewAfterEvents: 20,
    status: (poll) => running(poll < 3 ? 0 : HOUR),
  });
  const handle = await harness.start(activities, CANCELLABLE);
  await activities.called('status', 3);
  await untilTimer(server.client, handle);
  const latest = server.client.workflow.getHandle(handle.workflowId);
  expect((await latest.describe()).runId).not.toBe(handle.firstExecutionRunId);
  await latest.cancel();
  const { cause, memo } = await endOf(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(1);
  expect(memo).toMatchObject({ operationId: 'op-1', statusUrl: MONITOR.statusUrl, cancel: 'the service was told (202)' });
});

test('while it is being cancelled: the service is told once', async () => {
  const told = gate();
  const activities = scripted({
    submits: [accepted(HOUR)],
    cancel: () => told.passed.then((): CancelDecision => ({ kind: 'accepted', httpStatus: 200 })),
  });
  const handle = await harness.start(activities, CANCELLABLE);
  await untilTimer(server.client, handle);
  await handle.cancel();
  await activities.called('cancel');
  expect((await handle.query<OperationProgress>('progress')).phase).toBe('canceling');
  await handle.cancel();
  told.open();
  expect((await endOf(handle)).cause).toBeInstanceOf(CancelledFailure);
  expect(activities.cancels).toBe(1);
});

describe('what the service says to it', () => {
  async function afterCancel(answer: CancelDecision | Error) {
    const activities = scripted({
      submits: [accepted(HOUR)],
      cancel: () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)),
    });
    const handle = await harness.start(activities, CANCELLABLE);
    await untilTimer(server.client, handle);
    await handle.cancel();
    return handle;
  }

  test('it has succeeded: the operation ends succeeded, and names what was not read', async () => {
    const fetch = { connection: 'maps', url: 'https://maps.example.com/tilesets/t1', into: ['body' as const] };
    const decision = { ...SUCCEEDED, fetches: [fetch] };
    const handle = await afterCancel({ kind: 'ended', decision });
    expect(await handle.result()).toMatchObject({
      status: 'Succeeded',
      resourceId: 't1',
      missing: { body: 'cancelled before it was read' },
    });
  });

  test('it has failed: the operation fails with the reason', async () => {
    const failure: FailureDetails = { type: 'OperationFailed', message: 'operation op-1 failed: bad drawing', operationId: 'op-1' };
    const handle = await afterCancel({ kind: 'ended', decision: { kind: 'failed', failure } });
    const { cause } = await endOf(handle);
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'OperationFailed', message: failure.message });
  });

  test('it is cancelled already: the workflow ends cancelled, and the memo has its words', async () => {
    const failure: FailureDetails = { type: 'OperationCanceled', message: 'operation op-1 was canceled at the service' };
    const { cause, memo } = await endOf(await afterCancel({ kind: 'ended', decision: { kind: 'failed', failure } }));
    expect(cause).toBeInstanceOf(CancelledFailure);
    expect(memo).toMatchObject({ operationId: 'op-1', cancel: failure.message });
  });

  test('it will not hear of it: the workflow ends cancelled, and the memo says why', async () => {
    const { cause, memo } = await endOf(await afterCancel({ kind: 'refused', reason: 'the service answered 405', httpStatus: 405 }));
    expect(cause).toBeInstanceOf(CancelledFailure);
    expect(memo).toMatchObject({ operationId: 'op-1', cancel: 'the service was not told: the service answered 405' });
  });

  test('it cannot be told at all: the workflow ends cancelled, and the memo says why', async () => {
    const { cause, memo } = await endOf(await afterCancel(ApplicationFailure.nonRetryable('connection refused by maps.example.com')));
    expect(cause).toBeInstanceOf(CancelledFailure);
    expect(memo).toMatchObject({ operationId: 'op-1', cancel: expect.stringContaining('connection refused') });
  });
});
