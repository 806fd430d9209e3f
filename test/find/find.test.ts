/** What an uncertain submit may have made is looked for at the service, through Temporal and all. [protocol.md section 4, "uncertain"] */
import { join } from 'node:path';
import { OperationError } from '../../src/client';
import type { BatchInput } from '../../src/contract';
import { service, type Seen } from '../http/service';
import { temporaryFolder, testConfig, type ConnectionYaml } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

interface Job {
  id: string;
  key: string;
  name: string;
  created_at: string;
}

interface Plan {
  /** What becomes of each submit, in order: made or not, before its connection is cut. Later ones are accepted. */
  submits: ('made' | 'lost')[];
  /** Answers to lists before any that tells the jobs. */
  lists?: number[];
  /** Jobs appear in lists only after so many lists. */
  hiddenFor?: number;
  jobsBefore?: Job[];
}

/** A job API that knows no idempotency keys, but lists jobs with the tag that each was given. */
async function api({ submits, lists = [], hiddenFor = 0, jobsBefore = [] }: Plan) {
  const jobs = [...jobsBefore];
  let listed = 0;
  const isPost = ({ method }: Seen): boolean => method === 'POST';
  const { url, seen } = await service((request, response, raw) => {
    const to = new URL(request.url, 'http://service');
    if (isPost(request)) {
      const plan = submits.shift();
      const { tag, name } = JSON.parse(request.body.toString()) as { tag: string; name: string };
      const job = { id: `job-${jobs.length}`, key: tag, name, created_at: new Date().toISOString() };
      if (plan !== 'lost') jobs.push(job);
      if (plan !== undefined) return void raw.socket.destroy();
      return response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(job));
    }
    const [, id] = /^\/jobs\/(.+)$/.exec(to.pathname) ?? [];
    response.setHeader('content-type', 'application/json');
    if (id !== undefined) return response.end(JSON.stringify({ status: 'done', id }));
    const broken = lists.shift();
    if (broken !== undefined) return response.writeHead(broken).end('{}');
    listed++;
    const page = Number(to.searchParams.get('page') ?? 0);
    const all = listed > hiddenFor ? jobs.filter(({ name }) => !to.searchParams.has('name') || name === to.searchParams.get('name')) : [];
    const next = all.length > page + 1 ? `/jobs?page=${page + 1}` : undefined;
    return response.end(JSON.stringify({ data: all.slice(page, page + 1), next }));
  });
  const ofMethod = (method: string, path: RegExp) => seen.filter((one) => one.method === method && path.test(one.url));
  return { url, jobs, submits: () => ofMethod('POST', /^\/jobs$/).length, lists: () => ofMethod('GET', /^\/jobs(\?|$)/).length };
}

const DIALECT = {
  pollingLocation: '{base}/jobs/{$response.body#/id}',
  operationId: '$response.body#/id',
  status: '$response.body#/status',
  succeeded: ['done'],
  idempotencyKey: { in: 'body', name: 'tag' },
};

const FIND = {
  url: '{base}/jobs',
  items: '$response.body#/data',
  next: '$response.body#/next',
  match: { '$response.body#/key': '{idempotencyKey}' },
  settleSeconds: 2,
};

/** One worker for all operations, and for each a job API and a connection: `c0`, `c1`, … */
const planned: { plan: Plan; find: Record<string, unknown> }[] = [];
let apis: Awaited<ReturnType<typeof api>>[];
let harness: TestHarness;

beforeAll(async () => {
  apis = await Promise.all(planned.map(({ plan }) => api(plan)));
  const connections = planned.map(({ find }, index) => [
    `c${index}`,
    { baseUrl: apis[index]!.url, dialect: { ...DIALECT, find: { ...FIND, ...find } } },
  ]);
  harness = await startTestHarness(testConfig(Object.fromEntries(connections) as Record<string, ConnectionYaml>));
});

afterAll(() => harness.close());

/** An operation to be run by a test. */
function toRun(plan: Plan, onUncertainSubmit: 'fail' | 'retry', find: Record<string, unknown> = {}) {
  const index = planned.push({ plan, find }) - 1;
  return async () => {
    const submit = { path: '/jobs', body: { name: 'night' } };
    const end = await harness.lro
      .execute({ connection: `c${index}`, submit, onUncertainSubmit, deadlineSeconds: 60 })
      .catch((error: unknown) => error);
    return { end, jobApi: apis[index]! };
  };
}

const failureOf = (end: unknown) => (end instanceof OperationError ? end.details : undefined);

const other = { id: 'job-x', key: 'another', name: 'night', created_at: new Date().toISOString() };
const onLaterPage = toRun({ submits: ['made'], jobsBefore: [other] }, 'fail');
test.concurrent('a job that was made is followed, also from a later page, and nothing is sent again', async () => {
  const { end, jobApi } = await onLaterPage();
  expect(end).toMatchObject({ status: 'Succeeded', operationId: 'job-1', body: { status: 'done', id: 'job-1' } });
  expect([jobApi.submits(), jobApi.jobs.length, jobApi.lists()]).toEqual([1, 2, 2]);
});

const seenLate = toRun({ submits: ['made'], lists: [503, 500], hiddenFor: 1 }, 'fail');
test.concurrent('one that is seen late, in lists that cannot be read at first, is followed', async () => {
  const { end, jobApi } = await seenLate();
  expect(end).toMatchObject({ status: 'Succeeded', operationId: 'job-0' });
  expect(jobApi.submits()).toBe(1);
});

const absent = toRun({ submits: ['lost'] }, 'fail', { absenceIsProof: true });
test.concurrent('one that was not made is sent again, at most once or not, where absence is proof', async () => {
  const { end, jobApi } = await absent();
  expect(end).toMatchObject({ status: 'Succeeded', operationId: 'job-0' });
  expect(jobApi.submits()).toBe(2);
  expect(jobApi.lists()).toBeGreaterThanOrEqual(2);
});

const unknown = toRun({ submits: ['lost'] }, 'fail');
test.concurrent('one that is not there stays uncertain where absence is no proof, and says what was done', async () => {
  const { end, jobApi } = await unknown();
  expect(failureOf(end)).toMatchObject({
    type: 'SubmissionUncertain',
    message: expect.stringMatching(/nobody knows.*it was looked for, and is not there/) as string,
    idempotencyKey: expect.any(String) as string,
    firstSentAt: expect.stringMatching(/^\d{4}-/) as string,
  });
  expect(jobApi.submits()).toBe(1);
});

const madeOnce = toRun({ submits: ['made'] }, 'retry');
const lostOnce = toRun({ submits: ['lost'] }, 'retry');
test.concurrent('where it may be sent twice it is looked for first, and then sent again', async () => {
  const made = await madeOnce();
  expect([made.jobApi.submits(), made.jobApi.jobs.length]).toEqual([1, 1]);
  const lost = await lostOnce();
  expect(lost.end).toMatchObject({ status: 'Succeeded' });
  expect([lost.jobApi.submits(), lost.jobApi.jobs.length]).toEqual([2, 1]);
});

const now = new Date().toISOString();
const twins = [0, 1].map((number) => ({ id: `twin-${number}`, key: '', name: 'night', created_at: now }));
const withTwins = toRun({ submits: ['lost'], jobsBefore: twins }, 'fail', {
  url: '{base}/jobs?name={$request.body#/name}',
  match: { '$response.body#/name': '{$request.body#/name}' },
  absenceIsProof: true,
});
test.concurrent('of several that match none is followed', async () => {
  const { end } = await withTwins();
  expect(failureOf(end)).toMatchObject({ type: 'SubmissionUncertain', message: expect.stringMatching(/2 entries match/) as string });
});

const old = { id: 'old', key: '', name: 'night', created_at: '2020-01-01T00:00:00Z' };
const withOlder = toRun({ submits: ['made'], jobsBefore: [old] }, 'fail', {
  match: { '$response.body#/name': '{$request.body#/name}' },
  createdAt: '$response.body#/created_at',
});
test.concurrent('a job of the same name that is older than the submit is another', async () => {
  const { end, jobApi } = await withOlder();
  expect(end).toMatchObject({ status: 'Succeeded', operationId: 'job-1' });
  expect(jobApi.submits()).toBe(1);
});

test.concurrent('a batch looks for each of its items', async () => {
  const jobApi = await api({ submits: ['made', 'lost', 'made', 'lost'] });
  const dialect = { ...DIALECT, find: { ...FIND, absenceIsProof: true } };
  const harness = await startTestHarness(testConfig({ default: { baseUrl: jobApi.url, dialect } }));
  const items = Array.from({ length: 8 }, (_, index) => ({ id: `i${index}`, submit: { path: '/jobs', body: { name: `n${index}` } } }));
  const batch = await harness.lro.startBatch({ items, defaults: { onUncertainSubmit: 'fail' } });
  expect((await batch.result()).counts).toMatchObject({ total: 8, succeeded: 8 });
  expect(jobApi.submits()).toBe(10);
  expect(new Set(jobApi.jobs.map(({ name }) => name)).size).toBe(8);
  expect(jobApi.jobs).toHaveLength(8);
  await harness.close();
});

test.concurrent('without a dialect, a connection says where an entry is polled', async () => {
  const seen: string[] = [];
  const { url } = await service((request, response, raw) => {
    seen.push(`${request.method} ${request.url.split('?')[0]}`);
    const key = new URL(request.url, 'http://service').searchParams.get('key');
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST') return void raw.socket.destroy();
    if (key !== null) return response.end(JSON.stringify({ operation: 'op-1', token: key }));
    return response.end(JSON.stringify({ status: 'Succeeded' }));
  });
  const find = { url: '{base}/lookup?key={idempotencyKey}', pollingLocation: '{base}/operations/{$response.body#/operation}' };
  const harness = await startTestHarness(testConfig({ default: { baseUrl: url, find } }));
  const result = await harness.lro.execute({ submit: { path: '/things' }, onUncertainSubmit: 'fail' });
  expect(result).toMatchObject({ status: 'Succeeded', operationId: 'op-1' });
  expect(seen).toEqual(['POST /things', 'GET /lookup', 'GET /operations/op-1']);
  await harness.close();
});

test.concurrent('a batch that retries what an earlier one does not know looks for it, and sends again only what is not there', async () => {
  const jobApi = await api({ submits: ['made', 'lost'] });
  const folder = temporaryFolder();
  const batchOf = async (find: object | undefined, input: BatchInput) => {
    const dialect = { ...DIALECT, find };
    const harness = await startTestHarness(
      testConfig({ default: { baseUrl: jobApi.url, dialect } }, { files: { writeBelow: [folder], readBelow: [folder] } }),
    );
    const { counts } = await (await harness.lro.startBatch(input)).result();
    await harness.close();
    return counts;
  };
  const items = ['a', 'b', 'c'].map((id) => ({ id, submit: { path: '/jobs', body: { name: id } } }));
  const report = { path: join(folder, 'report.jsonl') };
  const first = await batchOf(undefined, { items, report, maxInFlight: 1, defaults: { onUncertainSubmit: 'fail' } });
  expect(first).toMatchObject({ succeeded: 1, uncertain: 2 });
  const again = await batchOf({ ...FIND, absenceIsProof: true }, { retryOf: { report, outcomes: ['uncertain'] } });
  expect(again).toMatchObject({ total: 2, succeeded: 2 });
  expect(jobApi.submits()).toBe(4);
  expect(jobApi.jobs.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
});
