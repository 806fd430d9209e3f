import type { Socket } from 'node:net';
import type * as http from 'node:http';
import { once } from 'node:events';
import { answered, CERTIFICATE, connectionTo, get, post, refusedPort, service, socketServer } from './service';

describe('a submit that provably never left', () => {
  it('is one whose connection was refused', async () => {
    const baseUrl = `http://127.0.0.1:${await refusedPort()}`;
    expect(await connectionTo({ baseUrl }).exchange(post(`${baseUrl}/tilesets`))).toEqual({
      kind: 'noAnswer',
      method: 'POST',
      url: `${baseUrl}/tilesets`,
      maybeSent: false,
      reason: expect.stringMatching(/^connection refused by 127\.0\.0\.1:\d+$/),
    });
  });

  it('is one to a host name that does not exist', async () => {
    const baseUrl = 'http://nowhere.invalid';
    expect(await connectionTo({ baseUrl }).exchange(post(baseUrl))).toMatchObject({ kind: 'noAnswer', maybeSent: false });
  });

  it('is one whose TLS handshake fails, because the other side speaks none', async () => {
    const plain = await service((_, response) => response.end());
    const baseUrl = plain.url.replace('http:', 'https:');
    expect(await connectionTo({ baseUrl }).exchange(post(baseUrl))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringMatching(/TLS|closed/),
    });
    expect(plain.seen).toEqual([]);
  });

  it('is one to a service whose certificate is not trusted', async () => {
    const { url, seen } = await service((_, response) => response.end(), true);
    const exchange = await connectionTo({ baseUrl: url }).exchange(post(url));
    expect(exchange).toMatchObject({ kind: 'noAnswer', maybeSent: false, reason: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
    expect(seen).toEqual([]);
  });

  it('is one whose TLS handshake never ends', async () => {
    const silent = (await socketServer(() => undefined)).replace('http:', 'https:');
    const exchange = await connectionTo({ baseUrl: silent, limits: { timeoutSeconds: 0.2 } }).exchange(post(silent));
    expect(exchange).toMatchObject({ kind: 'noAnswer', maybeSent: false });
  });

  it('is one that had no turn in time', async () => {
    const release: http.ServerResponse[] = [];
    const { url, server } = await service((_, response) => release.push(response));
    const connection = connectionTo({ baseUrl: url, limits: { concurrentRequests: 1 } });
    const arrived = once(server, 'request');
    const first = connection.exchange(post(url));
    await arrived;
    expect(await connection.exchange(post(url, { queueSeconds: 0.05 }))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringContaining('busy'),
    });
    while (release.length === 0) await new Promise(setImmediate);
    release[0]!.end('done');
    expect(answered(await first).body.text).toBe('done');
  });
});

describe('a submit that may have arrived', () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ['is read and reset', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['is read and the connection closed', (socket) => socket.once('data', () => socket.end())],
    ['is never answered', () => undefined],
    ['is answered with something that is not HTTP', (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))],
  ])('when it %s', async (_, onSocket) => {
    const baseUrl = await socketServer(onSocket);
    const exchange = await connectionTo({ baseUrl, limits: { timeoutSeconds: 0.3 } }).exchange(
      post(baseUrl, { body: { kind: 'json', value: {} } }),
    );
    expect(exchange).toMatchObject({ kind: 'noAnswer', maybeSent: true });
  });
});

describe('a kept connection that the service has closed', () => {
  /** Answers the first request of each socket, and resets it at the second. */
  async function forgetful() {
    const counts = new Map<unknown, number>();
    const { url, seen, server } = await service((_, response, raw) => {
      counts.set(raw.socket, (counts.get(raw.socket) ?? 0) + 1);
      if (counts.get(raw.socket) === 1) response.end('ok');
      else raw.socket.resetAndDestroy();
    });
    return { url, seen, server };
  }

  it('costs a read nothing: it is repeated at once', async () => {
    const { url, seen } = await forgetful();
    const connection = connectionTo({ baseUrl: url });
    for (let i = 0; i < 2; i++) expect(answered(await connection.exchange(get(url))).httpStatus).toBe(200);
    expect(seen).toHaveLength(3);
  });

  it('leaves a submit uncertain: it is not repeated', async () => {
    const { url, seen } = await forgetful();
    const connection = connectionTo({ baseUrl: url });
    await connection.exchange(get(url));
    expect(await connection.exchange(post(url))).toMatchObject({ kind: 'noAnswer', maybeSent: true });
    expect(seen).toHaveLength(2);
  });

  it('does not touch a submit that asks for a connection of its own', async () => {
    const { url } = await forgetful();
    const connection = connectionTo({ baseUrl: url });
    await connection.exchange(get(url));
    expect(answered(await connection.exchange(post(url, { freshConnection: true }))).httpStatus).toBe(200);
  });

  it('is used again otherwise, over TLS as well', async () => {
    const sockets = new Set<unknown>();
    const { url } = await service((_, response, raw) => {
      sockets.add(raw.socket);
      response.end('ok');
    }, true);
    const connection = connectionTo({ baseUrl: url }, { ca: CERTIFICATE });
    for (let i = 0; i < 3; i++) expect(answered(await connection.exchange(get(url))).body).toEqual({ text: 'ok' });
    expect(sockets.size).toBe(1);
  });
});
