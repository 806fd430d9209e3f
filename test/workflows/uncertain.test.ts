/** A submit of which nobody knows whether it arrived, in both modes, against a service that knows idempotency keys and one that does not. */
import { ApplicationFailure } from '@temporalio/common';
import type { OperationInput } from '../../src/contract';
import { startEmulator, type Emulator, type Fault } from '../../src/emulator';
import { testConfig } from '../support/config';
import { openHarness, sharedServer, type Harness } from './harness';

let server: Awaited<ReturnType<typeof sharedServer>>;
let emulator: Emulator;
let harness: Harness;

beforeAll(async () => {
  [server, emulator] = await Promise.all([sharedServer(), startEmulator({ retryAfterSeconds: 0, operationSeconds: 0 })]);
  harness = await openHarness(server, { config: testConfig({ default: { baseUrl: emulator.url, query: { 'api-version': '2.0' } } }) });
});

beforeEach(() => emulator.admin.reset());

afterAll(async () => {
  await harness.close();
  await emulator.close();
  await server.close();
});

const INPUT: OperationInput = {
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } },
};
const POST = { method: 'POST', path: '^/mapData$' };
const UNCERTAIN: [string, Fault['action']][] = [
  ['is cut after it was accepted', { cut: 'afterAccept' }],
  ['is cut before it was accepted', { cut: 'beforeAccept' }],
  ['is answered with 500 after it was accepted', { answerAfterAccept: { httpStatus: 500 } }],
  ['is answered with 504 by a gateway', { answerAfterAccept: { httpStatus: 504 } }],
];

describe.each(UNCERTAIN)('a submit that %s', (_, action) => {
  test('is sent again with the same key, and the service makes one operation of it', async () => {
    await emulator.admin.addFault({ match: POST, times: 2, action });
    const handle = await harness.start(INPUT);
    expect(await handle.result()).toMatchObject({ status: 'Succeeded' });
    const { operations, submits } = await emulator.admin.operations();
    expect(operations).toHaveLength(1);
    expect(submits.map(({ count }) => count)).toEqual([3]);
    const posts = await emulator.admin.requests({ method: 'POST', path: POST.path });
    expect(new Set(posts.map(({ headers }) => headers['repeatability-first-sent'])).size).toBe(1);
  });

  test('is not sent again where the caller forbids it, and the failure says what nobody knows', async () => {
    await emulator.admin.addFault({ match: POST, times: 1, action });
    const handle = await harness.start({ ...INPUT, onUncertainSubmit: 'fail' });
    const error: unknown = await handle.result().catch((err: unknown) => err);
    const cause = (error as Error).cause;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'SubmissionUncertain', message: expect.stringContaining('nobody knows') });
    expect(await emulator.admin.requests({ method: 'POST', path: POST.path })).toHaveLength(1);
  });
});

test('a rejection that follows an uncertain try says that the earlier one may have been accepted', async () => {
  await emulator.admin.addFault({ match: POST, times: 1, action: { cut: 'afterAccept' } });
  await emulator.admin.addFault({ match: POST, times: 1, action: { answer: { httpStatus: 409, body: { error: { message: 'exists' } } } } });
  const handle = await harness.start(INPUT);
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'SubmissionRejected', message: expect.stringContaining('an earlier try of this submit may have been accepted') },
  });
});

test('a service that does not know idempotency headers is named, with the setting that turns them off', async () => {
  await emulator.admin.addFault({ match: POST, times: 1, action: { answer: { httpStatus: 501 } } });
  const handle = await harness.start(INPUT);
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'ProtocolError', message: expect.stringContaining('idempotencyHeaders: []') },
  });
});
