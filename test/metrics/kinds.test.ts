/** What is counted of a request, and how values that come and go are told. */
import type { MetricGauge } from '@temporalio/common';
import { openCredentials } from '../../src/http/credentials';
import { HalfOpen } from '../../src/http/half-open';
import { KeyHold } from '../../src/http/key-hold';
import { Redactor } from '../../src/http/redact';
import { tokenExpiresAtMs } from '../../src/http/token-expiry';
import { answerKind } from '../../src/metrics/answer-kind';
import { GaugeBoard } from '../../src/metrics/gauge-board';
import { NO_METER, RequestMeter, type RequestInstruments } from '../../src/metrics/request-meter';
import type { Exchange } from '../../src/lro/answer';
import type { TroubleKind } from '../../src/contract';
import { EntraTokens } from '../../src/transport/entra';
import { readSettings } from '../../src/hosting/settings';
import { writeConfig } from '../support/config';

const url = 'https://maps.example/status';
const answer = (httpStatus: number, headers: Record<string, string> = {}): Exchange => ({
  kind: 'answer',
  method: 'GET',
  url,
  httpStatus,
  headers,
  body: { text: '' },
});
const none: Exchange = { kind: 'noAnswer', method: 'GET', url, maybeSent: true, reason: 'cut' };

test.each<[Exchange, TroubleKind | undefined, string | undefined]>([
  [answer(200), undefined, 'ok'],
  [answer(202), undefined, 'ok'],
  [answer(429), undefined, 'throttled'],
  [answer(503, { 'retry-after': '1' }), undefined, 'throttled'],
  [answer(503), undefined, 'unreachable'],
  [answer(500), 'Uncertain', 'unreachable'],
  [answer(408), undefined, 'unreachable'],
  [answer(401), undefined, 'unauthorized'],
  [answer(403), 'Unauthorized', 'unauthorized'],
  [answer(400), undefined, 'rejected'],
  [answer(404), undefined, 'rejected'],
  [answer(404), 'Unreadable', 'unreadable'],
  [answer(200), 'Unreadable', 'unreadable'],
  [answer(202), 'Uncertain', 'unreadable'],
  [answer(302), undefined, 'unreadable'],
  [none, 'Uncertain', 'unreachable'],
  [{ kind: 'noCredentials', url, reason: 'no file' }, undefined, 'unauthorized'],
  [{ kind: 'untrusted', url, reason: 'another host' }, undefined, undefined],
])('%j with trouble %s counts as %s', (exchange, trouble, kind) => {
  expect(answerKind(exchange, trouble, Date.now())).toBe(kind);
});

/** What instruments were given: name, value and labels. */
function recording(): { instruments: RequestInstruments; calls: [string, number, object | undefined][] } {
  const calls: [string, number, object | undefined][] = [];
  const instrument = (name: string): never => {
    const take = (value: number, tags?: object): void => void calls.push([name, value, tags]);
    return { add: take, record: take, set: take } as never;
  };
  const names = ['pollLateness', 'submitLatency', 'answers', 'throttles', 'uncertainSubmits'];
  return { instruments: Object.fromEntries(names.map((name) => [name, instrument(name)])) as unknown as RequestInstruments, calls };
}

describe('a request', () => {
  test('that never had its turn is not counted', () => {
    const { instruments, calls } = recording();
    const meter = new RequestMeter(instruments, { connection: 'maps' });
    calls.length = 0;
    meter.begin('submit').answered({ ...none, maybeSent: false, waitSeconds: 5 });
    expect(calls).toEqual([]);
  });

  test('of each kind is there with 0 before the first', () => {
    const { instruments, calls } = recording();
    new RequestMeter(instruments, { connection: 'maps' }).begin('poll');
    expect(calls.filter(([name]) => name === 'answers')).toHaveLength(5 * 6);
    expect(calls.every(([, value]) => value === 0)).toBe(true);
  });

  test('is late by as much as it leaves after it was due, and never early, whatever the clocks say', () => {
    const { instruments, calls } = recording();
    const meter = new RequestMeter(instruments, { connection: 'maps' });
    calls.length = 0;
    meter.begin('poll', Date.now() - 3000).leaves();
    meter.begin('poll', Date.now() + 3000).leaves();
    expect(calls.map(([name]) => name)).toEqual(['pollLateness', 'pollLateness']);
    expect(calls[0]?.[1]).toBeGreaterThanOrEqual(3);
    expect(calls[1]?.[1]).toBe(0);
  });

  test('costs nothing where nobody counts', () => {
    const metered = NO_METER.begin('poll', 0);
    metered.leaves();
    expect(() => metered.answered(answer(200))).not.toThrow();
    expect(() => NO_METER.uncertain()).not.toThrow();
  });
});

test('what is no longer there is set to what says so, once', () => {
  const set: [number, object | undefined][] = [];
  const gauge = { set: (value: number, tags?: object) => void set.push([value, tags]) } as unknown as MetricGauge;
  const board = new GaugeBoard(gauge, { taskQueue: 'lro' }, NaN);
  board.show([
    { labels: { connection: 'a' }, value: 1 },
    { labels: { connection: 'b' }, value: 2 },
  ]);
  board.show([{ labels: { connection: 'b' }, value: 3 }]);
  board.show([{ labels: { connection: 'b' }, value: 4 }]);
  expect(set.slice(2)).toEqual([
    [3, { taskQueue: 'lro', connection: 'b' }],
    [NaN, { taskQueue: 'lro', connection: 'a' }],
    [4, { taskQueue: 'lro', connection: 'b' }],
  ]);
});

test('the time in which requests were held is added up, also while they are', () => {
  const hold = new HalfOpen();
  expect(hold.totalMs(1000)).toBe(0);
  hold.answered(hold.pass('a'), 'throttled', 1000, { httpStatus: 429, sinceMs: 0 });
  expect(hold.totalMs(1500)).toBe(500);
  const again = hold.arrive('b', 2000);
  if (again.kind === 'held') throw new Error('the first probe goes at once');
  hold.answered(again.ticket, 'good', 2500);
  expect(hold.totalMs(9000)).toBe(1500);
});

test('a key that is refused for good holds submits only as long as they wait for it', () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const hold = new KeyHold(60, clock);
  const begun = hold.begin('a');
  if (begun.kind === 'held') throw new Error('nothing is held yet');
  hold.end(begun.ticket, 401);
  nowMs = 30_000;
  expect(hold.totalSeconds).toBe(30);
  nowMs = 600_000;
  expect(hold.totalSeconds).toBe(60);
});

describe('credentials', () => {
  const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

  test.each([
    [jwt({ exp: 1_800_000_000 }), 1_800_000_000_000],
    [jwt({ exp: 'soon' }), undefined],
    [jwt({ exp: 1e300 }), undefined],
    [jwt({}), undefined],
    ['e30.null.sig', undefined],
    [`e30.${Buffer.from('null').toString('base64url')}.sig`, undefined],
    ['no token', undefined],
    ['a.b.c.d', undefined],
  ])('%s expire at %s', (token, expiresAtMs) => {
    expect(tokenExpiresAtMs(token)).toBe(expiresAtMs);
  });

  test('are as old as the value that was used last', async () => {
    const env: NodeJS.ProcessEnv = { KEY: jwt({ exp: 1_800_000_000 }) };
    const credentials = openCredentials({ type: 'bearer', value: { env: 'KEY' } }, { env, redactor: new Redactor() });
    expect(credentials.times?.()).toBeUndefined();
    const before = Date.now();
    await credentials.current();
    const first = credentials.times?.();
    expect(first?.sinceMs).toBeGreaterThanOrEqual(before);
    expect(first?.expiresAtMs).toBe(1_800_000_000_000);
    await credentials.current();
    expect(credentials.times?.()).toBe(first);
    env['KEY'] = 'another one';
    await credentials.current();
    expect(credentials.times?.()?.expiresAtMs).toBeUndefined();
  });

  test('of Entra ID are as old as the token, and expire with it', async () => {
    const expiresOnTimestamp = Date.now() + 600_000;
    const source = { getToken: () => Promise.resolve({ token: 'one', expiresOnTimestamp }) };
    const tokens = new EntraTokens(
      { type: 'entra', scope: 'scope' } as never,
      () => Promise.resolve(undefined),
      () => Promise.resolve(source),
    );
    expect(tokens.times()).toBeUndefined();
    await tokens.current();
    expect(Math.abs((tokens.times()?.expiresAtMs ?? 0) - expiresOnTimestamp)).toBeLessThan(1000);
    expect(Math.abs((tokens.times()?.sinceMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe('labels of all metrics', () => {
  const settings = (tags: string): unknown =>
    readSettings({ LRO_CONFIG: writeConfig({ maps: { baseUrl: 'https://maps.example' } }), LRO_METRICS_TAGS: tags }).metrics.tags;

  test('are read from the environment', () => {
    expect(settings('site=berlin, stage=production')).toEqual({ site: 'berlin', stage: 'production' });
  });

  test.each(['site', 'site=', '=berlin', 'a b=c', '__name__=x', 'job=mine', 'connection=maps', 'a=b=c', `a=${'x'.repeat(101)}`])(
    '%s is refused',
    (tags) => {
      expect(() => settings(tags)).toThrow(/LRO_METRICS_TAGS/);
    },
  );
});
