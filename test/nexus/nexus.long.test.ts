/** Another team, in another namespace, has operations run over Nexus, without knowing id policies. */
import { randomUUID } from 'node:crypto';
import { ServiceError, type WorkflowClientInterceptor, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { typedFailure } from '../../src/client/errors';
import type { BatchResult, ChainResult, OperationInput, OperationResult } from '../../src/contract';
import { startEmulator, type Emulator, type OperationPlan } from '../../src/emulator';
import type { AcceptAnswer } from '../../src/nexus';
import { readSettings } from '../../src/hosting/settings';
import { testConfig, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startWorkerProcess } from '../support/programs';
import type { Call } from './caller-workflows';
import { startNexusHarness, type NexusHarness } from './harness';

let emulator: Emulator;
let harness: NexusHarness;
/** Temporal's answer to the next start from a handler. */
let nextStart: Error | undefined;
/** Of an operation that the service has not answered yet: it takes longest of all tests. */
let slow: { id: string; input: OperationInput; answer: Promise<AcceptAnswer> };

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.2, retryAfterSeconds: 0 });
  const failing: WorkflowClientInterceptor = {
    startWithDetails: (input, next) => {
      const error = nextStart;
      nextStart = undefined;
      return error === undefined ? next(input) : Promise.reject(error);
    },
  };
  // One submit is held until the last test but one: no timeout may end it before.
  const limits = { timeoutSeconds: 230 };
  const config = testConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' }, limits } });
  harness = await startNexusHarness(config, { interceptors: { client: { workflow: [failing] } } });
  const [id, input] = [randomUUID(), upload('slow')];
  await emulator.admin.addFault({ match: { query: 'description=slow' }, times: 1, holdUntilReleased: true });
  slow = { id, input, answer: harness.call<AcceptAnswer>('accept', { id, input }) };
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

function upload(name: string, plan: OperationPlan = {}): OperationInput {
  return {
    connection: 'maps',
    submit: {
      path: '/mapData',
      query: { dataFormat: 'geojson', description: name },
      headers: { 'Emulator-Plan': JSON.stringify(plan) },
      body: { type: 'FeatureCollection', features: [] },
    },
  };
}

/** The service refuses it: a tileset of no dataset. */
const REFUSED: OperationInput = { connection: 'maps', submit: { path: '/tilesets', query: { datasetId: 'none' } } };

async function submitsOf(name: string): Promise<number> {
  return (await emulator.admin.requests({ method: 'POST', query: `description=${name}(&|$)` })).length;
}

test('accept brings the 202 back, run with the same id its end, and again the recorded result: one submit', async () => {
  const id = randomUUID();
  const request = { id, input: upload(id) };
  const accepted = await harness.call<AcceptAnswer>('accept', request);
  expect(accepted).toMatchObject({ workflowId: id, accepted: true, statusUrl: expect.stringContaining('/mapData/operations/') as unknown });
  const results = await Promise.all([harness.call<OperationResult>('run', request), harness.call<OperationResult>('run', request)]);
  expect(results[0]).toMatchObject({ status: 'Succeeded', operationId: accepted.operationId });
  expect(results[1]).toEqual(results[0]);
  expect(await harness.call('run', request)).toEqual(results[0]);
  expect(await harness.call('accept', request)).toEqual(accepted);
  expect(await submitsOf(id)).toBe(1);
});

test('without an id the id of the Nexus request is the operation', async () => {
  const caller = await harness.startCall({ operation: 'accept', request: { input: upload('unnamed') } });
  const { workflowId } = (await caller.result()) as AcceptAnswer;
  const { events } = await caller.fetchHistory();
  expect(events?.map((event) => event.nexusOperationScheduledEventAttributes?.requestId)).toContain(workflowId);
  await harness.lro.get(workflowId).result();
});

test.each(['accept', 'run'] as const)('caller and operation link to each other: %s', async (operation) => {
  const id = randomUUID();
  const caller = await harness.startCall({ operation, request: { id, input: upload('linked') } });
  await caller.result();
  expect(linkedWorkflows(await caller.fetchHistory())).toEqual([id]);
  expect(linkedWorkflows(await harness.client.workflow.getHandle(id).fetchHistory())).toContain(caller.workflowId);
  await harness.lro.get(id).result();
});

/** Ids of the workflows that a history links to, in its events and in the callbacks of its start. */
function linkedWorkflows({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): string[] {
  const links = (events ?? []).flatMap((event) => [
    ...(event.links ?? []),
    ...(event.workflowExecutionStartedEventAttributes?.completionCallbacks ?? []).flatMap((callback) => callback.links ?? []),
  ]);
  return links.flatMap(({ workflowEvent }) => workflowEvent?.workflowId ?? []);
}

test.each(['accept', 'run'] as const)('%s refuses another request under the id, and starts nothing', async (operation) => {
  const id = randomUUID();
  await harness.call('accept', { id, input: upload('first', { hold: true }) });
  const failure = await harness.failure(operation, { id, input: upload('second') });
  expect(typedFailure(failure)).toMatchObject({ type: 'IdConflict', message: expect.stringContaining(id) as unknown });
  // As callers in other languages find it.
  expect(failure.cause).toMatchObject({ type: 'OperationError', cause: { type: 'IdConflict', details: [{ type: 'IdConflict' }] } });
  expect(await submitsOf('second')).toBe(0);
  await harness.client.workflow.getHandle(id).terminate();
});

test('what is no request is refused at once, with every mistake', async () => {
  const requests: [Call['operation'], unknown, RegExp][] = [
    ['accept', { input: { conection: 'maps' } }, /^conection: .*did you mean "connection"\?; input: must have exactly one of/],
    ['run', { input: { conection: 'maps' } }, /^conection: .*did you mean "connection"\?; input: must have exactly one of/],
    ['run', { ids: 'x', input: {} }, /^ids: .*did you mean "id"/],
    ['run', { id: 'a\nb', input: {} }, /^id: must be plain text/],
    ['run', { id: '\ud800', input: {} }, /^id: must be plain text/],
    ['run', { id: 'x'.repeat(513), input: {} }, /^id: must be at most/],
    ['accept', { id: 'lro-limiter/lro/maps', input: {} }, /^id: is an id of the worker's own/],
    ['run', {}, /^input: must be an object/],
    ['run', undefined, /^request: must be an object/],
    ['runBatch', { input: {} }, /items.*manifest/],
    ['runChain', { input: { steps: [] } }, /^steps: /],
    ['buildTileset', { input: {} }, /must have exactly one of/],
  ];
  const failures = await Promise.all(requests.map(([operation, request]) => harness.failure(operation, request)));
  for (const [index, [, , message]] of requests.entries()) {
    expect(typedFailure(failures[index])).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(message) as unknown });
  }
});

test("the service's refusal is a failed operation with its words, and is sent once", async () => {
  for (const operation of ['accept', 'run'] as const) {
    const before = (await emulator.admin.requests({ method: 'POST', path: '^/tilesets$' })).length;
    const failure = await harness.failure(operation, { input: REFUSED });
    expect(typedFailure(failure)).toMatchObject({ type: 'SubmissionRejected', httpStatus: 400, error: { code: 'BadRequest' } });
    expect(await emulator.admin.requests({ method: 'POST', path: '^/tilesets$' })).toHaveLength(before + 1);
  }
});

test('an operation that fails at the service is a failed operation with its error', async () => {
  const plan: OperationPlan = { finish: 'Failed', error: { code: 'NoSuchFloor', message: 'floor 9 is not in the drawing' } };
  const failure = await harness.failure('run', { input: upload('failing', plan) });
  expect(failure.cause).toBeInstanceOf(ApplicationFailure);
  expect(typedFailure(failure)).toMatchObject({ type: 'OperationFailed', error: { code: 'NoSuchFloor' } });
});

test('trouble with Temporal is no refusal: Nexus asks again', async () => {
  nextStart = new ServiceError('Failed to start Workflow', {
    cause: Object.assign(new Error('not now'), { code: 14, details: '', metadata: {} }),
  });
  expect(await harness.call('run', { input: upload('again') })).toMatchObject({ status: 'Succeeded' });
  expect(nextStart).toBeUndefined();
});

test('a cancelled call cancels the operation', async () => {
  const id = randomUUID();
  const caller = await harness.startCall({ operation: 'run', request: { id, input: upload('cancelled', { hold: true }) } });
  const operation = await eventually(
    () =>
      harness.lro
        .get(id)
        .progress()
        .catch(() => undefined),
    (progress) => progress?.phase === 'waiting' || progress?.phase === 'asking',
  );
  expect(operation?.operationId).toBeDefined();
  await caller.cancel();
  await expect(caller.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
  const { events } = await caller.fetchHistory();
  expect(events?.filter((event) => event.nexusOperationCanceledEventAttributes)).toHaveLength(1);
  expect((await harness.client.workflow.getHandle(id).describe()).status.name).toBe('CANCELLED');
});

test('batches and chains run as well, and their ids belong to their requests', async () => {
  const id = randomUUID();
  const batch = {
    id,
    input: {
      items: [
        { id: 'a', ...upload('item') },
        { id: 'b', ...REFUSED },
      ],
    },
  };
  expect((await harness.call<BatchResult>('runBatch', batch)).counts).toMatchObject({ total: 2, succeeded: 1, failed: 1 });
  const chain = { input: { connection: 'maps', steps: [{ id: 'only', submit: upload('step').submit }] } };
  expect(await harness.call<ChainResult>('runChain', chain)).toMatchObject({ steps: [{ id: 'only', status: 'Succeeded' }] });
  expect(typedFailure(await harness.failure('run', { id, input: upload('item') }))).toMatchObject({ type: 'IdConflict' });
});

test('accept does not wait for ever, and asking again joins', async () => {
  const { id, input, answer } = slow;
  expect(await answer).toEqual({ workflowId: id, accepted: false });
  const again = harness.call<AcceptAnswer>('accept', { id, input });
  await emulator.admin.release();
  expect(await again).toMatchObject({ workflowId: id, accepted: true });
  expect(await harness.call('run', { id, input })).toMatchObject({ status: 'Succeeded' });
  expect(await submitsOf('slow')).toBe(1);
});

/** A process more: with `LRO_LONG=1`. */
const longTest = process.env['LRO_LONG'] === '1' ? test : test.skip;

longTest('the worker program serves it where LRO_NEXUS says so', async () => {
  const configPath = writeConfig({ maps: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } });
  const taskQueue = `lro-${randomUUID()}`;
  const worker = await startWorkerProcess({ configPath, address: harness.address, taskQueue, env: { LRO_NEXUS: 'true' } });
  try {
    const endpoint = await harness.openEndpoint(taskQueue);
    const caller = await harness.startCall({ endpoint, operation: 'run', request: { input: upload('program') } });
    expect(await caller.result()).toMatchObject({ status: 'Succeeded' });
  } finally {
    await worker.kill();
  }
});

test('LRO_NEXUS is true or false', () => {
  const LRO_CONFIG = writeConfig({ maps: { baseUrl: emulator.url } });
  expect(readSettings({ LRO_CONFIG }).nexus).toBe(false);
  expect(readSettings({ LRO_CONFIG, LRO_NEXUS: 'true' }).nexus).toBe(true);
  expect(() => readSettings({ LRO_CONFIG, LRO_NEXUS: 'yes' })).toThrow('LRO_NEXUS: must be true or false');
});
