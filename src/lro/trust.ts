/**
 * Whom to trust with requests and credentials, and what of a URL may be shown. [protocol.md section 5]
 *
 * Keeps true:
 * 1. Credentials go only to a trusted host, over the scheme of the base URL or https.
 * 2. Only services may name hosts that the worker's file does not know, and only where it says so (`otherHosts`).
 * 3. What a person sees of a URL holds no credential and no signature.
 */
import type { TrustSettings } from './settings';
import { wellFormed } from './text';

export type TrustVerdict = { kind: 'withCredentials' } | { kind: 'withoutCredentials' } | { kind: 'refused'; reason: string };

/** Whether a URL's host matches `pattern`: a name, or `*.example.com` for any depth below it. With a port it means that port, without one any. */
export function hostMatches(url: URL, pattern: string): boolean {
  const [, name = pattern, port] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
  const wanted = name.toLowerCase();
  const host = url.hostname;
  const named = wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1 : host === wanted;
  return named && (port === undefined || Number(port) === portOf(url));
}

/** Whether a URL's host is this machine itself, where plain http is read by nobody else. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The same origin as the base URL, or a trusted host over https (or over the base URL's own scheme). */
function isTrusted(url: URL, trust: TrustSettings): boolean {
  const base = new URL(trust.baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== base.protocol) return false;
  if (url.origin === base.origin) return true;
  return trust.trustedHosts.some((pattern) => {
    if (!hostMatches(url, pattern)) return false;
    // Where no port is said, any will do; but of the base URL's own host only its own, or https:443.
    return (
      /:\d+$/.test(pattern) || url.hostname !== base.hostname || url.port === base.port || (url.protocol === 'https:' && url.port === '')
    );
  });
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** Where a request to `url`, which a service has named, may go, and with what. Never throws. */
export function judgeUrl(url: string, trust: TrustSettings): TrustVerdict {
  return judge(url, trust, trust.otherHosts === 'withoutCredentials');
}

/**
 * The same for a URL that a caller has named (a status URL to attach to, a cancel URL, a reference of a chain): only services may name hosts that
 * the worker's file does not. Never throws.
 */
export function judgeCallerUrl(url: string, trust: TrustSettings): TrustVerdict {
  return judge(url, trust, false);
}

function judge(url: string, trust: TrustSettings, anyHost: boolean): TrustVerdict {
  if (!URL.canParse(url)) return { kind: 'refused', reason: `"${shown(url)}" is not a URL` };
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return { kind: 'refused', reason: `"${tame(parsed.protocol)}" is not a scheme this worker speaks` };
  }
  if (parsed.username !== '' || parsed.password !== '') return { kind: 'refused', reason: 'the URL carries a user name or password' };
  if (isTrusted(parsed, trust)) return { kind: 'withCredentials' };
  if (anyHost || trust.attachHosts.some((pattern) => hostMatches(parsed, pattern))) return { kind: 'withoutCredentials' };
  const trusted = [new URL(trust.baseUrl).origin, ...trust.trustedHosts].join(', ');
  const attachable = trust.attachHosts.length === 0 ? '' : ` nor its attachHosts (${trust.attachHosts.join(', ')})`;
  return { kind: 'refused', reason: `${tame(parsed.origin)} is not among the connection's trusted hosts (${trusted})${attachable}` };
}

/** `url` without the named query parameters (compared case-insensitively), without user info and fragment. What is no URL is returned as it is. */
export function withoutParameters(url: string, names: readonly string[]): string {
  // Without these it has neither query nor fragment nor user info.
  if (!/[?#@]/.test(url) || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  const cut = new Set(names.map((name) => name.toLowerCase()));
  const parts = parsed.search.slice(1).split('&');
  const left = parts.filter((part) => !cut.has(parameterName(part).toLowerCase()));
  if (left.length === parts.length && parsed.username === '' && parsed.password === '' && parsed.hash === '') return url;
  // The rest stays letter by letter: signatures do not survive a rewriting.
  if (left.length < parts.length) parsed.search = left.join('&');
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  return parsed.toString();
}

/** The name in one `name=value` of a query, decoded as a server would. */
function parameterName(part: string): string {
  const [plain = ''] = part.split('=', 1);
  if (/^[\w.-]+$/.test(plain)) return plain;
  const [name = ''] = new URL(`http://host/?${part}`).searchParams.keys();
  return name;
}

/** Parameter names that carry a signature or token in the wild: SAS (`sig`), ARM (`t`, `c`, `s`, `h`), OAuth, keys. */
const SECRET_NAME =
  /^(sig|sign|signature|s|h|c|t|code|key|sas|jwt|auth|tempauth|.*(token|secret|password|credential|api-?key|subscription-key|access-?key))$/i;
/** A long run of characters with no structure is taken for a signature; a UUID is not. */
const LONG_OPAQUE = /^[A-Za-z0-9+/_=.~-]{40,}$/;

/** What stands in place of a signature. */
const MASK = '***';

/** `url` as it may be shown in UI, logs and messages: signatures in its query are masked as `***`. Control characters and length are tamed. */
export function shown(url: string): string {
  if (!/[?@]/.test(url) || !URL.canParse(url)) return tame(url);
  const parsed = new URL(url);
  let masked = false;
  for (const [name, value] of [...parsed.searchParams]) {
    if (SECRET_NAME.test(name) || LONG_OPAQUE.test(value)) {
      parsed.searchParams.set(name, MASK);
      masked = true;
    }
  }
  if (parsed.username !== '' || parsed.password !== '') {
    parsed.username = '';
    parsed.password = '';
    masked = true;
  }
  return tame(masked ? parsed.toString() : url);
}

/** The URL as it may be shown, or `undefined` where it may be shown as it is. */
export function masked(url: string | undefined): string | undefined {
  const safe = url === undefined ? undefined : shown(url);
  return safe === url ? undefined : safe;
}

/** Whether a URL is one that was masked to be shown: nobody can ask it. Pure. */
export function isMasked(url: string): boolean {
  return URL.canParse(url) && [...new URL(url).searchParams.values()].includes(MASK);
}

function tame(text: string): string {
  const clean = text.slice(0, 2049).replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  return wellFormed(clean.length > 2048 ? `${clean.slice(0, 2048)}…` : clean);
}
