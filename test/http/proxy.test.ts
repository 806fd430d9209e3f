/** Requests through a proxy, only where the connection names one. */
import * as http from 'node:http';
import * as net from 'node:net';
import { CERTIFICATE, answered, connectionTo, get, listen, post, refusedPort, service } from './service';

/** A proxy that opens tunnels, or answers `refusal`. */
async function proxy(refusal?: number) {
  const asked: { target: string | undefined; authorization: string | undefined }[] = [];
  const server = http.createServer((_, response) => response.writeHead(500).end('only tunnels'));
  server.on('connect', ({ url = '', headers }: http.IncomingMessage, client: net.Socket) => {
    asked.push({ target: url, authorization: headers['proxy-authorization'] });
    client.on('error', () => undefined);
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} No\r\nretry-after: 7\r\n\r\n`);
      return;
    }
    const upstream = net.connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
  });
  return { port: await listen(server), asked };
}

describe('a proxy', () => {
  it.each([false, true])(
    'carries requests in tunnels (TLS to the service: %s), with credentials for itself that nobody else sees',
    async (secure) => {
      const { url, seen } = await service((request, response) => response.end(JSON.stringify(request.headers)), secure);
      const { port, asked } = await proxy();
      const env = { MAPS_PROXY: `http://me:top%20secret@127.0.0.1:${port}` };
      const connection = connectionTo({ baseUrl: url, proxy: { env: 'MAPS_PROXY' } }, { env, ca: CERTIFICATE });
      for (let i = 0; i < 2; i++) expect(answered(await connection.exchange(get(url))).httpStatus).toBe(200);
      const target = new URL(url).host;
      expect(asked).toEqual([{ target, authorization: `Basic ${Buffer.from('me:top secret').toString('base64')}` }]);
      expect(seen).toHaveLength(2);
      expect(JSON.stringify(seen)).not.toMatch(/proxy-authorization|secret/);
    },
  );

  it('is asked by name, so that it finds the address of the service', async () => {
    const { port: there } = await service((_, response) => response.end('there'));
    const { port, asked } = await proxy();
    const baseUrl = `http://api.example:${there}`;
    const connection = connectionTo({ baseUrl, proxy: { env: 'P' } }, { env: { P: `http://127.0.0.1:${port}` } });
    expect(answered(await connection.exchange(get(baseUrl))).body.text).toBe('there');
    expect(asked).toEqual([{ target: `api.example:${there}`, authorization: undefined }]);
  });

  it.each([403, 407, 503])('that refuses (%d) has sent nothing, and its answer is not the answer of the service', async (status) => {
    const { port } = await proxy(status);
    const connection = connectionTo({ baseUrl: 'http://api.example', proxy: { env: 'P' } }, { env: { P: `http://127.0.0.1:${port}` } });
    expect(await connection.exchange(post('http://api.example/x'))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringContaining(`the proxy refused to open a tunnel (${status})`),
    });
    expect(connection.heldSeconds(true)).toBe(0);
  });

  it('that cannot be reached has sent nothing', async () => {
    const env = { P: `http://127.0.0.1:${await refusedPort()}` };
    const connection = connectionTo({ baseUrl: 'http://api.example', proxy: { env: 'P' } }, { env });
    expect(await connection.exchange(post('http://api.example/x'))).toMatchObject({
      maybeSent: false,
      reason: expect.stringContaining('the proxy cannot be reached (ECONNREFUSED)'),
    });
  });

  it('is not asked for private addresses of other hosts', async () => {
    const { port, asked } = await proxy();
    const lookup: net.LookupFunction = (_, __, callback) => callback(null, [{ address: '169.254.169.254', family: 4 }]);
    const connection = connectionTo(
      { baseUrl: 'http://api.example', proxy: { env: 'P' }, otherHosts: 'withoutCredentials' },
      { env: { P: `http://127.0.0.1:${port}` }, lookup },
    );
    for (const url of ['http://169.254.169.254/x', 'http://metadata.example/x'])
      expect(await connection.exchange(get(url))).toMatchObject({ kind: 'untrusted' });
    expect(asked).toEqual([]);
  });

  it('of the environment is not asked where the connection names none', async () => {
    const { url } = await service((_, response) => response.end('direct'));
    const { port, asked } = await proxy();
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
    for (const name of names) process.env[name] = `http://127.0.0.1:${port}`;
    try {
      expect(answered(await connectionTo({ baseUrl: url }).exchange(get(url))).body.text).toBe('direct');
    } finally {
      for (const name of names) Reflect.deleteProperty(process.env, name);
    }
    expect(asked).toEqual([]);
  });
});
