/** What a status answer means [protocol.md sections 1 and 2, and the rows "status" of section 4]. */
import type { Json } from '../../src/contract';
import { answer, deepJson, HOST, monitor, settings } from './given';
import { decide, repeated } from './polls';

const cutOff = { body: { text: '{"status":"Succe', cutBy: 'connection' as const } };

describe('a monitor', () => {
  test.each(['NotStarted', 'Running', 'running', 'InProgress', 'Whatever'])('with status %s is running', (status) => {
    expect(decide(answer(200, { 'Retry-After': '30' }, { status }))).toMatchObject({ kind: 'running', status, waitSeconds: 30 });
  });

  test('is read whatever the Content-Type says', () => {
    expect(decide(answer(200, { 'Content-Type': 'text/html' }, { status: 'Succeeded' })).kind).toBe('succeeded');
  });

  test('is read behind a byte order mark', () => {
    expect(decide(answer(200, {}, '\ufeff{"status":"Succeeded"}')).kind).toBe('succeeded');
  });

  test('that has succeeded tells the resource, the time and the whole body', () => {
    const body = {
      operationId: 'op-1',
      created: '3/11/2020 8:45:13 PM +00:00',
      status: 'Succeeded',
      properties: { diagnosticPackageLocation: 'x' },
    };
    expect(decide(answer(200, { 'Resource-Location': `"${HOST}/tilesets/t-1"` }, body))).toEqual({
      kind: 'succeeded',
      shownLocation: undefined,
      outcome: {
        status: 'Succeeded',
        operationId: 'op-1',
        resourceLocation: `${HOST}/tilesets/t-1`,
        resourceId: 't-1',
        body,
        warning: undefined,
        created: '2020-03-11T20:45:13.000Z',
        createdText: '3/11/2020 8:45:13 PM +00:00',
      },
    });
  });

  test('that has succeeded with a warning keeps it', () => {
    const warning = { code: 'W', details: [{ message: 'a room without a door' }] };
    expect(decide(answer(200, {}, { status: 'Succeeded', warning }))).toMatchObject({ outcome: { warning } });
  });

  test.each<[string, Json, string, string]>([
    [
      'Failed',
      { status: 'Failed', error: { code: 'A', details: { details: [{ message: 'the door is missing' }] } } },
      'OperationFailed',
      'the door is missing',
    ],
    ['Failed without an error', { status: 'failed' }, 'OperationFailed', 'operation op-1 failed'],
    ['ValidationFailed', { status: 'ValidationFailed' }, 'OperationFailed', '(ValidationFailed)'],
    ['Canceled', { status: 'Canceled' }, 'OperationCanceled', 'was canceled at the service'],
    ['Cancelled', { status: 'cancelled' }, 'OperationCanceled', 'was canceled at the service'],
  ])('with %s ends the operation with a typed failure', (_word, body, type, words) => {
    expect(decide(answer(200, {}, body))).toMatchObject({
      kind: 'failed',
      failure: { type, message: expect.stringContaining(words), operationId: 'op-1', statusUrl: monitor().statusUrl, httpStatus: 200 },
    });
  });

  test('keeps the whole error', () => {
    const error = { code: 'A', target: 't', details: { code: 'B', innererror: { x: [1, 2] } } };
    expect(decide(answer(200, {}, { status: 'Failed', error }))).toMatchObject({ failure: { error } });
  });

  test('may say Completed, as Route Matrix does, and where the matrix is', () => {
    expect(decide(answer(200, {}, { status: 'Completed', result: { resultUrl: '/matrix/m-1/result' } }))).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'Completed', resourceLocation: `${HOST}/matrix/m-1/result`, resourceId: 'result' },
    });
  });

  test('ends by words the connection has added', () => {
    const set = settings({ statusWords: { succeeded: ['partiallySucceeded'], failed: [], canceled: ['Skipped'], running: [] } });
    expect(decide(answer(200, {}, { status: 'PartiallySucceeded' }), {}, set).kind).toBe('succeeded');
    expect(decide(answer(200, {}, { status: 'skipped' }), {}, set)).toMatchObject({ failure: { type: 'OperationCanceled' } });
  });

  test('with a terminal status on 202 ends, too', () => {
    expect(decide(answer(202, {}, { status: 'Succeeded' })).kind).toBe('succeeded');
  });

  test('that does not name its result by Resource-Location is not guessed at: Location beside it is no resource', () => {
    const { outcome } = decide(answer(200, { Location: '/elsewhere' }, { status: 'Succeeded' })) as {
      outcome: { resourceLocation?: string };
    };
    expect(outcome.resourceLocation).toBeUndefined();
  });

  test.each<[string, Json | undefined, Partial<ReturnType<typeof answer>>]>([
    ['not JSON', '<html>', {}],
    ['JSON that ends too early', '{"status":"Succeeded"', {}],
    ['cut off by the other side', undefined, cutOff],
    ['empty', undefined, {}],
    ['blank', '  \n ', {}],
    ['without a status', { state: 'Succeeded' }, {}],
    ['with a status that is no string', { status: { code: 'Succeeded' } }, {}],
    ['with a number as status', { status: 200 }, {}],
    ['a list', [{ status: 'Succeeded' }], {}],
    ['null', 'null', {}],
    ['a million levels deep', deepJson(), {}],
  ])('whose answer is %s is no success: read again a few times, then a protocol error', (_what, body, more) => {
    const decisions = repeated(answer(200, {}, body, more), {}, settings({ poll: { unreadableSeconds: 30 } }));
    expect(decisions).toHaveLength(10);
    expect(decisions.slice(0, 9).every(({ kind }) => kind === 'running')).toBe(true);
    expect(decisions[9]).toMatchObject({ failure: { type: 'ProtocolError', statusUrl: monitor().statusUrl } });
  });

  test('whose answer was cut at our own limit is read as far as it goes', () => {
    const text = `{"status":"Succeeded","log":"${'x'.repeat(1000)}`;
    expect(decide(answer(200, {}, undefined, { body: { text, cutBy: 'limit' } }))).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'Succeeded', truncated: ['body'] },
    });
  });

  test('may move: a poll answer names a new status URL, which gets the api-version, too', () => {
    const decision = decide(answer(200, { 'Operation-Location': ' "/v2/operations/op-1" ' }, { status: 'Running' }), { apiVersion: '2.0' });
    expect(decision).toMatchObject({ monitor: { statusUrl: `${HOST}/v2/operations/op-1?api-version=2.0` } });
  });

  test('does not move to the Location beside it', () => {
    expect(decide(answer(200, { Location: '/results/1' }, { status: 'Running' }))).not.toHaveProperty('monitor');
  });

  test('that has moved to nowhere stays where it was', () => {
    expect(decide(answer(200, { 'Operation-Location': 'http://' }, { status: 'Running' }))).not.toHaveProperty('monitor');
  });

  test('shows the service’s word in bounds and on one line', () => {
    expect(decide(answer(200, {}, { status: `Run\nning${'x'.repeat(1000)}` }))).toMatchObject({
      status: expect.stringMatching(/^Run ningx+…$/),
    });
  });
});

describe('a Location', () => {
  const style = 'location' as const;

  test('that answers 202 is running', () => {
    expect(decide(answer(202), { style })).toMatchObject({ kind: 'running', waitSeconds: 5 });
    expect(decide(answer(202, {}, '<html>'), { style }).kind).toBe('running');
    expect(decide(answer(202, {}, { status: 'InProgress' }), { style })).toMatchObject({ kind: 'running', status: 'InProgress' });
    expect(decide(answer(202, {}, undefined, cutOff), { style }).kind).toBe('running');
  });

  test('that answers 202 with a terminal word ends, as Graph does', () => {
    expect(decide(answer(202, {}, { status: 'completed', resourceId: '01MO' }), { style })).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'completed', resourceId: '01MO' },
    });
    expect(decide(answer(202, {}, { status: 'failed', error: { message: 'name taken' } }), { style })).toMatchObject({
      failure: { type: 'OperationFailed', message: expect.stringContaining('name taken') },
    });
  });

  test('that answers 200 with a status known to be none of the end is running, as Creator V1 and Fabric do', () => {
    expect(decide(answer(200, { Location: '/operations/op-1' }, { status: 'Running' }), { style }).kind).toBe('running');
  });

  test('that ends with 201 and a new Location names the resource there', () => {
    expect(decide(answer(201, { Location: '/tilesets/t-1' }, { status: 'Succeeded' }), { style })).toMatchObject({
      kind: 'succeeded',
      outcome: { resourceLocation: `${HOST}/tilesets/t-1`, resourceId: 't-1' },
    });
  });

  test.each<[string, number, Json | undefined]>([
    ['200 with JSON', 200, { id: '100' }],
    ['200 with a status of the result’s own', 200, { status: 'Active' }],
    ['200 with text', 200, 'a,b,c'],
    ['200 with nothing', 200, undefined],
    ['201', 201, { id: '100' }],
    ['204', 204, undefined],
  ])('that answers %s is the result', (_what, httpStatus, body) => {
    expect(decide(answer(httpStatus, {}, body), { style })).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'Succeeded', ...(body === undefined ? {} : { body }) },
    });
  });

  test('whose result broke off is read again', () => {
    expect(decide(answer(200, {}, undefined, cutOff), { style })).toMatchObject({
      kind: 'running',
      trouble: { message: 'the answer broke off' },
    });
  });

  test('may move', () => {
    expect(decide(answer(202, { Location: '/next' }), { style, apiVersion: '2.0' })).toMatchObject({
      monitor: { statusUrl: `${HOST}/next?api-version=2.0` },
    });
  });
});

describe('a resource', () => {
  const style = 'resource' as const;

  test.each(['Creating', 'Updating', 'Accepted', 'Created'])('in state %s is running', (provisioningState) => {
    expect(decide(answer(200, {}, { properties: { provisioningState } }), { style })).toMatchObject({
      kind: 'running',
      status: provisioningState,
    });
  });

  test('in a terminal state is the result', () => {
    const body = { id: '100', properties: { provisioningState: 'Succeeded' } };
    expect(decide(answer(200, {}, body), { style })).toMatchObject({ kind: 'succeeded', outcome: { body } });
  });

  test('without any state is the result', () => {
    expect(decide(answer(200, {}, { id: '100' }), { style }).kind).toBe('succeeded');
  });

  test('may have its state at the top', () => {
    expect(decide(answer(200, {}, { provisioningState: 'Creating' }), { style }).kind).toBe('running');
  });

  test.each([
    ['Failed', 'OperationFailed'],
    ['Canceled', 'OperationCanceled'],
  ])('in state %s has failed', (provisioningState, type) => {
    expect(decide(answer(200, {}, { properties: { provisioningState } }), { style })).toMatchObject({ failure: { type } });
  });

  test('that is no JSON is read again', () => {
    expect(decide(answer(200, {}, '<html>'), { style })).toMatchObject({ kind: 'running', trouble: {} });
  });
});

describe('an operation that was started elsewhere', () => {
  const style = 'unknown' as const;

  test('shows itself as a monitor by its status', () => {
    expect(decide(answer(200, {}, { status: 'Running' }), { style })).toMatchObject({ kind: 'running', monitor: { style: 'monitor' } });
  });

  test('shows itself as a resource by its state', () => {
    expect(decide(answer(200, {}, { properties: { provisioningState: 'Creating' } }), { style })).toMatchObject({
      monitor: { style: 'resource' },
    });
  });

  test('may say 202 without telling what it is', () => {
    expect(decide(answer(202), { style })).toMatchObject({ kind: 'running' });
  });

  test('may have ended long ago', () => {
    expect(decide(answer(200, {}, { status: 'Succeeded' }), { style }).kind).toBe('succeeded');
    expect(decide(answer(200, {}, { id: '100' }), { style }).kind).toBe('succeeded');
    expect(decide(answer(204), { style }).kind).toBe('succeeded');
  });

  test('has not ended by an answer that makes no sense', () => {
    expect(decide(answer(200, {}, '<html>'), { style })).toMatchObject({ kind: 'running', trouble: {} });
    expect(decide(answer(200), { style })).toMatchObject({ kind: 'running', trouble: {} });
  });
});

test('an untrusted status URL ends the operation with the URL in the details', () => {
  expect(decide({ kind: 'untrusted', url: 'https://evil.example', reason: 'not trusted' })).toMatchObject({
    failure: { type: 'UntrustedUrl', statusUrl: monitor().statusUrl, message: expect.stringContaining('not trusted') },
  });
});

const affinity = [{ name: 'ARRAffinity', value: 'a2', host: 'us.atlas.microsoft.com' }];

test('cookies of every answer go with the next poll', () => {
  const setCookies = ['ARRAffinity=a2; Path=/'];
  expect(decide(answer(200, {}, { status: 'Running' }, { setCookies }))).toMatchObject({ monitor: { cookies: affinity } });
  expect(decide(answer(503, {}, undefined, { setCookies }))).toMatchObject({ monitor: { cookies: affinity } });
});

test('an answer that changes nothing leaves the monitor out of history', () => {
  expect(
    decide(answer(200, {}, { status: 'Running' }, { setCookies: ['ARRAffinity=a2; Path=/'] }), { cookies: affinity }),
  ).not.toHaveProperty('monitor');
});
