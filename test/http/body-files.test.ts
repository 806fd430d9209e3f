import { once } from 'node:events';
import { appendFileSync, createWriteStream, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { join } from 'node:path';
import type { BodyFile } from '../../src/contract';
import { answered, connectionTo, folder, listen, post, refusedPort, service, socketServer } from './service';

const upload = (url: string, file: BodyFile) => post(url, { body: { kind: 'file', file } });

/** A folder with a file in it, one outside, and a service that keeps what it gets. */
async function place() {
  const inside = folder();
  const outside = folder();
  writeFileSync(join(inside, 'venue.zip'), 'PK-data');
  writeFileSync(join(outside, 'secret.txt'), 'secret');
  symlinkSync(join(outside, 'secret.txt'), join(inside, 'link.zip'));
  symlinkSync(outside, join(inside, 'linked-folder'));
  const target = await service((_, response) => response.writeHead(202).end());
  const connection = connectionTo({ baseUrl: target.url }, {}, { readBelow: [inside] });
  return { inside, outside, target, connection };
}

describe('a file below an allowed folder', () => {
  it('is sent with its length and type', async () => {
    const { inside, target, connection } = await place();
    expect(answered(await connection.exchange(upload(target.url, { path: 'venue.zip' }))).httpStatus).toBe(202);
    await connection.exchange(upload(target.url, { path: join(inside, 'venue.zip'), contentType: 'application/zip' }));
    expect(target.seen.map(({ body, headers }) => [body.toString(), headers['content-length'], headers['content-type']])).toEqual([
      ['PK-data', '7', 'application/octet-stream'],
      ['PK-data', '7', 'application/zip'],
    ]);
  });

  it('may be empty', async () => {
    const { inside, target, connection } = await place();
    writeFileSync(join(inside, 'empty'), '');
    await connection.exchange(upload(target.url, { path: 'empty' }));
    expect(target.seen[0]!.headers['content-length']).toBe('0');
  });

  it('is sent again whole when the first try is refused with 401', async () => {
    const { inside } = await place();
    const env = { K: 'old' };
    const { url, seen } = await service(({ headers }, response) => {
      env.K = 'new';
      response.writeHead(headers.authorization === 'Bearer new' ? 202 : 401).end();
    });
    const connection = connectionTo({ baseUrl: url, auth: { type: 'bearer', value: { env: 'K' } } }, { env }, { readBelow: [inside] });
    expect(answered(await connection.exchange(upload(url, { path: 'venue.zip' }))).httpStatus).toBe(202);
    expect(seen.map(({ body }) => body.toString())).toEqual(['PK-data', 'PK-data']);
  });

  it.each([
    ['is not there', { path: 'nowhere.zip' }, /does not exist/],
    ['is a link to the outside', { path: 'link.zip' }, /not below a folder/],
    ['lies behind a linked folder', { path: 'linked-folder/secret.txt' }, /not below a folder/],
    ['is reached by ..', { path: 'a/../venue.zip' }, /without "\.\."/],
    ['is elsewhere', { path: '/etc/passwd' }, /not below a folder/],
    ['is elsewhere and not there', { path: '/etc/nothing-here' }, /not below a folder/],
    ['is a folder', { path: 'sub' }, /is not a file/],
    ['has no name', {}, /either url or path/],
    ['has two names', { path: 'venue.zip', url: 'https://example.com/' }, /either url or path/],
  ])('is refused before anything is sent when it %s', async (_, file, message) => {
    const { inside, target, connection } = await place();
    mkdirSync(join(inside, 'sub'));
    const refused = connection.exchange(upload(target.url, file));
    await expect(refused).rejects.toMatchObject({ name: 'FileRefusedError', message: expect.stringMatching(message) });
    expect(target.seen).toEqual([]);
  });

  it.each([
    ['grows', (path: string) => appendFileSync(path, 'more')],
    ['shrinks', (path: string) => truncateSync(path, 3_000_000)],
  ])('that %s while it is sent never arrives whole, and leaves the submit uncertain', async (_, change) => {
    const { inside } = await place();
    const path = join(inside, 'large.zip');
    writeFileSync(path, Buffer.alloc(8_000_000));
    let whole = false;
    const server = http.createServer((request) => {
      request.once('data', () => {
        change(path);
        request.resume();
      });
      request.on('error', () => undefined);
      request.on('end', () => (whole = true));
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const exchange = await connectionTo({ baseUrl: url }, {}, { readBelow: [inside] }).exchange(upload(url, { path: 'large.zip' }));
    expect(exchange).toMatchObject({ kind: 'noAnswer', maybeSent: true, reason: expect.stringContaining('changed its size') });
    expect(whole).toBe(false);
  });

  it('takes no memory, and as long as it flows, any time', async () => {
    const { inside } = await place();
    const out = createWriteStream(join(inside, 'large.zip'));
    for (let i = 0; i < 96; i++) if (!out.write(Buffer.alloc(1_048_576))) await once(out, 'drain');
    await new Promise<void>((resolve) => out.end(resolve));
    let received = 0;
    const server = http.createServer((request, response) => {
      // Slower as a whole than the connection's time for one exchange.
      request.on('data', (chunk: Buffer) => {
        const before = Math.floor(received / 16_000_000);
        received += chunk.length;
        if (Math.floor(received / 16_000_000) === before) return;
        request.pause();
        setTimeout(() => request.resume(), 150);
      });
      request.on('end', () => response.writeHead(202).end());
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const before = process.memoryUsage().arrayBuffers;
    const connection = connectionTo({ baseUrl: url, limits: { timeoutSeconds: 0.6 } }, {}, { readBelow: [inside] });
    expect(answered(await connection.exchange(upload(url, { path: 'large.zip' }))).httpStatus).toBe(202);
    expect(received).toBe(96 * 1_048_576);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 1_048_576);
  });

  it('that the service does not take is given up', async () => {
    const { inside } = await place();
    writeFileSync(join(inside, 'large.zip'), Buffer.alloc(16_000_000));
    const url = await socketServer((socket) => socket.pause());
    const connection = connectionTo({ baseUrl: url, limits: { timeoutSeconds: 0.3 } }, {}, { readBelow: [inside] });
    expect(await connection.exchange(upload(url, { path: 'large.zip' }))).toMatchObject({ kind: 'noAnswer', maybeSent: true });
  });

  it('that the service refuses early is not sent to its end', async () => {
    const { inside } = await place();
    writeFileSync(join(inside, 'large.zip'), Buffer.alloc(16_000_000));
    const server = http.createServer((_, response) => response.writeHead(413).end('too large'));
    const url = `http://127.0.0.1:${await listen(server)}`;
    const exchange = await connectionTo({ baseUrl: url }, {}, { readBelow: [inside] }).exchange(upload(url, { path: 'large.zip' }));
    expect(answered(exchange)).toMatchObject({ httpStatus: 413, body: { text: 'too large' } });
  });
});

describe('a file at a URL', () => {
  /** A host of files, a service to send them to, and a connection that allows the host. */
  async function hosts(handler: http.RequestListener) {
    const server = http.createServer(handler);
    const source = `http://127.0.0.1:${await listen(server)}`;
    const target = await service((_, response) => response.writeHead(202).end());
    const connection = connectionTo({ baseUrl: target.url }, {}, { urlHosts: ['127.0.0.1'], privateHosts: 'allow' });
    return { source, target, connection };
  }

  it('is passed on with its length', async () => {
    const { source, target, connection } = await hosts((_, response) => response.setHeader('content-length', '4').end('blob'));
    expect(
      answered(await connection.exchange(upload(target.url, { url: `${source}/venue.zip?sig=abc`, contentType: 'application/zip' })))
        .httpStatus,
    ).toBe(202);
    expect(target.seen[0]).toMatchObject({
      headers: { 'content-length': '4', 'content-type': 'application/zip' },
      body: Buffer.from('blob'),
    });
  });

  it('is passed on in chunks when its length is not known', async () => {
    const { source, target, connection } = await hosts((_, response) => response.write('blob', () => response.end()));
    await connection.exchange(upload(target.url, { url: source }));
    expect(target.seen[0]).toMatchObject({ headers: { 'transfer-encoding': 'chunked' }, body: Buffer.from('blob') });
  });

  it('that breaks off never arrives whole', async () => {
    const { source, target, connection } = await hosts((_, response) =>
      response.setHeader('content-length', '9').write('blob', () => response.destroy()),
    );
    expect(await connection.exchange(upload(target.url, { url: source }))).toMatchObject({ kind: 'noAnswer', maybeSent: true });
    expect(target.seen).toEqual([]);
  });

  it.each([
    ['redirects', 302, 'FileRefusedError'],
    ['does not have it', 404, 'FileRefusedError'],
  ])('is refused, and its signature not repeated, when the host %s', async (_, status, name) => {
    const { source, target, connection } = await hosts((__, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
    );
    const refused = connection.exchange(upload(target.url, { url: `${source}/a?sig=s3cret` }));
    await expect(refused).rejects.toMatchObject({ name, message: expect.not.stringContaining('s3cret') });
    expect(target.seen).toEqual([]);
  });

  it('can be tried again when its host has a problem', async () => {
    const { source, target, connection } = await hosts((_, response) => response.writeHead(503).end());
    expect(await connection.exchange(upload(target.url, { url: source }))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringContaining('503'),
    });
    const gone = `http://127.0.0.1:${await refusedPort()}`;
    expect(await connection.exchange(upload(target.url, { url: gone }))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringContaining('refused'),
    });
    expect(target.seen).toEqual([]);
  });

  it.each([
    ['another host', 'https://example.com/a?sig=s3cret', /urlHosts/],
    ['a plain connection to another machine', 'http://example.com/a', /only https/],
    ['a name and password', 'https://me:s3cret@127.0.0.1/a', /user name/],
    ['no URL', 's3cret', /none/],
  ])('is refused when it is %s', async (_, url, message) => {
    const { target, connection } = await hosts((__, response) => response.end());
    const error = (await connection.exchange(upload(target.url, { url })).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ name: 'FileRefusedError', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('s3cret');
  });
});
