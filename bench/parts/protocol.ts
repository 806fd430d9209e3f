/** Decisions per second of the pure protocol: status answers of all kinds, one after the other, on one core. */
import type { Answer } from '../../src/lro/answer';
import type { Monitor } from '../../src/lro/monitor';
import { DEFAULT_POLL_SETTINGS, DEFAULT_STATUS_HEADERS, DEFAULT_STATUS_URLS, type ProtocolSettings } from '../../src/lro/settings';
import { decideStatus } from '../../src/lro/status';
import { figures } from '../figures';

const SECONDS = 3;

const settings: ProtocolSettings = {
  poll: DEFAULT_POLL_SETTINGS,
  statusHeaders: DEFAULT_STATUS_HEADERS,
  statusWords: { succeeded: [], failed: [], canceled: [], running: [] },
  statusUrls: DEFAULT_STATUS_URLS,
  trust: { baseUrl: 'https://us.atlas.microsoft.com', trustedHosts: ['us.atlas.microsoft.com'], attachHosts: [], otherHosts: 'refuse' },
  credentialParameters: ['subscription-key'],
  idempotencyHeaders: [],
};

const statusUrl = 'https://us.atlas.microsoft.com/tilesets/operations/c587574e?api-version=2.0';
const monitor: Monitor = { connection: 'maps', statusUrl, style: 'monitor', operationId: 'c587574e', apiVersion: '2.0', acceptedAtMs: 0 };

function answer(httpStatus: number, body: unknown, headers: Record<string, string> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    kind: 'answer',
    method: 'GET',
    url: statusUrl,
    httpStatus,
    headers: { 'content-type': 'application/json', ...headers },
    body: { text },
  };
}

const created = '2021-05-06T07:55:19.5256829+00:00';
const ANSWERS: Answer[] = [
  answer(200, { operationId: 'c587574e', created, status: 'Running' }, { 'retry-after': '30' }),
  answer(
    200,
    { operationId: 'c587574e', created, status: 'NotStarted' },
    { 'retry-after': 'Sun, 06 Nov 2094 08:49:37 GMT', date: 'Sun, 06 Nov 2094 08:49:07 GMT' },
  ),
  answer(
    200,
    { operationId: 'c587574e', created, status: 'Succeeded' },
    { 'resource-location': '"https://us.atlas.microsoft.com/tilesets/t1"' },
  ),
  answer(200, {
    status: 'Failed',
    created,
    error: { code: 'x', details: [{ details: [{ code: 'DoorsCrossing', message: 'two doors cross' }] }] },
  }),
  answer(503, 'busy', { 'retry-after': '5' }),
  answer(200, '{ "status": "Acc'),
];

export function protocol(): void {
  const startedAtMs = performance.now();
  let decisions = 0;
  while (performance.now() - startedAtMs < SECONDS * 1000) {
    for (const one of ANSWERS) decideStatus(one, monitor, settings, 1e12, 0.5);
    decisions += ANSWERS.length;
  }
  const perSecond = decisions / ((performance.now() - startedAtMs) / 1000);

  figures([['status decisions per minute, one core', Math.round(perSecond * 60).toLocaleString('en-US'), '>= 1,000,000']]);
}
