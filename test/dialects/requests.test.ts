/** What a worker sends in a dialect: the key of a submit, polls by POST, and the cancel request that the submit's answer names. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

interface Seen {
  line: string;
  prefer?: string | string[];
  body: unknown;
}

const seen: Seen[] = [];
let server: Server;
let harness: TestHarness;
let canceled = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      seen.push({ line, prefer: request.headers['prefer'], body: text === '' ? undefined : JSON.parse(text) });
      if (line.includes('stop')) canceled = true;
      const isPoll = line.endsWith('/status');
      const state = canceled ? 'stopped' : 'on';
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(isPoll ? { state } : { id: 7 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dialect = {
    pollingLocation: '{base}/status',
    operationId: '$response.body#/id',
    poll: { body: { job: '$response.body#/id' } },
    status: '$response.body#/state',
    succeeded: ['done'],
    canceled: ['stopped'],
    cancel: { method: 'PUT', url: '{base}/stop/{operationId}', body: { why: 'asked' } },
    headers: { Prefer: 'respond-async' },
    idempotencyKey: { in: 'body', name: 'token' },
  };
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  harness = await startTestHarness(testConfig({ jobs: { baseUrl, dialect, poll: { defaultSeconds: 0.1 } } }));
}, 60_000);

afterAll(async () => {
  await harness.close();
  server.close();
  server.closeAllConnections();
});

it('polls by POST and cancels as the dialect says', async () => {
  const handle = await harness.lro.start(
    { connection: 'jobs', submit: { path: '/jobs', body: { a: 1 } }, deadlineSeconds: 60 },
    { id: `requests-${harness.taskQueue}` },
  );
  while (!seen.some(({ line }) => line === 'POST /v1/status')) await new Promise((resolve) => setTimeout(resolve, 50));
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(/cancel/i);
  expect(seen[0]).toEqual({
    line: 'POST /v1/jobs',
    prefer: 'respond-async',
    body: { token: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown, a: 1 },
  });
  expect(seen.find(({ line }) => line === 'POST /v1/status')).toEqual({ line: 'POST /v1/status', prefer: undefined, body: { job: 7 } });
  expect(seen.find(({ line }) => line.startsWith('PUT'))).toEqual({ line: 'PUT /v1/stop/7', prefer: undefined, body: { why: 'asked' } });
  expect(seen.filter(({ line }) => line === 'POST /v1/jobs').length).toBe(1);
}, 60_000);
