/** Answers of a status URL that bring no status [protocol.md section 4, rows "status"]. */
import type { Exchange } from '../../src/lro/answer';
import type { Monitor } from '../../src/lro/monitor';
import { answer, HOST, monitor, NOW_MS, settings } from './given';
import { decide, played, repeated, waited } from './polls';

describe('not readable now, and no fault of the operation, is', () => {
  test.each([408, 425, 429, 500, 501, 502, 503, 504, 599])('%d, however often', (code) => {
    expect(repeated(answer(code))).toHaveLength(30);
  });

  test('no answer, and no credentials', () => {
    const lost: Exchange = { kind: 'noAnswer', method: 'GET', url: HOST, maybeSent: true, reason: 'connection reset' };
    expect(repeated(lost)).toHaveLength(30);
    expect(repeated({ kind: 'noCredentials', url: HOST, reason: 'token service down' })).toHaveLength(30);
  });

  test('waited for as Retry-After says, else with a backoff from one second to a minute', () => {
    expect(decide(answer(503, { 'Retry-After': '9' }))).toMatchObject({ waitSeconds: 9, why: 'Retry-After', trouble: { httpStatus: 503 } });
    expect(decide(answer(503, { 'Retry-After': '99999' }))).toMatchObject({ waitSeconds: 3600, cappedFromSeconds: 99_999 });
    const waits = repeated(answer(503)).map((decision) => (decision.kind === 'running' ? decision.waitSeconds : NaN));
    expect(waits.slice(0, 4)).toEqual([1.125, 2.25, 4.5, 9]);
    expect(waits.at(-1)).toBe(67.5);
  });

  test('forgotten with the next good answer', () => {
    expect(
      decide(answer(200, {}, { status: 'Running' }), { tally: { unreachable: 5, unreadable: { count: 3, sinceMs: NOW_MS } } }),
    ).toMatchObject({
      monitor: { tally: undefined },
    });
  });
});

describe.each([401, 403])('%d', (code) => {
  const refused = answer(code, {}, { error: { code: 'ExpiredKey', message: 'the key has expired' } });

  test('is waited for, with backoff, for an hour, then it fails', () => {
    const decisions = repeated(refused, {}, settings(), 200);
    expect(decisions[0]).toMatchObject({
      waitSeconds: 1.125,
      trouble: { kind: 'Unauthorized', httpStatus: code, message: expect.stringContaining('ExpiredKey: the key has expired') },
    });
    expect(decisions.at(-1)).toMatchObject({ failure: { type: 'Unauthorized', httpStatus: code, statusUrl: monitor().statusUrl } });
    expect(waited(decisions)).toBeGreaterThanOrEqual(3600);
    expect(waited(decisions)).toBeLessThan(3700);
  });

  test('is waited for as long as the connection says', () => {
    const decisions = repeated(refused, {}, settings({ poll: { unauthorizedSeconds: 10 } }));
    expect(waited(decisions)).toBeGreaterThanOrEqual(10);
    expect(decisions.at(-1)).toMatchObject({ failure: { type: 'Unauthorized' } });
  });

  test('is forgotten when the key works again', () => {
    const running = answer(200, {}, { status: 'Running' });
    const set = settings({ poll: { unauthorizedSeconds: 10 } });
    const decisions = played([refused, refused, running, refused, refused, answer(200, {}, { status: 'Succeeded' })], {}, set);
    expect(decisions.at(-1)?.kind).toBe('succeeded');
  });
});

describe('404', () => {
  const lost = answer(404, {}, { error: { message: 'Operation op-1 not found.' } });

  test('is not visible yet, however long ago the submit was', () => {
    for (const seconds of [0, 60, 90_000]) {
      expect(decide(lost, { acceptedAtMs: NOW_MS - seconds * 1000 })).toMatchObject({
        kind: 'running',
        waitSeconds: 5,
        trouble: { httpStatus: 404, message: expect.stringContaining('Operation op-1 not found.') },
      });
    }
  });

  test('is gone when it has lasted long enough, from the first in a row', () => {
    const decisions = repeated(lost);
    expect(waited(decisions)).toBe(60);
    expect(decisions.at(-1)).toMatchObject({
      failure: { type: 'OperationGone', httpStatus: 404, message: expect.stringContaining('Operation op-1 not found.') },
    });
  });

  test('is gone at the third in a row at the earliest, whatever the grace the connection sets and however long the waits', () => {
    expect(repeated(lost, {}, settings({ poll: { goneAfterSeconds: 0 } }))).toHaveLength(3);
    expect(repeated(answer(404, { 'Retry-After': '100' }))).toHaveLength(3);
  });

  test('begins anew after an answer that knows the operation', () => {
    const decisions = played([lost, lost, answer(200, { 'Retry-After': '600' }, { status: 'Running' }), lost, lost, lost]);
    expect(decisions.at(-1)?.kind).toBe('running');
  });

  test('neither ends nor goes on because the service could not be reached in between', () => {
    const down = answer(503, { 'Retry-After': '100' });
    expect(played([lost, down, down, down]).at(-1)?.kind).toBe('running');
    expect(played([lost, down, lost, down, lost]).at(-1)).toMatchObject({ failure: { type: 'OperationGone' } });
  });
});

test('410 is gone, whenever it comes', () => {
  expect(decide(answer(410), { acceptedAtMs: NOW_MS })).toMatchObject({ failure: { type: 'OperationGone', httpStatus: 410 } });
});

test.each([400, 402, 405, 406, 409, 412, 418, 422, 451, 304, 302])(
  '%d is a protocol error after a few tries, with the body of the answer',
  (code) => {
    const body = { error: { code: 'MissingApiVersionParameter', message: 'api-version is missing' } };
    const decisions = repeated(answer(code, {}, body), {}, settings({ poll: { maxUnreadable: 3, unreadableSeconds: 0 } }));
    expect(decisions).toHaveLength(3);
    expect(decisions[0]).toMatchObject({ trouble: { kind: 'Unreadable', message: expect.stringContaining('api-version is missing') } });
    expect(decisions[2]).toMatchObject({
      failure: { type: 'ProtocolError', httpStatus: code, error: body.error, message: expect.stringContaining('api-version is missing') },
    });
  },
);

test('a maintenance page ends nothing before its time is over, and nothing before there were many', () => {
  const page = answer(200, { 'Content-Type': 'text/html' }, '<!DOCTYPE html><html><body>Back soon</body></html>');
  const decisions = repeated(page, {}, settings(), 100);
  expect(waited(decisions)).toBeGreaterThanOrEqual(300);
  expect(waited(decisions)).toBeLessThan(310);
  expect(decisions.at(-1)).toMatchObject({ failure: { type: 'ProtocolError', message: expect.stringContaining('is an HTML page') } });
  expect(repeated(answer(200, { 'Retry-After': '100' }, '<html>'))).toHaveLength(10);
});

test('answers of different nonsense end it as well', () => {
  let tally: Monitor['tally'] = { unreadable: { count: 9, sinceMs: NOW_MS - 300_000 } };
  const unreachable = decide(answer(500), { tally });
  tally = unreachable.kind === 'running' ? unreachable.monitor?.tally : undefined;
  expect(decide(answer(200, {}, '<html>'), { tally })).toMatchObject({ failure: { type: 'ProtocolError' } });
});
