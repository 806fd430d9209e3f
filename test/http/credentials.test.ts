import { renameSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { join } from 'node:path';
import type { OpenTokenSource } from '../../src/http';
import { EntraTokens } from '../../src/transport/entra';
import { answered, connectionTo, folder, get, listen, post, service } from './service';

/** Accepts one value of the `authorization` header; answers `refusal` to others. */
async function guarded(accepted: () => string, refusal = 401) {
  return service(({ headers }, response) => response.writeHead(headers.authorization === accepted() ? 200 : refusal).end());
}

describe('credentials', () => {
  it.each([
    [{ type: 'bearer' }, 'abcdefgh', { authorization: 'Bearer abcdefgh' }],
    [{ type: 'bearer' }, 'Bearer abcdefgh\n', { authorization: 'Bearer abcdefgh' }],
    [{ type: 'sas' }, 'abcdefgh', { authorization: 'jwt-sas abcdefgh' }],
    [{ type: 'key', in: 'header', name: 'Ocp-Key' }, 'abcdefgh', { 'ocp-key': 'abcdefgh' }],
  ])('of %j are sent as the service expects them', async (auth, K, expected) => {
    const { url, seen } = await service((_, response) => response.end());
    await connectionTo({ baseUrl: url, auth: { ...auth, value: { env: 'K' } } }, { env: { K } }).exchange(get(url));
    expect(seen[0]!.headers).toMatchObject(expected);
  });

  it('in a file are used as soon as the file changes', async () => {
    const file = join(folder(), 'token');
    writeFileSync(file, 'old\n');
    const { url, seen } = await service((_, response) => response.end());
    const connection = connectionTo({ baseUrl: url, auth: { type: 'bearer', value: { file } } });
    await connection.exchange(get(url));
    writeFileSync(`${file}.new`, 'new\n');
    renameSync(`${file}.new`, file);
    await connection.exchange(get(url));
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  it('that are gone are a value of their own, and nothing is sent', async () => {
    const env: NodeJS.ProcessEnv = { K: 'key' };
    const { url, seen } = await service((_, response) => response.end());
    const connection = connectionTo({ baseUrl: url, auth: { type: 'bearer', value: { env: 'K' } } }, { env });
    delete env.K;
    expect(await connection.exchange(post(url))).toEqual({
      kind: 'noCredentials',
      url,
      reason: expect.stringContaining('environment variable K'),
    });
    expect(seen).toEqual([]);
  });

  it('never stand in a reason, raw or encoded', async () => {
    const { url } = await service((_, response) => response.destroy());
    const auth = { type: 'key', in: 'query', name: 'key', value: { env: 'K' } };
    const exchange = await connectionTo({ baseUrl: url, auth }, { env: { K: 's3cret/+' } }).exchange(post(`${url}/a?note=s3cret%2F%2B`));
    expect(exchange).toMatchObject({ kind: 'noAnswer', reason: expect.not.stringContaining('s3cret') });
  });
});

describe('a 401', () => {
  const bearer = { type: 'bearer', value: { env: 'K' } };

  it('is answered with the new credentials where there are some, for a submit as well', async () => {
    const env = { K: 'old' };
    const { url, seen } = await service(({ headers }, response) => {
      env.K = 'new';
      response.writeHead(headers.authorization === 'Bearer new' ? 202 : 401).end();
    });
    const connection = connectionTo({ baseUrl: url, auth: bearer }, { env });
    expect(answered(await connection.exchange(post(url, { body: { kind: 'json', value: 1 } }))).httpStatus).toBe(202);
    expect(seen.map(({ body }) => body.toString())).toEqual(['1', '1']);
  });

  it('stands where the credentials are the same', async () => {
    const { url, seen } = await guarded(() => 'other');
    expect(answered(await connectionTo({ baseUrl: url, auth: bearer }, { env: { K: 'k' } }).exchange(post(url))).httpStatus).toBe(401);
    expect(seen).toHaveLength(1);
  });

  it('is not repeated a second time', async () => {
    let count = 0;
    const env: NodeJS.ProcessEnv = { K: 'k0' };
    const { url, seen } = await service((_, response) => {
      env.K = `k${++count}`;
      response.writeHead(401).end();
    });
    expect(answered(await connectionTo({ baseUrl: url, auth: bearer }, { env }).exchange(post(url))).httpStatus).toBe(401);
    expect(seen).toHaveLength(2);
  });

  it.each([
    [{ type: 'bearer', value: { env: 'K' } }, 2],
    [{ type: 'key', in: 'header', name: 'x-k', value: { env: 'K' } }, 1],
  ])('has a sister in 403 for tokens, not for keys (%j)', async (auth, requests) => {
    const env = { K: 'old' };
    const { url, seen } = await service((_, response) => {
      env.K = 'new';
      response.writeHead(403).end();
    });
    await connectionTo({ baseUrl: url, auth }, { env }).exchange(get(url));
    expect(seen).toHaveLength(requests);
  });
});

describe('Entra tokens', () => {
  const auth = { type: 'entra', scope: 'https://atlas.microsoft.com/.default' };

  /** Gives out `token1`, `token2`, …; each credential remembers its own, as the library does. */
  function tokenService(lifeSeconds = 3600) {
    const given: string[] = [];
    const openTokenSource: OpenTokenSource = () => {
      let remembered: { token: string; expiresOnTimestamp: number } | undefined;
      return Promise.resolve({
        getToken: () => {
          if (remembered === undefined || remembered.expiresOnTimestamp < Date.now()) {
            remembered = { token: `token${given.length + 1}`, expiresOnTimestamp: Date.now() + lifeSeconds * 1000 };
            given.push(remembered.token);
          }
          return Promise.resolve(remembered);
        },
      });
    };
    return { given, openTokenSource };
  }

  it('are asked for once and shared', async () => {
    const { given, openTokenSource } = tokenService();
    const { url, seen } = await service((_, response) => response.end());
    const connection = connectionTo({ baseUrl: url, auth }, { openTokenSource });
    await Promise.all([1, 2, 3].map(() => connection.exchange(get(url))));
    await connection.exchange(get(url));
    expect(given).toEqual(['token1']);
    expect(new Set(seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer token1']));
  });

  it('that a service refuses are replaced, past the cache of the library', async () => {
    const { given, openTokenSource } = tokenService();
    const { url } = await guarded(() => 'Bearer token2', 403);
    const connection = connectionTo({ baseUrl: url, auth }, { openTokenSource });
    const answers = await Promise.all([1, 2].map(() => connection.exchange(post(url))));
    expect(answers.map((exchange) => answered(exchange).httpStatus)).toEqual([200, 200]);
    expect(given).toEqual(['token1', 'token2']);
  });

  it('are asked for once a minute at most by refusals, however many there are', async () => {
    const { given, openTokenSource } = tokenService();
    const { url, seen } = await guarded(() => 'nobody', 403);
    const connection = connectionTo({ baseUrl: url, auth }, { openTokenSource });
    for (let i = 0; i < 20; i++) expect(answered(await connection.exchange(get(url))).httpStatus).toBe(403);
    expect(given).toEqual(['token1', 'token2']);
    expect(seen).toHaveLength(21);
  });

  it('are asked for again by a refusal a minute later, though the clock of the day was set back', async () => {
    let count = 0;
    const source = { getToken: () => Promise.resolve({ token: `token${++count}`, expiresOnTimestamp: clock.nowMs() + 3_600_000 }) };
    const clock = { date: Date.now(), ms: 0, nowMs: () => clock.date + clock.ms, monotonicMs: () => clock.ms };
    const tokens = new EntraTokens(
      { ...auth, type: 'entra' },
      () => Promise.resolve(undefined),
      () => Promise.resolve(source),
      undefined,
      clock,
    );
    expect(await tokens.insteadOf(await tokens.current())).toBe('token2');
    expect(await tokens.insteadOf('token2')).toBeUndefined();
    clock.ms = 60_000;
    clock.date -= 3_600_000;
    expect(await tokens.insteadOf('token2')).toBe('token3');
    expect(await tokens.current()).toBe('token3');
  });

  it('that cannot be had are a value of their own, without line breaks', async () => {
    const openTokenSource: OpenTokenSource = () =>
      Promise.resolve({ getToken: () => Promise.reject(new Error('AADSTS7000215: Invalid client secret\nTrace ID')) });
    const exchange = await connectionTo({ baseUrl: 'http://127.0.0.1:9', auth }, { openTokenSource }).exchange(get('http://127.0.0.1:9'));
    expect(exchange).toMatchObject({ kind: 'noCredentials', reason: expect.stringMatching(/AADSTS7000215: Invalid client secret$/) });
  });

  it('that do not come in time do not hold the exchange longer', async () => {
    const openTokenSource: OpenTokenSource = () => new Promise(() => undefined);
    const connection = connectionTo({ baseUrl: 'http://127.0.0.1:9', auth, limits: { timeoutSeconds: 0.1 } }, { openTokenSource });
    expect(await connection.exchange(get('http://127.0.0.1:9'))).toMatchObject({
      kind: 'noCredentials',
      reason: expect.stringContaining('0.1 s'),
    });
  });
});

describe('an answer that refuses credentials', () => {
  const auth = { type: 'bearer', value: { env: 'K' } };
  const env = { K: 'a-token-of-the-service-0123456789' };

  it.each([401, 403])('with %d is kept as its error and what is known to be harmless', async (status) => {
    const { url } = await service(({ headers }, response) =>
      response
        .writeHead(status, { 'x-ms-request-id': 'r1', location: '/login?from=x', 'x-echo': 'x', 'set-cookie': 'a=1', 'retry-after': '3' })
        .end(
          JSON.stringify({
            error: { code: 'Denied', message: `no right for ${headers.authorization}`, details: [], innererror: { request: rot13(env.K) } },
            request: rot13(env.K),
          }),
        ),
    );
    const answer = answered(await connectionTo({ baseUrl: url, auth }, { env }).exchange(get(url)));
    expect(answer.body).toEqual({ text: '{"error":{"code":"Denied","message":"no right for Bearer ***"}}' });
    expect(answer.headers).toMatchObject({ 'x-ms-request-id': 'r1', 'retry-after': '3' });
    for (const name of ['location', 'x-echo', 'set-cookie']) expect(answer.headers).not.toHaveProperty(name);
    expect(answer).not.toHaveProperty('setCookies');
  });

  it('and is no JSON is kept without its body', async () => {
    const { url } = await service((_, response) => response.writeHead(401).end(`<html>${rot13(env.K)}</html>`));
    expect(answered(await connectionTo({ baseUrl: url, auth }, { env }).exchange(get(url))).body).toEqual({ text: '' });
  });

  it('to a connection without its secret is never there: the request waits, and says for what', async () => {
    const { url, seen } = await service((_, response) => response.end());
    const log = { warn: jest.fn(), info: jest.fn(), debug: jest.fn(), isLevelEnabled: () => true };
    const late: NodeJS.ProcessEnv = {};
    const connection = connectionTo({ baseUrl: url, auth }, { env: late, log: log as never });
    expect(log.warn.mock.calls).toEqual([[expect.anything(), expect.stringContaining('maps: environment variable K is not set')]]);
    expect(await connection.exchange(post(url))).toMatchObject({
      kind: 'noCredentials',
      reason: expect.stringContaining('environment variable K'),
    });
    expect(seen).toEqual([]);
    late['K'] = env.K;
    expect(answered(await connection.exchange(post(url))).httpStatus).toBe(200);
    expect(log.warn).toHaveBeenLastCalledWith(expect.objectContaining({ trouble: 'Unauthorized' }), expect.stringContaining('refuses'));
    expect(log.info.mock.calls).toEqual([[expect.objectContaining({ trouble: 'Unauthorized' }), 'the connection is healthy again']]);
  });

  it('is never quoted by an error that somebody throws on the way', async () => {
    const { url } = await service((_, response) => response.end());
    const connection = connectionTo({ baseUrl: url, auth }, { env });
    const cookie = {
      name: 'a',
      host: '127.0.0.1',
      get value(): string {
        throw new TypeError(`no cookie for ${encodeURIComponent(env.K)}`);
      },
    };
    const error = (await connection.exchange(get(url, { cookies: [cookie] })).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('no cookie for ***');
    expect(error.stack).not.toContain(env.K.slice(0, 20));
  });

  it('and a secret of more than 16,384 characters is never sent, and never quoted', async () => {
    const { url, seen } = await service((_, response) => response.end());
    const exchange = await connectionTo({ baseUrl: url, auth }, { env: { K: 'k'.repeat(16_385) } }).exchange(get(url));
    expect(exchange).toMatchObject({ kind: 'noCredentials', reason: expect.stringMatching(/^environment variable K is longer than/) });
    expect(seen).toEqual([]);
  });

  it('and a secret of 16,384 characters is sent, and masked where it comes back', async () => {
    const K = Array.from({ length: 16_384 }, (_, index) => 'abcdefghijklmnopqrstuvwxyzABCDEFG'[(index * index + 3 * index) % 33]).join('');
    // Node reads no more than 16 KiB of headers where nobody says otherwise.
    const server = http.createServer({ maxHeaderSize: 65_536 }, ({ headers }, response) =>
      response.end(`sent: ${String(headers['x-key'])}`),
    );
    const url = `http://127.0.0.1:${await listen(server)}`;
    const connection = connectionTo(
      { baseUrl: url, auth: { type: 'key', in: 'header', name: 'x-key', value: { env: 'K' } } },
      { env: { K } },
    );
    expect(answered(await connection.exchange(get(url, { freshConnection: true }))).body.text).toBe('sent: ***');
  });
});

/** An encoding that nobody searches for. */
function rot13(text: string): string {
  return text.replace(/[a-z]/g, (char) => String.fromCharCode(((char.charCodeAt(0) - 97 + 13) % 26) + 97));
}
