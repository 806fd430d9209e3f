/**
 * Cookies of one operation. Some gateways keep an operation's affinity in them (`ARRAffinity`), and a poll without them asks a machine
 * that knows nothing. They belong to the operation, not to the process, so that they survive a restart and never mix.
 *
 * Keeps true: few and small; a cookie goes only where its domain, its path and its `Secure` allow [RFC 6265 §5.3, §5.4]; `Max-Age=0` and
 * a past `Expires` remove one.
 */
import { canonicalDomain, Cookie, defaultPath, domainMatch, getPublicSuffix, pathMatch } from 'tough-cookie';

const MAX_COOKIES = 10;
const MAX_COOKIE_CHARS = 1024;

/** One cookie, as small as history wants it: `{ name: 'ARRAffinity', value: 'm1', host: 'us.atlas.microsoft.com' }`. */
export interface KeptCookie {
  name: string;
  value: string;
  /** It goes to this host alone … */
  host?: string;
  /** … or to this domain and all below it. */
  domain?: string;
  /** Absent where it is `/`. */
  path?: string;
  secure?: true;
}
export type Cookies = readonly KeptCookie[];

/**
 * The cookies after an answer of `url`. `setCookies` are its raw `Set-Cookie` values. Returns the same list when nothing changed:
 * services repeat their cookies with every answer, and the same ones again are no news for history.
 */
export function withCookies(
  before: Cookies | undefined,
  setCookies: readonly string[] | undefined,
  url: string,
  nowMs: number,
): Cookies | undefined {
  if (setCookies === undefined || setCookies.length === 0 || !URL.canParse(url)) return before;
  const after = new Map((before ?? []).map((cookie) => [placeOf(cookie), cookie]));
  let changed = false;
  for (const text of setCookies.slice(0, 50)) {
    const parsed = text.length > 4 * MAX_COOKIE_CHARS ? undefined : Cookie.parse(text);
    const cookie = parsed && keptOf(parsed, new URL(url));
    if (parsed === undefined || cookie === undefined) continue;
    const place = placeOf(cookie);
    const known = after.get(place);
    if (parsed.TTL(nowMs) <= 0) {
      changed = after.delete(place) || changed;
    } else if (known === undefined ? after.size < MAX_COOKIES : known.value !== cookie.value || known.secure !== cookie.secure) {
      after.set(place, cookie);
      changed = true;
    }
  }
  if (!changed) return before;
  return after.size === 0 ? undefined : [...after.values()];
}

/** Value of the `Cookie` header of a request to `url`, or `undefined` when none of them goes there. */
export function cookieHeader(cookies: Cookies | undefined, url: string): string | undefined {
  const { hostname, pathname, protocol } = new URL(url);
  const pairs = (cookies ?? [])
    .filter(({ host, domain, path = '/', secure }) => {
      const there = domain === undefined ? canonicalDomain(hostname) === host : domainMatch(hostname, domain) === true;
      return there && pathMatch(pathname, path) && (secure !== true || protocol === 'https:');
    })
    .sort((left, right) => (right.path ?? '').length - (left.path ?? '').length)
    .map(({ name, value }) => `${name}=${value}`);
  return pairs.length === 0 ? undefined : pairs.join('; ');
}

/** What is kept of a cookie that `url` has set; `undefined` where it may not set it, or where it is too large. */
function keptOf({ key, value, domain, path, secure }: Cookie, { hostname, pathname }: URL): KeptCookie | undefined {
  const host = canonicalDomain(hostname);
  const named = domain === null || domain === '' ? undefined : canonicalDomain(domain);
  if (key === '' || host === undefined) return undefined;
  // `com` and `azurewebsites.net` are nobody's: only a host of that very name may set cookies there, for itself.
  const isPublic = named !== undefined && getPublicSuffix(named, { ignoreError: true }) === undefined;
  if (named !== undefined && named !== host && (isPublic || domainMatch(host, named) !== true)) return undefined;
  const below = path?.startsWith('/') === true ? path : defaultPath(pathname);
  if (key.length + value.length + below.length + (named ?? '').length > MAX_COOKIE_CHARS) return undefined;
  const place = named === undefined || isPublic ? { host } : { domain: named };
  return { name: key, value, ...place, path: below === '/' ? undefined : below, secure: secure ? true : undefined };
}

/** A cookie takes the place of another of the same name, host or domain, and path. */
function placeOf({ name, host, domain, path }: KeptCookie): string {
  return JSON.stringify([name, host, domain, path]);
}
