/** What keeps an operation from going on, as lists of workflows and `progress` show it: from when it lasts until it is over. */
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { service } from '../http/service';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness } from '../support/in-process';

type Answer = { httpStatus: number; headers?: Record<string, string>; body?: string };

const POLL = { defaultSeconds: 0.2, unreadableSeconds: 60, maxUnreadable: 1000 };
const page = { 'content-type': 'text/html' };

/** An operation whose requests are answered with `trouble` until `isOver` is set. */
async function operation(
  method: 'POST' | 'GET',
  trouble: Answer,
  work: (handle: WorkflowHandle, over: () => void) => Promise<void>,
): Promise<void> {
  let isOver = false;
  let isDone = false;
  const { url } = await service((request, response) => {
    if (request.method === method && !isOver) return response.writeHead(trouble.httpStatus, trouble.headers).end(trouble.body);
    if (request.method === 'POST') return response.writeHead(202, { 'operation-location': '/status', 'retry-after': '0' }).end();
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ status: isDone ? 'Succeeded' : 'Running' }));
  });
  const harness = await startTestHarness(testConfig({ default: { baseUrl: url, poll: POLL } }));
  try {
    const { id } = await harness.lro.start({ submit: { path: '/things' } });
    const handle = harness.client.workflow.getHandle(id);
    await work(handle, () => (isOver = true));
    isDone = true;
    await handle.result();
    expect(await listed(handle)).toMatchObject({ status: 'Succeeded', trouble: undefined });
  } finally {
    await harness.close();
  }
}

async function listed(handle: WorkflowHandle): Promise<{ status?: unknown; trouble?: unknown }> {
  const { typedSearchAttributes } = await handle.describe();
  const valueOf = (name: string): string | undefined => typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
  return { status: valueOf('LroStatus'), trouble: valueOf('LroTrouble') };
}

test.concurrent.each<['POST' | 'GET', Answer, string]>([
  ['POST', { httpStatus: 429, headers: { 'retry-after': '1' } }, 'Throttled'],
  ['POST', { httpStatus: 500 }, 'Uncertain'],
  ['GET', { httpStatus: 429, headers: { 'retry-after': '1' } }, 'Throttled'],
  ['GET', { httpStatus: 503 }, 'Unreachable'],
  ['GET', { httpStatus: 401 }, 'Unauthorized'],
  ['GET', { httpStatus: 200, headers: page, body: '<html>' }, 'Unreadable'],
  ['GET', { httpStatus: 200, body: JSON.stringify({ status: 'Baking' }) }, 'UnknownStatus'],
])('a %s that is answered %j is %s, until it is over', async (method, answer, kind) => {
  await operation(method, answer, async (handle, over) => {
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
});
