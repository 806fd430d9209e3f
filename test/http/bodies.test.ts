import { once } from 'node:events';
import type * as http from 'node:http';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { constants, createGzip, gzipSync } from 'node:zlib';
import { beginBody } from '../../src/http/read-body';
import { answered, connectionTo, get, post, service, socketServer } from './service';

const MiB = 1_048_576;

/** What a connection with these limits makes of a service that answers so. */
async function read(answer: (response: http.ServerResponse) => unknown, limits: Record<string, number> = {}) {
  const { url } = await service((_, response) => answer(response));
  return connectionTo({ baseUrl: url, limits }).exchange(get(url));
}

describe('a body', () => {
  it('that is UTF-8 is read so whatever its type says, without byte order mark', async () => {
    const exchange = await read((response) => response.setHeader('content-type', 'text/plain; charset=latin1').end('\ufeff{"é":"€"}'));
    expect(answered(exchange).body).toEqual({ text: '{"é":"€"}' });
  });

  it.each(['gzip', 'deflate', 'br'])('is decompressed from %s', async (encoding) => {
    const zlib = await import('node:zlib');
    const pack = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }[encoding]!;
    const exchange = await read((response) => response.setHeader('content-encoding', encoding).end(pack('{"status":"Running"}')));
    expect(answered(exchange).body).toEqual({ text: '{"status":"Running"}' });
  });

  it('is cut at the limit, never inside a character', async () => {
    const exchange = await read((response) => response.end('aé'.repeat(1000)), { maxBodyBytes: 5 });
    expect(answered(exchange).body).toEqual({ text: 'aéa', cutBy: 'limit' });
  });

  it('of exactly the limit is whole', async () => {
    expect(answered(await read((response) => response.end('12345'), { maxBodyBytes: 5 })).body).toEqual({ text: '12345' });
  });

  it('that never ends is cut at the limit, and its connection closed', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { url } = await service((_, response) => {
      closed = once(response, 'close');
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
      };
      response.on('drain', more);
      more();
    });
    const { body } = answered(await connectionTo({ baseUrl: url, limits: { maxBodyBytes: MiB } }).exchange(get(url)));
    expect({ length: body.text.length, cutBy: body.cutBy }).toEqual({ length: MiB, cutBy: 'limit' });
    await closed;
  });

  it('that grows a thousandfold when decompressed is cut at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MiB), { level: constants.Z_BEST_COMPRESSION });
    const before = process.memoryUsage().arrayBuffers;
    const { body } = answered(await read((response) => response.setHeader('content-encoding', 'gzip').end(bomb)));
    expect({ length: body.text.length, cutBy: body.cutBy }).toEqual({ length: MiB, cutBy: 'limit' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MiB);
  });

  it('that comes in a million pieces takes no more memory than in one', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heldBytes = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const stream = new Readable({ read: () => undefined });
    const before = heldBytes();
    const body = beginBody(stream, MiB);
    for (let i = 0; i < MiB; i++) stream.emit('data', Buffer.alloc(1, 'x'));
    expect(heldBytes() - before).toBeLessThan(16 * MiB);
    stream.emit('end');
    expect((await body).text).toEqual({ text: 'x'.repeat(MiB) });
  });

  it.each<[string, (response: http.ServerResponse) => unknown]>([
    ['closes early', (response) => response.setHeader('content-length', '100').write('{"st', () => response.destroy())],
    ['stops in the middle of a chunked body', (response) => response.write('{"st', () => response.destroy())],
    ['falls silent', (response) => response.write('{"st')],
  ])('is kept as far as it came when the service %s', async (_, answer) => {
    const exchange = await read((response) => answer(response.setHeader('retry-after', '7')), { timeoutSeconds: 0.3 });
    expect(answered(exchange)).toMatchObject({
      httpStatus: 200,
      headers: { 'retry-after': '7' },
      body: { text: '{"st', cutBy: 'connection' },
    });
  });

  it('that drips is given up when the time of the whole exchange is over', async () => {
    const { url } = await service((_, response) => {
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { body } = answered(await connectionTo({ baseUrl: url, limits: { timeoutSeconds: 0.3 } }).exchange(get(url)));
    expect(body.cutBy).toBe('connection');
  });

  it('that breaks off while compressed is cut, not whole', async () => {
    const exchange = await read((response) => {
      const gzip = createGzip();
      gzip.pipe(response.setHeader('content-encoding', 'gzip'));
      gzip.write('{"status":"Running"');
      gzip.flush(() => setImmediate(() => response.destroy()));
    });
    const { text, cutBy } = answered(exchange).body;
    expect(cutBy).toBe('connection');
    expect('{"status":"Running"').toContain(text);
  });
});

describe('headers of an answer', () => {
  it('have names in lower case and, when repeated, the first value', async () => {
    const url = await socketServer((socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 202 Accepted\r\nOperation-Location:  "https://a/b" \r\nX: 1\r\nx: 2\r\nContent-Length: 0\r\n\r\n'),
      ),
    );
    const answer = answered(await connectionTo({ baseUrl: url }).exchange(post(url)));
    expect(answer.headers).toEqual({ 'operation-location': '"https://a/b"', x: '1', 'content-length': '0' });
  });

  it('are read beyond a thousand', async () => {
    const many = Array.from({ length: 1500 }, (_, index) => `h${index}: v\r\n`).join('');
    const url = await socketServer((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${many}last: yes\r\nContent-Length: 0\r\n\r\n`)),
    );
    expect(answered(await connectionTo({ baseUrl: url }).exchange(get(url))).headers.last).toBe('yes');
  });

  it('beyond 1 MiB are no answer, and the reason says so', async () => {
    const url = await socketServer((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nh: ${'x'.repeat(1_100_000)}\r\n\r\n`)),
    );
    const exchange = await connectionTo({ baseUrl: url }).exchange(post(url));
    expect(exchange).toMatchObject({ kind: 'noAnswer', maybeSent: true, reason: expect.stringContaining('headers') });
  });

  it('bring cookies, which go back to trusted hosts', async () => {
    const { url, seen } = await service((_, response) => response.setHeader('set-cookie', ['a=1; Path=/', 'b=2']).end());
    const answer = answered(
      await connectionTo({ baseUrl: url }).exchange(
        get(url, { cookies: ['a', 'b'].map((name, index) => ({ name, value: String(index + 1), host: '127.0.0.1' })) }),
      ),
    );
    expect(answer.setCookies).toEqual(['a=1; Path=/', 'b=2']);
    expect(seen[0]!.headers.cookie).toBe('a=1; b=2');
  });
});

describe('a request', () => {
  it('says who sends it and what it wants, and carries its JSON with a length', async () => {
    const { url, seen } = await service((_, response) => response.end());
    await connectionTo({ baseUrl: url, headers: { 'X-Ms-Client-Id': 'id' } }).exchange(
      post(url, { headers: { 'x-ms-client-request-id': 'é' }, body: { kind: 'json', value: { ä: 1 } } }),
    );
    expect(seen[0]!.headers).toMatchObject({
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^durable-lro\/\d/),
      'content-type': 'application/json',
      'content-length': '8',
      'x-ms-client-id': 'id',
      'x-ms-client-request-id': 'é',
    });
    expect(seen[0]!.body.toString()).toBe('{"ä":1}');
  });

  it('without a body announces none, and no type', async () => {
    const { url, seen } = await service((_, response) => response.end());
    await connectionTo({ baseUrl: url }).exchange(post(url));
    expect(seen[0]!.headers).toMatchObject({ 'content-length': '0' });
    expect(seen[0]!.headers).not.toHaveProperty('content-type');
  });

  it('lets the caller choose the type of its JSON', async () => {
    const { url, seen } = await service((_, response) => response.end());
    await connectionTo({ baseUrl: url }).exchange(
      post(url, { method: 'PATCH', headers: { 'Content-Type': 'application/merge-patch+json' }, body: { kind: 'json', value: null } }),
    );
    expect(seen[0]!.headers['content-type']).toBe('application/merge-patch+json');
    expect(seen[0]!.body.toString()).toBe('null');
  });

  it.each([
    ['a line break', { 'X-A': 'a\r\nEvil: 1' }, 'X-A'],
    ['NUL', { 'X-A': '\0' }, 'X-A'],
    ['a letter beyond latin-1', { 'X-A': '€' }, 'X-A'],
    ['no header name', { 'X A': 'a' }, 'X A'],
    ['credentials', { AUTHORIZATION: 'Bearer abc' }, 'AUTHORIZATION'],
    ["the connection's own key", { 'X-Own-Key': 'abc' }, 'X-Own-Key'],
    ['framing', { 'Transfer-Encoding': 'chunked' }, 'Transfer-Encoding'],
  ])('whose header holds %s is refused unsent, and the header named', async (_, headers, header) => {
    const { url, seen } = await service((__, response) => response.end());
    const connection = connectionTo(
      { baseUrl: url, auth: { type: 'key', in: 'header', name: 'x-own-key', value: { env: 'K' } } },
      { env: { K: 'k' } },
    );
    await expect(connection.exchange(post(url, { headers: { ...headers } }))).rejects.toMatchObject({
      name: 'RequestRefusedError',
      header,
    });
    expect(seen).toEqual([]);
  });
});
