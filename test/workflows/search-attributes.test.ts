/**
 * Search attributes that are removed, or not there, while a workflow runs: on a server of its own, for every file of tests shares the other one.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { makeLearn } from '../../src/activities/learn';
import { RUN_OPERATION, type OperationInput, type OperationResult } from '../../src/contract';
import { startDevServer, type DevServer } from '../../src/devserver';
import type { StatusDecision } from '../../src/lro/monitor';
import { workflowBundle } from '../support/bundle';
import { eventually } from '../support/eventually';
import { gate, quietRuntime, registered, scripted, SUBMIT, SUCCEEDED, type Scripted } from './harness';
import { eventsOf } from './history';

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum is in a package that only the SDK depends on
const KEYWORD = 2 as AttributeType;
type Addition = Exclude<Parameters<Connection['operatorService']['addSearchAttributes']>[0], Uint8Array>;
type AttributeType = NonNullable<Addition['searchAttributes']>[string];

type RunOperation = (input: OperationInput) => Promise<OperationResult>;

let server: DevServer;
let connection: Connection;
let native: NativeConnection;
let client: Client;

beforeAll(async () => {
  quietRuntime();
  server = await startDevServer({ dynamicConfig: { 'history.timerProcessorMaxTimeShift': '50ms' } });
  [connection, native] = await Promise.all([
    Connection.connect({ address: server.address }),
    NativeConnection.connect({ address: server.address }),
  ]);
  client = new Client({ connection });
});

beforeEach(async () => {
  const known = await attributes();
  if (!known.includes('LroStatus')) await add('LroStatus');
});

afterAll(async () => {
  await native.close();
  await connection.close();
  await server.stop();
});

async function attributes(): Promise<string[]> {
  return Object.keys((await connection.operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes);
}

async function add(name: string): Promise<void> {
  await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: { [name]: KEYWORD } });
  await eventually(attributes, (known) => known.includes(name));
}

async function remove(name: string): Promise<void> {
  await connection.operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: [name] });
  await eventually(attributes, (known) => !known.includes(name));
}

/** Runs `work` with a worker whose operations rely on what is registered for `forSeconds`. */
async function withWorker(
  forSeconds: number | undefined,
  script: Scripted,
  work: (start: () => Promise<Started>) => Promise<void>,
): Promise<void> {
  const taskQueue = `lro-${randomUUID()}`;
  const learn = makeLearn('default');
  const activities = scripted(script);
  const prepare: typeof activities.prepare = async (request) => ({
    ...(await activities.prepare(request)),
    settings: { searchAttributes: await learn.searchAttributes(), searchAttributesForSeconds: forSeconds },
  });
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: workflowBundle(),
    activities: {
      ...registered(() => ({ ...activities, prepare })),
      'lro.searchAttributes': () => makeLearn('default').searchAttributes(),
    },
  });
  const start = (): Promise<Started> =>
    client.workflow.start<RunOperation>(RUN_OPERATION, { workflowId: `op-${randomUUID()}`, taskQueue, args: [SUBMIT] });
  await worker.runUntil(() => work(start));
}

type Started = Awaited<ReturnType<typeof client.workflow.start<RunOperation>>>;

async function statusOf(handle: Started): Promise<unknown> {
  const { typedSearchAttributes } = await handle.describe();
  return typedSearchAttributes.getAll().find(({ key }) => key.name === 'LroStatus')?.value;
}

/** An operation whose status is written, and can be written no more. */
async function startAndRemove(start: () => Promise<Started>): Promise<Started> {
  const handle = await start();
  await eventually(
    () => statusOf(handle),
    (value) => value === 'NotStarted',
  );
  await remove('LroStatus');
  return handle;
}

test('one that is removed while an operation runs is not written any more, and the operation ends', async () => {
  const removed = gate();
  const status = async (poll: number): Promise<StatusDecision> => {
    if (poll === 1) await removed.passed;
    return SUCCEEDED;
  };
  await withWorker(0, { status }, async (start) => {
    const handle = await startAndRemove(start);
    removed.open();
    await expect(handle.result()).resolves.toMatchObject({ status: 'Succeeded' });
    const events = await eventsOf(handle);
    expect(events.filter(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes != null)).toEqual([]);
  });
});

test('one that stays is written to the end, and not more often is asked than it takes', async () => {
  await withWorker(300, { status: () => SUCCEEDED }, async (start) => {
    const handle = await start();
    await handle.result();
    expect(await statusOf(handle)).toBe('Succeeded');
    const names = (await eventsOf(handle)).flatMap(
      ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
    expect(names).not.toContain('lro.searchAttributes');
  });
});

test('a task that wrote one which was removed a moment before fails until it is registered again, which cures it', async () => {
  const removed = gate();
  const status = async (): Promise<StatusDecision> => {
    await removed.passed;
    return SUCCEEDED;
  };
  await withWorker(300, { status }, async (start) => {
    const handle = await startAndRemove(start);
    removed.open();
    await eventually(
      () => eventsOf(handle),
      (events) => events.some(({ workflowTaskFailedEventAttributes: failed }) => failed != null),
    );
    const [failed] = (await eventsOf(handle)).flatMap(({ workflowTaskFailedEventAttributes: attributes }) => attributes ?? []);
    expect(failed?.failure?.message).toContain('LroStatus');
    await add('LroStatus');
    await expect(handle.result()).resolves.toMatchObject({ status: 'Succeeded' });
    expect(await statusOf(handle)).toBe('Succeeded');
  });
}, 60_000);
