/**
 * Answers that are too large, too many, too slow, too deep or strange: each operation ends typed and within bounds, and none wedges its
 * workflow. A service that is dead is waited for until the deadline.
 */
import { deflateRawSync, gzipSync } from 'node:zlib';
import { OperationError } from '../../src/client';
import {
  MAX_KEPT_BYTES,
  type FailureDetails,
  type OperationInput,
  type OperationOptions,
  type OperationProgress,
} from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

let emulator: Emulator;
let harness: TestHarness;
let scripts = 0;

beforeAll(async () => {
  emulator = await startEmulator();
  harness = await startTestHarness(
    testConfig({
      default: { baseUrl: emulator.url, limits: { timeoutSeconds: 5 }, poll: { maxUnreadable: 2, unreadableSeconds: 0 } },
      impatient: { baseUrl: emulator.url, limits: { timeoutSeconds: 1 }, poll: { maxUnreadable: 2, unreadableSeconds: 0 } },
    }),
  );
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
});

type Route = Script['routes'][number];
type Answer = Route['answers'][number];

const ACCEPTED: Answer = { httpStatus: 202, headers: { 'operation-location': '{base}/status', 'retry-after': '0' } };

async function play(routes: { submit?: Answer; status?: Answer; thing?: Answer }): Promise<string> {
  const { submit = ACCEPTED, status, thing } = routes;
  const script: Script = {
    name: `oversize-${scripts++}`,
    routes: [
      { method: 'POST', path: '/submit', answers: [submit] },
      ...(status ? [{ path: '/status', answers: [status] }] : []),
      ...(thing ? [{ path: '/thing', answers: [thing] }] : []),
    ],
  };
  return new URL((await emulator.admin.addScript(script)).url).pathname;
}

function operation(base: string, more: OperationOptions = {}): OperationInput {
  return { submit: { path: `${base}/submit` }, ...more };
}

async function failureOf(input: OperationInput): Promise<FailureDetails> {
  const error: unknown = await harness.lro.execute(input).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(OperationError);
  const { details } = error as OperationError;
  expect(bytes(details)).toBeLessThan(3 * MAX_KEPT_BYTES);
  expect(details.message.length).toBeLessThan(3000);
  expect(details.message).not.toMatch(CONTROL);
  return details;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value ?? null));
}

const raw = (text: string): Pick<Answer, 'rawBody'> => ({ rawBody: Buffer.from(text).toString('base64') });

describe('a body that is too large', () => {
  test.concurrent('of an error, 10 MB: the submit is rejected with what is kept of it', async () => {
    const base = await play({
      submit: { httpStatus: 400, body: { error: { code: 'TooMuch', message: 'the drawing is wrong' } }, hugeBody: { bytes: 10_000_000 } },
    });
    const details = await failureOf(operation(base));
    expect(details).toMatchObject({
      type: 'SubmissionRejected',
      httpStatus: 400,
      message: expect.stringContaining('the drawing is wrong'),
    });
    expect(details.truncated).toBeDefined();
  });

  test.concurrent('of a status, 3 MB at the end: the operation succeeds, with its body cut and named', async () => {
    const base = await play({ status: { body: { status: 'Succeeded', operationId: 'op-1' }, hugeBody: { bytes: 3_000_000 } } });
    const result = await harness.lro.execute(operation(base));
    expect(result).toMatchObject({ status: 'Succeeded', operationId: 'op-1', truncated: ['body'] });
    expect(bytes(result.body)).toBeLessThanOrEqual(MAX_KEPT_BYTES);
  });

  test.concurrent('of a resource, 3 MB: the operation succeeds, with the resource cut and named', async () => {
    const base = await play({
      status: { headers: { 'resource-location': '{base}/thing' }, body: { status: 'Succeeded' } },
      thing: { body: { name: 't1' }, hugeBody: { bytes: 3_000_000 } },
    });
    const result = await harness.lro.execute(operation(base, { fetchResource: true }));
    expect(result).toMatchObject({ status: 'Succeeded', resource: { name: 't1' }, truncated: ['resource'] });
    expect(bytes(result.resource)).toBeLessThanOrEqual(MAX_KEPT_BYTES);
  });

  test.concurrent(
    'of a failure, 1 MB of nested details: the deepest words are the message, and what is kept of the error is cut',
    async () => {
      let error: object = { code: 'DwgError', message: 'layer EXTERIOR is empty', filler: 'x'.repeat(1_000_000) };
      for (let level = 0; level < 20; level++) error = { code: `Level${level}`, details: [error] };
      const base = await play({ status: { body: { status: 'Failed', error } } });
      const details = await failureOf(operation(base));
      expect(details).toMatchObject({
        type: 'OperationFailed',
        message: expect.stringContaining('layer EXTERIOR is empty'),
        truncated: ['error'],
      });
    },
  );

  test.concurrent.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000, 'x'))],
    ['deflate', deflateRawSync(Buffer.alloc(50_000_000, 'x'))],
  ])('after decompression (%s): reading stops at the limit', async (encoding, bomb) => {
    const base = await play({
      submit: { httpStatus: 400, headers: { 'content-encoding': encoding }, rawBody: bomb.toString('base64') },
    });
    expect(await failureOf(operation(base))).toMatchObject({ type: 'SubmissionRejected', httpStatus: 400 });
  });
});

test.concurrent('an answer with a thousand headers is read', async () => {
  const base = await play({ status: { body: { status: 'Succeeded' }, manyHeaders: { count: 1000, bytesEach: 200 } } });
  expect(await harness.lro.execute(operation(base))).toMatchObject({ status: 'Succeeded' });
});

test.concurrent('an answer with more headers than are read says so, and is waited out', async () => {
  const base = await play({ status: { body: { status: 'Succeeded' }, manyHeaders: { count: 1100, bytesEach: 1000 } } });
  const details = await failureOf(operation(base, { deadlineSeconds: 3 }));
  expect(details).toMatchObject({ type: 'DeadlineExceeded', message: expect.stringContaining('headers') });
});

describe('a body without end', () => {
  test.concurrent('as fast as it is read: it is cut at the limit, and read as far as it goes', async () => {
    const base = await play({ status: { endlessBody: {} } });
    const details = await failureOf(operation(base, { deadlineSeconds: 3 }));
    // Its beginning says "Running".
    expect(details).toMatchObject({ type: 'DeadlineExceeded', message: expect.stringContaining('Running') });
  });

  test.concurrent('dripping: it is given up in time, read again a few times, and then a protocol error', async () => {
    const base = await play({ status: { endlessBody: { bytesPerSecond: 100 } } });
    const details = await failureOf({ ...operation(base), connection: 'impatient' });
    expect(details).toMatchObject({ type: 'ProtocolError', statusUrl: expect.stringContaining(`${base}/status`) });
  });

  test.concurrent('of a submit: an acceptance with a status URL is one, whatever its body', async () => {
    const base = await play({ submit: { ...ACCEPTED, endlessBody: {} }, status: { body: { status: 'Succeeded' } } });
    expect(await harness.lro.execute(operation(base))).toMatchObject({ status: 'Succeeded' });
  });

  test.concurrent('dripping under a submit that may not be repeated: nobody knows', async () => {
    const base = await play({ submit: { httpStatus: 200, endlessBody: { bytesPerSecond: 100 } } });
    const details = await failureOf({ ...operation(base, { onUncertainSubmit: 'fail' }), connection: 'impatient' });
    expect(details).toMatchObject({ type: 'SubmissionUncertain' });
  });
});

describe('JSON of 100,000 levels', () => {
  const deep = (inner: string): string => `${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}`;

  test.concurrent('as a result: the operation succeeds, with its body cut', async () => {
    const base = await play({ status: raw(`{"status":"Succeeded","result":${deep('1')}}`) });
    const result = await harness.lro.execute(operation(base));
    expect(result).toMatchObject({ status: 'Succeeded', truncated: ['body'] });
  });

  test.concurrent('as an error: the operation fails with what is kept of it', async () => {
    const nested = `${'{"details":['.repeat(50_000)}{"message":"deep"}${']}'.repeat(50_000)}`;
    const base = await play({ status: raw(`{"status":"Failed","error":${nested}}`) });
    expect(await failureOf(operation(base))).toMatchObject({ type: 'OperationFailed', truncated: ['error'] });
  });

  test.concurrent('as a rejection: the submit is rejected', async () => {
    const base = await play({ submit: { httpStatus: 400, ...raw(deep('"no"')) } });
    expect(await failureOf(operation(base))).toMatchObject({ type: 'SubmissionRejected', httpStatus: 400 });
  });
});

test.concurrent('NUL, control characters and halves of characters in messages are tamed, and the error is kept as it was', async () => {
  const base = await play({
    submit: {
      httpStatus: 400,
      ...raw('{"error":{"code":"Bad\\u0000Code","message":"line one\\r\\nline two\\u0007\\u001b[31m \\ud800 end"}}'),
    },
  });
  const details = await failureOf(operation(base));
  expect(details).toMatchObject({ type: 'SubmissionRejected', message: expect.stringContaining('line two') });
  expect(details.error).toMatchObject({ code: 'Bad\u0000Code' });
});

test.concurrent('status words, ids and times of absurd length are kept short', async () => {
  const long = 'x'.repeat(100_000);
  const base = await play({ status: { body: { status: long, operationId: long, created: long } } });
  const details = await failureOf(operation(base, { deadlineSeconds: 2 }));
  expect(details).toMatchObject({ type: 'DeadlineExceeded' });
  expect(bytes(details)).toBeLessThan(4096);
});

test.concurrent('a status URL that is too long to be kept is a protocol error', async () => {
  const base = await play({ submit: { httpStatus: 202, headers: { 'operation-location': `{base}/status?x=${'y'.repeat(20_000)}` } } });
  expect(await failureOf(operation(base))).toMatchObject({ type: 'ProtocolError', httpStatus: 202 });
});

describe('a dead service', () => {
  test.concurrent('is waited for, says why, and ends at the deadline with the status URL to attach to', async () => {
    const service = await startEmulator({ operationSeconds: 3600, retryAfterSeconds: 0 });
    const mortal = await startTestHarness(testConfig({ default: { baseUrl: service.url, query: { 'api-version': '2.0' } } }));
    const handle = await mortal.lro.startAndWaitAccepted({
      submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
      deadlineSeconds: 6,
    });
    await service.close();
    const problems: OperationProgress[] = [];
    const end = handle.result().catch((err: unknown) => err);
    // The operation itself says when it has noticed.
    for (let ended = false; !ended && problems.length === 0;) {
      const progress = await handle.progress();
      ended = progress.phase === 'failed';
      if (progress.lastProblem !== undefined) problems.push(progress);
    }
    expect(problems[0]).toMatchObject({
      phase: expect.stringMatching(/waiting|asking/),
      lastProblem: { message: expect.stringMatching(/refused|closed/) },
    });
    const error = await end;
    expect(error).toBeInstanceOf(OperationError);
    expect((error as OperationError).details).toMatchObject({
      type: 'DeadlineExceeded',
      statusUrl: handle.acceptance.statusUrl,
      message: expect.stringContaining('connection refused'),
    });
    await mortal.close();
  });
});
