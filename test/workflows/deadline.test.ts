/** The deadline of an operation: from the workflow's first start, whatever the operation is at, and over continuations. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FailureDetails, OperationOptions } from '../../src/contract';
import {
  accepted,
  MONITOR,
  openScriptedHarness,
  running,
  scripted,
  SUBMIT,
  timeSkippingServer,
  type ScriptedHarness,
  type Scripted,
} from './harness';
import { duration, eventsOf, timeOf } from './history';

let env: TestWorkflowEnvironment;
let harness: ScriptedHarness;

beforeAll(async () => {
  env = await timeSkippingServer();
  harness = await openScriptedHarness(env);
});

afterAll(async () => {
  await harness.close();
  await env.teardown();
});

/** Runs an operation that is to fail. */
async function failureOf(script: Scripted, input: OperationOptions) {
  const activities = scripted(script);
  const handle = await harness.start(activities, { ...SUBMIT, ...input });
  const firstStart = timeOf((await eventsOf(handle))[0]);
  const error: unknown = await handle.result().catch((err: unknown) => err);
  const cause = error instanceof WorkflowFailedError ? error.cause : error;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  const { type, nonRetryable, details } = cause as ApplicationFailure;
  const last = env.client.workflow.getHandle(handle.workflowId);
  const events = await eventsOf(last);
  const seconds = (timeOf(events.at(-1)) - firstStart) / 1000;
  return { type, nonRetryable, details: details?.[0] as FailureDetails, seconds, handle, activities };
}

test('an operation that does not end in time fails with its status URL, to attach to', async () => {
  const { type, nonRetryable, details, seconds } = await failureOf({ status: () => running(3000) }, { deadlineSeconds: 7200 });
  expect({ type, nonRetryable }).toEqual({ type: 'DeadlineExceeded', nonRetryable: true });
  expect(details).toMatchObject({ type: 'DeadlineExceeded', operationId: 'op-1', statusUrl: MONITOR.statusUrl });
  expect(details.message).toContain('last status: Running');
  expect(seconds).toBeGreaterThanOrEqual(7200);
  expect(seconds).toBeLessThan(7260);
});

test('the deadline holds over several continuations', async () => {
  const { type, seconds, handle, activities } = await failureOf(
    { status: () => running(600), continueAsNewAfterEvents: 20 },
    { deadlineSeconds: 7200 },
  );
  expect(type).toBe('DeadlineExceeded');
  expect(activities.polls).toBe(12);
  expect(activities.submitted).toHaveLength(1);
  expect(seconds).toBeGreaterThanOrEqual(7200);
  expect(seconds).toBeLessThan(7260);
  const lastRun = await env.client.workflow.getHandle(handle.workflowId).describe();
  expect(lastRun.runId).not.toBe(handle.firstExecutionRunId);
});

test('the deadline ends an operation that the service never accepts, and says why it did not', async () => {
  const trouble = { message: 'POST /tilesets was not accepted for now (429)', httpStatus: 429 };
  const { type, details, seconds, activities } = await failureOf(
    { submits: [{ kind: 'notAccepted', waitSeconds: 1000, why: 'Retry-After', trouble }] },
    { deadlineSeconds: 3600 },
  );
  expect(type).toBe('DeadlineExceeded');
  expect(details).toMatchObject({ httpStatus: 429, message: expect.stringContaining('(429)') });
  expect(details.statusUrl).toBeUndefined();
  expect(activities.submitted).toHaveLength(4);
  expect(seconds).toBeGreaterThanOrEqual(3600);
  expect(seconds).toBeLessThan(3660);
});

test('a submit that may have arrived is not forgotten by the deadline', async () => {
  const trouble = { message: 'connection lost' };
  const { details } = await failureOf(
    {
      submits: [
        { kind: 'uncertain', waitSeconds: 10, why: 'backoff', trouble },
        { kind: 'notAccepted', waitSeconds: 100, why: 'backoff', trouble: { message: 'connection refused' } },
      ],
    },
    { deadlineSeconds: 300 },
  );
  expect(details.message).toContain('an earlier try may have been accepted');
});

test('an operation that has succeeded stays succeeded when its result cannot be read before the deadline', async () => {
  const fetch = { connection: 'maps', url: 'https://maps.example.com/tilesets/t1', into: ['body' as const] };
  const activities = scripted({
    status: () => ({ kind: 'succeeded', outcome: { status: 'Succeeded' }, fetches: [fetch] }),
    resource: (requests) =>
      Promise.resolve(
        requests.map(({ id }) => ({
          id,
          decision: { kind: 'again' as const, waitSeconds: 50, why: 'backoff' as const, fetch, reason: 'the service answered 503' },
        })),
      ),
  });
  const handle = await harness.start(activities, { ...SUBMIT, deadlineSeconds: 120 });
  const result = await handle.result();
  expect(result).toMatchObject({ status: 'Succeeded', missing: { body: 'not read before the deadline' } });
  expect(duration(await eventsOf(handle))).toBeLessThan(180);
});

test('what the deadline has passed before it was sent is not sent', async () => {
  const { type, activities } = await failureOf(
    // The validation took longer than the deadline.
    { prepare: () => env.sleep('8 seconds') },
    { deadlineSeconds: 5 },
  );
  expect(type).toBe('DeadlineExceeded');
  expect(activities.submitted).toHaveLength(0);
});

test('a deadline that comes while the service is asked waits for the answer, which may be the end', async () => {
  const activities = scripted({
    submits: [accepted(1)],
    status: async () => {
      await env.sleep('4 seconds');
      return { kind: 'succeeded', outcome: { status: 'Succeeded' } };
    },
  });
  const handle = await harness.start(activities, { ...SUBMIT, deadlineSeconds: 3 });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded' });
});
