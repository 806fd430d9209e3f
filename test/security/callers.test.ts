/**
 * Callers with a Temporal client and bad intent, against a worker and a service: inputs end typed and at once, names are names, and the
 * audit log says what was sent for whom.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from '@temporalio/activity';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { AUDIT_MESSAGE } from '../../src/activities/audit';
import { send, type OutgoingSubmit } from '../../src/activities/send-submit';
import { OperationError } from '../../src/client';
import { ITEM_UPDATE, RUN_BATCH, RUN_OPERATION, type ChainStep, type OperationInput } from '../../src/contract';
import { openConnections } from '../../src/http';
import { startChainHarness, type ChainHarness } from '../chains/harness';
import { testConfig } from '../support/config';

let harness: ChainHarness;
const audited: Record<string, unknown>[] = [];

beforeAll(async () => {
  const listening = (context: Context): object => {
    jest.spyOn(context.log, 'info').mockImplementation((message, attributes) => {
      if (message === AUDIT_MESSAGE) audited.push(attributes as Record<string, unknown>);
    });
    return {};
  };
  harness = await startChainHarness({ worker: { interceptors: { activity: [listening] } } });
});
afterAll(() => harness.close());

function nested(levels: number): never {
  return JSON.parse(`${'['.repeat(levels)}0${']'.repeat(levels)}`) as never;
}

/** As programs in other languages write it: this one can read what is so deep, and not write it. */
function nestedInput(levels: number): RawValue {
  const text = `{"connection":"maps","submit":{"path":"/tilesets","body":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
  return RawValue.fromPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) });
}

test.each<[string, OperationInput | RawValue, number[]]>([
  // Too much to be handed to an activity: the workflow itself refuses it, where it would try that for ever.
  ['a body nested 100,000 deep', nestedInput(100_000), []],
  ['a body of 1.8 MB', { connection: 'maps', submit: { path: '/tilesets', body: '"'.repeat(900_000) } }, []],
  ['a body nested 2,000 deep', { connection: 'maps', submit: { path: '/tilesets', body: nested(2000) } }, [1]],
  [
    '60,000 query parameters',
    { connection: 'maps', submit: { path: '/tilesets', query: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`${i}`, 0])) } },
    [1],
  ],
])('%s ends as InvalidInput after one attempt at most', async (_, input, expected) => {
  const workflowId = randomUUID();
  const handle = await harness.client.workflow.start(RUN_OPERATION, { args: [input], taskQueue: harness.taskQueue, workflowId });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  const { events = [] } = await handle.fetchHistory();
  const attempts = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? []);
  expect(attempts).toEqual(expected);
});

test('a batch that is refused with a forged second argument refuses who asks for an item, and ends', async () => {
  const startWorkflowOperation = new WithStartWorkflowOperation(RUN_BATCH, {
    args: [{ items: [{ id: 'a', connection: 'maps', submit: { path: '/tilesets' } }] }, { job: {} }],
    workflowId: randomUUID(),
    taskQueue: harness.taskQueue,
    workflowIdConflictPolicy: 'FAIL',
  });
  const asked = harness.client.workflow.executeUpdateWithStart(ITEM_UPDATE, { args: ['a'], startWorkflowOperation });
  await expect(asked).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  const handle = await startWorkflowOperation.workflowHandle();
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
});

test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])('a step named %s runs, alone and as an item of a batch', async (id) => {
  const description = `${id}-${harness.taskQueue}`;
  const upload = (name: string): ChainStep => ({
    id: name,
    submit: { path: '/mapData', query: { dataFormat: 'geojson', description }, body: { type: 'FeatureCollection', features: [] } },
  });
  const last: ChainStep = { id: 'last', submit: { path: '/styles', query: { description: `{{steps.${id}.resourceId}}` }, body: {} } };
  const steps = [upload(id), last];
  const chain = await (await harness.lro.runChain({ connection: 'maps', steps })).result();
  expect(chain.steps.map((step) => step.id)).toEqual([id, 'last']);
  expect(chain.made[id]?.resourceId).toMatch(/^[0-9a-f-]{36}$/);
  const batch = await (await harness.lro.startBatch({ items: [{ id, kind: 'chain', connection: 'maps', steps }] })).result();
  expect(batch.counts).toMatchObject({ total: 1, succeeded: 1 });
  expect(await harness.submits(description)).toEqual(['/mapData', '/mapData']);
});

test('a batch whose items and labels are named like what objects inherit reports each of them', async () => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
  const submit = { path: '/tilesets', query: { datasetId: 'none' } };
  const items = names.map((id) => ({ id, connection: 'maps', submit, labels: { constructor: id } }));
  const report = { path: `${harness.folder}/names.jsonl` };
  const { counts, firstFailures } = await (await harness.lro.startBatch({ items, report })).result();
  expect(counts).toMatchObject({ total: 4, failed: 4 });
  expect(firstFailures.map(({ id, labels }) => [id, labels?.['constructor']]).sort()).toEqual(names.map((id) => [id, id]).sort());
});

test('the audit log names workflow, connection, method, path and outcome of all that is no poll', async () => {
  audited.length = 0;
  const held = { submit: { path: '/mapData', query: { dataFormat: 'geojson', description: 'secret-in-query' }, body: { type: 'x' } } };
  const plan = { 'Emulator-Plan': JSON.stringify({ hold: true }) };
  const id = `audited-${harness.taskQueue}`;
  const operation = await harness.lro.start(
    { connection: 'maps', submit: { ...held.submit, headers: plan }, cancel: { method: 'POST', path: '{statusPath}:cancel' } },
    { id },
  );
  const { operationId } = await operation.accepted();
  await operation.cancel();
  await operation.result().catch(() => undefined);
  const rejected = await harness.lro.execute({ connection: 'maps', submit: { path: '/tilesets' } }).catch((error: unknown) => error);
  expect(rejected).toBeInstanceOf(OperationError);
  expect(audited).toEqual([
    expect.objectContaining({ workflowId: id, connection: 'maps', method: 'POST', path: '/mapData', outcome: 'accepted' }),
    expect.objectContaining({
      workflowId: id,
      connection: 'maps',
      method: 'POST',
      path: `/mapData/operations/${String(operationId)}:cancel`,
      outcome: 'answered 202',
    }),
    expect.objectContaining({ method: 'POST', path: '/tilesets', outcome: 'SubmissionRejected 400' }),
  ]);
  expect(JSON.stringify(audited)).not.toContain('secret-in-query');
});

test('the chain of a tileset deletes what it has made, and the audit log says so', async () => {
  audited.length = 0;
  const made = await harness.lro.buildTileset({
    connection: 'maps',
    package: { path: harness.addFile('no.zip', 'no zip') },
    cleanup: 'onFailure',
  });
  await made.result().catch(() => undefined);
  expect(audited.map(({ method, path, outcome }) => [method, String(path).split('/')[1], outcome])).toEqual([
    ['POST', 'mapData', 'accepted'],
    ['POST', 'conversions', 'accepted'],
    ['DELETE', 'mapData', 'answered 204'],
  ]);
  const [upload] = await harness.requests('POST');
  expect(upload?.query).toContain('api-version=2.0');
});

test('the activity that sends looks at the path again, whoever made its input', async () => {
  const connections = openConnections(
    testConfig({ maps: { baseUrl: `${harness.emulator.url}/styles`, allow: { methods: ['POST'], headers: ['x-ms-*'] } } }),
  );
  const item: OutgoingSubmit = {
    connection: 'maps',
    method: 'POST',
    fetchResource: false,
    waitsUnauthorized: false,
    tries: 0,
    url: `${harness.emulator.url}/styles/1`,
    request: {},
    idempotencyKey: 'k',
    firstSentAtMs: 0,
    onUncertainSubmit: 'fail',
  };
  const before = await harness.emulator.admin.counts();
  const forgeries: OutgoingSubmit[] = [
    { ...item, url: `${harness.emulator.url}/tilesets` },
    { ...item, url: `${harness.emulator.url}/styles/..%2ftilesets` },
    { ...item, method: 'DELETE' },
    { ...item, request: { headers: { 'X-HTTP-Method-Override': 'DELETE' } } },
    { ...item, request: { headers: { other: 'x' } } },
  ];
  for (const forged of forgeries) {
    expect(await send(forged, connections)).toMatchObject({ decision: { kind: 'failed', failure: { type: 'InvalidInput' } } });
  }
  expect(await harness.emulator.admin.counts()).toEqual(before);
  connections.close();
});
