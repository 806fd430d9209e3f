import { answered, connectionTo, get, post, service } from './service';

const auth = { type: 'key', in: 'query', name: 'subscription-key', value: { env: 'K' } };
const env = { K: 'top secret/key' };

/** A trusted service, another one, and a connection to the first with everything that must not leak. */
async function twoHosts(otherHosts: string, redirectStatus = 302, more: Record<string, unknown> = {}) {
  const other = await service((_, response) => response.setHeader('set-cookie', 'x=1').end('other'));
  const home = await service((request, response) => {
    const [path] = request.url.split('?');
    if (path === '/away')
      response.writeHead(redirectStatus, { location: other.url.replace('127.0.0.1', 'localhost') + '/there?sig=abc%2B' }).end();
    else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (path === '/moved') response.writeHead(redirectStatus, { location: 'here?a=%2B&b' }).end();
    else response.end('home');
  });
  const connection = connectionTo(
    {
      baseUrl: home.url,
      query: { 'api-version': '2.0' },
      headers: { 'x-ms-client-id': 'id' },
      auth,
      otherHosts,
      privateHosts: 'allow',
      ...more,
    },
    { env },
  );
  return { other, home, connection };
}

describe('a trusted host', () => {
  it('gets credentials and the parameters a URL lacks, and the answer does not name the key', async () => {
    const { home, connection } = await twoHosts('refuse');
    expect(answered(await connection.exchange(post(`${home.url}/tilesets?datasetId=d%2F1`))).url).toBe(
      `${home.url}/tilesets?datasetId=d%2F1&api-version=2.0`,
    );
    await connection.exchange(get(`${home.url}/status?API-Version=1.0&subscription-key=stolen`));
    expect(home.seen.map(({ url }) => url)).toEqual([
      '/tilesets?datasetId=d%2F1&api-version=2.0&subscription-key=top%20secret%2Fkey',
      '/status?API-Version=1.0&subscription-key=top%20secret%2Fkey',
    ]);
    expect(home.seen[0]!.headers['x-ms-client-id']).toBe('id');
  });

  it('that echoes the credentials does not bring them into the answer', async () => {
    const { url } = await service((request, response) =>
      response.setHeader('location', request.url).end(JSON.stringify({ you: request.url, sent: request.headers })),
    );
    const exchange = await connectionTo({ baseUrl: url, auth: { ...auth, in: 'header' } }, { env }).exchange(
      get(`${url}/?a=top+secret%2Fkey`),
    );
    expect(JSON.stringify({ ...exchange, url: '' })).not.toMatch(/top.{1,3}secret/);
    expect(answered(exchange).body.text).toContain('***');
  });
});

describe('a status URL that carries its own credentials', () => {
  it('keeps its parameters, and gets the connection’s headers and parameters, but not its key', async () => {
    const home = await service((_, response) => response.end('{}'));
    const connection = connectionTo(
      {
        baseUrl: home.url,
        query: { 'api-version': '2.0' },
        headers: { 'x-mine': '1' },
        auth: { ...auth, name: 'code' },
        statusUrls: { credentials: false },
      },
      { env },
    );
    await connection.exchange(post(`${home.url}/start`));
    await connection.exchange(get(`${home.url}/instances/1?code=SYSTEM1`, { cookies: [{ name: 'a', value: '1', host: '127.0.0.1' }] }));
    await connection.exchange(get(`${home.url}/result?code=SYSTEM1`, { purpose: 'resource' }));
    expect(home.seen.map(({ url }) => url)).toEqual([
      '/start?api-version=2.0&code=top%20secret%2Fkey',
      '/instances/1?code=SYSTEM1&api-version=2.0',
      '/result?api-version=2.0&code=top%20secret%2Fkey',
    ]);
    expect(home.seen[1]!.headers).toMatchObject({ 'x-mine': '1', cookie: 'a=1' });
  });
});

describe('another host', () => {
  it('is not asked at all', async () => {
    const { other, connection } = await twoHosts('refuse');
    const url = other.url.replace('127.0.0.1', 'localhost');
    expect(await connection.exchange(get(url))).toMatchObject({ kind: 'untrusted', url, reason: expect.stringContaining('trusted hosts') });
    expect(other.seen).toEqual([]);
  });

  it('is asked without credentials where the connection says so: no key, no connection header, no added parameter, no cookie, no header of the caller', async () => {
    const { other, connection } = await twoHosts('withoutCredentials');
    const answer = answered(
      await connection.exchange(
        get(`${other.url.replace('127.0.0.1', 'localhost')}/m?sig=a%2B`, {
          headers: { 'x-mine': '1' },
          cookies: [{ name: 'a', value: '1', host: 'localhost' }],
        }),
      ),
    );
    expect(answer).not.toHaveProperty('setCookies');
    expect(other.seen).toMatchObject([{ url: '/m?sig=a%2B' }]);
    expect(Object.keys(other.seen[0]!.headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    expect(other.seen[0]!.headers).not.toHaveProperty('x-ms-client-id');
    expect(other.seen[0]!.headers).not.toHaveProperty('cookie');
    expect(JSON.stringify(other.seen)).not.toContain('secret');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %d is followed by a read on a trusted host', async (status) => {
    const { home, connection } = await twoHosts('refuse', status);
    const answer = answered(await connection.exchange(get(`${home.url}/moved`)));
    expect(answer).toMatchObject({ url: `${home.url}/here?a=%2B&b&api-version=2.0`, body: { text: 'home' } });
    expect(home.seen[1]!.url).toContain('subscription-key=');
  });

  it('to another host is not followed: the redirect itself is the answer, and nothing goes there', async () => {
    const { home, other, connection } = await twoHosts('refuse');
    expect(answered(await connection.exchange(get(`${home.url}/away`)))).toMatchObject({
      httpStatus: 302,
      headers: { location: expect.stringContaining('localhost') },
    });
    expect(other.seen).toEqual([]);
  });

  it('to another host loses the credentials where such hosts are allowed', async () => {
    const { home, other, connection } = await twoHosts('withoutCredentials');
    expect(answered(await connection.exchange(get(`${home.url}/away`))).body.text).toBe('other');
    expect(other.seen[0]!.url).toBe('/there?sig=abc%2B');
    expect(JSON.stringify(other.seen)).not.toContain('secret');
  });

  it('that never ends is given up after five hops, and its last answer returned', async () => {
    const { home, connection } = await twoHosts('refuse');
    expect(answered(await connection.exchange(get(`${home.url}/loop`))).httpStatus).toBe(302);
    expect(home.seen).toHaveLength(6);
  });

  it.each(['submit', 'cancel'] as const)('is never followed by a %s', async (purpose) => {
    const { home, connection } = await twoHosts('refuse', 307);
    expect(answered(await connection.exchange(post(`${home.url}/moved`, { purpose }))).httpStatus).toBe(307);
    expect(answered(await connection.exchange(post(`${home.url}/moved`, { purpose, method: 'GET' }))).httpStatus).toBe(307);
    expect(home.seen).toHaveLength(2);
  });
});
