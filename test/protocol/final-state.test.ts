/** Where the result is read after success [protocol.md section 2, final-state-via], and what the answer of that final GET means. */
import type { FinalStateVia, HttpMethod, Json } from '../../src/contract';
import { decideFetch } from '../../src/lro/fetch';
import type { Fetch, SubmitContext } from '../../src/lro/monitor';
import { decideStatus } from '../../src/lro/status';
import { decideSubmit } from '../../src/lro/submit';
import { answer, context, HOST, NOW_MS, settings } from './given';

const original = context().url;
const location = `${HOST}/results/1?api-version=2.0`;
const named = `${HOST}/named/1?api-version=2.0`;

/** URLs read in the end by an operation with a monitor. */
function readAfter(
  of: Partial<SubmitContext>,
  submitHeaders: Record<string, string> = { 'Operation-Location': '/operations/1', Location: '/results/1' },
  finalBody: Json = { status: 'Succeeded' },
  finalHeaders: Record<string, string> = {},
): Pick<Fetch, 'url' | 'into'>[] {
  const accepted = decideSubmit(answer(202, submitHeaders), context(of), settings(), NOW_MS, 0);
  if (accepted.kind !== 'accepted') throw new Error(accepted.kind);
  const ended = decideStatus(answer(200, finalHeaders, finalBody), accepted.monitor, settings(), NOW_MS, 0);
  if (ended.kind !== 'succeeded') throw new Error(ended.kind);
  return (ended.fetches ?? []).map(({ url, into }) => ({ url, into }));
}
const urls = (...of: Parameters<typeof readAfter>): string[] => readAfter(...of).map(({ url }) => url);

describe('by default the result is read', () => {
  test.each<[HttpMethod, string[]]>([
    ['PUT', [original]],
    ['PATCH', [location]],
    ['POST', [location]],
    ['DELETE', []],
    ['GET', []],
  ])('of a %s at %j', (method, expected) => {
    expect(urls({ method })).toEqual(expected);
  });

  test.each<[HttpMethod, string[]]>([
    ['PUT', [original]],
    ['PATCH', [original]],
    ['POST', []],
    ['DELETE', []],
  ])('of a %s without Location beside the monitor at %j', (method, expected) => {
    expect(urls({ method }, { 'Operation-Location': '/operations/1' })).toEqual(expected);
  });

  test('at the body’s resourceLocation before all others', () => {
    for (const method of ['PUT', 'PATCH', 'POST', 'DELETE'] as const) {
      expect(urls({ method }, undefined, { status: 'Succeeded', resourceLocation: '/named/1' })).toEqual([named]);
    }
  });

  test('nowhere else when resourceLocation is no string', () => {
    expect(urls({}, undefined, { status: 'Succeeded', resourceLocation: { url: '/named/1' } })).toEqual([location]);
  });

  test('not at a Location that repeats the monitor’s own URL', () => {
    expect(urls({}, { 'Operation-Location': '/operations/1', Location: '/operations/1' })).toEqual([]);
  });

  test('not at Resource-Location: that is told, and read only where the caller wants it', () => {
    const headers = { 'Operation-Location': '/operations/1' };
    const made = { 'Resource-Location': `${HOST}/tilesets/t-1` };
    expect(urls({}, headers, undefined, made)).toEqual([]);
    expect(readAfter({ fetchResource: true }, headers, undefined, made)).toEqual([
      { url: `${HOST}/tilesets/t-1?api-version=2.0`, into: ['resource'] },
    ]);
  });

  test('in the answer itself where a Location became the result', () => {
    expect(urls({ method: 'PUT' }, { Location: '/results/1' }, { id: '100' })).toEqual([]);
  });
});

describe('final-state-via', () => {
  const body = { status: 'Succeeded', resourceLocation: '/named/1' };
  test.each<[FinalStateVia, string[]]>([
    ['original-uri', [original]],
    ['location', [location]],
    ['operation-location', []],
    ['azure-async-operation', []],
  ])('%s reads %j, whatever the method, and whatever resourceLocation says', (finalStateVia, expected) => {
    for (const method of ['PUT', 'PATCH', 'POST', 'DELETE'] as const) {
      expect(urls({ method, finalStateVia })).toEqual(expected);
      expect(urls({ method, finalStateVia }, undefined, body)).toEqual(expected);
    }
  });

  test('location without one reads what the body names', () => {
    const headers = { 'Operation-Location': '/operations/1' };
    expect(urls({ finalStateVia: 'location' }, headers)).toEqual([]);
    expect(urls({ finalStateVia: 'location' }, headers, body)).toEqual([named]);
  });

  describe('location of an operation whose status URL is the Location', () => {
    const asked = { Location: '/operations/1' };
    const of = { finalStateVia: 'location' } as const;

    test('reads the Location of the last answer', () => {
      expect(urls(of, asked, { status: 'Succeeded' }, { Location: '/operations/1/result' })).toEqual([
        `${HOST}/operations/1/result?api-version=2.0`,
      ]);
    });

    test.each([[{}], [{ Location: '/operations/1' }], [{ Location: '/OPERATIONS/1?api-version=2.0' }]])(
      'takes that answer for the result where it has %j',
      (headers) => {
        expect(urls(of, asked, { status: 'Succeeded', resourceLocation: '/named/1' }, headers as Record<string, string>)).toEqual([]);
      },
    );
  });

  test('original-uri is read after a Location, too', () => {
    expect(urls({ method: 'PUT', finalStateVia: 'original-uri' }, { Location: '/results/1' }, { id: '100' })).toEqual([original]);
  });
});

test('result and resource at one URL are read with one GET', () => {
  const body = { status: 'Succeeded', resourceLocation: `${HOST}/named/1` };
  expect(readAfter({ fetchResource: true }, undefined, body)).toEqual([{ url: named, into: ['body', 'resource'] }]);
});

test('headers and cookies of the operation go with the final GET', () => {
  const headers = { 'x-ms-client-request-id': 'r-1' };
  const accepted = decideSubmit(
    answer(202, { 'Operation-Location': '/operations/1', Location: '/results/1' }, undefined, { setCookies: ['a=1'] }),
    context({ headers }),
    settings(),
    NOW_MS,
    0,
  );
  const last = answer(200, {}, { status: 'Succeeded' }, { setCookies: ['b=2'] });
  const ended = accepted.kind === 'accepted' ? decideStatus(last, accepted.monitor, settings(), NOW_MS, 0) : accepted;
  expect(ended).toMatchObject({
    fetches: [
      {
        url: location,
        headers,
        cookies: [
          { name: 'a', value: '1', path: '/tilesets/operations' },
          { name: 'b', value: '2' },
        ],
      },
    ],
  });
});

describe('the answer of a final GET', () => {
  const fetch: Fetch = { connection: 'maps', url: location, into: ['body'] };
  const decide = (exchange: Parameters<typeof decideFetch>[0], attempts = 0) =>
    decideFetch(exchange, { ...fetch, attempts }, settings(), NOW_MS, 0.5);

  test('is the result', () => {
    expect(decide(answer(200, {}, { id: '100' }))).toEqual({ kind: 'fetched', value: { id: '100' }, cut: false });
    expect(decide(answer(200, {}, 'a,b'))).toEqual({ kind: 'fetched', value: 'a,b', cut: false });
    expect(decide(answer(204))).toEqual({ kind: 'fetched', cut: false });
  });

  test('is cut where it is too large', () => {
    const decision = decide(answer(200, {}, { log: 'x'.repeat(200_000) }));
    expect(decision).toMatchObject({ kind: 'fetched', cut: true });
    expect(JSON.stringify(decision).length).toBeLessThan(66_000);
  });

  test.each([202, 404, 408, 425, 429, 500, 502, 503, 504])('%d is read again, a bounded number of times', (code) => {
    expect(decide(answer(code))).toMatchObject({ kind: 'again', waitSeconds: 1.125, fetch: { attempts: 1 } });
    expect(decide(answer(code, { 'Retry-After': '9' }))).toMatchObject({ kind: 'again', waitSeconds: 9 });
    expect(decide(answer(code), 7)).toMatchObject({ kind: 'missing', reason: expect.stringContaining(String(code)) });
  });

  test('that broke off is read again', () => {
    expect(decide(answer(200, {}, undefined, { body: { text: '{"id', cutBy: 'connection' } })).kind).toBe('again');
  });

  test('that is a page of a gateway is read again, and no result unless a page was asked for', () => {
    const page = answer(200, { 'Content-Type': 'text/html' }, '<!DOCTYPE html><html><body>Maintenance</body></html>');
    expect(decide(page)).toMatchObject({ kind: 'again', fetch: { attempts: 1 } });
    expect(decide(page, 7)).toEqual({ kind: 'missing', reason: 'the service answered 200 with an HTML page' });
    const asked: Fetch = { ...fetch, headers: { Accept: 'text/html' } };
    expect(decideFetch(page, asked, settings(), NOW_MS, 0.5).kind).toBe('fetched');
  });

  test('that did not come is asked for again', () => {
    expect(decide({ kind: 'noAnswer', method: 'GET', url: location, maybeSent: true, reason: 'reset' })).toMatchObject({
      kind: 'again',
      reason: 'reset',
    });
    expect(decide({ kind: 'noCredentials', url: location, reason: 'no token' }).kind).toBe('again');
  });

  test.each([301, 400, 401, 403, 405, 410, 422])('%d is missing, with its reason, and never a failure of the operation', (code) => {
    expect(decide(answer(code, {}, { error: { code: 'A', message: 'why' } }))).toEqual({
      kind: 'missing',
      reason: `the service answered ${code}: A: why`,
    });
  });

  test('at an untrusted place is missing', () => {
    expect(decide({ kind: 'untrusted', url: location, reason: 'not trusted' })).toEqual({
      kind: 'missing',
      reason: 'refused: not trusted',
    });
  });
});
