/** A call of a service wakes the operation it is about, alone, in a chain and in a batch; polls find what no call tells. */
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { OperationError, type OperationInput } from '../../src/client';
import { openReceiver, receiverSettings, type Receiver } from '../../src/receiver';
import { everythingOf } from '../secrets/everything';
import { Haystack, tracesOf } from '../secrets/traces';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { CallbackService } from './service';

const IS_LONG = process.env['LRO_LONG'] === '1';
const env = { ...process.env, LRO_TEST_WEBHOOK_SECRET: randomUUID() };

let service: CallbackService;
let receiver: Receiver;
let harness: TestHarness;
let log = '';

beforeAll(async () => {
  service = await CallbackService.start();
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      log += chunk.toString('utf8');
      done();
    },
  });
  const logger = pino({ level: 'trace' }, sink);
  receiver = await openReceiver('127.0.0.1:0', logger);
  const webhooks = { publicUrl: `http://${receiver.address}/hooks`, secret: { env: 'LRO_TEST_WEBHOOK_SECRET' } };
  const config = testConfig(
    {
      jobs: { baseUrl: service.url },
    },
    { webhooks },
    env,
  );
  harness = await startTestHarness(config, { http: { env, log: logger } });
  receiver.use(receiverSettings({ ...config, webhooks: config.webhooks! }, harness.client, env));
});

afterAll(async () => {
  await receiver.close();
  await harness.close();
  await service.close();
});

type Place = 'query' | 'path' | 'header' | 'body';

function operation(name: string, place: Place = 'query', connection = 'jobs'): OperationInput {
  const submits = {
    query: { path: '/jobs', query: { name, hook: '{callbackUrl}' } },
    path: { path: `/jobs?name=${name}&hook={callbackUrl}` },
    header: { path: '/jobs', query: { name }, headers: { 'X-Hook': '{callbackUrl}' } },
    body: { path: '/jobs', query: { name }, body: { hooks: [{ url: '{callbackUrl}' }] } },
  };
  return { connection, submit: submits[place] };
}

/** `LRO_LONG=1`: also in the query and in the path's own. */
const PLACES: Place[] = process.env['LRO_LONG'] === '1' ? ['query', 'path', 'header', 'body'] : ['header', 'body'];

test.each(PLACES)('an operation that told its URL in the %s is woken, and that URL is nowhere', async (place) => {
  const name = `alone-${randomUUID()}`;
  const handle = await harness.lro.start(operation(name, place), { id: `hook/${name}` });
  await handle.accepted();
  const job = service.finish(name);
  expect(await service.callBack(job)).toEqual([204]);
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 1 });
  // Once more, when it has ended.
  expect(await service.callBack(job)).toEqual([204]);
  const [mark, , digest] = job.callbackUrl!.split('/').pop()!.split('.') as [string, string, string];
  const texts = new Haystack((await everythingOf(harness.client, handle.id)) + log);
  // In encodings where the rest cannot be found, the half that all URLs have in common is masked.
  expect(texts.find(tracesOf(mark))).toBe('');
  for (const text of [job.callbackUrl!, digest, encodeURIComponent(job.callbackUrl!)]) expect(texts.find([text.toLowerCase()])).toBe('');
  expect(JSON.stringify(await harness.client.workflow.getHandle(handle.id).fetchHistory())).not.toContain(digest);
  // What the submit alone has is not sent with polls.
  expect(job.seen.join('\n')).not.toMatch(/callbackUrl|x-hook|hook=/i);
});

test('a step of a chain is woken, and each has a URL of its own', async () => {
  const [first, second] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
  const { connection, submit } = operation(first, 'body');
  const steps = [
    { id: 'first', connection, submit: submit! },
    { id: 'second', connection, submit: operation(second, 'header').submit! },
  ];
  const handle = await harness.lro.runChain({ steps });
  const urls: (string | undefined)[] = [];
  for (const name of [first, second]) {
    await service.until(name, 0);
    const job = service.finish(name);
    urls.push(job.callbackUrl);
    expect(await service.callBack(job)).toEqual([204]);
  }
  await handle.result();
  expect(new Set(urls).size).toBe(2);
});

test('of a batch the item is woken that is meant, and no other', async () => {
  const names = Array.from({ length: 12 }, () => `item-${randomUUID()}`);
  const handle = await harness.lro.startBatch({ items: names.map((name) => ({ id: name, ...operation(name, 'body') })) });
  await Promise.all(names.map((name) => service.until(name, 0)));
  const [meant = '', ...others] = names;
  const before = others.map((name) => service.jobs.get(name)!.polls);
  service.finish(meant);
  await service.callBack(service.jobs.get(meant)!);
  await service.until(meant, 1);
  expect(others.map((name) => service.jobs.get(name)!.polls)).toEqual(before);
  for (const name of others) await service.callBack(service.finish(name));
  const { counts } = await handle.result();
  expect(counts.succeeded).toBe(12);
});

test('a submit with {callbackUrl} is refused where nobody receives, or where it cannot stand, and nothing is sent', async () => {
  const without = await startTestHarness(testConfig({ jobs: { baseUrl: service.url } }));
  const name = `refused-${randomUUID()}`;
  const refused = (lro: TestHarness['lro'], input: OperationInput): Promise<unknown> => lro.execute(input).catch((err: unknown) => err);
  try {
    for (const place of ['query', 'header', 'body'] as const) {
      const error = await refused(without.lro, operation(name, place));
      expect(error).toBeInstanceOf(OperationError);
      expect(error).toMatchObject({ type: 'InvalidInput' });
      const field = place === 'header' ? 'headers' : place;
      expect((error as Error).message).toMatch(
        new RegExp(`submit\\.${field}: \\{callbackUrl\\} .* the worker's file names none; nothing was sent`),
      );
    }
  } finally {
    await without.close();
  }
  const inPath = await refused(harness.lro, { connection: 'jobs', submit: { path: `/jobs/{callbackUrl}?name=${name}` } });
  expect((inPath as Error).message).toContain('submit.path: {callbackUrl} has its place in the query');
  expect(service.jobs.has(name)).toBe(false);
});

test('of calls that are lost, doubled and forged no operation is lost, and none ends wrong', async () => {
  const own = await CallbackService.start(IS_LONG ? 5 : 1);
  const webhooks = { publicUrl: `http://${receiver.address}`, secret: { env: 'LRO_TEST_WEBHOOK_SECRET' } };
  const config = testConfig({ jobs: { baseUrl: own.url, limits: { submitsPerSecond: 1000 } } }, { webhooks }, env);
  const worker = await startTestHarness(config, { http: { env } });
  const count = IS_LONG ? 1000 : 60;
  const names = Array.from({ length: count }, (_, index) => `n${index}-${randomUUID()}`);
  const isDropped = (index: number): boolean => index % 10 < 3;
  const lateMs: number[] = [];
  try {
    const batch = await worker.lro.startBatch({
      items: names.map((name) => ({ id: name, ...operation(name, 'body') })),
      maxInFlight: count,
    });
    const ended = names.map(async (name, index) => {
      const job = await own.until(name, 0);
      if (IS_LONG) await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 60_000));
      // A forged one, and one of somebody who has the URL and says that it has failed, come before its end.
      const forged = job.callbackUrl!.replace(/.{20}$/, 'x'.repeat(20));
      expect((await fetch(forged, { method: 'POST', body: '{"status":"succeeded"}' })).status).toBe(404);
      if (index % 10 === 9) await own.callBack(job);
      own.finish(name);
      if (isDropped(index)) return;
      const calledAtMs = performance.now();
      const codes = await own.callBack(job, index % 10 < 6 ? 2 : 1);
      expect(new Set(codes)).toEqual(new Set([204]));
      await own.until(name, job.knownAtMs === undefined ? job.polls + 1 : 0);
      if (job.knownAtMs !== undefined) lateMs.push(job.knownAtMs - calledAtMs);
    });
    await Promise.all(ended);
    const { counts } = await batch.result();
    expect(counts).toMatchObject({ succeeded: count });
    const jobs = [...own.jobs.values()];
    expect(jobs.map(({ submits }) => submits)).toEqual(Array<number>(count).fill(1));
    // None was told before it was so.
    expect(jobs.filter(({ knownAtMs = 0, doneAtMs = Infinity }) => knownAtMs < doneAtMs)).toEqual([]);
    if (IS_LONG) {
      const sorted = lateMs.sort((a, b) => a - b);
      const at = (part: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
      console.log(`asked after a delivered call: ${sorted.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
    }
  } finally {
    await worker.close();
    await own.close();
  }
});

test('polls of an operation that is called about are as slow as its connection says, and come all the same', async () => {
  const quick = await CallbackService.start(0);
  const webhooks = { publicUrl: `http://${receiver.address}`, secret: { env: 'LRO_TEST_WEBHOOK_SECRET' } };
  const config = testConfig({ jobs: { baseUrl: quick.url, webhooks: { pollSeconds: 1 } } }, { webhooks }, env);
  const worker = await startTestHarness(config, { http: { env } });
  const name = `slow-${randomUUID()}`;
  try {
    const handle = await worker.lro.start(operation(name));
    const job = await quick.until(name, 1);
    const progress = await eventually(
      () => handle.progress(),
      ({ polls, phase }) => polls > 0 && phase === 'waiting',
    );
    expect(Date.parse(progress.nextPollAt ?? '') - Date.parse(progress.lastPollAt ?? '')).toBeGreaterThanOrEqual(1000);
    quick.finish(name);
    expect(await handle.result()).toMatchObject({ status: 'Succeeded' });
    expect(job.submits).toBe(1);
  } finally {
    await worker.close();
    await quick.close();
  }
});
