/**
 * A service that points elsewhere: whatever it names, no credential arrives at another host, and the operation ends with a reason.
 * The other host is a second emulator, whose record of raw requests is searched.
 */
import { OperationError } from '../../src/client';
import type { OperationInput, OperationOptions } from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { testConfig, type ConnectionYaml } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

const KEYS = {
  LRO_TEST_QUERY_KEY: 'query-key-5d1c0f',
  LRO_TEST_HEADER_KEY: 'header-key-77ab21',
  LRO_TEST_BEARER: 'bearer-token-9e03aa',
  LRO_TEST_SAS: 'sas-token-1f4b7c',
};
const AUTHS = {
  query: { type: 'key', in: 'query', name: 'subscription-key', value: { env: 'LRO_TEST_QUERY_KEY' } },
  header: { type: 'key', in: 'header', name: 'subscription-key', value: { env: 'LRO_TEST_HEADER_KEY' } },
  bearer: { type: 'bearer', value: { env: 'LRO_TEST_BEARER' } },
  sas: { type: 'sas', value: { env: 'LRO_TEST_SAS' } },
};
const CONNECTION_HEADER = { 'x-ms-client-id': 'client-id-31e8d2' };
const NAMES = Object.keys(AUTHS) as (keyof typeof AUTHS)[];

let service: Emulator;
let stranger: Emulator;
/** The same machine under its other name is another host, too. */
let strangerByName: string;
let harness: TestHarness;
let scripts = 0;

beforeAll(async () => {
  Object.assign(process.env, KEYS);
  [service, stranger] = await Promise.all([startEmulator(), startEmulator()]);
  strangerByName = `http://localhost:${stranger.port}`;
  const poll = { defaultSeconds: 0, maxUnreadable: 3, unreadableSeconds: 0 };
  const connections = NAMES.flatMap((name) =>
    (['refuse', 'withoutCredentials'] as const).map((otherHosts): [string, ConnectionYaml] => [
      `${name}-${otherHosts}`,
      { baseUrl: service.url, query: { 'api-version': '2.0' }, headers: CONNECTION_HEADER, auth: AUTHS[name], otherHosts, poll },
    ]),
  );
  harness = await startTestHarness(testConfig(Object.fromEntries(connections)));
});

afterEach(async () => {
  const requests = await stranger.admin.requests();
  // As they came: names, values, query and path.
  const seen = JSON.stringify(requests).toLowerCase();
  for (const secret of [...Object.values(KEYS), ...Object.values(CONNECTION_HEADER)]) expect(seen).not.toContain(secret);
  for (const { headers, query } of requests) {
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('subscription-key');
    expect(query).not.toContain('subscription-key');
  }
  await stranger.admin.reset();
});

afterAll(async () => {
  await harness.close();
  await service.close();
  await stranger.close();
});

/** A service that plays these routes; `{there}` is the other host. */
async function play(routes: Script['routes'], there = stranger.url): Promise<string> {
  const text = JSON.stringify({ name: `s${scripts++}`, routes }).replaceAll('{there}', there);
  const { url } = await service.admin.addScript(JSON.parse(text) as Script);
  return new URL(url).pathname;
}

/** What the other host answers, so that a request that came would succeed. */
async function strangerAnswers(body: object): Promise<string> {
  const { url } = await stranger.admin.addScript({ name: 'there', routes: [{ method: '*', path: '/x', answers: [{ body }] }] });
  return new URL(url).pathname + '/x';
}

const ACCEPTED = (statusUrl: string) => ({
  method: 'POST',
  path: '/submit',
  answers: [
    {
      httpStatus: 202,
      headers: { 'operation-location': statusUrl, 'set-cookie': 'ARRAffinity=cookie-of-the-service', 'retry-after': '0' },
    },
  ],
});

function input(base: string, connection: string, more: OperationOptions = {}): OperationInput {
  return { connection, submit: { path: `${base}/submit` }, ...more };
}

async function failureOf(operation: OperationInput) {
  const error: unknown = await harness.lro.execute(operation).catch((err: unknown) => err);
  expect(error).toBeInstanceOf(OperationError);
  return (error as OperationError).details;
}

describe.each(NAMES)('with %s credentials', (name) => {
  test.each([
    ['another port', () => stranger.url],
    ['another name', () => strangerByName],
  ])('a status URL at %s is refused, and nothing is sent there', async (_, where) => {
    const base = await play([ACCEPTED('{there}/operations/op-1')], where());
    const details = await failureOf(input(base, `${name}-refuse`));
    expect(details).toMatchObject({ type: 'UntrustedUrl', statusUrl: expect.stringContaining(`${where()}/operations/op-1`) });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('where the connection says so, it is polled without credentials', async () => {
    const there = await strangerAnswers({ status: 'Succeeded' });
    const base = await play([ACCEPTED(`{there}${there}`)]);
    const result = await harness.lro.execute(input(base, `${name}-withoutCredentials`));
    expect(result.status).toBe('Succeeded');
    expect(await stranger.admin.requests({ method: 'GET' })).toHaveLength(1);
  });

  test('a status URL that moves to another host is refused, and nothing is sent there', async () => {
    const moved = { headers: { 'operation-location': '{there}/operations/op-1', 'retry-after': '0' }, body: { status: 'Running' } };
    const base = await play([ACCEPTED('{base}/status'), { path: '/status', answers: [moved] }]);
    expect(await failureOf(input(base, `${name}-refuse`))).toMatchObject({ type: 'UntrustedUrl' });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('a status URL that redirects to another host is not followed there: it may be a login page', async () => {
    const redirect = { httpStatus: 307, headers: { location: '{there}/operations/op-1' } };
    const base = await play([ACCEPTED('{base}/status'), { path: '/status', answers: [redirect] }]);
    expect(await failureOf(input(base, `${name}-refuse`))).toMatchObject({
      type: 'ProtocolError',
      message: expect.stringContaining('may be a login page'),
    });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('where the connection says so, a redirect is followed without credentials', async () => {
    const there = await strangerAnswers({ status: 'Succeeded' });
    const redirect = { httpStatus: 302, headers: { location: `{there}${there}` } };
    const base = await play([ACCEPTED('{base}/status'), { path: '/status', answers: [redirect] }]);
    expect(await harness.lro.execute(input(base, `${name}-withoutCredentials`))).toMatchObject({ status: 'Succeeded' });
    expect(await stranger.admin.requests({ method: 'GET' })).toHaveLength(1);
  });

  test.each([
    [
      'a resourceLocation',
      { body: { status: 'Succeeded', resourceLocation: '{there}/tilesets/t1' } },
      { body: expect.stringContaining('refused') },
    ],
    [
      'a Resource-Location header',
      { headers: { 'resource-location': '"{there}/tilesets/t1"' }, body: { status: 'Succeeded' } },
      { resource: expect.stringContaining('refused') },
    ],
    [
      'a resultUrl',
      { body: { status: 'Completed', result: { resultUrl: '{there}/tilesets/t1' } } },
      { resource: expect.stringContaining('refused') },
    ],
  ])('%s at another host is reported, not read, and the operation has succeeded', async (_, answer, missing) => {
    const base = await play([ACCEPTED('{base}/status'), { path: '/status', answers: [answer] }]);
    const result = await harness.lro.execute(input(base, `${name}-refuse`, { fetchResource: true }));
    expect(result).toMatchObject({ resourceLocation: `${stranger.url}/tilesets/t1`, resourceId: 't1', missing });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('a cancel URL at another host is not called, and the memo says so', async () => {
    const base = await play([
      ACCEPTED('{base}/status'),
      { path: '/status', answers: [{ headers: { 'retry-after': '3600' }, body: { status: 'Running' } }] },
    ]);
    const handle = await harness.lro.startAndWaitAccepted(
      input(base, `${name}-refuse`, { cancel: { path: `${stranger.url}/cancel/{operationId}` } }),
    );
    await service.admin.waitForRequests({ path: `${base}/status`, answered: true });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ name: 'OperationCancelledError' });
    const { memo } = await harness.client.workflow.getHandle(handle.id).describe();
    expect(memo).toMatchObject({ cancel: expect.stringContaining('not told') });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('a submit is never redirected', async () => {
    const redirect = { httpStatus: 307, headers: { location: '{there}/submit' } };
    const base = await play([{ method: 'POST', path: '/submit', answers: [redirect] }]);
    expect(await failureOf(input(base, `${name}-withoutCredentials`))).toMatchObject({ type: 'ProtocolError' });
    expect(await stranger.admin.requests()).toEqual([]);
  });

  test('a caller cannot attach to another host', async () => {
    const details = await failureOf({ connection: `${name}-refuse`, attach: { statusUrl: `${stranger.url}/operations/op-1` } });
    expect(details).toMatchObject({ type: 'UntrustedUrl' });
    expect(await stranger.admin.requests()).toEqual([]);
  });
});
