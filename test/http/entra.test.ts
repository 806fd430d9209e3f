/** The real identity library against a token service of our own. */
import { answered, CERTIFICATE, connectionTo, get, service } from './service';

describe('a client secret', () => {
  it('is exchanged for a token at the authority that the file names', async () => {
    const authority = await service((request, response) => {
      response.setHeader('content-type', 'application/json');
      const base = `https://${request.headers.host ?? ''}/tenant`;
      if (request.url.includes('openid-configuration')) {
        response.end(
          JSON.stringify({
            token_endpoint: `${base}/oauth2/v2.0/token`,
            authorization_endpoint: `${base}/authorize`,
            issuer: `${base}/v2.0`,
            jwks_uri: `${base}/keys`,
          }),
        );
      } else response.end(JSON.stringify({ token_type: 'Bearer', expires_in: 3600, access_token: `token${authority.seen.length}` }));
    }, true);
    const { url, seen } = await service(({ headers }, response) =>
      response.writeHead(headers.authorization === 'Bearer token2' ? 401 : 200).end(),
    );
    const auth = {
      type: 'entra',
      scope: 'https://atlas.microsoft.com/.default',
      tenantId: 'tenant',
      clientId: 'client',
      clientSecret: { env: 'S' },
      authorityHost: authority.url,
    };
    const connection = connectionTo({ baseUrl: url, auth }, { env: { S: 'the-client-secret' }, ca: CERTIFICATE });
    expect(answered(await connection.exchange(get(url))).httpStatus).toBe(200);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token2', 'Bearer token4']);
    expect(authority.seen[1]!.body.toString()).toContain('the-client-secret');
  });
});
