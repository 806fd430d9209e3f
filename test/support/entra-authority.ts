/** What an authority of Microsoft Entra ID answers, as far as its identity library asks. */
import type { IncomingMessage } from 'node:http';

/** The answer to a request: its configuration, or a token that `nextToken` makes. Sent as JSON. */
export function authorityAnswer(
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  nextToken: () => string,
  expiresInSeconds: number,
): string {
  if (!url.includes('openid-configuration'))
    return JSON.stringify({ token_type: 'Bearer', expires_in: expiresInSeconds, access_token: nextToken() });
  const base = `https://${headers.host ?? ''}/tenant`;
  return JSON.stringify({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    authorization_endpoint: `${base}/authorize`,
    issuer: `${base}/v2.0`,
    jwks_uri: `${base}/keys`,
  });
}
