/** What the answer to a submit means [protocol.md sections 1, 2, and the rows "submit" of section 4]. */
import type { Json } from '../../src/contract';
import type { Exchange } from '../../src/lro/answer';
import type { SubmitContext, SubmitDecision } from '../../src/lro/monitor';
import type { ProtocolSettings } from '../../src/lro/settings';
import { decideSubmit } from '../../src/lro/submit';
import { answer, context, HOST, NOW_MS, settings } from './given';

const status = `${HOST}/tilesets/operations/op-1?api-version=2.0`;

function decide(exchange: Exchange, of: Partial<SubmitContext> = {}, set: ProtocolSettings = settings()): SubmitDecision {
  const asked = exchange.kind === 'answer' ? { ...exchange, method: of.method ?? 'POST', url: of.url ?? context().url } : exchange;
  return decideSubmit(asked, context(of), set, NOW_MS, 0.5);
}
const failureType = (decision: SubmitDecision): string => (decision.kind === 'failed' ? decision.failure.type : decision.kind);
const noAnswer = (maybeSent: boolean, reason: string): Exchange => ({ kind: 'noAnswer', method: 'POST', url: HOST, maybeSent, reason });

describe('accepted is', () => {
  test.each<[string, number, Record<string, string>, string]>([
    ['202 with Operation-Location', 202, { 'Operation-Location': status }, 'monitor'],
    ['202 with Operation-Location and a trailing blank', 202, { 'Operation-Location': `${status} ` }, 'monitor'],
    ['202 with Azure-AsyncOperation', 202, { 'Azure-AsyncOperation': status }, 'monitor'],
    ['202 with Location', 202, { Location: status }, 'location'],
    ['201 with Azure-AsyncOperation', 201, { 'Azure-AsyncOperation': status }, 'monitor'],
    ['200 with Operation-Location', 200, { 'Operation-Location': status }, 'monitor'],
  ])('%s', (_what, httpStatus, headers, style) => {
    expect(decide(answer(httpStatus, headers))).toMatchObject({
      kind: 'accepted',
      monitor: { statusUrl: status, style, operationId: 'op-1' },
    });
  });

  test.each<[string, string | undefined]>([
    ['not JSON', '<html>'],
    ['cut off', '{"status": "Ru'],
    ['empty', undefined],
    ['a list', '[]'],
  ])('a 202 with a way to follow it and a body that is %s', (_what, body) => {
    expect(decide(answer(202, { 'Operation-Location': status }, body)).kind).toBe('accepted');
  });

  test('an answer that broke off, where it names a place to look', () => {
    const broken = { body: { text: '{"sta', cutBy: 'connection' as const } };
    expect(decide(answer(200, { Location: status }, undefined, broken))).toMatchObject({
      kind: 'accepted',
      monitor: { style: 'location' },
    });
    expect(decide(answer(202, { Location: status }, undefined, broken)).kind).toBe('accepted');
  });

  test('a 200 with a lone Location whose body says that the work goes on', () => {
    expect(decide(answer(200, { Location: status }, { status: 'Running' }))).toMatchObject({ kind: 'accepted', status: 'Running' });
  });

  test('a PUT or PATCH without any header: the resource itself is polled', () => {
    for (const method of ['PUT', 'PATCH'] as const) {
      for (const httpStatus of [200, 201, 202]) {
        const decision = decide(answer(httpStatus, {}, { properties: { provisioningState: 'Creating' } }), { method });
        expect(decision).toMatchObject({ kind: 'accepted', status: 'Creating', monitor: { style: 'resource', statusUrl: context().url } });
      }
    }
    expect(decide(answer(202), { method: 'PUT' })).toMatchObject({ kind: 'accepted', monitor: { style: 'resource' } });
  });
});

describe('an accepted operation', () => {
  test('waits before its first poll as the 202 asks', () => {
    const decision = decide(answer(202, { 'Operation-Location': status, 'Retry-After': '30' }));
    expect(decision).toMatchObject({ kind: 'accepted', waitSeconds: 30, why: 'Retry-After' });
  });

  test('waits the default interval where the 202 asks nothing', () => {
    expect(decide(answer(202, { 'Operation-Location': status }))).toMatchObject({ waitSeconds: 5, why: 'default interval' });
  });

  test('has on record when the cap made its first wait shorter', () => {
    const decision = decide(answer(202, { 'Operation-Location': status, 'Retry-After': '36000' }));
    expect(decision).toMatchObject({ waitSeconds: 3600, cappedFromSeconds: 36_000 });
  });

  test('has the id its body says, else the last segment of its status URL', () => {
    expect(decide(answer(202, { 'Operation-Location': status }, { operationId: 'body-id' }))).toMatchObject({
      monitor: { operationId: 'body-id' },
    });
    expect(decide(answer(202, { 'Operation-Location': status }, { operationId: 'two\nlines' }))).toMatchObject({
      monitor: { operationId: 'op-1' },
    });
  });

  test('keeps its submit’s api-version, headers and cookies for the polls', () => {
    const decision = decide(
      answer(202, { 'Operation-Location': `${HOST}/tilesets/operations/op-1` }, undefined, { setCookies: ['ARRAffinity=a1; Path=/'] }),
      { headers: { 'x-ms-client-request-id': 'r-1' } },
    );
    expect(decision).toMatchObject({
      monitor: {
        statusUrl: status,
        apiVersion: '2.0',
        headers: { 'x-ms-client-request-id': 'r-1' },
        cookies: [{ name: 'ARRAffinity', value: 'a1', host: 'us.atlas.microsoft.com' }],
      },
    });
  });

  test('has a status URL that is resolved against the request', () => {
    expect(decide(answer(202, { 'Operation-Location': 'tilesets/operations/op-1' }))).toMatchObject({ monitor: { statusUrl: status } });
    expect(decide(answer(202, { 'Operation-Location': '/tilesets/operations/op-1' }))).toMatchObject({ monitor: { statusUrl: status } });
  });

  test('never stores the key of the connection, which a service may echo', () => {
    const decision = decide(answer(202, { 'Operation-Location': `${status}&subscription-key=s3cret` }));
    expect(JSON.stringify(decision)).not.toContain('s3cret');
  });

  test('shows its signatures masked', () => {
    expect(decide(answer(202, { Location: `${status}&sig=abc` }))).toMatchObject({
      monitor: { statusUrl: `${status}&sig=abc`, shownUrl: `${status}&sig=***` },
    });
  });

  test('tells what it was created and how it stands', () => {
    const body = { status: 'NotStarted', created: '3/11/2020 8:45:13 PM +00:00' };
    expect(decide(answer(202, { 'Operation-Location': status }, body))).toMatchObject({
      status: 'NotStarted',
      created: '2020-03-11T20:45:13.000Z',
    });
    const endless = decide(answer(202, { 'Operation-Location': status }, { status: 'x'.repeat(100_000) }));
    expect(JSON.stringify(endless).length).toBeLessThan(2000);
  });
});

describe('done at once is', () => {
  test('a 200 with a terminal status and Resource-Location', () => {
    const decision = decide(
      answer(
        200,
        { 'Resource-Location': `"${HOST}/mapData/metadata/u-1"` },
        { operationId: 'op-9', status: 'Succeeded', created: '2021-05-06T07:55:19.5256829+00:00' },
      ),
    );
    expect(decision).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'Succeeded', operationId: 'op-9', resourceId: 'u-1', created: '2021-05-06T07:55:19.525Z' },
    });
  });

  test('a 202 with a terminal status already in its body', () => {
    expect(decide(answer(202, { 'Operation-Location': status }, { status: 'Succeeded' })).kind).toBe('succeeded');
    expect(failureType(decide(answer(202, { 'Operation-Location': status }, { status: 'Failed', error: { message: 'no' } })))).toBe(
      'OperationFailed',
    );
    expect(failureType(decide(answer(200, {}, { status: 'Canceled' })))).toBe('OperationCanceled');
  });

  test('a 201 with a lone Location, which names what was made', () => {
    expect(decide(answer(201, { Location: '/tilesets/t-1' }, { name: 't-1' }))).toMatchObject({
      kind: 'succeeded',
      outcome: { resourceLocation: `${HOST}/tilesets/t-1`, resourceId: 't-1', body: { name: 't-1' } },
    });
  });

  test.each<[string, SubmitContext['method'], number, Json | undefined]>([
    ['a 204', 'DELETE', 204, undefined],
    ['a 200 to a DELETE', 'DELETE', 200, undefined],
    ['a 200 with a result', 'POST', 200, { answer: 42 }],
    ['a PUT with a terminal state', 'PUT', 200, { properties: { provisioningState: 'Succeeded' } }],
    ['a new resource with a terminal state', 'PUT', 201, { properties: { provisioningState: 'Succeeded' } }],
    ['a PUT without any state', 'PUT', 200, { id: '100' }],
    ['a PUT without a body', 'PUT', 201, undefined],
  ])('%s', (_what, method, httpStatus, body) => {
    expect(decide(answer(httpStatus, {}, body), { method })).toMatchObject({ kind: 'succeeded', outcome: { status: 'Succeeded' } });
  });

  test('a PATCH whose 200 says that the resource is ready, whatever its headers', () => {
    const ready = answer(200, { 'Azure-AsyncOperation': `${HOST}/not/to/be/asked` }, { properties: { provisioningState: 'Succeeded' } });
    expect(decide(ready, { method: 'PATCH' }).kind).toBe('succeeded');
  });

  test('a PUT with a failed state', () => {
    const failed = answer(200, {}, { properties: { provisioningState: 'Failed' }, error: { code: 'A', message: 'no quota' } });
    const decision = decide(failed, { method: 'PUT' });
    expect(decision).toMatchObject({
      failure: { type: 'OperationFailed', message: expect.stringContaining('no quota'), error: { code: 'A' } },
    });
  });

  test('but not a 202 of a PUT whose resource says Succeeded: its monitor is asked', () => {
    const going = answer(202, { 'Azure-AsyncOperation': status }, { properties: { provisioningState: 'Succeeded' } });
    expect(decide(going, { method: 'PATCH' }).kind).toBe('accepted');
  });
});

describe('rejected, and never sent again, is', () => {
  test.each([400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 418, 422, 424, 428, 431, 451, 499])('%d', (code) => {
    const body = { error: { code: 'BadRequest', message: 'datasetId is missing' } };
    const decision = decide(answer(code, {}, body));
    expect(decision).toMatchObject({
      kind: 'failed',
      failure: {
        type: 'SubmissionRejected',
        httpStatus: code,
        error: body.error,
        message: expect.stringContaining('BadRequest: datasetId is missing'),
      },
    });
  });

  test('a 400 with Retry-After', () => {
    expect(failureType(decide(answer(400, { 'Retry-After': '5' })))).toBe('SubmissionRejected');
  });

  test('a 400 whose body is no JSON: its text reaches the caller', () => {
    expect(decide(answer(400, {}, 'plain words'))).toMatchObject({
      failure: { message: expect.stringContaining('plain words'), body: 'plain words' },
    });
  });

  test('a 501 where no idempotency header was sent', () => {
    expect(failureType(decide(answer(501)))).toBe('SubmissionRejected');
  });
});

describe('a protocol error is', () => {
  test('501 to an idempotency header, and the message says which setting turns it off', () => {
    const decision = decide(answer(501), { idempotencyHeaders: ['Operation-Id', 'Repeatability-Request-ID'] });
    expect(decision).toMatchObject({ failure: { type: 'ProtocolError', message: expect.stringContaining('"idempotencyHeaders: []"') } });
  });

  test.each([300, 301, 302, 303, 304, 307, 308])('%d, which is never followed, and names its target', (code) => {
    const decision = decide(answer(code, { Location: 'https://elsewhere.example/x?sig=abc' }));
    expect(decision).toMatchObject({
      failure: { type: 'ProtocolError', message: expect.stringContaining('https://elsewhere.example/x?sig=***') },
    });
  });

  test.each<[string, number, Json | undefined]>([
    ['202 with nothing to poll', 202, undefined],
    ['202 with a body and nothing to poll', 202, { status: 'Running' }],
    ['200 that says Running and names nothing to poll', 200, { status: 'Running' }],
  ])('%s', (_what, code, body) => {
    for (const method of code === 202 ? (['POST', 'GET'] as const) : (['POST', 'DELETE'] as const)) {
      const decision = decide(answer(code, {}, body), { method });
      expect(decision).toMatchObject({ failure: { type: 'ProtocolError', message: expect.stringContaining('Operation-Location') } });
    }
  });
});

describe('not accepted, and so sent again later, is', () => {
  test.each([
    [429, { 'Retry-After': '7' }],
    [503, { 'Retry-After': '7' }],
  ])('%d with Retry-After, which is waited for', (code, headers) => {
    expect(decide(answer(code, headers))).toMatchObject({
      kind: 'notAccepted',
      waitSeconds: 7,
      why: 'Retry-After',
      trouble: { httpStatus: code },
    });
  });

  test('429 without Retry-After, after a backoff', () => {
    expect(decide(answer(429), { attempts: 2 })).toMatchObject({ kind: 'notAccepted', waitSeconds: 4.5, why: 'backoff' });
  });

  test('what was never sent: connection refused, DNS, TLS', () => {
    expect(decide(noAnswer(false, 'connection refused'))).toMatchObject({
      kind: 'notAccepted',
      why: 'backoff',
      trouble: { message: 'connection refused' },
    });
  });

  test('what had no credentials to be sent with', () => {
    expect(decide({ kind: 'noCredentials', url: HOST, reason: 'token service down' }).kind).toBe('notAccepted');
  });

  test('with a backoff that never ends in more than 75 s', () => {
    for (const attempts of [0, 5, 50, 5000]) expect(decide(noAnswer(false, 'x'), { attempts })).toMatchObject({ kind: 'notAccepted' });
    expect(decide(noAnswer(false, 'x'), { attempts: 5000 })).toMatchObject({ waitSeconds: 67.5 });
  });
});

describe('uncertain is', () => {
  test.each([
    [408, {}],
    [408, { 'Retry-After': '3' }],
    [425, {}],
    [503, {}],
    [503, { 'Retry-After': '/bar' }],
    [500, {}],
    [500, { 'Retry-After': '3' }],
    [502, {}],
    [504, {}],
    [507, {}],
    [599, {}],
  ])('%d %j', (code, headers) => {
    expect(decide(answer(code, headers as Record<string, string>))).toMatchObject({ kind: 'uncertain', trouble: { httpStatus: code } });
  });

  test('a connection that was lost after the request may have gone out', () => {
    expect(decide(noAnswer(true, 'connection reset')).kind).toBe('uncertain');
  });

  test('a 200 whose body broke off, where nothing says whether there is something to follow', () => {
    const broken = { body: { text: '{"sta', cutBy: 'connection' as const } };
    expect(decide(answer(200, {}, undefined, broken)).kind).toBe('uncertain');
  });
});

test('an untrusted URL is refused before anything is sent', () => {
  expect(failureType(decide({ kind: 'untrusted', url: HOST, reason: 'no' }))).toBe('UntrustedUrl');
});

test('cookies of a refusal for now go with the next try', () => {
  expect(decide(answer(429, {}, undefined, { setCookies: ['a=1'] }))).toMatchObject({
    cookies: [{ name: 'a', value: '1', host: 'us.atlas.microsoft.com' }],
  });
});
