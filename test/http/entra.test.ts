/** The real identity library against a token service of our own. */
import { authorityAnswer } from '../support/entra-authority';
import { answered, CERTIFICATE, connectionTo, get, service } from './service';

describe('a client secret', () => {
  it('is exchanged for a token at the authority that the file names', async () => {
    const authority = await service((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(authorityAnswer(request, () => `token${authority.seen.length}`, 3600));
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
