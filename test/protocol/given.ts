/** Inputs of decisions, whole and plain; a test names only what it is about. */
import type { Json } from '../../src/contract';
import type { Answer } from '../../src/lro/answer';
import type { Monitor, SubmitContext } from '../../src/lro/monitor';
import type { PollSettings, ProtocolSettings, TrustSettings } from '../../src/lro/settings';
import { DEFAULT_POLL_SETTINGS, DEFAULT_STATUS_HEADERS, DEFAULT_STATUS_URLS, IDEMPOTENCY_HEADERS } from '../../src/lro/settings';

export const HOST = 'https://us.atlas.microsoft.com';
export const NOW_MS = Date.UTC(2026, 10, 23, 20, 0, 0);

export function settings(
  more: Partial<Omit<ProtocolSettings, 'poll' | 'trust'>> & { poll?: Partial<PollSettings>; trust?: Partial<TrustSettings> } = {},
): ProtocolSettings {
  return {
    statusHeaders: DEFAULT_STATUS_HEADERS,
    statusWords: { succeeded: [], failed: [], canceled: [], running: [] },
    statusUrls: DEFAULT_STATUS_URLS,
    credentialParameters: ['subscription-key'],
    idempotencyHeaders: IDEMPOTENCY_HEADERS,
    ...more,
    poll: { ...DEFAULT_POLL_SETTINGS, ...more.poll },
    trust: { baseUrl: HOST, trustedHosts: ['us.atlas.microsoft.com'], attachHosts: [], otherHosts: 'refuse', ...more.trust },
  };
}

/** @param headers names in any case @param body a string is taken as it is, anything else as JSON */
export function answer(httpStatus: number, headers: Record<string, string> = {}, body?: Json, more: Partial<Answer> = {}): Answer {
  return {
    kind: 'answer',
    method: 'GET',
    url: `${HOST}/tilesets/operations/op-1?api-version=2.0`,
    httpStatus,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: { text: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body) },
    ...more,
  };
}

export function monitor(more: Partial<Monitor> = {}): Monitor {
  return {
    connection: 'maps',
    statusUrl: `${HOST}/tilesets/operations/op-1?api-version=2.0`,
    style: 'monitor',
    operationId: 'op-1',
    acceptedAtMs: NOW_MS - 3_600_000,
    ...more,
  };
}

export function context(more: Partial<SubmitContext> = {}): SubmitContext {
  return { connection: 'maps', method: 'POST', url: `${HOST}/tilesets?api-version=2.0`, idempotencyHeaders: [], attempts: 0, ...more };
}

/** A million levels, which no recursive reader survives. */
export function deepJson(levels = 1_000_000, name = 'details'): string {
  return `${`{"${name}":`.repeat(levels)}{"message":"bottom"}${'}'.repeat(levels)}`;
}
