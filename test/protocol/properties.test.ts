/** What holds for every answer there can be. 300 runs each, 10,000 with `LRO_LONG=1`. */
import fc from 'fast-check';
import type { Json } from '../../src/contract';
import type { Answer, Exchange } from '../../src/lro/answer';
import { decideFetch } from '../../src/lro/fetch';
import { isWrong, type Monitor, type MonitorStyle, type StatusDecision, type SubmitContext } from '../../src/lro/monitor';
import type { PollSettings, TrustSettings } from '../../src/lro/settings';
import { fit, jsonBytes } from '../../src/lro/sizes';
import { decideStatus } from '../../src/lro/status';
import { decideSubmit } from '../../src/lro/submit';
import { judgeUrl } from '../../src/lro/trust';
import { deepJson, HOST, monitor, NOW_MS, settings } from './given';

const numRuns = process.env['LRO_LONG'] === '1' ? 10_000 : 300;
jest.setTimeout(process.env['LRO_LONG'] === '1' ? 900_000 : 60_000);
/** Checks it for so many values. */
function holds<T extends unknown[]>(property: fc.IPropertyWithHooks<T>): void {
  fc.assert(property, { numRuns });
}

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const secondsText = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('1.5', '/bar', '-1', '9'.repeat(500), '', '1000000000000', 'Fri, 31 Dec 9999 23:59:59 GMT', 'Sun Nov  6 08:49:37 1994'),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  anyText,
);
const hostileUrl = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.webPath(),
  fc.constantFrom(
    `${HOST}/tilesets/operations/op-1`,
    `"${HOST}/x" `,
    'http://',
    '//evil.example/x',
    'javascript:alert(1)',
    'https://u:p@us.atlas.microsoft.com/',
    'https://[::1',
    'http://%zz/',
    `${HOST}/%ff%00?subscription%2dkey=s3cret`,
    `${HOST}/${'x'.repeat(50_000)}`,
    'https://us.atlas.microsoft.com\\@evil.example/',
    '\u0000',
  ),
  anyText,
);
const headers = fc.record(
  {
    'retry-after': secondsText,
    date: fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      anyText,
    ),
    'operation-location': hostileUrl,
    'azure-asyncoperation': hostileUrl,
    location: hostileUrl,
    'resource-location': hostileUrl,
    'retry-after-ms': secondsText,
    'x-ms-retry-after-ms': secondsText,
    'content-type': fc.constantFrom('application/json', 'text/html; charset=utf-8', 'text/plain'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;
const word = fc.oneof(
  fc.constantFrom('Running', 'NotStarted', 'Succeeded', 'succeeded', 'Completed', 'Failed', 'Canceled', 'cancelled', '__proto__', '\ud800'),
  anyText,
);
const json = fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<Json>;
const statusBody = fc.record(
  {
    status: fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: json }),
    operationId: fc.oneof(anyText, json),
    created: fc.oneof(anyText, json),
    error: json,
    warning: json,
    resourceLocation: fc.oneof(hostileUrl, json),
    result: json,
    properties: fc.oneof(json, fc.record({ provisioningState: word })),
  },
  { requiredKeys: [] },
);
const deep = deepJson(200_000);
const bodyText = fc.oneof(
  { weight: 6, arbitrary: statusBody.map((body) => JSON.stringify(body)) },
  { weight: 2, arbitrary: json.map((body) => JSON.stringify(body)) },
  { weight: 2, arbitrary: fc.tuple(statusBody, fc.nat(300)).map(([body, length]) => JSON.stringify(body).slice(0, length)) },
  { weight: 2, arbitrary: anyText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '<html>',
      deep,
      `{"error":${deep}}`,
      '['.repeat(5000),
      '{"a":'.repeat(5000),
      '{"__proto__":{"status":"Succeeded"}}',
    ),
  },
);
const httpStatus = fc.oneof(fc.constantFrom(200, 201, 202, 204, 400, 401, 404, 429, 500, 501, 503), fc.integer({ min: 100, max: 999 }));
const anyAnswer: fc.Arbitrary<Answer> = fc
  .record({
    httpStatus,
    headers,
    text: bodyText,
    cutBy: fc.constantFrom(undefined, undefined, undefined, 'limit' as const, 'connection' as const),
    setCookies: fc.option(fc.array(fc.oneof(anyText, fc.constantFrom('a=1', '__proto__=2; Path=/', 'a=; Max-Age=0')), { maxLength: 3 }), {
      nil: undefined,
    }),
  })
  .map(({ text, cutBy, setCookies, ...rest }) => ({
    kind: 'answer',
    method: 'GET',
    url: `${HOST}/tilesets/operations/op-1?api-version=2.0`,
    ...rest,
    ...(setCookies === undefined ? {} : { setCookies }),
    body: { text, ...(cutBy === undefined ? {} : { cutBy }) },
  }));
const anyExchange: fc.Arbitrary<Exchange> = fc.oneof(
  { weight: 20, arbitrary: anyAnswer },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('noAnswer' as const),
      method: fc.constant('GET'),
      url: hostileUrl,
      maybeSent: fc.boolean(),
      reason: anyText,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('untrusted' as const, 'noCredentials' as const), url: hostileUrl, reason: anyText }),
  },
);
const style = fc.constantFrom<MonitorStyle>('monitor', 'location', 'resource', 'deletion', 'unknown');
const random = fc.double({ min: 0, max: 0.999999, noNaN: true });
const poll: fc.Arbitrary<PollSettings> = fc.record({
  defaultSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
  minSeconds: fc.double({ min: 0, max: 10, noNaN: true }),
  maxSeconds: fc.double({ min: 10, max: 10_000, noNaN: true }),
  goneAfterSeconds: fc.constantFrom(0, 60),
  maxUnreadable: fc.integer({ min: 1, max: 10 }),
  unreadableSeconds: fc.constantFrom(0, 300),
  unauthorizedSeconds: fc.constantFrom(0, 3600),
});
const submitContext: fc.Arbitrary<SubmitContext> = fc.record({
  connection: fc.constant('maps'),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  url: fc.constantFrom(`${HOST}/tilesets?api-version=2.0`, `${HOST}/tilesets`),
  finalStateVia: fc.constantFrom(undefined, 'location', 'original-uri', 'operation-location', 'azure-async-operation'),
  fetchResource: fc.boolean(),
  idempotencyHeaders: fc.constantFrom([], ['Operation-Id']),
  attempts: fc.nat(2000),
});

/** What any decision must be like: plain JSON of bounded size, without the key, with text that is UTF-8 and a finite wait within its bounds. */
function checkDecision(decision: { kind: string; waitSeconds?: number; why?: string }, asked: PollSettings): void {
  const text = JSON.stringify(decision);
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(decision)));
  expect(Buffer.byteLength(text)).toBeLessThan(400_000);
  if ('failure' in decision) {
    const { failure } = decision as unknown as { failure: { message: string } };
    expect(() => encodeURIComponent(failure.message)).not.toThrow();
    expect(failure.message.length).toBeLessThan(8000);
  }
  if (decision.waitSeconds === undefined) return;
  expect(Number.isFinite(decision.waitSeconds)).toBe(true);
  expect(decision.waitSeconds).toBeGreaterThanOrEqual(asked.minSeconds);
  expect(decision.waitSeconds).toBeLessThanOrEqual(asked.maxSeconds);
}

/** The wait is never shorter than an answer that asks in plain digits says, in seconds or in milliseconds, up to the cap. */
function checkAsked(exchange: Exchange, decision: { kind: string; waitSeconds?: number }, { maxSeconds }: PollSettings): void {
  if (exchange.kind !== 'answer' || decision.waitSeconds === undefined) return;
  for (const [name, unit] of [
    ['retry-after', 1],
    ['retry-after-ms', 1000],
    ['x-ms-retry-after-ms', 1000],
  ] as const) {
    const text = exchange.headers[name] ?? '';
    if (/^[0-9]+$/.test(text)) expect(decision.waitSeconds).toBeGreaterThanOrEqual(Math.min(Number(text) / unit, maxSeconds));
  }
}

test('any answer to a submit is decided, in bounds', () => {
  holds(
    fc.property(anyExchange, submitContext, poll, random, (exchange, context, asked, chance) => {
      const decision = decideSubmit(exchange, context, settings({ poll: asked }), NOW_MS, chance);
      checkDecision(decision, asked);
      checkAsked(exchange, decision, asked);
    }),
  );
});

test('any answer of a status URL is decided, in bounds', () => {
  holds(
    fc.property(anyExchange, style, poll, random, (exchange, read, asked, chance) => {
      const decision = decideStatus(exchange, monitor({ style: read }), settings({ poll: asked }), NOW_MS, chance);
      checkDecision(decision, asked);
      checkAsked(exchange, decision, asked);
    }),
  );
});

test('any answer of a final GET is decided, in bounds', () => {
  const fetch = { connection: 'maps', url: `${HOST}/x`, into: ['body' as const] };
  holds(
    fc.property(anyExchange, fc.nat(20), poll, random, (exchange, attempts, asked, chance) => {
      const decision = decideFetch(exchange, { ...fetch, attempts }, settings({ poll: asked }), NOW_MS, chance);
      checkDecision(decision, asked);
      checkAsked(exchange, decision, asked);
      if (attempts >= 7) expect(decision.kind).not.toBe('again');
    }),
  );
});

test('the key of the connection never comes out of an answer', () => {
  const echo = fc
    .constantFrom('subscription-key', 'Subscription-Key', 'subscription%2dkey')
    .map((name) => `${HOST}/a/b?x=1&${name}=s3cret`);
  const echoing = fc.record({ 'operation-location': echo, location: echo, 'resource-location': echo }, { requiredKeys: [] });
  holds(
    fc.property(httpStatus, echoing, word, submitContext, style, (code, echoed, status, context, read) => {
      const exchange: Answer = {
        kind: 'answer',
        method: 'GET',
        url: HOST,
        httpStatus: code,
        headers: echoed,
        body: { text: JSON.stringify({ status, resourceLocation: echoed.location }) },
      };
      const submit = decideSubmit(exchange, context, settings(), NOW_MS, 0);
      const poll = decideStatus(exchange, monitor({ style: read }), settings(), NOW_MS, 0);
      for (const decision of [submit, poll]) {
        // The body itself is cleaned where it is read, by the connection that knows the secret.
        const rest =
          'outcome' in decision
            ? { ...decision.outcome, body: undefined }
            : decision.kind === 'failed'
              ? { ...decision.failure, body: undefined }
              : decision;
        expect(JSON.stringify(rest)).not.toContain('s3cret');
      }
    }),
  );
});

test('the same answer, again and again, ends in the times that are set unless it says that the work goes on or that the service is busy', () => {
  holds(
    fc.property(anyAnswer, style, poll, (answer, read, asked) => {
      const set = settings({ poll: asked });
      let current: Monitor = monitor({ style: read });
      let decision: StatusDecision | undefined;
      // Steps that are long enough for `unreadableSeconds` and `goneAfterSeconds` at once, and for `unauthorizedSeconds` together.
      for (let step = 0; step < Math.max(3, asked.maxUnreadable) + 10; step++) {
        decision = decideStatus(answer, current, set, NOW_MS + step * 400_000, 0);
        if (decision.kind !== 'running') return;
        current = decision.monitor ?? current;
      }
      const busy = answer.httpStatus >= 500 || [408, 425, 429].includes(answer.httpStatus);
      const goesOn = answer.httpStatus >= 200 && answer.httpStatus < 300 && decision?.kind === 'running' && !isWrong(decision.trouble);
      expect(busy || goesOn).toBe(true);
    }),
  );
});

test('a well-formed body with a terminal word always ends the operation, whatever else is in the answer', () => {
  const terminal = fc.constantFrom('Succeeded', 'Completed', 'Failed', 'ValidationFailed', 'Canceled', 'Cancelled');
  const ok = fc.constantFrom(200, 201, 202, 203, 206);
  holds(
    fc.property(
      terminal,
      fc.nat(63),
      statusBody,
      headers,
      ok,
      fc.constantFrom<MonitorStyle>('monitor', 'location', 'unknown'),
      (status, mask, rest, asked, code, read) => {
        const cased = status.replace(/./g, (letter: string, index: number) =>
          (mask >> (index % 6)) & 1 ? letter.toUpperCase() : letter.toLowerCase(),
        );
        const body = { text: JSON.stringify({ ...rest, status: cased }) };
        const exchange: Answer = { kind: 'answer', method: 'GET', url: HOST, httpStatus: code, headers: asked, body };
        const row = { count: 9, sinceMs: NOW_MS - 3_000_000 };
        const tally = { unreadable: row, unreachable: 100, unauthorized: row, notFound: row };
        const decision = decideStatus(exchange, monitor({ style: read, tally }), settings(), NOW_MS, 0);
        if (/^(succeeded|completed)$/i.test(status)) expect(decision.kind).toBe('succeeded');
        else
          expect(decision).toMatchObject({
            kind: 'failed',
            failure: { type: /^cancell?ed$/i.test(status) ? 'OperationCanceled' : 'OperationFailed' },
          });
      },
    ),
  );
});

test('an answer without a terminal word, or one that is no JSON, is never the success of a monitor', () => {
  holds(
    fc.property(anyAnswer, (answer) => {
      const decision = decideStatus(answer, monitor(), settings(), NOW_MS, 0);
      if (decision.kind !== 'succeeded') return;
      if (answer.httpStatus === 204 && decision.outcome.status === 'Succeeded') return;
      expect(answer.body.cutBy).not.toBe('connection');
      expect(decision.outcome.status.toLowerCase()).toMatch(/^(succeeded|completed)$/);
      expect(answer.body.text.toLowerCase()).toContain(decision.outcome.status.toLowerCase());
    }),
  );
});

/** Words of the family that say that work goes on, as services write them. */
const running = fc.constantFrom('Running', 'inprogress', 'NotStarted', 'Creating', 'Updating', 'Accepted', 'Running, Progress = 5 %');
const rest = fc.record({ id: json, name: json, result: json, resourceLocation: json, warning: json }, { requiredKeys: [] });
const stateful = (state: string, more: object) => JSON.stringify({ ...more, properties: { provisioningState: state } });

test('a resource whose state is not terminal, or whose status says that work goes on, is never a success, and neither is a page', () => {
  const styles = fc.constantFrom<MonitorStyle>('location', 'resource', 'deletion');
  holds(
    fc.property(running, rest, styles, headers, fc.constantFrom(200, 201, 202), fc.boolean(), (state, more, read, asked, code, atTop) => {
      const text = atTop ? JSON.stringify({ ...more, status: state }) : stateful(state, more);
      const exchange: Answer = { kind: 'answer', method: 'GET', url: HOST, httpStatus: code, headers: asked, body: { text } };
      expect(decideStatus(exchange, monitor({ style: read }), settings(), NOW_MS, 0).kind).toBe('running');
      const page: Answer = { ...exchange, body: { text: `<!DOCTYPE html><html>${text}</html>` } };
      expect(decideStatus(page, monitor({ style: read }), settings(), NOW_MS, 0).kind).toBe('running');
    }),
  );
});

test('a submit whose answer says that work goes on, or that is answered with a page, is never a success', () => {
  holds(
    fc.property(
      running,
      rest,
      submitContext,
      headers,
      fc.constantFrom(200, 201, 202),
      fc.boolean(),
      (state, more, context, asked, code, atTop) => {
        const ofResource = context.method === 'PUT' || context.method === 'PATCH';
        const text = ofResource && !atTop ? stateful(state, more) : JSON.stringify({ ...more, status: state });
        const exchange: Answer = {
          kind: 'answer',
          method: context.method,
          url: context.url,
          httpStatus: code,
          headers: asked,
          body: { text },
        };
        expect(decideSubmit(exchange, context, settings(), NOW_MS, 0).kind).not.toBe('succeeded');
        const page: Answer = { ...exchange, body: { text: '<html><body>Sign in</body></html>' } };
        expect(decideSubmit(page, context, settings(), NOW_MS, 0).kind).not.toBe('succeeded');
      },
    ),
  );
});

test('a probe ends with the success of its submit or a better word, whatever comes, within a few tries', () => {
  holds(
    fc.property(anyExchange, poll, (exchange, asked) => {
      const resourceLocation = `${HOST}/made/1`;
      let current: Monitor = monitor({ style: 'location', probe: { resourceLocation } });
      for (let tries = 0; tries < 6; tries++) {
        const decision = decideStatus(exchange, current, settings({ poll: asked }), NOW_MS, 0);
        checkDecision(decision, asked);
        if (decision.kind === 'failed') expect(decision.failure.type).toMatch(/^Operation(Failed|Canceled)$/);
        current = decision.kind === 'running' && decision.monitor !== undefined ? decision.monitor : current;
        // It has ended, or it is an operation like any other.
        if (decision.kind !== 'running' || current.probe === undefined) return;
      }
      throw new Error('a probe without an end');
    }),
  );
});

test('reading a body by its fields never depends on what else it holds: a state beside any other is the same state', () => {
  const ends = fc.constantFrom(['Succeeded', 'succeeded'], ['Failed', 'failed'], ['Canceled', 'failed'], ['Creating', 'running']);
  holds(
    fc.property(ends, rest, ([state = '', kind], more) => {
      const exchange: Answer = {
        kind: 'answer',
        method: 'GET',
        url: HOST,
        httpStatus: 200,
        headers: {},
        body: { text: stateful(state, more) },
      };
      expect(decideStatus(exchange, monitor({ style: 'resource' }), settings(), NOW_MS, 0).kind).toBe(kind);
    }),
  );
});

test('credentials never go to a host that is not trusted', () => {
  const name = fc.constantFrom(
    'us.atlas.microsoft.com',
    'example.com',
    'a.example.com',
    'a.b.example.com',
    'evilexample.com',
    '127.0.0.1',
    '[::1]',
    'localhost',
    'example.com.evil.test',
  );
  const port = fc.constantFrom('', ':80', ':443', ':8443', ':4010');
  const scheme = fc.constantFrom('https:', 'http:', 'ftp:', 'HTTPS:');
  const user = fc.constantFrom('', 'me@', 'me:pw@', 'us.atlas.microsoft.com@', 'us.atlas.microsoft.com%40');
  const url = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(scheme, user, name, port, fc.webPath()).map(([s, u, n, p, path]) => `${s}//${u}${n}${p}${path}`) },
    { weight: 1, arbitrary: hostileUrl },
  );
  const base = fc
    .tuple(fc.constantFrom('https:', 'http:'), fc.constantFrom('us.atlas.microsoft.com', '127.0.0.1', 'localhost'), port)
    .map((parts) => `${parts[0]}//${parts[1]}${parts[2]}`);
  const pattern = fc.tuple(fc.constantFrom('', '', '*.'), name, fc.constantFrom('', '', ':8443', ':443')).map((parts) => parts.join(''));
  const trust: fc.Arbitrary<TrustSettings> = fc.record({
    baseUrl: base,
    trustedHosts: fc.array(pattern, { maxLength: 3 }),
    attachHosts: fc.constant([]),
    otherHosts: fc.constantFrom('refuse' as const, 'withoutCredentials' as const),
  });
  holds(
    fc.property(url, trust, (text, of) => {
      const verdict = judgeUrl(text, of);
      expect(verdict.kind === 'withCredentials').toBe(trustedNaively(text, of));
      if (verdict.kind === 'withoutCredentials') expect(of.otherHosts).toBe('withoutCredentials');
    }),
  );
});

/** The same rule, written the long way. */
function trustedNaively(text: string, { baseUrl, trustedHosts }: TrustSettings): boolean {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const base = new URL(baseUrl);
  const portOf = ({ protocol, port }: URL): string => port || { 'http:': '80', 'https:': '443' }[protocol] || 'none';
  if (url.username || url.password) return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && base.protocol === 'http:')) return false;
  if (url.protocol === base.protocol && url.hostname === base.hostname && portOf(url) === portOf(base)) return true;
  for (const pattern of trustedHosts) {
    const withPort = /:\d+$/.test(pattern);
    const host = withPort ? pattern.slice(0, pattern.lastIndexOf(':')) : pattern;
    const sameHost = host.startsWith('*.')
      ? url.hostname.endsWith(`.${host.slice(2)}`) && url.hostname !== `.${host.slice(2)}`
      : url.hostname === host;
    if (!sameHost) continue;
    if (withPort) {
      if (portOf(url) === pattern.slice(pattern.lastIndexOf(':') + 1)) return true;
    } else if (url.hostname !== base.hostname || url.port === base.port || (url.protocol === 'https:' && portOf(url) === '443')) {
      return true;
    }
  }
  return false;
}

test('what is fitted is within its limit, and nothing that fits is touched', () => {
  holds(
    fc.property(
      fc.oneof(
        json,
        bodyText.map((text) => parsed(text)),
      ),
      fc.integer({ min: 5, max: 3000 }),
      (value, maxBytes) => {
        const fitted = fit(value, maxBytes);
        expect(jsonBytes(fitted.value)).toBeLessThanOrEqual(maxBytes);
        if (!fitted.cut) expect(fitted.value).toBe(value);
        else expect(jsonBytes(value) ?? Infinity).toBeGreaterThan(maxBytes);
      },
    ),
  );
});

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
