/** What an operation carries from run to run, and what a poll costs, on a real server with the real activities. */
import { startEmulator, type Emulator } from '../../src/emulator';
import type { OperationProgress } from '../../src/contract';
import { testConfig } from '../support/config';
import { openHarness, sharedServer, type Harness } from './harness';
import { eventsOf, untilHistory, untilTimer } from './history';

let server: Awaited<ReturnType<typeof sharedServer>>;
let emulator: Emulator;
let harness: Harness;

beforeAll(async () => {
  [server, emulator] = await Promise.all([sharedServer(), startEmulator({ retryAfterSeconds: 0 })]);
});

afterEach(() => harness.close());

afterAll(async () => {
  await emulator.close();
  await server.close();
});

const submit = { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } };
const connection = (): Parameters<typeof testConfig>[0] => ({ default: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } });

test('a continuation carries polls, times, deadline, memo, search attributes and progress, and submits nothing again', async () => {
  await emulator.admin.setDefaults({ hold: true, durationSeconds: 0.1 });
  harness = await openHarness(server, { config: testConfig(connection()), continueAsNewAfterEvents: 30 });
  const handle = await harness.start({ submit, deadlineSeconds: 600, labels: { campus: '7' } });
  const acceptance = await harness.lro.get(handle.workflowId).accepted();
  const operationId = acceptance.operationId!;
  const statusPath = new URL(acceptance.statusUrl!).pathname;
  const [{ seq: submitted } = { seq: 0 }] = await emulator.admin.requests({ method: 'POST', path: '^/mapData$' });
  await emulator.admin.waitForRequests({ path: statusPath, answered: true, count: 15, since: submitted });
  // From here on it waits, so that it can be looked at.
  await emulator.admin.changeOperation(operationId, { retryAfter: '3600' });
  await untilTimer(server.client, handle);

  const latest = server.client.workflow.getHandle(handle.workflowId);
  const { runId, memo, typedSearchAttributes, raw } = await latest.describe();
  expect(runId).not.toBe(handle.firstExecutionRunId);
  expect(memo).toMatchObject({ operationId, statusUrl: acceptance.statusUrl });
  const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(attributes).toMatchObject({ LroStatus: 'Running', LroConnection: 'default', LroOperationId: operationId });
  expect(raw.workflowExecutionInfo?.type?.name).toBe('runOperation');

  const progress = await latest.query<OperationProgress>('progress');
  const asked = await emulator.admin.requests({ path: statusPath, method: 'GET' });
  expect(progress).toMatchObject({ phase: 'waiting', status: 'Running', operationId, polls: asked.length });
  const metadata: { currentDetails?: string } = await latest.query('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toContain(`polls: ${asked.length}`);

  await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
  await latest.signal('pollNow');
  const result = await handle.result();
  expect(result).toMatchObject({ status: 'Succeeded', operationId, polls: asked.length + 1, labels: { campus: '7' } });
  expect(Date.parse(result.submittedAt!)).toBeLessThan(asked[0]!.receivedAtMs);
  expect(result.created).toBeDefined();
  const { submits } = await emulator.admin.operations();
  expect(submits.map(({ count }) => count)).toEqual([1]);
});

test('a poll costs at most eleven events and little more than two kilobytes of history', async () => {
  const POLLS = 15;
  const { url } = await emulator.admin.addScript({
    name: 'costs',
    routes: [
      {
        method: 'POST',
        path: '/tilesets',
        answers: [{ httpStatus: 202, headers: { 'operation-location': '{base}/tilesets/operations/op-1?api-version=2.0' } }],
      },
      {
        path: '/tilesets/operations/op-1',
        answers: [
          ...Array.from({ length: POLLS - 1 }, () => ({
            body: { operationId: 'c587574e-add9-4ef7-9788-1635harness9a87e', created: '3/11/2020 8:45:13 PM +00:00', status: 'Running' },
          })),
          { body: { status: 'Succeeded' } },
        ],
      },
    ],
  });
  // Every poll has its timer, which takes about a second however short it is.
  harness = await openHarness(server, { config: testConfig({ default: { baseUrl: url, poll: { defaultSeconds: 0.001 } } }) });
  const handle = await harness.start({ submit: { path: '/tilesets', headers: { 'x-ms-client-request-id': 'c587574e' } } });
  const sizeOf = async (): Promise<number> => (await handle.describe()).historySize ?? 0;
  await untilHistory(server.client, handle, (events) => events.some((event) => event.timerStartedEventAttributes));
  const before = { events: (await eventsOf(handle)).length, bytes: await sizeOf() };
  expect(await handle.result()).toMatchObject({ polls: POLLS });
  const after = { events: (await eventsOf(handle)).length, bytes: await sizeOf() };
  // The end writes a search attribute and closes the workflow.
  const perPoll = { events: (after.events - before.events - 2) / POLLS, bytes: (after.bytes - before.bytes) / POLLS };
  expect(perPoll.events).toBeLessThanOrEqual(11);
  expect(perPoll.bytes).toBeLessThanOrEqual(2100);
  if (process.env['LRO_SHOW_COST'] === '1') console.log(perPoll);
});
