/**
 * When a token expires, where it says so itself: bearer and shared access tokens most often are JSON Web Tokens. [RFC 7519, section 4.1.4]
 *
 * Keeps true: it is only read, for people to be warned in time; whether it is valid the service says.
 */

/** Milliseconds since the epoch; undefined where it is no such token, or has no end. */
export function tokenExpiresAtMs(token: string): number | undefined {
  const [, payload, signature, more] = token.trim().split('.');
  if (payload === undefined || signature === undefined || more !== undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp === 'number' && Number.isSafeInteger(Math.floor(exp * 1000)) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
