/** The monitor of an operation that was started elsewhere. */
import { attachedMonitor, type Attached } from '../../src/lro/attach';
import { decideStatus } from '../../src/lro/status';
import { answer, HOST, NOW_MS, settings } from './given';

const statusUrl = `${HOST}/tilesets/operations/op-1?api-version=2.0`;
const requestUrl = `${HOST}/things/1?api-version=2.0`;
const attach = (more: Partial<Attached> = {}) => attachedMonitor({ connection: 'maps', statusUrl, ...more }, NOW_MS);
/** URLs read after a success. */
const readAfter = (more: Partial<Attached>, headers: Record<string, string> = {}): string[] => {
  const ended = decideStatus(answer(200, headers, { status: 'Succeeded' }), attach(more), settings(), NOW_MS, 0);
  return ended.kind === 'succeeded' ? (ended.fetches ?? []).map(({ url }) => url) : [ended.kind];
};

test('its style is told by its answers, and its id by its URL', () => {
  expect(attach()).toMatchObject({
    connection: 'maps',
    statusUrl,
    style: 'unknown',
    operationId: 'op-1',
    apiVersion: '2.0',
    acceptedAtMs: NOW_MS,
  });
});

test.each([
  ['PUT', 'resource'],
  ['PATCH', 'resource'],
  ['DELETE', 'deletion'],
] as const)('of a %s at the request’s own path it is a %s, without an id', (method, style) => {
  const monitor = attach({ method, statusUrl: `${HOST}/Things/1?api-version=2.0&op=7`, requestUrl });
  expect(monitor).toMatchObject({ style });
  expect(monitor.operationId).toBeUndefined();
});

test('of a POST it is the resource where both URLs are the same', () => {
  expect(attach({ statusUrl: requestUrl, requestUrl }).style).toBe('resource');
  expect(attach({ statusUrl: `${requestUrl}&op=7`, requestUrl }).style).toBe('unknown');
});

test('a failed state of its resource is its failure where it was a PUT', () => {
  const failed = answer(200, {}, { properties: { provisioningState: 'Failed' } });
  const of = { ...attach({ method: 'PUT' }), style: 'location' } as const;
  expect(decideStatus(failed, of, settings(), NOW_MS, 0)).toMatchObject({ failure: { type: 'OperationFailed' } });
});

describe('its result is read', () => {
  const Location = `${HOST}/results/1?api-version=2.0`;
  test.each<[string, Partial<Attached>, Record<string, string>, string[]]>([
    ['nowhere else by default', {}, {}, []],
    ['at the request’s URL after a PUT', { method: 'PUT', requestUrl }, {}, [requestUrl]],
    ['nowhere else after a POST', { method: 'POST', requestUrl }, {}, []],
    ['at the request’s URL where the caller chose it', { requestUrl, finalStateVia: 'original-uri' }, {}, [requestUrl]],
    ['nowhere else where the caller chose the monitor', { method: 'PUT', requestUrl, finalStateVia: 'operation-location' }, {}, []],
    ['at the Location of the last answer where the caller chose it', { finalStateVia: 'location' }, { Location }, [Location]],
    ['nowhere else where that answer names its own URL', { finalStateVia: 'location' }, { Location: statusUrl }, []],
  ])('%s', (_where, of, headers, urls) => {
    expect(readAfter(of, headers)).toEqual(urls);
  });
});
