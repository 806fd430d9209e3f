/** A tracker that gets too large is split: 16 KB status URLs do so with a few dozen operations. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trackerId } from '../../src/jobs/tracked';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

const OPERATIONS = 60;
const RETRY_AFTER = 1;

/** What the service saw of an operation: when it answered last, and polls that came sooner than it had asked for. */
const answeredAtMs = new Map<string, number>();
const early: string[] = [];
let finished = false;
let service: Server;
let harness: TestHarness;
let url: string;

beforeAll(async () => {
  service = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    request.resume();
    const id = new URL(request.url ?? '', url).searchParams.get('id') ?? randomUUID();
    const before = answeredAtMs.get(id);
    if (request.method === 'GET' && before !== undefined && performance.now() - before < RETRY_AFTER * 1000 - 1) early.push(id);
    response.on('finish', () => answeredAtMs.set(id, performance.now()));
    const status = finished ? 'Succeeded' : 'Running';
    response.setHeader('Retry-After', RETRY_AFTER);
    if (request.method === 'POST') {
      response.setHeader('Operation-Location', `${url}/operations?id=${id}&sig=${'x'.repeat(15_000)}`);
      response.writeHead(202).end();
    } else response.end(JSON.stringify({ status }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  harness = await startTestHarness(testConfig({ long: { baseUrl: url, follow: 'shared' } }));
});

afterAll(async () => {
  await harness.close();
  service.close();
});

test('trackers are split, and every operation is followed to its end, never early', async () => {
  const input = { connection: 'long', follow: 'shared', submit: { path: '/things', body: {} } } as const;
  const operations = await Promise.all(Array.from({ length: OPERATIONS }, () => harness.lro.start(input, { id: `long-${randomUUID()}` })));
  await Promise.all(operations.map((operation) => operation.accepted()));
  const described = async (path: string) => {
    const { memo, historyLength } = await harness.client.workflow.getHandle(trackerId(harness.taskQueue, 'long', path)).describe();
    return { isSplit: memo?.['split'] === true, historyLength };
  };
  await eventually(
    () => described('').catch(() => ({ isSplit: false })),
    ({ isSplit }) => isSplit,
    60,
  );
  const parts = await eventually(
    () => Promise.all([described('0'), described('1')]).catch(() => []),
    (found) => found.length === 2,
  );
  expect(parts).toHaveLength(2);
  // The one that was split knows which other has it.
  await eventually(
    () => Promise.all(operations.slice(0, 10).map((operation) => operation.progress())),
    (all) => all.every(({ polls }) => polls > 1),
    60,
  );
  finished = true;
  const results = await Promise.all(operations.map((operation) => operation.result()));
  expect(results.every(({ status, polls }) => status === 'Succeeded' && polls > 1)).toBe(true);
  expect(early).toEqual([]);
});
