import type { Emulator } from '../../src/emulator';
import { startEmulator } from '../../src/emulator';

const version = 'api-version=2025-01-01';
let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
  await emulator.admin.setDefaults({ hold: true });
});
afterEach(() => emulator.close());

const call = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${emulator.url}/dialects${path}${path.includes('?') ? '&' : '?'}${version}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

async function poll(url: string | null): Promise<{ httpStatus: number; body: Record<string, unknown>; headers: Headers }> {
  const answer = await fetch(url ?? 'http://missing.test');
  const text = await answer.text();
  return { httpStatus: answer.status, headers: answer.headers, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

async function finish(status: 'Succeeded' | 'Failed' | 'Canceled' = 'Succeeded'): Promise<void> {
  const { operations } = await emulator.admin.operations();
  await emulator.admin.changeOperation(operations.at(-1)!.operationId, { finish: status });
}

describe('data-plane', () => {
  it.each(['body', 'resourceLocation', 'location', 'none'])('names its monitor in Operation-Location; result: %s', async (place) => {
    const accepted = await call('POST', `/data-plane/jobs?result=${place}`, { a: 1 });
    const statusUrl = accepted.headers.get('operation-location');
    expect(accepted.status).toBe(202);
    expect(await poll(statusUrl)).toMatchObject({ httpStatus: 200, body: { status: 'NotStarted' } });
    await finish();
    const { body } = await poll(statusUrl);
    const result = { path: '/jobs', input: { a: 1 } };
    expect(body).toMatchObject({ status: 'Succeeded', ...(place === 'body' ? { result } : {}) });
    const url = place === 'location' ? accepted.headers.get('location') : (body.resourceLocation as string | undefined);
    if (url !== undefined && url !== null) expect((await poll(url)).body).toEqual(result);
    expect(url === undefined || url === null).toBe(place === 'body' || place === 'none');
  });

  it('shows a failure in the body of the monitor', async () => {
    const accepted = await call('POST', '/data-plane/jobs', {});
    await finish('Failed');
    expect(await poll(accepted.headers.get('operation-location'))).toMatchObject({
      httpStatus: 200,
      body: { status: 'Failed', error: { code: 'InternalError' } },
    });
  });

  it('makes a resource by PUT, and wants api-version', async () => {
    const made = await call('PUT', '/data-plane/indexes/i1', { properties: { size: 2 } });
    expect(made.status).toBe(201);
    await finish();
    expect(await (await call('GET', '/data-plane/indexes/i1')).json()).toMatchObject({ name: 'i1', properties: { size: 2 } });
    expect((await fetch(`${emulator.url}/dialects/data-plane/indexes/i1`)).status).toBe(400);
  });
});

it('route-matrix says Completed and where the matrix is', async () => {
  const accepted = await call('POST', '/route-matrix/route/matrix', { type: 'FeatureCollection' });
  await finish();
  const { body } = await poll(accepted.headers.get('operation-location'));
  expect(body.status).toBe('Completed');
  expect((await poll((body.result as { resultUrl: string }).resultUrl)).body).toMatchObject({ properties: { matrix: [] } });
});

describe('arm-async', () => {
  it('PUT: Azure-AsyncOperation, and a resource with its provisioningState', async () => {
    const made = await call('PUT', '/arm-async/things/t1', { properties: { color: 'red' } });
    expect([made.status, made.headers.get('location')]).toEqual([201, null]);
    expect(await made.json()).toMatchObject({ name: 't1', properties: { color: 'red', provisioningState: 'Creating' } });
    await finish();
    expect(await poll(made.headers.get('azure-asyncoperation'))).toMatchObject({ httpStatus: 200, body: { status: 'Succeeded' } });
    expect(await (await call('GET', '/arm-async/things/t1')).json()).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
  });

  it('POST: Location is 202 until it is the result', async () => {
    const accepted = await call('POST', '/arm-async/things/t1/restart', { hard: true });
    expect(await poll(accepted.headers.get('location'))).toMatchObject({ httpStatus: 202 });
    expect((await poll(accepted.headers.get('azure-asyncoperation'))).body.status).toBe('Accepted');
    await finish();
    expect(await poll(accepted.headers.get('location'))).toMatchObject({ httpStatus: 200, body: { input: { hard: true } } });
  });

  it('DELETE: the resource is there until the delete has succeeded', async () => {
    expect((await call('DELETE', '/arm-async/things/t1')).status).toBe(204);
    await call('PUT', '/arm-async/things/t1', {});
    await finish();
    const accepted = await call('DELETE', '/arm-async/things/t1');
    expect((await call('GET', '/arm-async/things/t1')).status).toBe(200);
    await finish();
    expect((await poll(accepted.headers.get('location'))).httpStatus).toBe(204);
    expect((await call('GET', '/arm-async/things/t1')).status).toBe(404);
  });
});

describe('arm-location', () => {
  it('has nothing but a Location, which ends as the resource', async () => {
    const made = await call('PUT', '/arm-location/things/t1', { properties: { color: 'red' } });
    expect([made.status, made.headers.get('azure-asyncoperation')]).toEqual([202, null]);
    expect(await poll(made.headers.get('location'))).toMatchObject({ httpStatus: 202 });
    await finish();
    expect(await poll(made.headers.get('location'))).toMatchObject({ httpStatus: 201, body: { properties: { color: 'red' } } });
    const changed = await call('PATCH', '/arm-location/things/t1', { properties: { size: 2 } });
    await finish();
    expect(await poll(changed.headers.get('location'))).toMatchObject({ httpStatus: 200, body: { properties: { color: 'red', size: 2 } } });
    const deleted = await call('DELETE', '/arm-location/things/t1');
    await finish('Failed');
    expect(await poll(deleted.headers.get('location'))).toMatchObject({ httpStatus: 409, body: { error: { code: 'InternalError' } } });
  });
});

it('route-v1 is 202 until it is 200 with the result', async () => {
  const accepted = await call('POST', '/route-v1/route/matrix/json', { origins: [] });
  expect((await poll(accepted.headers.get('location'))).httpStatus).toBe(202);
  await finish();
  expect(await poll(accepted.headers.get('location'))).toMatchObject({ httpStatus: 200, body: { input: { origins: [] } } });
});

it('creator-v1 is 200 with a status, then 201 with a new Location', async () => {
  const accepted = await call('POST', '/creator-v1/tileset/create', {});
  expect(await poll(accepted.headers.get('location'))).toMatchObject({ httpStatus: 200, body: { status: 'NotStarted' } });
  await finish();
  const ended = await poll(accepted.headers.get('location'));
  expect(ended).toMatchObject({ httpStatus: 201, body: { status: 'Succeeded', resourceLocation: ended.headers.get('location') } });
  expect((await poll(ended.headers.get('location'))).httpStatus).toBe(200);
});

it('fabric is 200 with a status, and ends with a Location of the result', async () => {
  const accepted = await call('POST', '/fabric/workspaces/w1/items', { displayName: 'x' });
  await finish();
  const ended = await poll(accepted.headers.get('location'));
  expect(ended).toMatchObject({ httpStatus: 200, body: { status: 'Succeeded', percentComplete: 100 } });
  expect((await poll(ended.headers.get('location'))).body).toMatchObject({ input: { displayName: 'x' } });
});

it('graph-copy has its monitor on another host, which refuses credentials and says 202 to the end', async () => {
  const accepted = await call('POST', '/graph-copy/drive/items/i1/copy', {});
  const statusUrl = accepted.headers.get('location') ?? '';
  expect(new URL(statusUrl).hostname).toBe('localhost');
  const here = statusUrl.replace('localhost', '127.0.0.1');
  expect((await fetch(here, { headers: { authorization: 'Bearer x' } })).status).toBe(401);
  expect(await poll(here)).toMatchObject({ httpStatus: 202, body: { status: 'notStarted' } });
  await finish();
  expect(await poll(here)).toMatchObject({ httpStatus: 202, body: { status: 'completed', resourceId: expect.any(String) as string } });
});

describe('put-resource', () => {
  it.each([
    ['its provisioningState', '', 'Succeeded'],
    ['no state at all', '?finalState=none', undefined],
  ])('is polled itself and ends with %s', async (_what, query, finalState) => {
    const made = await call('PUT', `/put-resource/things/t1${query}`, { properties: { color: 'red' } });
    expect([made.status, made.headers.get('location')]).toEqual([201, null]);
    const url = `${emulator.url}/dialects/put-resource/things/t1?${version}`;
    expect(await poll(url)).toMatchObject({ httpStatus: 200, body: { properties: { provisioningState: 'Creating' } } });
    await finish();
    const { properties } = (await poll(url)).body as { properties: Record<string, unknown> };
    expect(properties).toMatchObject({ color: 'red' });
    expect(properties.provisioningState).toBe(finalState);
  });
});

it('every monitor can move', async () => {
  for (const [path, header] of [
    ['/data-plane/x', 'operation-location'],
    ['/arm-async/x', 'azure-asyncoperation'],
    ['/arm-location/x', 'location'],
  ] as const) {
    const accepted = await call('POST', path, {});
    const { operations } = await emulator.admin.operations();
    await emulator.admin.changeOperation(operations.at(-1)!.operationId, { moveTo: 'fresh', finish: 'Succeeded' });
    const moved = await poll(accepted.headers.get(header));
    expect(moved.headers.get(header)).not.toBe(accepted.headers.get(header));
    expect((await poll(moved.headers.get(header))).httpStatus).toBe(200);
  }
});
