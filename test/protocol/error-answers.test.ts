/** What an error answer means [protocol.md section 4], from the HTTP answers to the workflow's end. */
import type { Script } from '../../src/emulator';
import { accepted, calls, startScriptedService, type Play, type ScriptedService } from './service';

let service: ScriptedService;

beforeAll(async () => {
  service = await startScriptedService();
});

afterAll(() => service.close());

const run: ScriptedService['run'] = (...args) => service.run(...args);
const now = { 'Retry-After': '0' };
const error = { code: 'A', message: 'why' };
const succeeded: Play = { 'GET /operations/1': [{ body: { status: 'Succeeded' } }] };
const then = accepted()[0]!;
/** A poll that brings what is in the table, then the end. */
const poll = (...answers: Script['routes'][number]['answers']): Play => ({ 'POST /things': accepted(), 'GET /operations/1': answers });
const idempotencyKeys = (requests: { headers: Record<string, string> }[]): unknown[] =>
  requests.map(({ headers }) => headers['operation-id']);

describe('a submit that is answered with', () => {
  test.concurrent.each([400, 404, 405, 409, 410, 412, 413, 415, 418, 422])(
    '%d is rejected with the body, and not sent again',
    async (httpStatus) => {
      const ended = await run({ 'POST /things': [{ httpStatus, headers: now, body: { error } }, then] });
      expect(ended.error).toMatchObject({ type: 'SubmissionRejected', details: { httpStatus, error } });
      expect(calls(ended)).toEqual(['POST /things']);
    },
  );

  test.concurrent('400 in plain text is rejected with that text', async () => {
    const ended = await run({ 'POST /things': [{ httpStatus: 400, body: 'no such dataset' }] });
    expect(ended.error).toMatchObject({ type: 'SubmissionRejected', details: { body: 'no such dataset' } });
  });

  test.concurrent.each([401, 403])('%d is rejected', async (httpStatus) => {
    const ended = await run({ 'POST /things': [{ httpStatus, body: { error } }] });
    expect(ended.error).toMatchObject({ type: 'SubmissionRejected', details: { httpStatus, error } });
  });

  test.concurrent.each([429, 503])('%d and Retry-After is sent again, even where at-most-once was asked', async (httpStatus) => {
    const ended = await run(
      { 'POST /things': [{ httpStatus, headers: now }, { httpStatus, headers: now }, then], ...succeeded },
      { onUncertainSubmit: 'fail' },
    );
    expect(ended.result).toMatchObject({ status: 'Succeeded' });
    expect(calls(ended).filter((call) => call === 'POST /things')).toHaveLength(3);
  });

  test.concurrent.each([
    [408, now],
    [425, now],
    [500, now],
    [502, now],
    [504, now],
    [503, { 'Retry-After': '/bar' }],
  ])('%d %j is sent again with the same key', async (httpStatus, headers) => {
    const ended = await run({ 'POST /things': [{ httpStatus, headers }, then], ...succeeded });
    expect(ended.result).toMatchObject({ status: 'Succeeded' });
    const posts = ended.requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(2);
    expect(new Set(idempotencyKeys(posts)).size).toBe(1);
    expect(posts[1]?.headers['repeatability-first-sent']).toBe(posts[0]?.headers['repeatability-first-sent']);
  });

  test.concurrent.each([408, 425, 500, 502, 503, 504])('%d is uncertain where at-most-once was asked', async (httpStatus) => {
    const ended = await run({ 'POST /things': [{ httpStatus }, then] }, { onUncertainSubmit: 'fail' });
    expect(ended.error).toMatchObject({ type: 'SubmissionUncertain', details: { httpStatus } });
    expect(calls(ended)).toEqual(['POST /things']);
  });

  test.concurrent('nothing, the connection being lost, is sent again, or uncertain where at-most-once was asked', async () => {
    const lost: Play = { 'POST /things': [{ cut: true }, then], ...succeeded };
    const [again, once] = await Promise.all([run(lost), run(lost, { onUncertainSubmit: 'fail' })]);
    expect(again.result).toMatchObject({ status: 'Succeeded' });
    expect(once.error).toMatchObject({ type: 'SubmissionUncertain' });
    expect(calls(once)).toEqual(['POST /things']);
  });

  test.concurrent('501 names the setting that turns the idempotency headers off', async () => {
    const ended = await run({ 'POST /things': [{ httpStatus: 501 }, then] });
    expect(ended.error).toMatchObject({
      type: 'ProtocolError',
      message: expect.stringContaining('"idempotencyHeaders: []" of connection "maps"'),
    });
    expect(calls(ended)).toEqual(['POST /things']);
  });

  test.concurrent.each([301, 302, 303, 307, 308])('%d is never followed', async (httpStatus) => {
    const ended = await run({
      'POST /things': [{ httpStatus, headers: { Location: '{base}/elsewhere' } }],
      'POST /elsewhere': accepted(),
      'GET /elsewhere': [{ body: {} }],
    });
    expect(ended.error).toMatchObject({ type: 'ProtocolError', message: expect.stringContaining(`${ended.base}/elsewhere`) });
    expect(calls(ended)).toEqual(['POST /things']);
  });

  test.concurrent('a 202 whose body makes no sense is accepted all the same', async () => {
    const bodies = ['<html>', '{"status": "Ru', '', '[[['];
    const all = await Promise.all(bodies.map((body) => run({ 'POST /things': [{ ...then, body }], ...succeeded })));
    for (const ended of all) expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 1 });
  });
});

test.concurrent('a submit that finds nobody at home is sent again, and never counts as uncertain', async () => {
  const nobody = await startScriptedService({ baseUrl: 'http://127.0.0.1:1', trustedHosts: ['127.0.0.1'] });
  try {
    const ended = await nobody.run(succeeded, { onUncertainSubmit: 'fail', deadlineSeconds: 4 });
    expect(ended.error).toMatchObject({ type: 'DeadlineExceeded', message: expect.stringContaining('refused') });
    expect(ended.error?.message).not.toContain('may have been accepted');
  } finally {
    await nobody.close();
  }
});

describe('a status that is answered with', () => {
  test.concurrent.each([408, 425, 429, 500, 501, 502, 503, 504])('%d, however often, fails no operation', async (httpStatus) => {
    const bad = { httpStatus, headers: now, body: { error } };
    const ended = await run(poll(bad, bad, bad, bad, bad, { body: { status: 'Succeeded' } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 6 });
  });

  test.concurrent('nothing, the connection being lost, is read again', async () => {
    const ended = await run(poll({ cut: true }, { body: { status: 'Succeeded' } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded' });
    expect(calls(ended)).toEqual(['POST /things', 'GET /operations/1', 'GET /operations/1']);
  });

  test.concurrent.each([401, 403])('%d a few times fails as unauthorized, and can be attached to', async (httpStatus) => {
    const ended = await run(poll({ httpStatus, body: { error } }));
    expect(ended.error).toMatchObject({ type: 'Unauthorized', details: { httpStatus, error, statusUrl: `${ended.base}/operations/1` } });
  });

  test.concurrent('401 once is read again', async () => {
    const ended = await run(poll({ httpStatus: 401 }, { httpStatus: 403 }, { body: { status: 'Succeeded' } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded' });
  });

  test.concurrent('404 right after the submit is not visible yet', async () => {
    const ended = await run(poll({ httpStatus: 404 }, { httpStatus: 404 }, { body: { status: 'Succeeded' } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 3 });
  });

  test.concurrent('404 later is gone', async () => {
    const ended = await run(
      poll({ body: { status: 'Running' }, headers: { 'Retry-After': '1' } }, { httpStatus: 404, headers: { 'Retry-After': '1' } }),
    );
    expect(ended.error).toMatchObject({ type: 'OperationGone', details: { httpStatus: 404, operationId: '1' } });
  });

  test.concurrent('410 is gone at once', async () => {
    const ended = await run(poll({ httpStatus: 410, body: { error } }));
    expect(ended.error).toMatchObject({ type: 'OperationGone', details: { httpStatus: 410 } });
    expect(calls(ended)).toHaveLength(2);
  });

  test.concurrent.each([400, 405, 409, 412, 418, 422])('%d is a protocol error after a few tries, with the body', async (httpStatus) => {
    const ended = await run(poll({ httpStatus, body: { error } }));
    expect(ended.error).toMatchObject({ type: 'ProtocolError', details: { httpStatus, error, statusUrl: `${ended.base}/operations/1` } });
    expect(calls(ended)).toHaveLength(4);
  });

  test.concurrent.each<[string, Script['routes'][number]['answers'][number]]>([
    ['no JSON', { body: '<html>' }],
    ['JSON that ends too early', { body: '{"status":"Succeeded"' }],
    ['a body that is cut off', { body: { status: 'Succeeded' }, cutBody: 12 }],
    ['an empty body', {}],
    ['no status', { body: { state: 'Succeeded' } }],
    ['a status that is no string', { body: { status: 200 } }],
    ['a million levels', { body: `${'{"details":'.repeat(90_000)}1${'}'.repeat(90_000)}` }],
  ])('%s is no success: read again a few times, then a protocol error', async (_what, answer) => {
    const [never, once] = await Promise.all([run(poll(answer)), run(poll(answer, answer, { body: { status: 'Succeeded' } }))]);
    expect(never.error).toMatchObject({ type: 'ProtocolError', message: expect.stringContaining('3 times in a row') });
    expect(calls(never)).toHaveLength(4);
    expect(once.result).toMatchObject({ status: 'Succeeded', polls: 3 });
  });

  test.concurrent('a Retry-After that is none is asked again after the default interval', async () => {
    const answers = ['/bar', '1.5', '-1', ''].map((text) => ({ body: { status: 'Running' }, headers: { 'Retry-After': text } }));
    const ended = await run(poll(...answers, { body: { status: 'Succeeded' } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded', polls: 5 });
  });

  test.concurrent('a redirect on the same host is followed, one to another host is not: it may be a login page', async () => {
    const same = await run({
      ...poll({ httpStatus: 307, headers: { Location: '{base}/operations/2' } }),
      'GET /operations/2': [{ body: { status: 'Succeeded' } }],
    });
    expect(same.result).toMatchObject({ status: 'Succeeded' });
    const other = await run(poll({ httpStatus: 307, headers: { Location: 'http://localhost:1/x' } }));
    expect(other.error).toMatchObject({
      type: 'ProtocolError',
      message: expect.stringMatching(/a redirect \(307\) to http:\/\/localhost:1\/x, .* may be a login page/),
      details: { httpStatus: 307, statusUrl: `${other.base}/operations/1` },
    });
  });
});

describe('a service that goes too far', () => {
  test.concurrent.each([
    'http://evil.example/x',
    'https://127.0.0.1.evil.example/x',
    'ftp://127.0.0.1/x',
    'http://127.0.0.1/another/port',
    'http://me:pw@evil.example/x',
  ])('is not followed to %s', async (url) => {
    const ended = await run({ 'POST /things': accepted({ 'Operation-Location': url }) });
    expect(ended.error).toMatchObject({ type: 'UntrustedUrl' });
    expect(JSON.stringify(ended.error?.message)).not.toContain('me:pw');
  });

  test.concurrent('with half characters in its words still brings its failure to the caller', async () => {
    const half = '\ud83d';
    const texts = [half, `${'x'.repeat(399)}😀 and more`];
    const all = await Promise.all([
      ...texts.map((message) => run(poll({ body: { status: 'Failed', operationId: half, error: { code: half, message } } }))),
      ...texts.map((message) => run({ 'POST /things': [{ httpStatus: 400, body: { error: { message } } }] })),
    ]);
    expect(all.map((ended) => ended.error?.type)).toEqual([
      'OperationFailed',
      'OperationFailed',
      'SubmissionRejected',
      'SubmissionRejected',
    ]);
    const running = await run(
      { ...poll({ body: { status: `Run${half}`, operationId: half }, headers: { 'Retry-After': '60' } }) },
      { deadlineSeconds: 1 },
    );
    expect(running.error).toMatchObject({ type: 'DeadlineExceeded' });
  });

  test.concurrent('with endless words fails with a bounded part of them', async () => {
    const long = 'x'.repeat(900_000);
    const ended = await run(poll({ body: { status: 'Failed', error: { code: 'A', message: long }, resourceLocation: `/x/${long}` } }));
    expect(ended.error).toMatchObject({ type: 'OperationFailed', details: { truncated: ['error'] } });
    expect(JSON.stringify(ended.error?.details).length).toBeLessThan(140_000);
  });

  test.concurrent('with endless URLs succeeds without them', async () => {
    const long = 'x'.repeat(900_000);
    const ended = await run(poll({ body: { status: 'Succeeded', resourceLocation: `/x/${long}` } }));
    expect(ended.result).toMatchObject({ status: 'Succeeded', truncated: ['body'] });
  });
});

test.concurrent('a caller with half characters gets its failure, too', async () => {
  const half = '\ud83d';
  const inputs = [
    { connection: half, submit: { path: '/things' } },
    { connection: 'maps', submit: { path: '/things' }, [half]: 1 },
    { connection: 'maps', submit: { path: '/things' }, labels: { [half]: 'x'.repeat(1000) } },
    { connection: 'maps', submit: { path: '/things', bodyFile: { path: half } } },
    { connection: 'maps', submit: { path: '/things', bodyFile: { url: `https://evil.example/${half}` } } },
    { connection: 'maps', attach: { statusUrl: `https://evil.example/${half}` } },
  ];
  const types = await Promise.all(
    inputs.map((input) => service.harness.lro.execute(input).catch((err: unknown) => (err as { type?: string }).type)),
  );
  expect(types).toEqual(['UnknownConnection', 'InvalidInput', 'InvalidInput', 'FileRefused', 'FileRefused', 'UntrustedUrl']);
});
