/**
 * `{callbackUrl}` in a submit: where the service calls back when something about the operation has changed.
 *
 * Keeps true: what leaves these functions for a workflow's state has the placeholder or nothing in its place, never the URL.
 */
import type { Json } from '../contract';
import type { StatusDecision, SubmitDecision } from './monitor';
import type { ProtocolSettings } from './settings';

const PLACEHOLDER = '{callbackUrl}';
/** As URLs write it. */
const IN_URL = /(?:\{|%7B)callbackUrl(?:\}|%7D)/gi;

/** A request whose placeholders are not filled in, or are. */
export interface Request {
  /** Absolute. */
  url: string;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: Json | undefined;
}

/** Which of its places hold the placeholder. */
export function callbackPlaces({ url, headers = {}, body }: Request): ('path' | 'query' | 'headers' | 'body')[] {
  const { pathname, search } = new URL(url);
  return [
    ...(pathname.search(IN_URL) >= 0 ? (['path'] as const) : []),
    ...(search.search(IN_URL) >= 0 ? (['query'] as const) : []),
    ...(Object.values(headers).some((value) => value.includes(PLACEHOLDER)) ? (['headers'] as const) : []),
    ...(body !== undefined && JSON.stringify(body).includes(PLACEHOLDER) ? (['body'] as const) : []),
  ];
}

/** The URL with the placeholders of its query filled in. */
export function urlWithCallback(url: string, callbackUrl: string): string {
  const [before, query] = splitAtQuery(url);
  return query === undefined ? url : `${before}?${query.replace(IN_URL, () => encodeURIComponent(callbackUrl))}`;
}

/** The headers with theirs. */
export function headersWithCallback(headers: Readonly<Record<string, string>>, callbackUrl: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(PLACEHOLDER, () => callbackUrl)]));
}

/** The body with its own. */
export function bodyWithCallback(body: Json, callbackUrl: string): Json {
  const inJson = JSON.stringify(callbackUrl).slice(1, -1);
  return JSON.parse(JSON.stringify(body).replaceAll(PLACEHOLDER, () => inJson)) as Json;
}

/** What polls have of a submit's URL and headers: the parameters and headers with the placeholder are the submit's alone. */
export function withoutCallback<R extends Pick<Request, 'url' | 'headers'>>(request: R): R {
  const [before, query] = splitAtQuery(request.url);
  const kept = query?.split('&').filter((parameter) => parameter.search(IN_URL) < 0) ?? [];
  const headers =
    request.headers && Object.fromEntries(Object.entries(request.headers).filter(([, value]) => !value.includes(PLACEHOLDER)));
  return { ...request, url: kept.length === 0 ? before : `${before}?${kept.join('&')}`, headers };
}

function splitAtQuery(url: string): [string, string?] {
  const at = url.indexOf('?');
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at + 1)];
}

/** Polls are the backstop of an operation whose service calls back: not more often than the connection says. Backoffs stay as they are. */
export function asBackstop<D extends SubmitDecision | StatusDecision>(decision: D, pollSeconds: number, { poll }: ProtocolSettings): D {
  if (decision.kind === 'accepted') {
    const waits = { ...decision, monitor: { ...decision.monitor, callsBack: true as const } };
    return { ...waits, waitSeconds: Math.max(decision.waitSeconds, Math.min(pollSeconds, poll.maxSeconds)) };
  }
  if (decision.kind !== 'running' || decision.notAsked === true || decision.why === 'backoff') return decision;
  return { ...decision, waitSeconds: Math.max(decision.waitSeconds, Math.min(pollSeconds, poll.maxSeconds)) };
}
