/** One id, one request: who comes with another one is refused, wherever the first one is; who comes with the same one joins it. */
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { BatchError, OperationError } from '../../src/client';
import { ACCEPTED_UPDATE, INPUT_DIGEST_MEMO, type Acceptance, type OperationInput } from '../../src/contract';
import { acceptedUpdateId, inputDigest } from '../../src/identity/input-digest';
import {
  accepted,
  gate,
  MONITOR,
  openScriptedHarness,
  running,
  scripted,
  sharedServer,
  SUBMIT,
  type Handle,
  type ScriptedHarness,
} from './harness';
import { countOf, eventsOf, untilTimer } from './history';

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

const HOUR = 3600;
const OTHER: OperationInput = { connection: 'maps', submit: { path: '/tilesets', body: { other: true } } };
const ACCEPTANCE: Acceptance = { operationId: 'op-1', statusUrl: MONITOR.statusUrl };

/** What a program in another language does: the update with its input, under the id made of that. */
function ask({ workflowId }: Pick<Handle, 'workflowId'>, input: OperationInput): Promise<Acceptance> {
  return server.client.workflow
    .getHandle(workflowId)
    .executeUpdate<Acceptance, [OperationInput]>(ACCEPTED_UPDATE, { args: [input], updateId: acceptedUpdateId(inputDigest(input)) });
}

async function refusal(answer: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await answer.catch((err: unknown) => err);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause as ApplicationFailure;
}

/** Every way into the client. */
async function expectRefused(id: string): Promise<void> {
  for (const start of [() => harness.lro.start(OTHER, { id }), () => harness.lro.startAndWaitAccepted(OTHER, { id })]) {
    const error: unknown = await start().catch((err: unknown) => err);
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toMatchObject({ type: 'IdConflict', workflowId: id, details: { type: 'IdConflict' } });
    expect((error as Error).message).toContain(inputDigest(SUBMIT).slice(0, 16));
    expect((error as Error).message).toContain(inputDigest(OTHER).slice(0, 16));
  }
}

test('while the input is checked', async () => {
  const checked = gate();
  const activities = scripted({ prepare: () => checked.passed, submits: [accepted(HOUR)] });
  const handle = await harness.start(activities);
  await activities.called('prepare');
  expect(await refusal(ask(handle, OTHER))).toMatchObject({ type: 'IdConflict', details: [{ type: 'IdConflict' }] });
  await expectRefused(handle.workflowId);
  const same = ask(handle, SUBMIT);
  checked.open();
  expect(await same).toEqual(ACCEPTANCE);
  await handle.terminate();
});

test('while it runs, and the refusal writes no history', async () => {
  const handle = await harness.start(scripted({ submits: [accepted(HOUR)] }));
  await untilTimer(server.client, handle);
  expect((await handle.describe()).memo).toMatchObject({ [INPUT_DIGEST_MEMO]: inputDigest(SUBMIT) });
  const before = (await eventsOf(handle)).length;
  expect(await refusal(ask(handle, OTHER))).toMatchObject({ type: 'IdConflict', nonRetryable: true });
  await expectRefused(handle.workflowId);
  expect(await eventsOf(handle)).toHaveLength(before);
  expect(await ask(handle, SUBMIT)).toEqual(ACCEPTANCE);
  expect(await harness.lro.startAndWaitAccepted(SUBMIT, { id: handle.workflowId })).toMatchObject({
    acceptance: ACCEPTANCE,
    started: false,
  });
  expect(await harness.lro.start(SUBMIT, { id: handle.workflowId })).toMatchObject({ started: false });
  await handle.terminate();
});

test.each([true, false])('after a continuation, with a digest or without (%s)', async (withDigest) => {
  const activities = scripted({ continueAsNewAfterEvents: 20, status: (poll) => running(poll < 3 ? 0 : HOUR), withDigest });
  const handle = await harness.start(activities);
  await activities.called('status', 3);
  await untilTimer(server.client, handle);
  const latest = server.client.workflow.getHandle(handle.workflowId);
  expect((await latest.describe()).runId).not.toBe(handle.firstExecutionRunId);
  if (withDigest) expect(await refusal(ask(handle, OTHER))).toMatchObject({ type: 'IdConflict' });
  await expectRefused(handle.workflowId);
  expect(await ask(handle, SUBMIT)).toEqual(ACCEPTANCE);
  expect(await harness.lro.startAndWaitAccepted(SUBMIT, { id: handle.workflowId })).toMatchObject({
    acceptance: ACCEPTANCE,
    started: false,
  });
  await latest.terminate();
});

test.each([true, false])('after it has succeeded, with a digest or without (%s)', async (withDigest) => {
  const handle = await harness.start(scripted({ withDigest }));
  const result = await handle.result();
  await expectRefused(handle.workflowId);
  const again = await harness.lro.startAndWaitAccepted(SUBMIT, { id: handle.workflowId });
  expect(again).toMatchObject({ acceptance: { operationId: 'op-1' }, started: false });
  expect(await again.result()).toEqual(result);
});

test('one that failed is started anew, also with another request', async () => {
  const id = harness.script(scripted({ submits: [{ kind: 'failed', failure: { type: 'SubmissionRejected', message: 'rejected' } }] }));
  await expect(harness.lro.execute(SUBMIT, { id })).rejects.toMatchObject({ type: 'SubmissionRejected' });
  const again = await harness.lro.start(OTHER, { id });
  expect(again.started).toBe(true);
  await expect(again.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
});

test('the workflow of another type is named with its type', async () => {
  const handle = await harness.start(scripted({ submits: [accepted(HOUR)] }));
  const error: unknown = await harness.lro.startBatch({ items: [] }, { id: handle.workflowId }).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(BatchError);
  expect(error).toMatchObject({ type: 'IdConflict', message: expect.stringMatching(/runOperation .*runBatch "batch of 0/) });
  await expect(harness.lro.runChain({ steps: [] }, { id: handle.workflowId })).rejects.toMatchObject({
    name: 'ChainError',
    type: 'IdConflict',
  });
  await handle.terminate();
});

test('of two who start at once one has started it, and both get the acceptance', async () => {
  const answered = gate();
  const id = harness.script(scripted({ submits: [answered.passed.then(() => accepted(HOUR))] }));
  const both = [0, 1].map(() => harness.lro.startAndWaitAccepted(SUBMIT, { id }));
  answered.open();
  const ends = await Promise.all(both);
  expect(ends.map(({ acceptance }) => acceptance)).toEqual([ACCEPTANCE, ACCEPTANCE]);
  expect(ends.filter(({ started }) => started)).toHaveLength(1);
  await server.client.workflow.getHandle(id).terminate();
});

test('who waits without an input waits for whatever it is', async () => {
  const handle = await harness.start(scripted({ submits: [accepted(HOUR)] }));
  expect(await harness.lro.get(handle.workflowId).accepted()).toEqual(ACCEPTANCE);
  const nothing = server.client.workflow.getHandle(handle.workflowId);
  expect(await nothing.executeUpdate<Acceptance, [null]>(ACCEPTED_UPDATE, { args: [null], updateId: randomUUID() })).toEqual(ACCEPTANCE);
  expect(countOf(await eventsOf(handle), 'workflowExecutionUpdateAcceptedEventAttributes')).toBe(2);
  await handle.terminate();
});
