/** Liveness and readiness of a worker process, and its line to Temporal. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findFreePorts } from '../../src/devserver';
import { notReadyReason, openHealth } from '../../src/hosting/health';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { quickService, startService, Watched, Wire } from './harness';

interface Told {
  status: number;
  body: { alive?: boolean; eventLoopLateMs?: number; ready?: boolean; reason?: string };
}

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Undefined where nobody answers in time. */
async function get(address: string, path: string, timeoutMs = 5000): Promise<Told | undefined> {
  try {
    const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, body: (await response.json()) as Told['body'] };
  } catch {
    return undefined;
  }
}

const untilReadyIs = (address: string, status: number): Promise<Told | undefined> =>
  eventually(
    () => get(address, '/readyz'),
    (told) => told?.status === status,
  );

/** The health check of the worker in docker-compose.yml, with the port of this worker. */
function composeCheck(port: number): string[] {
  const { services } = parse(readFileSync(join(__dirname, '../../docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: { worker: { environment: { LRO_HEALTH_ADDRESS: string }; healthcheck: { test: string[] } } };
  };
  const { environment, healthcheck } = services.worker;
  const inside = environment.LRO_HEALTH_ADDRESS.split(':')[1] ?? '';
  const [kind, ...command] = healthcheck.test;
  expect(kind).toBe('CMD');
  expect(command.join(' ')).toContain(inside);
  return command.map((part) => part.replaceAll(inside, String(port)).replaceAll('$$', '$'));
}

function composeSaysHealthy(port: number): boolean {
  const [program = '', ...args] = composeCheck(port);
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a worker says that it lives, and whether it takes work', async () => {
  const [port = 0] = await findFreePorts(1);
  const address = `127.0.0.1:${port}`;
  const wire = await Wire.to(sharedAddress());
  closers.push(() => wire.cut());
  let answer: () => void = () => undefined;
  let held = Promise.resolve();
  const service = await startService(async (request) => {
    if (request.method === 'POST') await held;
    return quickService(request);
  });
  closers.push(() => service.close());
  const watched = await Watched.open();
  closers.push(() => watched.close());
  // The key of this connection is what the SDK's core names when it cannot connect.
  const auth = { type: 'key', in: 'header', name: 'x-key', value: { env: 'LRO_TEST_KEY' } };
  const env = { LRO_HEALTH_ADDRESS: address, LRO_TEST_KEY: wire.address, LRO_LOG_LEVEL: 'info' };
  const worker = await watched.startWorker({ maps: { baseUrl: service.url, auth } }, env, { address: wire.address });
  expect(await watched.line('liveness and readiness')).toMatchObject({ level: 'info', address });
  expect(await get(address, '/readyz')).toEqual({ status: 200, body: { ready: true } });
  expect(await get(address, '/livez')).toMatchObject({ status: 200, body: { alive: true } });
  expect(composeSaysHealthy(port)).toBe(true);

  const first = await watched.lro.start({ connection: 'maps', submit: { path: '/jobs' } }, { id: `first-${randomUUID()}` });
  await first.result();
  const before = worker.output().length;

  // An event loop that stands still does not answer, and says afterwards how late it was.
  worker.signal('SIGSTOP');
  expect(await get(address, '/livez', 500)).toBeUndefined();
  worker.signal('SIGCONT');
  const late = await eventually(
    () => get(address, '/livez'),
    (told) => told !== undefined,
  );
  expect(late?.body.eventLoopLateMs).toBeGreaterThan(400);

  // Without Temporal it lives on, and takes no work.
  await wire.cut();
  expect(await untilReadyIs(address, 503)).toMatchObject({ body: { ready: false, reason: 'Temporal does not answer' } });
  expect(await get(address, '/livez')).toMatchObject({ status: 200 });
  expect(composeSaysHealthy(port)).toBe(false);
  expect(await watched.line('Temporal is lost')).toMatchObject({ level: 'warn', address: '***' });
  // What the core says of it stands in the same log, without secrets.
  const core = await watched.line('gRPC call', (line) => line['sdkComponent'] === 'core');
  expect(core).toMatchObject({ level: 'warn', error: expect.stringContaining('***') as string });
  expect(worker.output().slice(before)).not.toContain(wire.address);
  await wire.mend();
  await untilReadyIs(address, 200);
  expect(await watched.line('Temporal is found again')).toMatchObject({ level: 'info', forSeconds: expect.any(Number) as number });

  // What it has begun it ends, and takes nothing new.
  const seenBefore = service.seen.length;
  held = new Promise((resolve) => (answer = resolve));
  const id = `drain-${randomUUID()}`;
  await watched.lro.start({ connection: 'maps', submit: { path: '/jobs' } }, { id });
  await eventually(
    () => service.seen.length,
    (count) => count > seenBefore,
  );
  worker.signal('SIGTERM');
  expect(await untilReadyIs(address, 503)).toMatchObject({ body: { ready: false, reason: 'draining' } });
  expect(await get(address, '/livez')).toMatchObject({ status: 200 });
  answer();
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(await get(address, '/livez', 500)).toBeUndefined();
  await watched.client.workflow.getHandle(id).terminate('the test is over');
});

test('a process that still starts lives and takes no work; one that cannot listen does not start', async () => {
  const told: { state: string | undefined } = { state: undefined };
  const worker = { getState: (): string => told.state ?? '' };
  const health = await openHealth('127.0.0.1:0', () => notReadyReason(told.state === undefined ? undefined : worker));
  closers.push(() => health.close());
  expect(await get(health.address, '/readyz')).toEqual({ status: 503, body: { ready: false, reason: 'starting' } });
  expect(await get(health.address, '/livez')).toMatchObject({ status: 200 });
  told.state = 'RUNNING';
  expect(await get(health.address, '/readyz')).toMatchObject({ status: 200 });
  told.state = 'DRAINING';
  expect(await get(health.address, '/readyz')).toEqual({ status: 503, body: { ready: false, reason: 'draining' } });
  expect(await get(health.address, '/metrics')).toMatchObject({ status: 404 });
  await expect(openHealth(health.address, () => undefined)).rejects.toThrow('LRO_HEALTH_ADDRESS: cannot listen');
});
