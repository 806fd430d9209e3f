/**
 * Paths that callers, references and templates form: whether a URL stays where its connection may be used.
 *
 * Keeps true: servers and gateways decode a path once, twice or not at all, and some take `\` for `/` and cut `;parameters`; a path is
 * refused when any of them could read a `.` or `..` segment, a backslash or a control character in it.
 */
import type { CancelRequest } from '../contract';
import type { Monitor } from './monitor';
import { withApiVersion } from './status-url';
import { wellFormed } from './text';

/** Nobody encodes a path more often than this for a good reason. */
const MAX_DECODINGS = 4;

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** `/` or `.` in more bytes than UTF-8 allows: old decoders take them for the character. */
const OVERLONG = /%c[01]|%e0%[89]|%f0%8|%f[89a-f]/i;
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
/** Most paths: all servers read them in one way. */
const PLAIN = /^[\w:/.-]*$/;
const PLAIN_DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const NOT_BELOW = 'must be a path below the base URL of the connection';

/** What is wrong with a path (or a whole URL without its query), however it is spelled; undefined when nothing is. */
export function pathProblem(written: string): string | undefined {
  if (PLAIN.test(written) && !PLAIN_DOT_SEGMENT.test(written)) return undefined;
  let path = written;
  for (let decodings = 0; ; decodings++) {
    const problem = spellingProblem(path);
    if (problem !== undefined) return problem;
    const decoded = decodedOnce(path);
    if (decoded === path) return undefined;
    if (decodings === MAX_DECODINGS) return 'is encoded too many times';
    path = decoded;
  }
}

function spellingProblem(path: string): string | undefined {
  if (CONTROL.test(path)) return 'must not have control characters';
  if (path.includes('\\')) return 'must not have a backslash';
  if (OVERLONG.test(path)) return 'must be UTF-8';
  // Some servers take full-width characters for the plain ones.
  return path.normalize('NFKC').split('/').some(isDotSegment) ? 'must not have a "." or ".." segment' : undefined;
}

/** `.` or `..`, also with blanks around it and with parameters: `..;a=b`. */
function isDotSegment(segment: string): boolean {
  const [name = ''] = segment.split(';', 1);
  const bare = name.trim();
  return bare === '.' || bare === '..';
}

function decodedOnce(path: string): string {
  return path.replace(ESCAPES, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/**
 * A path as servers may read it: those that decode `%2F` before they look for segments, and those that do it after (it stays encoded here).
 * For comparisons; {@link pathProblem} judges the path.
 */
export function readingsOf(path: string): [string, string] {
  const whole = decodedFully(path);
  const bySegment = path.split('/').map((segment) => decodedFully(segment).replaceAll('/', '%2F'));
  return [whole, bySegment.join('/')];
}

function decodedFully(text: string): string {
  let plain = text;
  for (let decodings = 0; decodings <= MAX_DECODINGS; decodings++) plain = decodedOnce(plain);
  return plain;
}

/** Scheme, host and path of a URL or of a part of one, as it was written. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

/**
 * What is wrong with a URL that somebody other than the service formed: its path is judged as written and as it is sent, and on the base
 * URL's own origin it must lie below the base URL's path.
 * @param written before it was made absolute, where it was not
 */
export function urlProblem(url: string, baseUrl: string, written = url): string | undefined {
  if (!URL.canParse(url)) return 'is not a URL';
  const problem = pathProblem(withoutQuery(written)) ?? pathProblem(new URL(url).pathname);
  if (problem !== undefined) return problem;
  return new URL(url).origin !== new URL(baseUrl).origin || pathBelow(url, baseUrl) !== undefined
    ? undefined
    : 'must stay below the base URL of the connection';
}

/** The path of a URL below the base URL, beginning with `/`; undefined when it is not below it. */
export function pathBelow(url: string, baseUrl: string): string | undefined {
  const { origin, pathname } = new URL(url);
  const base = new URL(baseUrl);
  const below = base.pathname.replace(/\/+$/, '');
  if (origin !== base.origin) return undefined;
  if (pathname === below) return '/';
  return pathname.startsWith(`${below}/`) ? pathname.slice(below.length) : undefined;
}

/** A path below the base URL → the absolute URL, or what is wrong with it. Whole URLs and `//host` would leave the base URL. */
export function urlBelow(path: string, baseUrl: string): { url: string } | { problem: string } {
  // A fragment never reaches a server, and the parser takes a backslash for a slash.
  if (SCHEME.test(path) || path.startsWith('//') || /[\\#]/.test(path)) return { problem: NOT_BELOW };
  const base = new URL(baseUrl);
  const joined = `${base.origin}${base.pathname.replace(/\/+$/, '')}/${path.replace(/^\//, '')}`;
  if (!URL.canParse(joined)) return { problem: 'is not a path' };
  const problem = urlProblem(joined, baseUrl, path);
  return problem === undefined ? { url: new URL(joined).toString() } : { problem };
}

/** What is filled into the path of a cancel request when it is sent. */
export const CANCEL_PLACEHOLDERS = ['{statusPath}', '{operationId}'] as const;

export function hasKnownPlaceholders(path: string): boolean {
  return [...path.matchAll(/\{[^{}]*\}/g)].every(([placeholder]) => CANCEL_PLACEHOLDERS.some((known) => known === placeholder));
}

/**
 * The URL that cancels an operation: `{statusPath}` and `{operationId}` filled in, below the base URL unless the template is a whole URL.
 * Whose host it may be is decided by `trust.ts`.
 */
export function cancelUrl(
  monitor: Pick<Monitor, 'statusUrl' | 'operationId' | 'apiVersion'>,
  { path: template }: Pick<CancelRequest, 'path'>,
  baseUrl: string,
): { url: string } | { problem: string } {
  const status = new URL(monitor.statusUrl);
  const filled = template
    .replaceAll('{statusPath}', () => status.pathname)
    .replaceAll('{operationId}', () => encodeURIComponent(wellFormed(monitor.operationId ?? '')));
  const made = madeUrl(template, filled, status, baseUrl);
  if ('problem' in made) return made;
  return { url: withApiVersion(made.url, monitor.apiVersion ?? status.searchParams.get('api-version') ?? undefined) };
}

function madeUrl(template: string, filled: string, status: URL, baseUrl: string): { url: string } | { problem: string } {
  if (/^https?:\/\//i.test(template)) {
    const problem = urlProblem(filled, baseUrl);
    return problem === undefined ? { url: filled } : { problem };
  }
  if (SCHEME.test(template)) return { problem: NOT_BELOW };
  if (!template.startsWith('{statusPath}')) return urlBelow(filled.startsWith('/') ? filled : `/${filled}`, baseUrl);
  // The service named the status path, wherever it lies: what the template adds may not lead away from it.
  const problem = pathProblem(withoutQuery(filled));
  const url = `${status.origin}${filled}`;
  if (problem !== undefined || !URL.canParse(url)) return { problem: problem ?? 'is not a path' };
  return { url };
}
