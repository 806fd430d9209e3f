/** What a dialect's keys do, one at a time, and what holds for every dialect and every answer. */
import fc from 'fast-check';
import type { Json } from '../../src/contract';
import type { Answer } from '../../src/lro/answer';
import { withKey } from '../../src/lro/dialect-key';
import { PRESETS } from '../../src/lro/dialects';
import type { Monitor } from '../../src/lro/monitor';
import { decideStatus } from '../../src/lro/status';
import { decideSubmit } from '../../src/lro/submit';
import { load } from '../config/file';
import { answer, context, NOW_MS } from '../protocol/given';
import { accepted, BASE, polled, settingsOf, submitted } from './given';

const own = { pollingLocation: '{base}/jobs/{$response.body#/id}', status: '$response.body#/state', succeeded: ['done'], failed: ['bad'] };

it('a submit whose answer names nothing to poll is a protocol error that says what was looked for, and what the answer had', () => {
  const decision = submitted(settingsOf(own), 200, { jobId: 7, state: 'queued' }, { 'x-request': '1' });
  expect(decision).toMatchObject({ kind: 'failed', failure: { type: 'ProtocolError' } });
  const { message } = (decision as { failure: { message: string } }).failure;
  expect(message).toContain(
    'looked for {base}/jobs/{$response.body#/id}; the answer (200) had a body with jobId, state, and the headers x-request',
  );
});

it('a status that is never found is a protocol error that says the same', () => {
  const settings = settingsOf(own);
  const monitor = accepted(settings, 200, { id: 7 });
  const tally = { unreadable: { count: 9, sinceMs: NOW_MS - 400_000 } };
  const decision = polled(settings, { ...monitor, tally }, 200, { phase: 'x' });
  expect(decision).toMatchObject({ kind: 'failed', failure: { type: 'ProtocolError' } });
  const { message } = (decision as { failure: { message: string } }).failure;
  expect(message).toContain('no status: looked for $response.body#/state; the answer (200) had a body with phase');
});

it('an unknown word runs on, and is told with the setting that would end it', () => {
  const settings = settingsOf(own);
  const decision = polled(settings, accepted(settings, 200, { id: 7 }), 200, { state: 'Simmering' });
  expect(decision).toMatchObject({ kind: 'running', status: 'Simmering' });
  expect((decision as { trouble?: { message: string } }).trouble?.message).toContain('"statusWords"');
});

it('a poll by POST and a cancel request have what the submit answered in their bodies', () => {
  const dialect = {
    ...own,
    pollingLocation: '{base}/status',
    poll: { body: { job: '$response.body#/id', note: 'of {$response.body#/id}' } },
    cancel: { url: '/v1/stop', body: { ids: ['$response.body#/id'] } },
  };
  const monitor = accepted(settingsOf(dialect), 200, { id: 7 });
  expect(monitor.poll).toEqual({ method: 'POST', body: { job: 7, note: 'of 7' } });
  expect(monitor.cancel).toEqual({ method: 'POST', url: `${BASE}/stop`, body: { ids: [7] } });
  expect(submitted(settingsOf(dialect), 200, { other: 7 })).toMatchObject({ kind: 'failed', failure: { type: 'ProtocolError' } });
});

it('an id cannot lead elsewhere, and one that JSON readers round is none', () => {
  const settings = settingsOf({ ...own, pollingLocation: '{base}/jobs/{$response.body#/id}?v=1' });
  expect(accepted(settings, 200, { id: '../../admin?x=1#y' }).statusUrl).toBe(`${BASE}/jobs/admin%3Fx%3D1%23y?v=1`);
  expect(submitted(settings, 200, '{"id":9007199254740993}').kind).toBe('failed');
});

it('the query of a status URL stays at its end', () => {
  const settings = settingsOf({ ...own, pollingLocation: '$response.header.Location', finalLocation: '{statusUrl}/results' });
  const monitor = accepted(settings, 201, {}, { location: '/v1/jobs/1?sig=a%2Bb' });
  expect(polled(settings, monitor, 200, { state: 'done' })).toMatchObject({ fetches: [{ url: `${BASE}/jobs/1/results?sig=a%2Bb` }] });
});

it('the key of a submit goes where the dialect says, and what the caller put there stays', () => {
  const place = { name: 'k', repeated: 'replayed' as const };
  expect(withKey({ url: `${BASE}/x` }, { in: 'header', ...place }, 'u', false)).toEqual({ url: `${BASE}/x`, headers: { k: 'u' } });
  expect(withKey({ url: `${BASE}/x?a=1` }, { in: 'query', ...place, repeatQuery: { retry: 'true' } }, 'u', true)?.url).toBe(
    `${BASE}/x?a=1&k=u&retry=true`,
  );
  expect(withKey({ url: BASE, body: { a: 1 } }, { in: 'body', ...place }, 'u', false)?.body).toEqual({ k: 'u', a: 1 });
  expect(withKey({ url: BASE, body: { k: 'mine' } }, { in: 'body', ...place }, 'u', false)?.body).toEqual({ k: 'mine' });
  expect(withKey({ url: BASE, body: [1] }, { in: 'body', ...place }, 'u', false)).toBe(undefined);
});

it('a 409 to a repeated key that is refused means that the first submit was accepted', () => {
  const settings = settingsOf({ ...own, idempotencyKey: { in: 'header', name: 'Idempotency-Key', repeated: 'refused' } });
  const types = [0, 1].map((attempts) => {
    const decision = decideSubmit(answer(409, {}, { message: 'seen' }), context({ attempts }), settings, NOW_MS, 0);
    return decision.kind === 'failed' ? decision.failure.type : decision.kind;
  });
  expect(types).toEqual(['SubmissionRejected', 'SubmissionUncertain']);
});

it('waits grow where the service names none, and never stand against its Retry-After', () => {
  const settings = settingsOf({ ...own, backoff: { firstSeconds: 2, maxSeconds: 60, factor: 1.5 } });
  const monitor = accepted(settings, 200, { id: 7 });
  const wait = (elapsedSeconds: number, headers: Record<string, string> = {}) => {
    const decision = polled(settings, { ...monitor, acceptedAtMs: NOW_MS - elapsedSeconds * 1000 }, 200, { state: 'on' }, headers);
    return decision.kind === 'running' ? decision.waitSeconds : undefined;
  };
  expect([wait(0), wait(20), wait(100), wait(9000)]).toEqual([2, 10, 50, 60]);
  expect(wait(0, { 'retry-after': '300' })).toBe(300);
});

it("the code in the URLs of a Durable Functions instance stays, though the connection's key has its name", () => {
  const { connections } = load(
    `connections:\n  maps:\n    baseUrl: ${BASE}\n    dialect: durable-functions\n    auth: { type: key, in: query, name: code, value: { env: K } }\n`,
    { K: 'own-key-1234' },
  );
  const { protocol } = connections['maps'] ?? { protocol: settingsOf('durable-functions') };
  expect(protocol.credentialParameters).toContain('code');
  const monitor = accepted(protocol, 202, {
    id: 'a',
    statusQueryGetUri: `${BASE}/i/a?code=X`,
    terminatePostUri: `${BASE}/i/a/terminate?code=X`,
  });
  expect([monitor.statusUrl, monitor.cancel?.url]).toEqual([`${BASE}/i/a?code=X`, `${BASE}/i/a/terminate?code=X`]);
});

it('a synchronous answer is the result only where the dialect says so', () => {
  expect(submitted(settingsOf('ogc-processes'), 200, { area: 12.5 })).toMatchObject({
    kind: 'succeeded',
    outcome: { body: { area: 12.5 } },
  });
  expect(submitted(settingsOf(own), 200, { area: 12.5 }).kind).toBe('failed');
});

describe('every preset, whatever comes', () => {
  const names = Object.keys(PRESETS);
  const sets = new Map(names.map((name) => [name, settingsOf(name)]));
  const word = fc.constantFrom(
    'Completed',
    'COMPLETED',
    'failed',
    'successful',
    'running',
    'TERMINATED',
    'SUCCESS',
    '\ud800',
    '__proto__',
    '',
  );
  const url = fc.constantFrom(
    `${BASE}/jobs/1`,
    '/jobs/1',
    'https://evil.example/1',
    'javascript:alert(1)',
    'https://u:p@api.example.com/',
    '//evil.example',
    'http://[::1',
    '{base}',
  );
  const body = fc.oneof(
    fc.record(
      {
        id: fc.oneof(url, word, fc.integer(), fc.double()),
        name: fc.oneof(url, fc.string({ unit: 'binary' })),
        run_id: fc.oneof(fc.maxSafeInteger(), fc.jsonValue()),
        status: fc.oneof(word, fc.jsonValue()),
        runtimeStatus: word,
        done: fc.oneof(fc.boolean(), word),
        error: fc.jsonValue(),
        output: fc.jsonValue(),
        response: fc.jsonValue(),
        state: fc.record({ life_cycle_state: word, result_state: word }, { requiredKeys: [] }),
        urls: fc.record({ get: url, cancel: url }, { requiredKeys: [] }),
        status_url: url,
        response_url: url,
        statementStatusUrl: url,
        statementHandle: word,
        statusQueryGetUri: url,
        resourceType: fc.constant('OperationOutcome'),
        issue: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue({ maxDepth: 5 }),
    fc.string({ unit: 'binary' }),
  );
  const anyAnswer = fc.record({
    code: fc.oneof(fc.constantFrom(200, 201, 202, 204, 400, 422, 500, 503), fc.integer({ min: 200, max: 599 })),
    headers: fc.record({ location: url, 'content-location': url, 'retry-after': fc.nat(100_000).map(String) }, { requiredKeys: [] }),
    text: body.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    cutBy: fc.constantFrom(undefined, undefined, 'limit' as const, 'connection' as const),
  });

  it('is decided without an error, within a finite wait that is never shorter than asked', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), anyAnswer, anyAnswer, anyAnswer, (name, first, second, third) => {
        const settings = sets.get(name) ?? settingsOf(name);
        const exchange = ({ code, headers, text, cutBy }: typeof first): Answer =>
          answer(code, headers, undefined, { url: `${BASE}/jobs`, body: { text, cutBy } });
        const submit = decideSubmit(exchange(first), context({ url: `${BASE}/jobs` }), settings, NOW_MS, 0);
        const base: Monitor = { connection: 'maps', statusUrl: `${BASE}/jobs/1`, style: 'monitor', acceptedAtMs: NOW_MS };
        const asked = submit.kind === 'accepted' ? submit.monitor : base;
        const status = decideStatus(exchange(second), asked, settings, NOW_MS, 0);
        const next = (status.kind === 'running' ? status.monitor : undefined) ?? asked;
        const last = decideStatus(exchange(third), next, settings, NOW_MS, 0);
        for (const [decision, { headers }] of [
          [submit, first],
          [status, second],
          [last, third],
        ] as const) {
          expect(JSON.parse(JSON.stringify(decision))).toBeTruthy();
          expect(Buffer.byteLength(JSON.stringify(decision))).toBeLessThan(400_000);
          if (!('waitSeconds' in decision)) continue;
          expect(Number.isFinite(decision.waitSeconds)).toBe(true);
          expect(decision.waitSeconds).toBeGreaterThanOrEqual(Math.min(Number(headers['retry-after'] ?? 0), settings.poll.maxSeconds));
        }
        if (status.kind === 'succeeded') expect(second.code).toBeLessThan(300);
        // What is not started cannot have succeeded, and is started until the service has taken it.
        if (asked.start !== undefined) expect(status.kind).not.toBe('succeeded');
        if (asked.start !== undefined && second.code >= 300) expect(next.start).toMatchObject(asked.start);
      }),
      { numRuns: 1000 },
    );
  });

  it('an end beside any other field is the same end', () => {
    const ends: [string, Json, string][] = [
      ['replicate', { status: 'succeeded' }, 'succeeded'],
      ['replicate', { status: 'failed' }, 'failed'],
      ['ogc-processes', { status: 'dismissed' }, 'failed'],
      ['durable-functions', { runtimeStatus: 'Terminated' }, 'failed'],
      ['openai-batches', { status: 'completed' }, 'succeeded'],
      ['aip-151', { done: true, error: { code: 3 } }, 'failed'],
      ['databricks-runs', { state: { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' } }, 'succeeded'],
    ];
    const rest = fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => !/^(status|state|error|done|runtimeStatus|__proto__)$/.test(name)),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...ends), rest, ([name, end, kind], more) => {
        const settings = sets.get(name) ?? settingsOf(name);
        const monitor = { connection: 'maps', statusUrl: `${BASE}/jobs/1`, style: 'monitor' as const, acceptedAtMs: NOW_MS };
        expect(polled(settings, monitor, 200, { ...(more as object), ...(end as object) }).kind).toBe(kind);
      }),
    );
  });
});
