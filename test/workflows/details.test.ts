/** What the UI shows of workflows without opening a payload: static and current details, and what their failures begin with. */
import { randomUUID } from 'node:crypto';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { RUN_OPERATION } from '../../src/contract';
import { docsUrlOf } from '../../src/contract/runbooks';
import { service } from '../http/service';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

const JSON_TYPE = { 'content-type': 'application/json' };
const busy = JSON.stringify({ error: { code: 'ServerBusy', message: 'storage account is throttled' } });
const failed = JSON.stringify({ status: 'Failed', error: { code: 'BadDrawing', message: 'floor 2 is no polygon' } });

/** A shard reports every ten seconds at most. */
const long = process.env['LRO_LONG'] === '1' ? test.concurrent : test.skip;

let harness: TestHarness;

beforeAll(async () => {
  const { url } = await service(({ method, url: path }, response) => {
    if (path.startsWith('/busy')) return response.writeHead(503, { ...JSON_TYPE, 'retry-after': '20' }).end(busy);
    if (path.startsWith('/wrong'))
      return response.writeHead(400, JSON_TYPE).end(JSON.stringify({ error: { code: 'Wrong', message: 'no layers' } }));
    if (method === 'POST') return response.writeHead(202, { 'operation-location': `${path}/status`, 'retry-after': '0' }).end();
    if (path.startsWith('/refused')) return response.writeHead(401, JSON_TYPE).end(busy.replace('ServerBusy', 'KeyExpired'));
    return response.writeHead(200, JSON_TYPE).end(path.startsWith('/failing') ? failed : JSON.stringify({ status: 'Succeeded' }));
  });
  const names = ['default', 'busy', 'wrong', 'refused', 'failing'];
  const connections = Object.fromEntries(names.map((name) => [name, { baseUrl: name === 'default' ? url : `${url}/${name}` }]));
  harness = await startTestHarness(testConfig(connections));
});

afterAll(() => harness.close());

function found(id: string): WorkflowHandle {
  return harness.client.workflow.getHandle(id);
}

async function currentDetails(id: string): Promise<string> {
  const { currentDetails: text } = await found(id).query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return text;
}

test.concurrent('while it is submitted: the service’s words, since when, the next try and its number, and what to do', async () => {
  const operation = await harness.lro.start({ connection: 'busy', submit: { path: '/things' } });
  const { id } = operation;
  const { attempt, nextTryAt, lastProblem } = await eventually(
    () => operation.progress(),
    (now) => now.nextTryAt !== undefined,
  );
  expect({ attempt, lastProblem }).toMatchObject({
    attempt: 2,
    lastProblem: { kind: 'Throttled', said: '503 ServerBusy: storage account is throttled', times: 1 },
  });
  const text = await currentDetails(id);
  expect(text).toMatch(
    /^\*\*Submitting\*\* · POST \/busy\/things · busy\n\n- \*\*Throttled\*\* since \S+Z: .*ServerBusy: storage account is throttled\n/,
  );
  expect(text).toContain(`\n- next try no. 2: ${String(nextTryAt).replace(/\.\d+/, '')}\n- what to do: \`docs/ui.md#throttled\``);
  const { events } = await found(id).fetchHistory();
  const summaries = events?.flatMap(({ userMetadata }) =>
    userMetadata?.summary?.data ? [Buffer.from(userMetadata.summary.data).toString()] : [],
  );
  expect(summaries?.at(-1)).toMatch(
    /^"Throttled since \S+Z, next submit \S+Z \(Retry-After\): 503 ServerBusy: storage account is throttled"$/,
  );
  await found(id).terminate();
});

test.concurrent('a chain says at which step it failed, and why', async () => {
  const steps = [
    { id: 'upload', submit: { path: '/things' } },
    { id: 'conversion', connection: 'failing', submit: { path: '/things' } },
    { id: 'dataset', submit: { path: '/things' } },
  ];
  const chain = await harness.lro.runChain({ steps });
  await chain.result().catch(() => undefined);
  const text = await currentDetails(chain.id);
  expect(text).toMatch(
    /^\*\*failed\*\* · upload → conversion → dataset · default\n\n- \*\*OperationFailed\*\* at step conversion: .*floor 2 is no polygon/,
  );
  expect(text).toMatch(/\n1\. upload: succeeded, polls: 1.*\n2\. conversion: failed.*\n3\. dataset: notStarted/);
  const { steps: known } = await chain.progress();
  expect(known.map(({ failure }) => failure?.type)).toEqual([undefined, 'OperationFailed', undefined]);
});

long('a batch whose items are in trouble is found by it, and says what is wrong and which items failed first', async () => {
  const connectionOf = (index: number): string => (index === 0 ? 'wrong' : 'refused');
  const items = Array.from({ length: 6 }, (_, index) => ({
    id: `floor-${index}`,
    connection: connectionOf(index),
    submit: { path: '/things' },
  }));
  const { id } = await harness.lro.startBatch({ items });
  const trouble = async (): Promise<unknown> =>
    (await found(id).describe()).typedSearchAttributes.get(defineSearchAttributeKey('LroTrouble', 'KEYWORD'));
  await eventually(trouble, (kind) => kind === 'Unauthorized');
  const text = await currentDetails(id);
  expect(text).toContain('- **in trouble**: 5 Unauthorized of 5 open\n- what to do: `docs/ui.md#unauthorized`');
  expect(text).toMatch(/- \*\*Unauthorized\*\* since .*\(401\): KeyExpired/);
  expect(text).toMatch(/\*\*first that did not succeed\*\*\n\n- floor-0 failed: SubmissionRejected: .*Wrong: no layers/);
  await harness.lro.getBatch(id).cancel();
  await found(id)
    .result()
    .catch(() => undefined);
  expect(await trouble()).toBeUndefined();
});

test.concurrent('what was started without a summary has one in its details', async () => {
  const { taskQueue, client } = harness;
  const args = [{ submit: { path: '/things?sig=secret' } }];
  const handle = await client.workflow.start(RUN_OPERATION, { workflowId: randomUUID(), taskQueue, args });
  await handle.result();
  expect(await currentDetails(handle.workflowId)).toMatch(/^\*\*Succeeded\*\* · POST \/things · default/);
});

test.concurrent('static details tell of the input what is no secret', async () => {
  const submit = { path: '/things?sig=secret', headers: { 'x-note': 'secret' }, body: { key: 'secret' } };
  const operation = await harness.lro.start({ submit, deadlineSeconds: 600, labels: { team: 'maps_7' } });
  await operation.result();
  const details = await (await found(operation.id).describe()).staticDetails();
  expect(details).toBe(
    'POST /things · default\n\n- body: JSON of 16 characters\n- deadline: 600 s\n- team: maps\\_7\n- runbook: `docs/ui.md#the-page-of-an-operation`',
  );
});

test.concurrent('a failure begins with its type and details: it has no stack', async () => {
  const { id } = await harness.lro.start({ connection: 'wrong', submit: { path: '/things' } });
  const failure = await found(id)
    .result()
    .catch((err: unknown) => (err as WorkflowFailedError).cause);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect((failure as ApplicationFailure).failure?.stackTrace ?? '').toBe('');
  expect(await currentDetails(id)).toMatch(/- \*\*SubmissionRejected\*\*: .*Wrong: no layers/);
});

test('the URL of the documentation is a folder on the web, or none', () => {
  expect(docsUrlOf(' https://wiki.example.com/lro/docs ')).toBe('https://wiki.example.com/lro/docs/');
  expect(docsUrlOf('')).toBeUndefined();
  expect(() => docsUrlOf('javascript:alert(1)')).toThrow('LRO_DOCS_URL: must be an http(s) URL of a folder');
});
