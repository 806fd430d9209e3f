/** Update `accepted`: the 202 or the 400 for whoever waits, whatever the operation is at. Scripted, to hold it at each place. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ACCEPTED_UPDATE, RUN_OPERATION, type Acceptance, type FailureDetails, type OperationInput } from '../../src/contract';
import type { SubmitDecision } from '../../src/lro/monitor';
import { accepted, gate, MONITOR, openScriptedHarness, running, scripted, sharedServer, SUBMIT, type ScriptedHarness } from './harness';
import { untilHistory, untilTimer } from './history';

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

const ACCEPTANCE: Acceptance = { operationId: 'op-1', statusUrl: MONITOR.statusUrl };
const HOUR = 3600;

function ask(handle: WorkflowHandle, updateId: string = randomUUID()): Promise<Acceptance> {
  return server.client.workflow.getHandle(handle.workflowId).executeUpdate<Acceptance, []>(ACCEPTED_UPDATE, { updateId });
}

/** Until the workflow has taken so many updates. */
function untilAccepted(handle: WorkflowHandle, count = 1): Promise<void> {
  return untilHistory(
    server.client,
    handle,
    (events) => events.filter((event) => Boolean(event.workflowExecutionUpdateAcceptedEventAttributes)).length >= count,
  );
}

/** The typed failure an update ended with. */
async function refusalOf(answer: Promise<Acceptance>): Promise<FailureDetails> {
  const error: unknown = await answer.catch((err: unknown) => err);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  const { cause } = error as WorkflowUpdateFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  const details = (cause as ApplicationFailure).details?.[0] as FailureDetails;
  expect((cause as ApplicationFailure).type).toBe(details.type);
  return details;
}

test('whoever asks gets the acceptance: while its input is checked, while it is submitted, and while it waits', async () => {
  const checked = gate();
  const answered = gate();
  const activities = scripted({ prepare: () => checked.passed, submits: [answered.passed.then(() => accepted(HOUR))] });
  const handle = await harness.start(activities);
  await activities.called('prepare');
  const early = ask(handle);
  checked.open();
  await activities.called('submit');
  const during = [ask(handle), ask(handle), ask(handle, 'same'), ask(handle, 'same')];
  answered.open();
  expect(await Promise.all([early, ...during])).toEqual([ACCEPTANCE, ACCEPTANCE, ACCEPTANCE, ACCEPTANCE, ACCEPTANCE]);
  await untilTimer(server.client, handle);
  expect(await ask(handle)).toEqual(ACCEPTANCE);
  expect(await ask(handle, 'same')).toEqual(ACCEPTANCE);
  await handle.terminate();
});

test('it waits over refused submits until one is accepted', async () => {
  const answered = gate();
  const busy: SubmitDecision = { kind: 'notAccepted', waitSeconds: 0, why: 'Retry-After', trouble: { message: 'busy', httpStatus: 429 } };
  const activities = scripted({ submits: [answered.passed.then(() => busy), busy, accepted(HOUR)] });
  const handle = await harness.start(activities);
  await activities.called('submit');
  const answer = ask(handle);
  answered.open();
  expect(await answer).toEqual(ACCEPTANCE);
  expect(activities.submitted).toHaveLength(3);
  await handle.terminate();
});

test('a submit that is refused fails the update with the typed failure of the workflow', async () => {
  const answered = gate();
  const failure: FailureDetails = {
    type: 'SubmissionRejected',
    message: 'rejected with 400',
    httpStatus: 400,
    error: { code: 'BadRequest' },
  };
  const activities = scripted({ submits: [answered.passed.then((): SubmitDecision => ({ kind: 'failed', failure }))] });
  const handle = await harness.start(activities, { ...SUBMIT, labels: { campus: '7' } });
  await activities.called('submit');
  const answers = [ask(handle), ask(handle)].map(refusalOf);
  await untilAccepted(handle, 2);
  answered.open();
  for (const details of await Promise.all(answers)) expect(details).toEqual({ ...failure, labels: { campus: '7' } });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'SubmissionRejected' } });
});

test('an input that is refused fails the update, also where one call starts the workflow and asks', async () => {
  const message = 'submit.path: must be a string, but is missing';
  const failure = ApplicationFailure.create({
    type: 'InvalidInput',
    message,
    nonRetryable: true,
    details: [{ type: 'InvalidInput', message } satisfies FailureDetails],
  });
  const activities = scripted({ prepare: () => Promise.reject(failure) });
  const startWorkflowOperation = new WithStartWorkflowOperation<(input: OperationInput) => Promise<unknown>>(RUN_OPERATION, {
    workflowId: harness.script(activities),
    taskQueue: harness.taskQueue,
    args: [SUBMIT],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  const answer = server.client.workflow.executeUpdateWithStart<(input: OperationInput) => Promise<unknown>, Acceptance, []>(
    ACCEPTED_UPDATE,
    {
      startWorkflowOperation,
    },
  );
  expect(await refusalOf(answer)).toEqual({ type: 'InvalidInput', message });
});

test('a workflow that is cancelled before acceptance fails the update, typed', async () => {
  const busy: SubmitDecision = {
    kind: 'notAccepted',
    waitSeconds: HOUR,
    why: 'Retry-After',
    trouble: { message: 'busy', httpStatus: 429 },
  };
  const handle = await harness.start(scripted({ submits: [busy] }));
  await untilTimer(server.client, handle);
  const answer = refusalOf(ask(handle));
  await untilAccepted(handle);
  await handle.cancel();
  expect(await answer).toMatchObject({ type: 'OperationCanceled', message: expect.stringContaining('cancelled') });
});

test('a workflow that is cancelled while the submit is in flight still says what came of it', async () => {
  const answered = gate();
  const activities = scripted({ submits: [answered.passed.then(() => accepted(HOUR))] });
  const handle = await harness.start(activities);
  await activities.called('submit');
  const before = ask(handle, 'before');
  await untilAccepted(handle);
  await handle.cancel();
  const after = ask(handle, 'after');
  await untilAccepted(handle, 2);
  answered.open();
  expect(await Promise.all([before, after])).toEqual([ACCEPTANCE, ACCEPTANCE]);
});

test('it is answered after a continuation', async () => {
  const activities = scripted({ continueAsNewAfterEvents: 20, status: (poll) => running(poll < 3 ? 0 : HOUR) });
  const handle = await harness.start(activities);
  await activities.called('status', 3);
  await untilTimer(server.client, handle);
  const latest = server.client.workflow.getHandle(handle.workflowId);
  expect((await latest.describe()).runId).not.toBe(handle.firstExecutionRunId);
  expect(await ask(handle)).toEqual(ACCEPTANCE);
  await latest.terminate();
});

test('while one waits, an operation that is not accepted yet does not continue as new', async () => {
  const last = gate();
  const busy: SubmitDecision = {
    kind: 'notAccepted',
    waitSeconds: 0,
    why: 'Retry-After',
    trouble: { message: 'busy', httpStatus: 429 },
  };
  const first = gate();
  const submits = [first.passed.then(() => busy), busy, busy, busy, last.passed.then(() => accepted(HOUR))];
  const activities = scripted({ submits, continueAsNewAfterEvents: 20 });
  const handle = await harness.start(activities);
  await activities.called('submit');
  const answer = ask(handle);
  await untilAccepted(handle);
  first.open();
  await activities.called('submit', 5);
  last.open();
  expect(await answer).toEqual(ACCEPTANCE);
  await server.client.workflow.getHandle(handle.workflowId).terminate();
});

test('when it asks as the service gives the end at once, it gets what there is', async () => {
  const answered = gate();
  const outcome = { status: 'Succeeded', operationId: 'op-9' };
  const activities = scripted({ submits: [answered.passed.then((): SubmitDecision => ({ kind: 'succeeded', outcome }))] });
  const handle = await harness.start(activities);
  await activities.called('submit');
  const answer = ask(handle);
  await untilAccepted(handle);
  answered.open();
  expect(await answer).toEqual({ operationId: 'op-9' });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', operationId: 'op-9', polls: 0 });
});
