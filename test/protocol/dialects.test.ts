/** Every dialect of the family [protocol.md section 2], from the HTTP answers to the workflow's end. */
import type { FinalStateVia, HttpMethod } from '../../src/contract';
import { accepted, calls, startScriptedService, type Play, type ScriptedService } from './service';

let service: ScriptedService;

beforeAll(async () => {
  service = await startScriptedService({ statusWords: { succeeded: ['partiallySucceeded'], canceled: ['Skipped'] } });
});

afterAll(() => service.close());

const run: ScriptedService['run'] = (...args) => service.run(...args);
const monitored = (...bodies: object[]): Play => ({ 'GET /operations/1': bodies.map((body) => ({ body })) });
const state = (provisioningState: string) => ({ id: '100', properties: { provisioningState } });

describe('Azure data plane: Operation-Location', () => {
  test.concurrent('200 + status until Succeeded, with the result in the body', async () => {
    const result = { translated: 7 };
    const ended = await run({
      'POST /things': accepted(),
      ...monitored({ status: 'NotStarted' }, { status: 'Running' }, { id: '1', status: 'Succeeded', result }),
    });
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 3, operationId: '1', body: { result } });
  });

  test.concurrent.each([
    ['Failed', 'OperationFailed'],
    ['Canceled', 'OperationCanceled'],
    ['skipped', 'OperationCanceled'],
  ])('%s ends as %s', async (status, type) => {
    const ended = await run({ 'POST /things': accepted(), ...monitored({ status, error: { code: 'A', message: 'why' } }) });
    expect(ended.error).toMatchObject({ type, details: { error: { code: 'A' }, statusUrl: `${ended.base}/operations/1` } });
  });

  test.concurrent('words that the connection has added end it', async () => {
    const ended = await run({ 'POST /things': accepted(), ...monitored({ status: 'PartiallySucceeded' }) });
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: { status: 'PartiallySucceeded' } });
  });
});

test.concurrent('Route Matrix: Completed, and the matrix at result.resultUrl', async () => {
  const ended = await run({
    'POST /things': [{ httpStatus: 202, headers: { 'Operation-Location': '{base}/operations/1' }, body: { status: 'NotStarted' } }],
    ...monitored({ status: 'Running' }, { status: 'Completed', result: { resultUrl: '{base}/matrix/m-1' } }),
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', resourceLocation: `${ended.base}/matrix/m-1`, resourceId: 'm-1' });
});

describe('Azure Resource Manager', () => {
  const both = { 'Azure-AsyncOperation': '{base}/operations/1', Location: '{base}/results/1' };

  test.concurrent('Azure-AsyncOperation of a new resource: the monitor, then the resource', async () => {
    const ended = await run(
      {
        'PUT /things': [{ httpStatus: 201, headers: { 'Azure-AsyncOperation': '{base}/operations/1' }, body: state('Creating') }],
        ...monitored({ status: 'InProgress' }, { status: 'Succeeded' }),
        'GET /things': [{ body: state('Succeeded') }],
      },
      { submit: { method: 'PUT', body: { location: 'westus' } } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: state('Succeeded') });
    expect(calls(ended)).toEqual(['PUT /things', 'GET /operations/1', 'GET /operations/1', 'GET /things']);
  });

  test.concurrent('a monitor that says 202 while it runs', async () => {
    const ended = await run({
      'POST /things': accepted(both),
      'GET /operations/1': [{ httpStatus: 202, body: { status: 'Accepted' } }, { body: { status: 'Succeeded' } }],
      'GET /results/1': [{ body: { done: true } }],
    });
    expect(ended.result).toMatchObject({ polls: 2, body: { done: true } });
  });

  test.concurrent.each<[string, number, object | undefined]>([
    ['200 is the result', 200, { id: '100' }],
    ['201 is the result', 201, { id: '100' }],
    ['204 is the end of a delete', 204, undefined],
  ])('Location alone: 202 until %s', async (_what, httpStatus, body) => {
    const ended = await run(
      {
        'DELETE /things': accepted({ Location: '{base}/results/1' }),
        'GET /results/1': [{ httpStatus: 202, headers: { Location: '{base}/results/2' } }, { httpStatus: 202 }],
        'GET /results/2': [{ httpStatus: 202 }, { httpStatus, body }],
      },
      { submit: { method: 'DELETE' } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 3, ...(body === undefined ? {} : { body }) });
    expect(calls(ended)).toEqual(['DELETE /things', 'GET /results/1', 'GET /results/2', 'GET /results/2']);
  });

  test.concurrent('Location alone of a PUT is the result: nothing else is read', async () => {
    const ended = await run(
      {
        'PUT /things': accepted({ Location: '{base}/results/1' }),
        'GET /results/1': [{ httpStatus: 202 }, { body: { id: '100', name: 'foo' } }],
      },
      { submit: { method: 'PUT' } },
    );
    expect(ended.result).toMatchObject({ body: { id: '100', name: 'foo' } });
    expect(calls(ended)).toEqual(['PUT /things', 'GET /results/1', 'GET /results/1']);
  });

  test.concurrent('the result of a failed operation is not read', async () => {
    const ended = await run({
      'POST /things': accepted(both),
      ...monitored({ status: 'Failed', error: { code: 'Quota', message: 'no more cores' } }),
    });
    expect(ended.error).toMatchObject({ type: 'OperationFailed', message: 'operation 1 failed: Quota: no more cores' });
    expect(calls(ended)).toEqual(['POST /things', 'GET /operations/1']);
  });
});

test.concurrent('Azure Maps Route and Search v1: 202 until 200, which is the result', async () => {
  const ended = await run({
    'POST /things': accepted({ Location: '{base}/batch/1' }),
    'GET /batch/1': [{ httpStatus: 202 }, { body: { batchItems: [] } }],
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', body: { batchItems: [] }, operationId: '1' });
});

describe('200 + status behind a Location', () => {
  const place = accepted({ Location: '{base}/operations/1' });

  test.concurrent('Creator V1: 201 with a new Location and resourceLocation, which is read', async () => {
    const ended = await run({
      'POST /things': place,
      'GET /operations/1': [
        { body: { operationId: 'op', status: 'Running' } },
        {
          httpStatus: 201,
          headers: { Location: '{base}/tileset/t-1' },
          body: { operationId: 'op', status: 'Succeeded', resourceLocation: '{base}/tileset/t-1' },
        },
      ],
      'GET /tileset/t-1': [{ body: { tilesetId: 't-1' } }],
    });
    expect(ended.result).toMatchObject({
      status: 'Succeeded',
      operationId: 'op',
      resourceLocation: `${ended.base}/tileset/t-1`,
      body: { tilesetId: 't-1' },
    });
  });

  test.concurrent('Fabric: a new Location names the result', async () => {
    const ended = await run({
      'POST /things': place,
      'GET /operations/1': [
        { body: { status: 'Undefined' } },
        { body: { status: 'Running' } },
        { headers: { Location: '{base}/operations/1/result' }, body: { status: 'Succeeded' } },
      ],
    });
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 3, resourceLocation: `${ended.base}/operations/1/result` });
  });

  test.concurrent('a failed one carries its error', async () => {
    const ended = await run({
      'POST /things': place,
      ...monitored({ status: 'Running' }, { status: 'Failed', error: { code: 'A', message: 'why' } }),
    });
    expect(ended.error).toMatchObject({ type: 'OperationFailed', message: 'operation 1 failed: A: why' });
  });
});

test.concurrent('Microsoft Graph copy: a Location on another host, without credentials, 202 to the end', async () => {
  const elsewhere = `http://localhost:${service.emulator.port}`;
  const name = `graph-${service.harness.taskQueue}`;
  await service.emulator.admin.addScript({
    name,
    routes: [
      {
        path: '/monitor',
        answers: [
          { httpStatus: 202, body: { status: 'inProgress' } },
          { httpStatus: 202, body: { status: 'completed', resourceId: '01MO' } },
        ],
      },
    ],
  });
  const ended = await run(
    { 'POST /things': accepted({ Location: `${elsewhere}/scripts/${name}/monitor?tempauth=t0ken` }) },
    { connection: 'others', submit: { headers: { 'x-ms-client-request-id': 'r-1' } } },
  );
  expect(ended.result).toMatchObject({ status: 'Succeeded', resourceId: '01MO', polls: 2 });
  const polls = await service.emulator.admin.requests({ path: name });
  expect(polls.map(({ headers }) => [headers['host'], headers['x-connection'], headers['x-ms-client-request-id']])).toEqual(
    polls.map(() => [`localhost:${service.emulator.port}`, undefined, undefined]),
  );
  expect(ended.requests[0]?.headers).toMatchObject({ 'x-connection': 'own' });
});

describe('PUT and PATCH of a resource that tells of itself', () => {
  test.concurrent.each<[HttpMethod, number, string]>([
    ['PUT', 201, 'Creating'],
    ['PUT', 200, 'Updating'],
    ['PUT', 202, 'Accepted'],
    ['PATCH', 200, 'Updating'],
  ])('%s %d %s: its own URL is polled until its state is terminal', async (method, httpStatus, first) => {
    const ended = await run(
      {
        [`${method} /things`]: [{ httpStatus, body: state(first) }],
        'GET /things': [{ body: state(first) }, { body: state('Succeeded') }],
      },
      { submit: { method } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 2, body: state('Succeeded') });
    expect(calls(ended)).toEqual([`${method} /things`, 'GET /things', 'GET /things']);
  });

  test.concurrent('no state at all is the end', async () => {
    const ended = await run(
      { 'PUT /things': [{ httpStatus: 201, body: state('Creating') }], 'GET /things': [{ body: { id: '100' } }] },
      { submit: { method: 'PUT' } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: { id: '100' } });
  });

  test.concurrent.each([
    ['Failed', 'OperationFailed'],
    ['Canceled', 'OperationCanceled'],
  ])('state %s ends as %s', async (last, type) => {
    const ended = await run(
      { 'PUT /things': [{ httpStatus: 201, body: state('Created') }], 'GET /things': [{ body: state(last) }] },
      { submit: { method: 'PUT' } },
    );
    expect(ended.error).toMatchObject({ type });
  });
});

describe('done at once', () => {
  test.concurrent.each<[HttpMethod, number, object | undefined]>([
    ['PUT', 200, state('Succeeded')],
    ['PUT', 201, state('Succeeded')],
    ['PUT', 200, { id: '100' }],
    ['PATCH', 200, state('Succeeded')],
    ['POST', 200, { answer: 42 }],
    ['DELETE', 200, undefined],
    ['DELETE', 204, undefined],
  ])('%s %d %j needs no poll', async (method, httpStatus, body) => {
    const ended = await run({ [`${method} /things`]: [{ httpStatus, body }] }, { submit: { method } });
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 0, ...(body === undefined ? {} : { body }) });
    expect(calls(ended)).toEqual([`${method} /things`]);
  });

  test.concurrent('a PATCH that is ready is not followed into its headers', async () => {
    const ended = await run(
      { 'PATCH /things': [{ headers: { 'Azure-AsyncOperation': '{base}/not/to/be/asked' }, body: state('Succeeded') }] },
      { submit: { method: 'PATCH' } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: state('Succeeded') });
  });

  test.concurrent('202 with a terminal status in its body', async () => {
    const ended = await run({
      'POST /things': [{ httpStatus: 202, headers: { 'Operation-Location': '{base}/operations/1' }, body: { status: 'Succeeded' } }],
    });
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 0 });
  });

  test.concurrent('202 with nothing to poll is a protocol error', async () => {
    const ended = await run({ 'POST /things': [{ httpStatus: 202 }] });
    expect(ended.error).toMatchObject({ type: 'ProtocolError', message: expect.stringContaining('names nothing to poll') });
  });
});

describe('where the result is read', () => {
  const play = (method: HttpMethod, last: object = { status: 'Succeeded' }): Play => ({
    [`${method} /things`]: accepted({ 'Operation-Location': '{base}/operations/1', Location: '{base}/location' }),
    ...monitored(last),
    'GET /things': [{ body: { at: 'original' } }],
    'GET /location': [{ body: { at: 'location' } }],
    'GET /named': [{ body: { at: 'named' } }],
  });
  const named = { status: 'Succeeded', resourceLocation: '{base}/named' };

  test.concurrent.each<[HttpMethod, object]>([
    ['PUT', { at: 'original' }],
    ['PATCH', { at: 'location' }],
    ['POST', { at: 'location' }],
    ['DELETE', { status: 'Succeeded' }],
  ])('by default after %s: %j', async (method, body) => {
    expect((await run(play(method), { submit: { method } })).result?.body).toEqual(body);
  });

  test.concurrent('by default at resourceLocation where the body names one', async () => {
    expect((await run(play('PUT', named), { submit: { method: 'PUT' } })).result?.body).toEqual({ at: 'named' });
  });

  test.concurrent.each<[FinalStateVia, object]>([
    ['original-uri', { at: 'original' }],
    ['location', { at: 'location' }],
    ['operation-location', expect.objectContaining({ status: 'Succeeded' }) as object],
    ['azure-async-operation', expect.objectContaining({ status: 'Succeeded' }) as object],
  ])('as the caller chose with final-state-via %s, whatever the body names', async (finalStateVia, body) => {
    expect((await run(play('POST', named), { finalStateVia })).result?.body).toEqual(body);
  });

  test.concurrent('a final GET that fails leaves the operation succeeded, and says what is missing', async () => {
    const ended = await run({
      ...play('POST'),
      'GET /location': [{ httpStatus: 403, body: { error: { code: 'A', message: 'not yours' } } }],
    });
    expect(ended.result).toMatchObject({
      status: 'Succeeded',
      missing: { body: 'the service answered 403: A: not yours' },
      body: { status: 'Succeeded' },
    });
  });

  test.concurrent('a final GET that is not ready is read again', async () => {
    const wait = { 'Retry-After': '0' };
    const ended = await run({
      ...play('POST'),
      'GET /location': [{ httpStatus: 404, headers: wait }, { httpStatus: 503, headers: wait }, { body: { at: 'last' } }],
    });
    expect(ended.result?.body).toEqual({ at: 'last' });
  });

  test.concurrent('fetchResource reads what Resource-Location names', async () => {
    const ended = await run(
      {
        'POST /things': accepted(),
        'GET /operations/1': [{ headers: { 'Resource-Location': '"{base}/tilesets/t-1"' }, body: { status: 'Succeeded' } }],
        'GET /tilesets/t-1': [{ body: { tilesetId: 't-1' } }],
      },
      { fetchResource: true },
    );
    expect(ended.result).toMatchObject({ body: { status: 'Succeeded' }, resource: { tilesetId: 't-1' } });
  });
});

describe('the status URL', () => {
  test.concurrent('may be relative, quoted and padded', async () => {
    const ended = await run({
      'POST /things': accepted({ 'Operation-Location': ' "operations/1" ' }),
      ...monitored({ status: 'Succeeded' }),
    });
    expect(ended.result).toMatchObject({ statusUrl: `${ended.base}/operations/1` });
  });

  test.concurrent('may move with a poll answer', async () => {
    const ended = await run({
      'POST /things': accepted(),
      'GET /operations/1': [{ headers: { 'Operation-Location': '{base}/operations/2' }, body: { status: 'Running' } }],
      'GET /operations/2': [{ body: { status: 'Running' } }, { body: { status: 'Succeeded' } }],
    });
    expect(ended.result).toMatchObject({ polls: 3, statusUrl: `${ended.base}/operations/2` });
  });

  test.concurrent('is the first of Operation-Location, Azure-AsyncOperation, Location', async () => {
    const ended = await run({
      'POST /things': accepted({ Location: '{base}/l', 'Azure-AsyncOperation': '{base}/a', 'Operation-Location': '{base}/operations/1' }),
      ...monitored({ status: 'Succeeded' }),
      'GET /l': [{ body: { at: 'location' } }],
    });
    expect(calls(ended)).toEqual(['POST /things', 'GET /operations/1', 'GET /l']);
  });

  test.concurrent('gets the api-version of the submit where it has none, and keeps its own', async () => {
    const submit = { query: { 'api-version': '7.0' } };
    const without = await run({ 'POST /things': accepted(), ...monitored({ status: 'Succeeded' }) }, { submit });
    expect(without.requests.map(({ query }) => query)).toEqual(['api-version=7.0', 'api-version=7.0']);
    const own = await run(
      { 'POST /things': accepted({ 'Operation-Location': '{base}/operations/1?Api-Version=6.0' }), ...monitored({ status: 'Succeeded' }) },
      { submit },
    );
    expect(own.requests.map(({ query }) => query)).toEqual(['api-version=7.0', 'Api-Version=6.0']);
  });

  test.concurrent('is asked with the caller’s headers and the service’s cookies', async () => {
    const ended = await run(
      {
        'POST /things': accepted({ 'Operation-Location': '{base}/operations/1', 'Set-Cookie': 'ARRAffinity=m1; Path=/; HttpOnly' }),
        'GET /operations/1': [
          { headers: { 'Set-Cookie': 'step=1; Max-Age=900' }, body: { status: 'Running' } },
          { headers: { 'Set-Cookie': 'step=; Max-Age=0' }, body: { status: 'Running' } },
          { body: { status: 'Succeeded' } },
        ],
      },
      { submit: { headers: { 'x-ms-client-request-id': 'r-1' } } },
    );
    expect(ended.requests.map(({ headers }) => headers['cookie'])).toEqual([
      undefined,
      'ARRAffinity=m1',
      'step=1; ARRAffinity=m1',
      'ARRAffinity=m1',
    ]);
    expect(ended.requests.every(({ headers }) => headers['x-ms-client-request-id'] === 'r-1')).toBe(true);
  });
});

describe('attach', () => {
  const statusUrl = '/operations/1';

  test.concurrent('follows a monitor', async () => {
    const ended = await run(monitored({ status: 'Running' }, { status: 'Succeeded', resourceLocation: '/scripts/none' }), {
      attach: { statusUrl },
      finalStateVia: 'operation-location',
    });
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 2, operationId: '1' });
  });

  test.concurrent('follows a Location to its result', async () => {
    const ended = await run({ 'GET /operations/1': [{ httpStatus: 202 }, { body: { id: '100' } }] }, { attach: { statusUrl } });
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: { id: '100' } });
  });

  test.concurrent('follows a Graph monitor, whose end is a 202', async () => {
    const ended = await run(
      {
        'GET /operations/1': [
          { httpStatus: 202, body: { status: 'inProgress' } },
          { httpStatus: 202, body: { status: 'completed' } },
        ],
      },
      { attach: { statusUrl } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 2 });
  });

  test.concurrent('follows a resource', async () => {
    const ended = await run(
      { 'GET /operations/1': [{ body: state('Creating') }, { body: state('Succeeded') }] },
      { attach: { statusUrl } },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded', body: state('Succeeded') });
  });

  test.concurrent('fails as the operation has', async () => {
    const ended = await run(monitored({ status: 'Failed', error: { message: 'why' } }), { attach: { statusUrl } });
    expect(ended.error).toMatchObject({ type: 'OperationFailed', message: 'operation 1 failed: why' });
  });
});
