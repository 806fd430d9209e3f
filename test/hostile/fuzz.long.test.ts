/**
 * Hostile callers and hostile services at once, against a worker process and a real server. Whatever they do: no workflow task fails, no
 * activity is tried more than ten times, every workflow ends when it is cancelled, nothing that is passed on is above 1 MiB, and the worker's
 * event loop is never kept busy for 100 ms. Always the same 30 scenarios; `LRO_LONG=1`: 600 other ones each time.
 */
import type { ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { RawValue } from '@temporalio/common';
import fc from 'fast-check';
import { MAX_BUSY_MS } from '../support/event-loop';
import { tooLarge } from '../support/footprint';
import { scenario, written, type PlayedAnswer, type Scenario } from './arbitraries';
import { HostileHarness, type Handle } from './harness';
import type { Asked } from './service';

const LONG = process.env['LRO_LONG'] === '1';
jest.setTimeout(LONG ? 1_800_000 : 90_000);

/** What the service answers to each scenario. */
const playing = new Map<string, { answers: PlayedAnswer[]; asked: number }>();

async function answer({ url }: Asked, response: ServerResponse, base: string): Promise<void> {
  const id = /^\/f\/([^/]+)\//.exec(url)?.[1] ?? '';
  const played = playing.get(id);
  const next = played?.answers[Math.min(played.asked++, played.answers.length - 1)];
  if (next === undefined) {
    response.writeHead(404).end();
    return;
  }
  const filled = (text: string): string => text.replaceAll('{base}', base).replaceAll('{id}', id);
  for (const [name, value] of Object.entries(next.headers)) {
    response.setHeader(name, typeof value === 'string' ? filled(value) : value.map(filled));
  }
  response.writeHead(next.httpStatus);
  await sendBody(response, Buffer.from(next.body), next.pace);
}

/** Bytes that are sent one by one; the others follow at once. */
const SINGLE_BYTES = LONG ? 20_000 : 2000;

async function sendBody(response: ServerResponse, body: Buffer, pace: PlayedAnswer['pace']): Promise<void> {
  if (pace === 'cut') {
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
    return;
  }
  const single = pace === 'byteByByte' ? Math.min(body.length, SINGLE_BYTES) : 0;
  for (let at = 0; at < single && !response.destroyed; at++) {
    response.write(body.subarray(at, at + 1));
    if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  response.end(body.subarray(single));
}

let harness: HostileHarness;
beforeAll(async () => {
  const poll = { maxUnreadable: 2, unreadableSeconds: 0, goneAfterSeconds: 1, maxSeconds: 2 };
  harness = await HostileHarness.open(answer, { connection: { poll, limits: { submitsPerSecond: 1000, timeoutSeconds: 2 } } });
});
afterAll(() => harness.close());

/** What a caller in any language can write, as it goes over the wire. `{id}` and `{firstRunId}` are the scenario's own. */
function payload(value: unknown, names: Record<string, string>): RawValue {
  const text = written(value).replace(/\{(id|firstRunId)\}/g, (_, name: string) => names[name] ?? '');
  return RawValue.fromPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) });
}

/** After so long a workflow that has not ended is cancelled, and after so long again it must have. */
const PATIENCE_MS = 4000;
const END_SECONDS = 40;

async function run({ type, args, options, messages, answers }: Scenario): Promise<string[]> {
  const id = randomUUID();
  playing.set(id, { answers, asked: 0 });
  const given = args.map((one) => payload(one, { id }));
  let handle: Handle;
  try {
    handle = await harness.start(type, given, options);
  } catch {
    // The client cannot write it, or the server does not take it: nothing has begun.
    return [];
  }
  const { workflowId, firstExecutionRunId: runId } = handle;
  try {
    await Promise.all(
      messages.map(({ kind, name, args: sent }) =>
        say(
          workflowId,
          kind,
          name,
          sent.map((one) => payload(one, { id, firstRunId: runId })),
        ),
      ),
    );
    const troubles = await judged(handle, given);
    return troubles.map((trouble) => `${type} with ${messages.map(({ name }) => name).join(', ')}: ${trouble}`);
  } finally {
    // With a cron schedule another run waits.
    await harness.client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined);
    playing.delete(id);
  }
}

/** What nobody expects may be refused, or come too late. */
async function say(workflowId: string, kind: 'signal' | 'update', name: string, args: unknown[]): Promise<void> {
  const handle = harness.client.workflow.getHandle(workflowId);
  const sent =
    kind === 'signal' ? handle.signal(name, ...args) : handle.startUpdate(name, { args: args as [unknown], waitForStage: 'ACCEPTED' });
  await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]).catch(() => undefined);
}

async function judged(handle: Handle, given: RawValue[]): Promise<string[]> {
  const first = harness.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId, { followRuns: false });
  const cancel = setTimeout(() => void first.cancel().catch(() => undefined), PATIENCE_MS);
  const troubles: string[] = [];
  try {
    await harness.end(
      { workflowId: handle.workflowId, firstExecutionRunId: handle.firstExecutionRunId, result: () => first.result() },
      END_SECONDS,
    );
  } catch (error) {
    troubles.push(String(error));
  }
  clearTimeout(cancel);
  const footprint = await harness.footprint(handle);
  const givenBytes = Math.max(0, ...given.map(({ payload: { data } }) => data?.length ?? 0));
  return [...troubles, ...footprint.troubles, ...tooLarge(footprint, givenBytes).map(({ bytes, where }) => `${bytes} bytes in ${where}`)];
}

test('whatever callers and services do, workflows go on and end, and what they pass on is bounded', async () => {
  const property = fc.asyncProperty(fc.array(scenario, { minLength: 15, maxLength: 15 }), async (scenarios) => {
    const troubles = await Promise.all(scenarios.map(run));
    expect(troubles.flat()).toEqual([]);
  });
  // Not `assert`: it would write out scenarios of megabytes, and some that are too deep to be written.
  const { seed, errorInstance } = await fc.check(
    property,
    LONG ? { numRuns: 40, endOnFailure: true } : { numRuns: 2, seed: 11, endOnFailure: true },
  );
  if (errorInstance !== null) throw new Error(`seed ${seed}: ${(errorInstance as Error).message}`);
});

test('and the worker kept its event loop free all the while', () => {
  expect(harness.longestMs()).toBeLessThan(MAX_BUSY_MS);
});
