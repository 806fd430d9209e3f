/**
 * Three workers of one task queue, as processes, and a service that counts: together they stay within 10 % of the limits of their file, also
 * when one is killed and another one comes, or their limiter is terminated. `LRO_LONG=1`: each counted for longer than all windows, and rates that are divided, too.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { RUN_BATCH, type BatchInput } from '../../src/contract';
import type { Child } from '../../src/devserver';
import { limiterId } from '../../src/sharing/windows';
import { service } from '../http/service';
import { writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

const isLong = process.env['LRO_LONG'] === '1';
jest.setTimeout(isLong ? 400_000 : 240_000);

const LIMITS = { submitsPerSecond: 20, pollsPerSecond: 30, concurrentRequests: 12 };
/** How long requests are counted, in each part of the test. */
const COUNTED_SECONDS = isLong ? 40 : 4;
/** More than are submitted meanwhile. */
const ITEMS = isLong ? 5000 : 1500;
/** Requests that a busy machine sends late, all at once: in a short time they are more than a tenth. */
const LATE = 6;

/** At first, when all the work may be with one of three workers, which gets no more than its third. */
const LEAST = 0.15;

interface Arrival {
  atMs: number;
  isSubmit: boolean;
  worker: string;
}

type Share = true | false | 'exact';

async function start(share: Share) {
  const arrivals: Arrival[] = [];
  let operations = 0;
  const { url } = await service(({ method, headers }, response) => {
    const isSubmit = method === 'POST';
    arrivals.push({ atMs: performance.now(), isSubmit, worker: String(headers['x-worker']) });
    if (isSubmit) response.writeHead(202, { 'operation-location': `${url}/operations/${++operations}`, 'retry-after': '1' }).end();
    else response.writeHead(200, { 'retry-after': '1', 'content-type': 'application/json' }).end('{"status":"Running"}');
  });
  const taskQueue = `lro-${randomUUID()}`;
  const connection = await Connection.connect({ address: sharedAddress() });
  const client = new Client({ connection });
  const workers: Child[] = [];
  return {
    arrivals,
    client,
    taskQueue,
    worker: async (name: string): Promise<Child> => {
      const configPath = writeConfig({ default: { baseUrl: url, headers: { 'x-worker': name }, limits: { ...LIMITS, share } } });
      const worker = await startWorkerProcess({ configPath, address: sharedAddress(), taskQueue, env: { LRO_LOG_LEVEL: 'info' } });
      workers.push(worker);
      return worker;
    },
    /** More to submit and to poll than the limits allow. */
    overload: async () => {
      const items = Array.from({ length: ITEMS }, (_, index) => ({ id: `i${index}`, submit: { path: '/things' } }));
      const batch: BatchInput = { items, maxInFlight: ITEMS };
      await client.workflow.start(RUN_BATCH, { workflowId: taskQueue, taskQueue, args: [batch] });
      // Each of them has work, and as many polls are due as are allowed.
      await eventually(
        () => arrivals.filter(({ isSubmit }) => isSubmit).length,
        (submits) => submits > LIMITS.pollsPerSecond,
      );
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
      await client.workflow.getHandle(taskQueue).terminate();
      await connection.close();
    },
  };
}

/** Requests from now on, as parts of what the limits allow. */
async function counted(arrivals: readonly Arrival[]): Promise<{ submits: number; polls: number }> {
  const fromMs = performance.now();
  await sleep(COUNTED_SECONDS * 1000);
  const seconds = (performance.now() - fromMs) / 1000;
  const came = arrivals.filter(({ atMs }) => atMs >= fromMs);
  const part = (isSubmit: boolean, perSecond: number): number =>
    Math.max(0, came.filter((one) => one.isSubmit === isSubmit).length - (isLong ? 0 : LATE)) / seconds / perSecond;
  return { submits: part(true, LIMITS.submitsPerSecond), polls: part(false, LIMITS.pollsPerSecond) };
}

/** Never more than a tenth above, and work goes on: how fast is a matter of the machine and of what the killed worker had. */
function expectWithin({ submits, polls }: { submits: number; polls: number }): void {
  for (const part of [submits, polls]) {
    expect(part).toBeLessThanOrEqual(1.1);
    expect(part).toBeGreaterThan(0);
  }
}

async function withThree(
  share: Share,
  work: (harness: Awaited<ReturnType<typeof start>>, workers: Child[]) => Promise<void>,
): Promise<void> {
  const harness = await start(share);
  try {
    const workers = await Promise.all(['a', 'b', 'c'].map((name) => harness.worker(name)));
    await harness.overload();
    await work(harness, workers);
  } finally {
    await harness.close();
  }
}

/** In the short mode the limiter is terminated instead, which takes no longer. */
const KILLED: Share[] = [true, 'exact'];
const long = isLong ? test.concurrent : test.skip;

long.each(KILLED)('share: %s keeps three workers within the limits, also when one is killed and one comes', (share) =>
  withThree(share, async (harness, [, killed]) => {
    const steady = await counted(harness.arrivals);
    await killed?.kill();
    const [after] = await Promise.all([counted(harness.arrivals), harness.worker('d')]);
    const later = await counted(harness.arrivals);
    console.log(`share: ${share}, parts of the limits`, { steady, after, later });
    for (const parts of [steady, after, later]) expectWithin(parts);
    expect(steady.submits).toBeGreaterThan(LEAST);
  }),
);

test.concurrent(
  'share: exact keeps three workers within the limits at less than an event a second, also when the limiter is terminated',
  () =>
    withThree('exact', async (harness) => {
      const steady = await counted(harness.arrivals);
      const limiter = harness.client.workflow.getHandle(limiterId(harness.taskQueue, 'default'));
      const { runId, historyLength, startTime } = await limiter.describe();
      const seconds = (Date.now() - startTime.getTime()) / 1000;
      await limiter.terminate('test');
      const after = await counted(harness.arrivals);
      await eventually(
        () => limiter.describe(),
        (next) => next.runId !== runId,
      );
      console.log('share: exact, parts of the limits', { steady, after }, `${historyLength} events in ${seconds.toFixed(1)} s`);
      for (const parts of [steady, after]) expectWithin(parts);
      expect(steady.submits).toBeGreaterThan(LEAST);
      // All three ask when they begin.
      expect(historyLength).toBeLessThanOrEqual(seconds + 3 * 5);
    }),
);

if (isLong)
  test('share: false gives each worker the whole limits: what the others are measured against', async () => {
    await withThree(false, async (harness) => {
      expect((await counted(harness.arrivals)).submits).toBeGreaterThan(1.3);
    });
  });
