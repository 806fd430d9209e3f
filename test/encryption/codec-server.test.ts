/** The codec server: Temporal's remote codec protocol, and who is answered. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join, resolve } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { defaultPayloadConverter } from '@temporalio/common';
import { stringify } from 'yaml';
import { startChild, type Child } from '../../src/devserver';
import { EncryptionCodec, KeySource } from '../../src/encryption';
import { bodyOf } from '../../src/codec-server/payloads';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { runLro } from '../support/lro-command';
import { makeCertificates, testWithCertificates, type Certificates } from '../support/certificates';

const folder = temporaryFolder();
const keysFile = join(folder, 'keys.yaml');
const KEYS = { k1: randomBytes(32).toString('base64'), k2: randomBytes(32).toString('base64') };
const UI = 'https://temporal.example.com';
const [TOKEN, OTHER_TOKEN] = [randomBytes(20).toString('hex'), randomBytes(20).toString('hex')];
const codec = new EncryptionCodec(KeySource.ofText(stringify({ current: 'k1', keys: KEYS })));
const CANARY = 'canary-of-a-payload';

let server: Child;
let url: string;

beforeAll(async () => {
  writeFileSync(keysFile, stringify({ current: 'k1', keys: { k1: KEYS.k1 } }));
  const tokens = join(folder, 'tokens');
  writeFileSync(tokens, `${TOKEN}\n${OTHER_TOKEN}\n`);
  server = await start(['--allow-origin', UI, '--namespace', 'default', '--namespace', 'night'], { LRO_CODEC_TOKEN_FILE: tokens });
  url = server.ready?.[1] ?? '';
});

afterAll(() => server.stop());

function start(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Child> {
  return startChild({
    name: 'codec server',
    command: process.execPath,
    args: [resolve(__dirname, '../../dist/cli/lro.js'), 'codec-server', '--listen', '127.0.0.1:0', ...args],
    env: { ...process.env, LRO_ENCRYPTION_KEYS_FILE: keysFile, ...env },
    readyLine: /codec server ready at (\S+), key "k1", known k1/,
  });
}

async function encrypted(value: unknown): Promise<object> {
  return bodyOf(await codec.encode([defaultPayloadConverter.toPayload(value)]));
}

const AUTHORIZED = { authorization: `Bearer ${TOKEN}`, 'x-namespace': 'default' };

function post(path: string, body: unknown, headers: Record<string, string> = AUTHORIZED): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${url}${path}`, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });
}

interface Body {
  payloads: { metadata: Record<string, string>; data: string }[];
  message?: string;
}

const base64 = (text = ''): string => Buffer.from(text, 'base64').toString();

test('what it encrypts it decrypts, and nothing is written about it', async () => {
  const plain = bodyOf([defaultPayloadConverter.toPayload({ note: CANARY }), defaultPayloadConverter.toPayload(undefined)]);
  const encoded = (await (await post('/encode', plain)).json()) as Body;
  expect(encoded.payloads.map(({ metadata }) => [base64(metadata['encoding']), base64(metadata['encryption-key-id'])])).toEqual([
    ['binary/encrypted', 'k1'],
    ['binary/encrypted', 'k1'],
  ]);
  const decoded = await post('/decode', encoded);
  expect(decoded.status).toBe(200);
  expect(decoded.headers.get('cache-control')).toBe('no-store');
  const [first, second] = ((await decoded.json()) as Body).payloads;
  expect(base64(first?.data)).toBe(`{"note":"${CANARY}"}`);
  expect(base64(second?.metadata['encoding'])).toBe('binary/null');
  expect(server.output()).not.toContain(CANARY);
  expect(server.output()).not.toContain(TOKEN);
});

test('only with a right token is anything decrypted, however the URL is spelled', async () => {
  const body = await encrypted(CANARY);
  const namespace = { 'x-namespace': 'default' };
  for (const path of ['/decode', '/decode?x=1', '/%64ecode', '/encode', '/encode?', '/decode/', '//decode', '/DECODE']) {
    for (const authorization of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]) {
      const answer = await post(path, body, authorization === undefined ? namespace : { ...namespace, authorization });
      expect([path, answer.status]).toEqual([path, /^\/(decode|encode|%64ecode)(\?.*)?$/.test(path) ? 401 : 404]);
      expect(await answer.text()).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 20));
    }
  }
  for (const token of [TOKEN, OTHER_TOKEN]) {
    const answer = await post('/decode', body, { ...namespace, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(200);
  }
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test('a browser is answered at the origins that are named only, and only for the namespaces that are', async () => {
  const body = await encrypted(CANARY);
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${url}/decode`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace,authorization',
      },
    });
  const right = await preflight(UI);
  expect(right.status).toBe(204);
  expect(Object.fromEntries(right.headers)).toMatchObject({
    'access-control-allow-origin': UI,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'Authorization, Authorization-Extras, Content-Type, X-Namespace',
    vary: 'Origin',
  });
  for (const origin of ['https://temporal.example.com.evil.example', 'http://temporal.example.com', 'null', `${UI}:444`]) {
    const answers = [await preflight(origin), await post('/decode', body, { ...AUTHORIZED, origin })];
    expect(answers.map(({ status, headers }) => [origin, status, headers.get('access-control-allow-origin')])).toEqual([
      [origin, 403, null],
      [origin, 403, null],
    ]);
  }
  expect((await post('/decode', body, { ...AUTHORIZED, origin: UI })).headers.get('access-control-allow-origin')).toBe(UI);
  expect((await post('/decode', body, { ...AUTHORIZED, 'x-namespace': 'night' })).status).toBe(200);
  expect((await post('/decode', body, { ...AUTHORIZED, 'x-namespace': 'other' })).status).toBe(403);
  expect((await post('/decode', body, { authorization: `Bearer ${TOKEN}` })).status).toBe(403);
});

test('a browser signs in with a token and gets a cookie that is none', async () => {
  const signIn = (token: string, headers = {}): Promise<Response> =>
    fetch(`${url}/sign-in`, { method: 'POST', body: new URLSearchParams({ token }), headers });
  expect((await signIn('wrong')).status).toBe(401);
  expect((await signIn(TOKEN, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  const signedIn = await signIn(TOKEN);
  const cookie = signedIn.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^lro-codec=\d+\.[\w-]+; Path=\/; HttpOnly; Max-Age=43200; SameSite=Lax$/);
  expect(cookie).not.toContain(TOKEN);
  const value = cookie.split(';')[0] ?? '';
  const body = await encrypted(CANARY);
  const withCookie = (given: string): Promise<Response> => post('/decode', body, { 'x-namespace': 'default', cookie: given });
  expect((await withCookie(`a=b; ${value}`)).status).toBe(200);
  const [until = '', signature = ''] = value.slice('lro-codec='.length).split('.');
  for (const forged of [`lro-codec=${Number(until) + 60}.${signature}`, `lro-codec=${until}.`, `lro-codec=1.${signature}`, `x${value}`])
    expect([forged, (await withCookie(forged)).status]).toEqual([forged, 401]);
});

test('an unknown key is named with what to do, and found once it is in the file; bodies that are wrong or too large are refused', async () => {
  const later = new EncryptionCodec(KeySource.ofText(stringify({ current: 'k2', keys: KEYS })));
  const body = bodyOf(await later.encode([defaultPayloadConverter.toPayload(CANARY)]));
  const refused = await post('/decode', body);
  expect(refused.status).toBe(422);
  expect(((await refused.json()) as Body).message).toBe(
    'a payload is encrypted with key "k2" (known here: "k1"); add "k2" to LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS)',
  );
  writeFileSync(keysFile, stringify({ current: 'k1', keys: KEYS }));
  await eventually(
    () => post('/decode', body),
    ({ status }) => status === 200,
  );
  writeFileSync(keysFile, stringify({ current: 'k1', keys: { k1: KEYS.k1 } }));

  for (const wrong of [
    '',
    'x',
    '[]',
    '{}',
    '{"payloads":{}}',
    '{"payloads":[1]}',
    '{"payloads":[{"data":"?"}]}',
    '{"payloads":[{"metadata":{"encoding":1}}]}',
  ])
    expect([wrong, (await post('/decode', wrong)).status]).toEqual([wrong, 400]);
  const large = request(`${url}/decode`, {
    method: 'POST',
    headers: { ...AUTHORIZED, 'content-type': 'application/json', 'content-length': 17_000_000 },
  });
  large.flushHeaders();
  const [answer] = (await once(large, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(413);
  large.destroy();
  expect((await post('/decode', body, { ...AUTHORIZED, 'content-type': 'text/plain' })).status).toBe(415);
});

const SETUPS: [string, string[], NodeJS.ProcessEnv, RegExp][] = [
  ['no token', [], {}, /no token: set LRO_CODEC_TOKEN or LRO_CODEC_TOKEN_FILE/],
  ['a short token', [], { LRO_CODEC_TOKEN: 'hunter2hunter2' }, /LRO_CODEC_TOKEN: must be 16 to 4096 visible characters/],
  [
    'no authentication for others',
    ['--no-authentication', '--listen', '0.0.0.0:0'],
    {},
    /--no-authentication: only with --listen at 127\.0\.0\.1/,
  ],
  ['no keys', [], { LRO_ENCRYPTION_KEYS_FILE: '', LRO_CODEC_TOKEN: TOKEN }, /no keys: set LRO_ENCRYPTION_KEYS_FILE/],
  ['any origin', ['--allow-origin', '*'], { LRO_CODEC_TOKEN: TOKEN }, /--allow-origin: must be an origin/],
  ['a certificate alone', ['--tls-cert', 'x.pem'], { LRO_CODEC_TOKEN: TOKEN }, /--tls-cert and --tls-key: must be given both/],
];
test('set up wrong, it does not start, and says all that is wrong but no secret', async () => {
  await Promise.all(
    SETUPS.map(async ([what, args, env, message]) => {
      const ended = await runLro(['codec-server', ...args], { LRO_ENCRYPTION_KEYS_FILE: keysFile, ...env });
      expect([what, ended.code, ended.stderr]).toEqual([what, 2, expect.stringMatching(message)]);
      expect(ended.stderr).not.toMatch(new RegExp(`hunter2|${TOKEN}`));
    }),
  );
});

testWithCertificates('TLS by files: the certificate is read again at SIGHUP, and the cookie is for other sites', async () => {
  const [first, second] = [makeCertificates(join(folder, 'first')), makeCertificates(join(folder, 'second'))];
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const use = (of: Certificates): void => {
    copyFileSync(of.server.cert, cert);
    copyFileSync(of.server.key, key);
  };
  use(first);
  const secure = await start(['--tls-cert', cert, '--tls-key', key], { LRO_CODEC_TOKEN: TOKEN });
  const at = new URL(secure.ready?.[1] ?? '');
  expect(at.protocol).toBe('https:');
  const served = async (ca: string): Promise<string | undefined> => {
    const socket: TLSSocket = connect({ host: at.hostname, port: Number(at.port), ca: readFileSync(ca) });
    try {
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate().fingerprint256;
    } catch {
      return undefined;
    } finally {
      socket.destroy();
    }
  };
  expect(await served(first.ca)).toBeDefined();
  const cookie = await new Promise<string>((resolved, rejected) => {
    const asked = httpsRequest(
      new URL('/sign-in', at),
      { method: 'POST', ca: readFileSync(first.ca), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      (answer) => resolved(String(answer.resume().headers['set-cookie'])),
    );
    asked.once('error', rejected).end(`token=${TOKEN}`);
  });
  expect(cookie).toMatch(/; SameSite=None; Secure$/);
  use(second);
  secure.signal('SIGHUP');
  await eventually(
    () => served(second.ca),
    (fingerprint) => fingerprint !== undefined,
  );
  await secure.stop();
});
