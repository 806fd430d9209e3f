/** The short way of a status read sends and brings back what the long way does. */
import fc from 'fast-check';
import type * as http from 'node:http';
import { gzipSync } from 'node:zlib';
import { withParameters } from '../../src/http/address';
import { PlainReads } from '../../src/http/plain-reads';
import type { HttpTracer } from '../../src/http';
import { withoutParameters } from '../../src/lro/trust';
import { openAgents } from '../../src/transport/agents';
import { connectionTo, get, service, socketServer, type Seen } from './service';

const auth = { type: 'key', in: 'query', name: 'subscription-key', value: { env: 'K' } };
const env = { K: 'top secret/key' };
/** Whoever is told of each request is told by the long way alone. */
const tracer: HttpTracer = { around: (_, send) => send({}) };

type Handler = (request: Seen, response: http.ServerResponse, raw: http.IncomingMessage) => unknown;

/** What both ways bring back, and what the service has seen of each. */
async function bothWays(handler: Handler, path = '/status/1?api-version=1', more: Record<string, unknown> = {}) {
  const home = await service(handler);
  const ways = [];
  for (const options of [{ env }, { env, tracer }]) {
    const connection = connectionTo({ baseUrl: home.url, auth, query: { 'api-version': '2.0', tenant: 't' }, ...more }, options);
    const exchange = await connection.exchange(get(home.url + path));
    const seen = home.seen.splice(0).map(({ method, url, headers }) => ({ method, url, headers: withoutId(headers) }));
    ways.push({ exchange, seen });
  }
  return { short: ways[0]!, long: ways[1]! };
}

/** Each request has an id of its own. */
function withoutId({ 'x-ms-client-request-id': id, ...headers }: http.IncomingHttpHeaders): object {
  return { ...headers, hasId: /^[0-9a-f-]{36}$/.test(String(id)) };
}

describe('a status read brings back the same by the short way as by the long one', () => {
  const running = '{"status":"Running"}';
  it.each<[string, Handler, string?, Record<string, unknown>?]>([
    ['a running status', (_, response) => response.setHeader('retry-after', '2').end(running)],
    [
      'headers that are repeated, and cookies',
      (_, response) => response.setHeader('set-cookie', ['a=1', 'b=2']).setHeader('x-a', ['1', '2']).end(running),
    ],
    [
      'a body in another character set',
      (_, response) => response.setHeader('content-type', 'text/plain; charset=windows-1252').end(Buffer.from([0xe9])),
    ],
    ['UTF-16', (_, response) => response.end(Buffer.from(`\ufeff${running}`, 'utf16le'))],
    ['the secret, repeated', (_, response) => response.setHeader('x-key', env.K).end(JSON.stringify({ key: `${env.K}${env.K}` }))],
    ['a packed body', (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(running))],
    [
      'a packed body that is too long',
      (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(5000))),
      '/',
      { limits: { maxBodyBytes: 1024 } },
    ],
    ['a body that is said to be packed with nothing', (_, response) => response.setHeader('content-encoding', 'identity').end(running)],
    ['no body', (_, response) => response.writeHead(204).end()],
    ['a body that is too long', (_, response) => response.end('é'.repeat(5000)), '/', { limits: { maxBodyBytes: 1025 } }],
    ['a body in many pieces', (_, response) => void pieces(response, 50)],
    [
      'a body that breaks off',
      (_, response) => response.writeHead(200, { 'content-length': 100 }).write(running, () => response.destroy()),
    ],
    ['a body that does not end in time', (_, response) => void response.write('x'), '/', { limits: { timeoutSeconds: 1 } }],
    ['404', (_, response) => response.writeHead(404).end('{"error":{"code":"NotFound"}}')],
    ['429', (_, response) => response.writeHead(429, { 'retry-after': '3' }).end()],
    ['500', (_, response) => response.writeHead(500).end('oops')],
    ['401 for each key', (_, response) => response.writeHead(401).end('{"error":{"code":"Unauthorized","message":"no"}}')],
    [
      'a redirect',
      ({ url }, response) =>
        url.startsWith('/status') ? response.writeHead(302, { location: '/there?a=1' }).end() : response.end(running),
    ],
    ['a redirect to nowhere', (_, response) => response.writeHead(302, { location: 'ftp://x' }).end()],
    ['no answer in time', () => undefined, '/', { limits: { timeoutSeconds: 1 } }],
    ['a URL with a key of its own', (_, response) => response.end(running), '/status?subscription-key=stolen&a=1'],
    ['a URL with a parameter of the connection, written with escapes', (_, response) => response.end(running), '/status?api%2Dversion=1'],
    ['a URL with its own credentials', (_, response) => response.end(running), '/status?sig=a%2Bb', { statusUrls: { credentials: false } }],
    ['headers of the connection', (_, response) => response.end(running), '/', { headers: { 'X-Tenant': 'a', 'User-Agent': 'b' } }],
  ])('%s', async (...[, handler, path, more]) => {
    const { short, long } = await bothWays(handler, path, more);
    expect(withoutDate(short)).toEqual(withoutDate(long));
    expect(long.seen.length).toBeGreaterThan(0);
  });

  /** The port of each service is another one; the second says when it was. */
  const withoutDate = (way: object): unknown => JSON.parse(JSON.stringify(way).replace(/"date":"[^"]*"/g, '"date":""'));
});

async function pieces(response: http.ServerResponse, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await new Promise((resolve) => response.write(`${'x'.repeat(index)}é`, resolve));
  response.end();
}

describe('what is sent the short way', () => {
  it('is sent twice only where a kept socket was dead', async () => {
    let requests = 0;
    const url = await socketServer((socket) => {
      let onThisSocket = 0;
      socket.on('data', () => {
        requests++;
        if (++onThisSocket > 1) return socket.destroy();
        return socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
      });
    });
    const connection = connectionTo({ baseUrl: url, auth }, { env });
    for (let read = 0; read < 2; read++) expect(await connection.exchange(get(`${url}/status`))).toMatchObject({ httpStatus: 200 });
    expect(requests).toBe(3);
  });

  it('and is not answered is not sent again', async () => {
    let requests = 0;
    const url = await socketServer((socket) => socket.on('data', () => (requests++, socket.destroy())));
    const connection = connectionTo({ baseUrl: url, auth }, { env });
    expect(await connection.exchange(get(`${url}/status`))).toMatchObject({ kind: 'noAnswer', maybeSent: true });
    expect(requests).toBe(1);
  });

  it('is another key from the request on after the variable has changed', async () => {
    const home = await service((_, response) => response.end('{}'));
    const changing: NodeJS.ProcessEnv = { K: 'first key of two' };
    const connection = connectionTo({ baseUrl: home.url, auth }, { env: changing });
    await connection.exchange(get(`${home.url}/status`));
    changing['K'] = 'second key of two';
    await connection.exchange(get(`${home.url}/status`));
    expect(home.seen.map(({ url }) => url)).toEqual([
      '/status?subscription-key=first%20key%20of%20two',
      '/status?subscription-key=second%20key%20of%20two',
    ]);
  });
});

describe('a URL that goes the short way', () => {
  const config = (baseUrl: string) => {
    const connection = connectionTo({ baseUrl, auth, query: { 'api-version': '2.0', 'a.b': 'c d' } }, { env });
    return connection.config;
  };
  const agents = openAgents({ keepAlive: true, maxSockets: 1, connectSeconds: 1 });
  const applied = { headers: {}, parameters: { 'subscription-key': 'k+/ 1' }, secret: 's' };
  const pieceOfUrl = fc.constantFrom(
    ...[
      '/',
      '.',
      '..',
      '%2e',
      '%2E',
      '?',
      '&',
      '=',
      '#',
      '@',
      ':',
      '\\',
      '%',
      '+',
      ' ',
      '\t',
      '\n',
      "'",
      '"',
      '<',
      '|',
      '^',
      '{',
      'é',
      '\0',
    ],
    ...[
      'api-version',
      'API-VERSION=1',
      'api%2dversion',
      'subscription-key',
      'Subscription-Key=x',
      'a.b',
      'a%2Eb=',
      'sig=%2B',
      'op',
      '//',
      '&&',
      '??',
    ],
  );
  const pathOf = fc.array(pieceOfUrl, { maxLength: 12 }).map((parts) => parts.join(''));

  it.each(['http://host.example', 'https://host.example:8443', 'http://[::1]:7071'])('is what a parser makes of it, at %s', (baseUrl) => {
    const reads = new PlainReads(config(baseUrl), {}, agents);
    let short = 0;
    fc.assert(
      fc.property(fc.constantFrom('/', '', ':80', '.evil.example', '@evil.example/'), pathOf, (joint, path) => {
        const written = `${baseUrl}${joint}${path}`;
        const url = reads.urlOf(get(written));
        if (url === undefined) return;
        short++;
        const whole = withParameters(withoutParameters(written, ['subscription-key']), { 'api-version': '2.0', 'a.b': 'c d' });
        expect(url).toBe(whole);
        const { hostname, port, pathname, search } = new URL(withParameters(whole, applied.parameters));
        const target = reads.targetOf(url, applied, 'id');
        expect({ hostname: target.hostname, port: target.port ?? '', path: target.path }).toEqual({
          hostname: hostname.replace(/^\[|\]$/g, ''),
          port,
          path: pathname + search,
        });
      }),
      { numRuns: 5000 },
    );
    expect(short).toBeGreaterThan(100);
  });

  it('is judged in a time that is linear in its length', () => {
    const reads = new PlainReads(config('http://host.example'), {}, agents);
    const secondsFor = (part: string): number => {
      const url = `http://host.example/${part.repeat(200_000 / part.length)}`;
      const { user } = process.cpuUsage();
      reads.urlOf(get(url));
      return (process.cpuUsage().user - user) / 1e6;
    };
    for (const part of ['?', '&', '/', '/.', '?a', '&api-version', '%', '?&']) expect(secondsFor(part)).toBeLessThan(2);
  });
});
