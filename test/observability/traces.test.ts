/** One trace from the client to the service, by OTLP; and nothing of it where traces are off, or where a host is not trusted. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Client } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type * as Bundle from '../../src/hosting/bundle';
import { AsyncContext } from '../../src/hosting/open-telemetry/async-context';
import { eventually } from '../support/eventually';
import { fromText } from '../replay/history-file';
import { startService, Watched, type Answer, type Service } from './harness';

interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

interface Export {
  resourceSpans: { resource: { attributes: ReceivedSpan['attributes'] }; scopeSpans: { spans: ReceivedSpan[] }[] }[];
}

const KEY = 'trace-secret-Zq81-Lm';
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Takes what OTLP exporters send. */
async function startReceiver(): Promise<{ url: string; bodies: string[]; spans: () => ReceivedSpan[] }> {
  const bodies: string[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => server.close());
  const exported = (): Export[] => bodies.map((body) => JSON.parse(body) as Export);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    spans: () =>
      exported().flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))),
  };
}

/** A client that makes spans, as a program has it that sends traces itself. */
function tracedClient(connection: Client['connection']): Client {
  const provider = new BasicTracerProvider();
  provider.register({ contextManager: new AsyncContext() });
  closers.push(() => trace.disable());
  return new Client({
    connection,
    interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor({ tracer: provider.getTracer('test') })] },
  });
}

let trusted: Service;
let other: Service;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  // Listens at another address of this machine: not the connection's own host.
  other = await startService(() => ({ status: 200, body: { from: 'elsewhere' } }), '127.0.0.2');
  closers.push(() => other.close());
  trusted = await startService(({ method, url = '', origin }): Answer => {
    if (method === 'POST')
      return { status: 202, headers: { 'operation-location': `${origin}/operations/op?sig=${KEY}`, 'retry-after': '0' } };
    return {
      status: 200,
      headers: { 'x-ms-request-id': 'r-1' },
      body: { status: 'Succeeded', resourceLocation: `${other.url}/thing`, url },
    };
  });
  closers.push(() => trusted.close());
});

const CONNECTION = {
  auth: { type: 'key', in: 'header', name: 'x-key', value: { env: 'LRO_TEST_KEY' } },
  privateHosts: 'allow',
  otherHosts: 'withoutCredentials',
};

async function runOnce(watched: Watched): Promise<string> {
  const id = `traced-${randomUUID()}`;
  const handle = await watched.lro.start({ connection: 'maps', submit: { path: '/jobs' }, fetchResource: true }, { id });
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', resource: { from: 'elsewhere' } });
  return id;
}

test('client, workflow, activity and HTTP request are one trace, and the service knows it', async () => {
  const receiver = await startReceiver();
  const watched = await Watched.open(tracedClient);
  closers.push(() => watched.close());
  const env = {
    LRO_TEST_KEY: KEY,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'maps-worker',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  await watched.startWorker({ maps: { baseUrl: trusted.url, ...CONNECTION } }, env);
  const seenBefore = trusted.seen.length;
  const id = await runOnce(watched);
  const isDone = (spans: ReceivedSpan[]): boolean => spans.some(({ name }) => name === 'RunWorkflow:runOperation');
  const spans = await eventually(receiver.spans, isDone, 60);
  const named = (name: string): ReceivedSpan => {
    const span = spans.find((one) => one.name === name);
    if (span === undefined) throw new Error(`no span ${name} among ${spans.map((one) => one.name).join(', ')}`);
    return span;
  };
  const chain = ['RunWorkflow:runOperation', 'StartActivity:lro.submit', 'RunActivity:lro.submit', 'POST submit'].map(named);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  chain.slice(1).forEach((span, index) => expect(span.parentSpanId).toBe(chain[index]?.spanId));
  expect(chain[0]?.parentSpanId).toMatch(/^[0-9a-f]{16}$/);

  const [submit, poll] = trusted.seen.slice(seenBefore);
  expect(submit?.headers['traceparent']).toBe(`00-${chain[3]?.traceId}-${chain[3]?.spanId}-01`);
  expect(poll?.headers['traceparent']).toContain(chain[3]?.traceId);
  expect(submit?.headers).not.toHaveProperty('baggage');
  for (const { headers } of other.seen) {
    expect(headers).not.toHaveProperty('traceparent');
    expect(headers).not.toHaveProperty('x-ms-client-request-id');
  }
  expect(other.seen.length).toBeGreaterThan(0);

  const attributes = Object.fromEntries(named('GET status').attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  expect(attributes).toMatchObject({
    'http.request.method': 'GET',
    'url.path': '/operations/op',
    'http.response.status_code': 200,
    'lro.connection': 'maps',
    'lro.request_id': 'r-1',
    'lro.client_request_id': poll?.headers['x-ms-client-request-id'],
  });
  const all = receiver.bodies.join('\n');
  expect(all).toContain('maps-worker');
  expect(all).toContain(id);
  expect(all).not.toContain(KEY);
  expect(all).not.toContain('sig=');
  expect(all).not.toMatch(/memo|inputDigest|lastResult/);
  // Its history replays without traces.
  const history = await watched.client.workflow.getHandle(id).fetchHistory();
  expect(JSON.stringify(history)).toContain('_tracer-data');
  expect(await mismatchesOf({}, [{ workflowId: id, history }])).toEqual([]);
  // Lines of an activity name its trace.
  const traced = await watched.line('request sent on behalf of a caller');
  expect(traced['trace_id']).toBe(chain[0]?.traceId);
});

test('where traces are off the service is told of none', async () => {
  const watched = await Watched.open();
  closers.push(() => watched.close());
  await watched.startWorker({ maps: { baseUrl: trusted.url, ...CONNECTION } }, { LRO_TEST_KEY: KEY, OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  const seenBefore = trusted.seen.length;
  const id = await runOnce(watched);
  for (const { headers } of trusted.seen.slice(seenBefore)) expect(headers).not.toHaveProperty('traceparent');
  const history = await watched.client.workflow.getHandle(id).fetchHistory();
  expect(JSON.stringify(history)).not.toContain('_tracer-data');
});

const IS_LONG = process.env['LRO_LONG'] === '1';

/** Where these do not replay, why. */
async function mismatchesOf(kind: Bundle.BundleKind, histories: { workflowId: string; history: unknown }[]): Promise<string[]> {
  const { workflowSource } = jest.requireActual<typeof Bundle>(resolve(__dirname, '../../dist/hosting/bundle.js'));
  const { workflowBundle } = workflowSource(kind);
  if (workflowBundle === undefined) throw new Error('no bundle');
  const sinks = { exporter: { export: { fn: () => undefined } } };
  const mismatches: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, sinks }, histories)) {
    if (error !== undefined) mismatches.push(`${workflowId}: ${error.message}`);
  }
  return mismatches;
}

test('histories replay on a worker that sends traces, too', async () => {
  const folder = join(__dirname, '../replay/histories');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const histories = files
    .filter((_, index) => IS_LONG || index % 8 === 0)
    .map((file) => ({
      workflowId: file.replace(/(\.\d+)?\.json$/, ''),
      history: fromText(readFileSync(join(folder, file), 'utf8')),
    }));
  expect(histories.length).toBeGreaterThan(5);
  expect(await mismatchesOf({ traced: true }, histories)).toEqual([]);
});
