/** Hosts other than the base URL's own are reached at public addresses only, unless the connection says otherwise. */
import { isPrivateAddress } from '../../src/transport/addresses';
import { resolver } from '../support/resolver';
import { answered, connectionTo, get, post, service } from './service';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '168.63.129.16',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2002:7f00:1::',
  ])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each([
    '20.1.2.3',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '2603:1030::1',
    '::ffff:20.1.2.3',
    '64:ff9b::1401:203',
    'example.com',
    '',
  ])('%j is not', (address) => expect(isPrivateAddress(address)).toBe(false));
});

describe('another host that a service names', () => {
  const refused = { kind: 'untrusted', reason: expect.stringMatching(/private address.*privateHosts: allow/) };

  it.each([
    ['http://localhost:{port}/x', { localhost: ['127.0.0.1'] }],
    ['http://[::1]:{port}/x', {}],
    ['http://[::ffff:127.0.0.1]:{port}/x', {}],
    ['http://2130706434:{port}/x', {}],
    ['http://0x7f.2:{port}/x', {}],
    ['http://0:{port}/x', {}],
    ['http://metadata.example:{port}/x', { 'metadata.example': ['20.1.2.3', '127.0.0.1'] }],
    ['http://169.254.169.254/metadata/instance', {}],
  ])('is not asked where it has a private address: %s', async (url, addresses) => {
    const there = await service((_, response) => response.end('token'));
    const connection = connectionTo({ baseUrl: 'http://api.example', otherHosts: 'withoutCredentials' }, { lookup: resolver(addresses) });
    expect(await connection.exchange(get(url.replace('{port}', `${there.port}`), { headers: { metadata: 'true' } }))).toMatchObject(
      refused,
    );
    expect(there.seen).toEqual([]);
  });

  it('is not asked either where a redirect leads there, or where its host is trusted', async () => {
    const there = await service((_, response) => response.end('token'));
    const lookup = resolver({ 'inside.example': ['127.0.0.1'] });
    const inside = `http://inside.example:${there.port}/x`;
    const home = await service((_, response) => response.writeHead(302, { location: inside }).end());
    const other = connectionTo({ baseUrl: home.url, otherHosts: 'withoutCredentials' }, { lookup });
    expect(await other.exchange(get(home.url))).toMatchObject(refused);
    const trusting = connectionTo({ baseUrl: home.url, trustedHosts: ['inside.example'] }, { lookup });
    expect(await trusting.exchange(get(inside))).toMatchObject(refused);
    expect(await trusting.exchange(post(inside))).toMatchObject(refused);
    expect(there.seen).toEqual([]);
  });

  it('is asked where the connection allows it, at the very address that was looked at', async () => {
    const there = await service((_, response) => response.end('there'));
    const lookup = resolver({ 'inside.example': ['127.0.0.1'] });
    const connection = connectionTo({ baseUrl: 'http://api.example', otherHosts: 'withoutCredentials', privateHosts: 'allow' });
    expect(answered(await connection.exchange(get(`http://127.0.0.1:${there.port}/x`))).body.text).toBe('there');
    const own = connectionTo({ baseUrl: `http://inside.example:${there.port}` }, { lookup });
    for (let i = 0; i < 3; i++) expect(answered(await own.exchange(get(`http://inside.example:${there.port}/x`))).body.text).toBe('there');
    expect(lookup.asked).toEqual(['inside.example']);
  });

  it('is only read', async () => {
    const there = await service((_, response) => response.end());
    const connection = connectionTo({ baseUrl: 'http://api.example', otherHosts: 'withoutCredentials', privateHosts: 'allow' });
    for (const purpose of ['submit', 'cancel'] as const)
      expect(await connection.exchange(post(there.url, { purpose }))).toMatchObject({
        kind: 'untrusted',
        reason: expect.stringContaining('by GET'),
      });
    expect(there.seen).toEqual([]);
  });
});

describe('a host of attachHosts', () => {
  it('is read without credentials and without headers, though other hosts are refused', async () => {
    const there = await service((_, response) => response.end('{"status":"Running"}'));
    const connection = connectionTo(
      {
        baseUrl: 'http://api.example',
        headers: { 'x-ms-client-id': 'id' },
        auth: { type: 'bearer', value: { env: 'K' } },
        attachHosts: ['127.0.0.1'],
        privateHosts: 'allow',
      },
      { env: { K: 'a-token-of-the-service' } },
    );
    expect(answered(await connection.exchange(get(`${there.url}/op`, { headers: { metadata: 'true' } }))).httpStatus).toBe(200);
    expect(Object.keys(there.seen[0]!.headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    expect(await connection.exchange(post(there.url))).toMatchObject({ kind: 'untrusted' });
  });
});
