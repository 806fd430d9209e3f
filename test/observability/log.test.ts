/** What a worker process says in its log: one line for each thing that an operator wants to know, and ids by which it is found elsewhere. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { RUN_BATCH, type BatchInput } from '../../src/contract';
import { eventually } from '../support/eventually';
import { startService, Watched, type Answer, type LogLine, type Service } from './harness';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const KEY = 'k7-Qw_Zt9xLm2Vb4';
const API_KEY = 'temporal-api-key-4b1f-8891';

/** Faults by path, until the test ends them. */
const broken = new Set<string>();
let service: Service;
let watched: Watched;

function answer({ method, url = '', origin }: { method?: string; url?: string; origin: string }): Answer {
  const [, name = ''] = /\/(?:jobs|operations)\/([\w-]+)/.exec(url) ?? [];
  const ids = { 'x-ms-request-id': `srv-${name}`, 'x-ms-correlation-request-id': `corr-${name}` };
  if (broken.has(name)) return { status: name.startsWith('uncertain') ? 500 : 503, headers: { ...ids, 'retry-after': '1' } };
  if (name.startsWith('rejected')) return { status: 400, headers: ids, body: { error: { code: 'Bad', message: 'no' } } };
  if (method === 'POST')
    return { status: 202, headers: { ...ids, 'operation-location': `${origin}/operations/${name}`, 'retry-after': '0' } };
  const failed = { status: 'Failed', error: { code: 'Broken', message: 'it broke' } };
  return { status: 200, headers: ids, body: name.startsWith('failing') ? failed : { status: 'Succeeded' } };
}

beforeAll(async () => {
  service = await startService(answer);
  watched = await Watched.open();
  await watched.startWorker(
    { maps: { baseUrl: service.url, auth: { type: 'key', in: 'header', name: 'x-key', value: { env: 'LRO_TEST_KEY' } } } },
    { LRO_TEST_KEY: KEY, LRO_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${API_KEY}` },
  );
});

afterAll(async () => {
  await watched.close();
  service.close();
});

async function run(name: string, more: object = {}): Promise<{ workflowId: string; failure?: { details?: unknown[] } }> {
  const workflowId = `${name}-${randomUUID()}`;
  const handle = await watched.lro.start({ connection: 'maps', submit: { path: `/jobs/${name}` }, ...more }, { id: workflowId });
  const failure = await handle.result().then(
    () => undefined,
    (err: unknown) => err as { details?: unknown[] },
  );
  return { workflowId, failure };
}

const linesOf = (workflowId: string): LogLine[] => watched.lines.filter((line) => line['workflowId'] === workflowId);

/** Until its last line is there. */
async function endOf(workflowId: string): Promise<{ ended: LogLine; lines: LogLine[] }> {
  const ended = await watched.line('operation ended', (line) => line['workflowId'] === workflowId);
  return { ended, lines: linesOf(workflowId) };
}

const sentTo = (name: string): IncomingHttpHeaders[] => service.seen.filter(({ url }) => url?.includes(name)).map(({ headers }) => headers);

test('the ready line is a line of the log like all others', () => {
  const [ready] = watched.lines.filter(({ msg }) => msg.startsWith('worker ready: task queue'));
  expect(ready).toMatchObject({ level: 'info', taskQueue: watched.taskQueue, namespace: 'default', connections: ['maps'] });
  expect(ready?.['fileHash']).toMatch(/^[0-9a-f]{8}$/);
  for (const line of watched.worker?.output().trim().split('\n') ?? []) expect(() => JSON.parse(line) as unknown).not.toThrow();
});

test('an operation is accepted and ends in a line each, with its ids and those of its requests', async () => {
  const { workflowId } = await run('plain');
  const { lines, ended } = await endOf(workflowId);
  const accepted = lines.filter(({ msg }) => msg === 'operation accepted');
  expect(accepted).toEqual([expect.objectContaining({ level: 'info', connection: 'maps', operationId: 'plain' })]);
  expect(accepted[0]?.['runId']).toEqual(expect.any(String));
  expect(ended).toMatchObject({ level: 'info', outcome: 'succeeded', operationId: 'plain', connection: 'maps' });
  expect(lines.filter(({ msg }) => msg === 'operation ended')).toHaveLength(1);

  // Each request has an id of its own, which the service and the log know.
  const sent = sentTo('plain').map((headers) => headers['x-ms-client-request-id']);
  expect(sent.length).toBeGreaterThanOrEqual(2);
  for (const id of sent) expect(id).toMatch(UUID);
  expect(new Set(sent).size).toBe(sent.length);
  const exchanges = lines.filter(({ msg }) => msg === 'exchange');
  expect(exchanges.map((line) => line['clientRequestId'])).toEqual(sent);
  for (const line of exchanges)
    expect(line).toMatchObject({ requestId: 'srv-plain', correlationId: 'corr-plain', activityType: expect.any(String) as string });
  const audited = lines.find(({ msg }) => msg === 'request sent on behalf of a caller');
  expect(audited).toMatchObject({ outcome: 'accepted', requestId: 'srv-plain', clientRequestId: sent[0], operationId: 'plain' });
  // In the order in which it happened, whoever said it.
  expect(Date.parse(accepted[0]?.time ?? '')).toBeLessThanOrEqual(Date.parse(ended.time));
});

test("a caller's own id of a request is sent instead", async () => {
  await run('own-id', { submit: { path: '/jobs/own-id', headers: { 'X-Ms-Client-Request-Id': 'mine' } } });
  expect(new Set(sentTo('own-id').map((headers) => headers['x-ms-client-request-id']))).toEqual(new Set(['mine']));
});

test("a failure has the service's ids, in the log and in its details", async () => {
  for (const [name, failureType] of [
    ['rejected', 'SubmissionRejected'],
    ['failing', 'OperationFailed'],
  ] as const) {
    const { workflowId, failure } = await run(name);
    const ids = { requestId: `srv-${name}`, correlationId: `corr-${name}` };
    expect((await endOf(workflowId)).ended).toMatchObject({ level: 'info', outcome: 'failed', failureType, ...ids });
    expect(failure).toMatchObject({ details: ids });
  }
});

test('a service that asks for a pause is told of once, and that it is healthy again', async () => {
  broken.add('held');
  const running = run('held');
  const held = await watched.line('the service asks for a pause');
  expect(held).toMatchObject({
    level: 'warn',
    connection: 'maps',
    trouble: 'Throttled',
    httpStatus: 503,
    retryAfter: '1',
    requestId: 'srv-held',
  });
  await eventually(
    () => sentTo('held').length,
    (count) => count > 1,
  );
  broken.clear();
  await running;
  expect(await watched.line('the connection is healthy again')).toMatchObject({
    level: 'info',
    trouble: 'Throttled',
    forSeconds: expect.any(Number) as number,
  });
  expect(watched.lines.filter(({ msg }) => msg.startsWith('the service asks for a pause'))).toHaveLength(1);
});

test('an uncertain submit is told of, with the id of its request', async () => {
  broken.add('uncertain');
  const { workflowId } = await run('uncertain', { onUncertainSubmit: 'fail' });
  broken.clear();
  const { lines, ended } = await endOf(workflowId);
  const told = lines.filter(({ msg }) => msg.startsWith('uncertain submit'));
  expect(told).toEqual([expect.objectContaining({ level: 'warn', httpStatus: 500, requestId: 'srv-uncertain' })]);
  expect(ended).toMatchObject({ failureType: 'SubmissionUncertain', requestId: 'srv-uncertain' });
});

test('of a batch its total is told, and its items at level debug', async () => {
  const input: BatchInput = {
    items: ['one', 'failing-two'].map((id) => ({ id, connection: 'maps', submit: { path: `/jobs/${id}` } })),
  };
  const workflowId = `batch-${randomUUID()}`;
  await watched.client.workflow.execute(RUN_BATCH, { workflowId, taskQueue: watched.taskQueue, args: [input] });
  const ended = await watched.line('batch ended', (line) => line['workflowId'] === workflowId);
  expect(ended).toMatchObject({ level: 'info', outcome: 'succeeded', counts: { total: 2, succeeded: 1, failed: 1 } });
  const items = watched.lines.filter((line) => line.msg === 'item ended' && String(line['workflowId']).startsWith(workflowId));
  expect(items).toHaveLength(2);
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ level: 'debug', item: 'one', outcome: 'succeeded', operationId: 'one' }),
      expect.objectContaining({ level: 'debug', item: 'failing-two', outcome: 'failed', failureType: 'OperationFailed' }),
    ]),
  );
  const audited = watched.lines.filter((line) => line['audit'] === true && String(line['workflowId']).startsWith(workflowId));
  expect(audited.map((line) => line['item']).sort()).toEqual(['failing-two', 'one']);
});

test('the log is for people where the environment says so, and what ends a worker stands in it', async () => {
  const others = await Promise.all([1, 2, 3].map(() => Watched.open()));
  const [people, wrong, unreachable] = others as [Watched, Watched, Watched];
  const connections = { maps: { baseUrl: service.url } };
  try {
    await Promise.all([
      // The ready line is there whatever the level.
      people.startWorker(connections, { LRO_LOG_FORMAT: 'pretty', LRO_LOG_LEVEL: 'error' }).then((worker) => {
        expect(worker.output()).toMatch(/INFO.*: worker ready: task queue "/);
        expect(people.lines).toEqual([]);
      }),
      expect(wrong.startWorker(connections, { LRO_LOG_FORMAT: 'loud' })).rejects.toThrow(
        /"level":"fatal".*"exitCode":2.*LRO_LOG_FORMAT: must be one of json, pretty/,
      ),
      expect(unreachable.startWorker(connections, { TEMPORAL_API_KEY: API_KEY }, { address: `127.0.0.1:1` })).rejects.toThrow(
        /"level":"fatal".*"exitCode":3.*Temporal cannot be reached at 127.0.0.1:1/,
      ),
    ]);
  } finally {
    await Promise.all(others.map((other) => other.close()));
  }
});

test('no secret that the process knows stands in the log', () => {
  expect(watched.worker?.output()).not.toContain(KEY);
  expect(watched.worker?.output()).not.toContain(API_KEY);
});
