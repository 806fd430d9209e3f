/** Whether a 2xx to a submit is the end, and if not, how it is followed [protocol.md section 2]. */
import type { HttpMethod, Json } from '../../src/contract';
import type { Answer } from '../../src/lro/answer';
import type { SubmitContext, SubmitDecision } from '../../src/lro/monitor';
import type { ProtocolSettings } from '../../src/lro/settings';
import { decideSubmit } from '../../src/lro/submit';
import { answer, context, HOST, NOW_MS, settings } from './given';

const own = context().url;
const status = `${HOST}/tilesets/operations/op-1?api-version=2.0`;
const state = (provisioningState: string): Json => ({ id: '100', properties: { provisioningState } });
const page = '<!DOCTYPE html>\n<html><body>Sign in</body></html>';

function decide(taken: Answer, of: Partial<SubmitContext> = {}, set: ProtocolSettings = settings()): SubmitDecision {
  return decideSubmit({ ...taken, method: of.method ?? 'POST', url: of.url ?? own }, context(of), set, NOW_MS, 0.5);
}
/** `location at URL`, `probe of URL`, `done` or the type of the failure. */
function outcomeOf(decision: SubmitDecision): string {
  if (decision.kind === 'failed') return decision.failure.type;
  if (decision.kind !== 'accepted') return decision.kind === 'succeeded' ? 'done' : decision.kind;
  const { style, statusUrl, probe } = decision.monitor;
  return probe === undefined ? `${style} at ${statusUrl}` : `probe of ${statusUrl}`;
}

describe('200 and 201 with only a Location', () => {
  const Location = status;
  test.each<[string, Record<string, string>, Json | undefined, string]>([
    ['that have a Retry-After are followed', { 'Retry-After': '1' }, { id: '100' }, `location at ${status}`],
    ['that have a retry-after-ms are followed', { 'retry-after-ms': '1000' }, undefined, `location at ${status}`],
    ['whose status is running are followed', {}, { status: 'NotStarted' }, `location at ${status}`],
    ['whose status is running, with more in it, are followed', {}, { status: 'Running, 5 %' }, `location at ${status}`],
    ['whose state is not terminal are followed', {}, state('Creating'), `location at ${status}`],
    ['whose state is unknown are followed', {}, state('ResolvingDNS'), `location at ${status}`],
    ['whose status is terminal are the end', {}, { status: 'Succeeded' }, 'done'],
    ['whose status has failed are the failure', {}, { status: 'Failed' }, 'OperationFailed'],
    ['whose body says nothing of work name what was made', {}, { id: '100', status: 'Active' }, 'done'],
    ['without a body are probed', {}, undefined, `probe of ${status}`],
    ['with the page of a gateway are probed', {}, page, `probe of ${status}`],
  ])('%s', (_what, headers, body, outcome) => {
    for (const code of [200, 201]) expect(outcomeOf(decide(answer(code, { Location, ...headers }, body)))).toBe(outcome);
  });

  test('and a word that the connection says is running are followed', () => {
    const set = settings({ statusWords: { succeeded: [], failed: [], canceled: [], running: ['Simmering'] } });
    expect(outcomeOf(decide(answer(201, { Location }, { status: 'simmering' }), {}, set))).toBe(`location at ${status}`);
  });

  test('of a resource that is ready, or has failed, are the end', () => {
    expect(outcomeOf(decide(answer(201, { Location }, state('Succeeded')), { method: 'PUT' }))).toBe('done');
    expect(outcomeOf(decide(answer(201, { Location }, state('Failed')), { method: 'PUT' }))).toBe('OperationFailed');
  });
});

describe('a PUT or PATCH whose header has the request’s own path is followed there as the resource', () => {
  const url = `${HOST}/Redis/r1?api-version=2.0`;
  const same = `${HOST}/redis/R1?api-version=2.0&azure-asyncId=1`;
  const resource = `resource at ${same}`;

  test.each<[string, number, Record<string, string>, Json | undefined, string]>([
    ['202 with Location', 202, { Location: same }, undefined, resource],
    ['202 with Azure-AsyncOperation', 202, { 'Azure-AsyncOperation': same }, undefined, resource],
    ['201 with Location and a running state', 201, { Location: same }, state('Creating'), resource],
    ['201 with Location and a running status', 201, { Location: same }, { status: 'Running' }, resource],
    ['200 with Azure-AsyncOperation and no state', 200, { 'Azure-AsyncOperation': same }, { id: '100' }, resource],
    ['200 with Location and no state, which is the end', 200, { Location: same }, { id: '100' }, 'done'],
    ['201 with Location and nothing else, which is probed', 201, { Location: same }, undefined, `probe of ${same}`],
  ])('%s', (_what, code, headers, body, outcome) => {
    for (const method of ['PUT', 'PATCH'] as const) expect(outcomeOf(decide(answer(code, headers, body), { method, url }))).toBe(outcome);
  });

  test('but a POST is not: there it may be a Location like any other', () => {
    expect(outcomeOf(decide(answer(202, { Location: same }), { method: 'POST', url }))).toBe(`location at ${same}`);
  });

  test('and a DELETE there until it is gone: the resource is no result of its own deletion', () => {
    expect(outcomeOf(decide(answer(202, { Location: same }), { method: 'DELETE', url }))).toBe(`deletion at ${same}`);
    const named = answer(202, { 'Azure-AsyncOperation': same });
    expect(outcomeOf(decide(named, { method: 'DELETE', url }))).toBe(`monitor at ${same}`);
  });

  test('and it gets the api-version of the submit where it has none', () => {
    const decision = decide(answer(202, { Location: '/redis/r1?op=1' }), { method: 'PUT', url });
    expect(outcomeOf(decision)).toBe(`resource at ${HOST}/redis/r1?op=1&api-version=2.0`);
  });
});

describe('a PUT or PATCH without a status header', () => {
  test.each<[string, number, Json | undefined, string]>([
    ['a running status', 201, { status: 'NotStarted' }, `resource at ${own}`],
    ['a running status on 200', 200, { status: 'Running' }, `resource at ${own}`],
    [
      'a running state beside a status of its own',
      200,
      { status: 'Succeeded', properties: { provisioningState: 'Updating' } },
      `resource at ${own}`,
    ],
    ['an unknown state', 200, state('ResolvingDNS'), `resource at ${own}`],
    ['a terminal status', 201, { status: 'Succeeded' }, 'done'],
    ['a failed status', 201, { status: 'Failed' }, 'OperationFailed'],
    ['a canceled state', 200, state('Canceled'), 'OperationCanceled'],
    ['a status that is no word of ours', 200, { status: 'Active' }, 'done'],
    ['a status that is null', 200, { status: null, properties: null }, 'done'],
    ['nothing', 201, undefined, 'done'],
    ['202 and nothing', 202, undefined, `resource at ${own}`],
    ['202 and a terminal state', 202, state('Succeeded'), `resource at ${own}`],
    ['202 and a page', 202, page, `resource at ${own}`],
    ['a page, which is nobody’s word', 200, page, 'ProtocolError'],
  ])('and %s', (_what, code, body, outcome) => {
    for (const method of ['PUT', 'PATCH'] as const) expect(outcomeOf(decide(answer(code, {}, body), { method }))).toBe(outcome);
  });
});

describe('a DELETE that is accepted and names nothing', () => {
  test('is followed at its own URL', () => {
    expect(outcomeOf(decide(answer(202), { method: 'DELETE' }))).toBe(`deletion at ${own}`);
    expect(outcomeOf(decide(answer(202, {}, { status: 'Running' }), { method: 'DELETE' }))).toBe(`deletion at ${own}`);
  });

  test('is followed there on 200, too, where the resource says that it is on its way', () => {
    expect(outcomeOf(decide(answer(200, {}, state('Deleting')), { method: 'DELETE' }))).toBe(`deletion at ${own}`);
    expect(outcomeOf(decide(answer(200, {}, state('Succeeded')), { method: 'DELETE' }))).toBe('done');
  });

  test('is done where its body says so, and with 204 and 200', () => {
    expect(outcomeOf(decide(answer(202, {}, { status: 'Succeeded' }), { method: 'DELETE' }))).toBe('done');
    for (const code of [200, 204]) expect(outcomeOf(decide(answer(code), { method: 'DELETE' }))).toBe('done');
  });
});

test.each([200, 201])('a %i whose resource is on its way, and that names nothing, is no success', (code) => {
  expect(outcomeOf(decide(answer(code, {}, state('Creating')), { method: 'POST' }))).toBe('ProtocolError');
  expect(outcomeOf(decide(answer(code, {}, state('Succeeded')), { method: 'POST' }))).toBe('done');
});

describe('an HTML page', () => {
  test.each<[string, HttpMethod, number]>([
    ['a POST', 'POST', 200],
    ['a POST', 'POST', 201],
    ['a POST', 'POST', 202],
    ['a GET', 'GET', 200],
    ['a DELETE', 'DELETE', 200],
  ])('to %s, with nothing to follow, is a protocol error', (_what, method, code) => {
    expect(outcomeOf(decide(answer(code, {}, page), { method }))).toBe('ProtocolError');
    expect(outcomeOf(decide(answer(code, { 'Content-Type': 'text/html' }, '<p>Sign in</p>'), { method }))).toBe('ProtocolError');
  });

  test('is no obstacle where there is something to follow', () => {
    expect(outcomeOf(decide(answer(200, { 'Operation-Location': status }, page)))).toBe(`monitor at ${status}`);
  });

  test('is the result where the caller asked for one', () => {
    expect(outcomeOf(decide(answer(200, {}, page), { headers: { Accept: 'text/html, */*' } }))).toBe('done');
  });

  test('is told from other text, which is a result', () => {
    expect(outcomeOf(decide(answer(200, {}, 'a,b,c')))).toBe('done');
    expect(outcomeOf(decide(answer(200, { 'Content-Type': 'application/xml' }, '<html5 />')))).toBe('done');
  });
});

describe('an answer to a POST with a status of its own', () => {
  test('has failed where an error stands beside it', () => {
    const decision = decide(answer(200, {}, { status: 'Rejected', error: { code: 'A', message: 'why' } }));
    expect(decision).toMatchObject({ failure: { type: 'OperationFailed', message: expect.stringContaining('A: why') } });
  });

  test.each<[string, Json]>([
    ['null', null],
    ['empty', []],
    ['None', { code: 'None', message: null }],
  ])('has succeeded where the error is %s', (_what, error) => {
    expect(outcomeOf(decide(answer(200, {}, { status: 'Active', error })))).toBe('done');
  });
});

test('what went wrong with a submit is told with its kind', () => {
  const kindOf = (decision: SubmitDecision): unknown => ('trouble' in decision ? decision.trouble.kind : undefined);
  expect(kindOf(decide(answer(429)))).toBe('Throttled');
  expect(kindOf(decide(answer(503, { 'x-ms-retry-after-ms': '500' })))).toBe('Throttled');
  expect(kindOf(decide(answer(503)))).toBe('Uncertain');
  expect(kindOf(decide(answer(500)))).toBe('Uncertain');
  const exchange = { method: 'POST', url: own, reason: 'refused' };
  const decideNone = (more: object) =>
    decideSubmit({ kind: 'noAnswer', maybeSent: false, ...exchange, ...more }, context(), settings(), NOW_MS, 0);
  expect(kindOf(decideNone({}))).toBe('Unreachable');
  expect(kindOf(decideNone({ waitSeconds: 3 }))).toBe('Throttled');
  expect(kindOf(decideNone({ kind: 'noCredentials' }))).toBe('Unauthorized');
});

describe('401 to a submit that may wait for a better key', () => {
  const refused = answer(401, {}, { error: { code: 'ExpiredKey', message: 'the key has expired' } });
  const waits = { waitsUnauthorized: true };

  test('is held, and no try of it', () => {
    expect(decide(refused, waits)).toMatchObject({
      kind: 'notAccepted',
      heldBack: true,
      unauthorizedSinceMs: NOW_MS,
      trouble: { kind: 'Unauthorized', httpStatus: 401, message: expect.stringContaining('ExpiredKey: the key has expired') },
    });
  });

  test('is sent again about as long after as the key has been refused, and about once a minute at last', () => {
    const decisions = [0, 3, 31, 63, 3000].map((seconds) => decide(refused, { ...waits, unauthorizedSinceMs: NOW_MS - seconds * 1000 }));
    expect(decisions).toMatchObject([1, 4, 32, 60, 60].map((seconds) => ({ waitSeconds: seconds * 1.125 })));
  });

  test('is rejected when the key has been refused for too long', () => {
    expect(decide(refused, { ...waits, unauthorizedSinceMs: NOW_MS - 3_599_000 })).toMatchObject({
      kind: 'notAccepted',
      unauthorizedSinceMs: NOW_MS - 3_599_000,
    });
    expect(outcomeOf(decide(refused, { ...waits, unauthorizedSinceMs: NOW_MS - 3_600_000 }))).toBe('SubmissionRejected');
  });

  test('is rejected at once where it stands alone, and so is a 403', () => {
    expect(outcomeOf(decide(refused))).toBe('SubmissionRejected');
    expect(outcomeOf(decide(answer(403), waits))).toBe('SubmissionRejected');
  });
});

test('the service’s own words are told of a submit that it does not take now', () => {
  const decision = decide(answer(429, { 'Retry-After': '1' }, { error: { code: 'TooMany', message: 'at most 5 at once' } }));
  expect(decision).toMatchObject({ kind: 'notAccepted', trouble: { message: expect.stringContaining('TooMany: at most 5 at once') } });
});
