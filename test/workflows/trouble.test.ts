/** What keeps an operation from going on, as lists of workflows and `progress` show it: from when it lasts until it is over. */
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { service, type Service } from '../http/service';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

type Answer = { httpStatus: number; headers?: Record<string, string>; body?: string };

const POLL = { defaultSeconds: 0.2, unreadableSeconds: 60, maxUnreadable: 1000 };
const page = { 'content-type': 'text/html' };

/** What a service answers: its own troubles first. */
interface Stage {
  method: 'POST' | 'GET';
  trouble: Answer;
  isOver: boolean;
  isDone: boolean;
}

const CASES: ['POST' | 'GET', Answer, string][] = [
  ['POST', { httpStatus: 429, headers: { 'retry-after': '1' } }, 'Throttled'],
  ['POST', { httpStatus: 500 }, 'Uncertain'],
  ['GET', { httpStatus: 429, headers: { 'retry-after': '1' } }, 'Throttled'],
  ['GET', { httpStatus: 503 }, 'Unreachable'],
  ['GET', { httpStatus: 401 }, 'Unauthorized'],
  ['GET', { httpStatus: 200, headers: page, body: '<html>' }, 'Unreadable'],
  ['GET', { httpStatus: 200, body: JSON.stringify({ status: 'Baking' }) }, 'UnknownStatus'],
];

/** One worker for all, and for each a service and a connection: `c0`, `c1`, … */
const stages = CASES.map(([method, trouble]): Stage => ({ method, trouble, isOver: false, isDone: false }));
let harness: TestHarness;

beforeAll(async () => {
  const services = await Promise.all(stages.map(serviceOf));
  harness = await startTestHarness(
    testConfig(Object.fromEntries(services.map(({ url }, index) => [`c${index}`, { baseUrl: url, poll: POLL }]))),
  );
});

afterAll(() => harness.close());

function serviceOf(stage: Stage): Promise<Service> {
  return service((request, response) => {
    const { httpStatus, headers, body } = stage.trouble;
    if (request.method === stage.method && !stage.isOver) return response.writeHead(httpStatus, headers).end(body);
    if (request.method === 'POST') return response.writeHead(202, { 'operation-location': '/status', 'retry-after': '0' }).end();
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ status: stage.isDone ? 'Succeeded' : 'Running' }));
  });
}

/** An operation whose requests are answered with the trouble until `over` is called. */
async function operation(index: number, work: (handle: WorkflowHandle, over: () => void) => Promise<void>): Promise<void> {
  const stage = stages[index]!;
  const { id } = await harness.lro.start({ connection: `c${index}`, submit: { path: '/things' } });
  const handle = harness.client.workflow.getHandle(id);
  await work(handle, () => (stage.isOver = true));
  stage.isDone = true;
  await handle.result();
  expect(await listed(handle)).toMatchObject({ status: 'Succeeded', trouble: undefined });
}

async function listed(handle: WorkflowHandle): Promise<{ status?: unknown; trouble?: unknown }> {
  const { typedSearchAttributes } = await handle.describe();
  const valueOf = (name: string): string | undefined => typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
  return { status: valueOf('LroStatus'), trouble: valueOf('LroTrouble') };
}

test.concurrent.each(CASES.map(([...row], index) => [...row, index] as const))(
  'a %s that is answered %j is %s, until it is over',
  async (method, _, kind, index) => {
    await operation(index, async (handle, over) => {
      const status = method === 'POST' ? 'Submitting' : kind === 'UnknownStatus' ? 'Baking' : 'Accepted';
      await eventually(
        () => listed(handle),
        (now) => now.trouble === kind && now.status === status,
      );
      const { lastProblem } = await handle.query<{ lastProblem: object }>('progress');
      expect(lastProblem).toMatchObject({ kind, since: expect.any(String) as string, times: expect.any(Number) as number });
      over();
      await eventually(
        () => listed(handle),
        (now) => now.trouble === undefined && now.status === 'Running',
      );
      expect(await handle.query('progress')).not.toHaveProperty('lastProblem');
    });
  },
);
