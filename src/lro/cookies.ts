/**
 * Cookies of one operation. Some gateways keep an operation's affinity in them (`ARRAffinity`), and a poll without them asks a machine
 * that knows nothing. They belong to the operation, not to the process, so that they survive a restart and never mix.
 *
 * Keeps true: only `name=value` pairs, few and small; `Max-Age=0` and a past `Expires` remove one.
 */
import { Cookie } from 'tough-cookie';

const MAX_COOKIES = 10;
const MAX_COOKIE_CHARS = 1024;

/** The cookies after an answer. `setCookies` are the raw `Set-Cookie` values. Returns the same object when nothing changed. */
export function withCookies(
  before: Record<string, string> | undefined,
  setCookies: readonly string[] | undefined,
  nowMs: number,
): Record<string, string> | undefined {
  if (setCookies === undefined || setCookies.length === 0) return before;
  const after = new Map(Object.entries(before ?? {}));
  let changed = false;
  for (const text of setCookies.slice(0, 50)) {
    const cookie = text.length > 4 * MAX_COOKIE_CHARS ? undefined : Cookie.parse(text);
    if (!cookie || cookie.key === '' || cookie.key.length + cookie.value.length > MAX_COOKIE_CHARS) continue;
    if (cookie.TTL(nowMs) <= 0) {
      changed = after.delete(cookie.key) || changed;
    } else if (after.get(cookie.key) !== cookie.value && (after.has(cookie.key) || after.size < MAX_COOKIES)) {
      after.set(cookie.key, cookie.value);
      changed = true;
    }
  }
  // Services repeat their cookies with every answer; the same ones again are no news for history.
  if (!changed) return before;
  return after.size === 0 ? undefined : Object.fromEntries(after);
}

/** Value of the `Cookie` request header, or `undefined` when there is none. */
export function cookieHeader(cookies: Record<string, string> | undefined): string | undefined {
  const pairs = Object.entries(cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? undefined : pairs.join('; ');
}
