/** The receiver: who is let in, what a call comes to, and what is said of it. */
import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { Webhook } from 'standardwebhooks';
import type { WebhookSignature } from '../../src/config';
import { openReceiver, type Receiver } from '../../src/receiver';
import { Signatures } from '../../src/receiver/signatures';
import { Callbacks, type CallbackTarget } from '../../src/transport/callbacks';

const SECRET = 'c'.repeat(40);
const TARGET: CallbackTarget = { workflowId: 'tileset/campus 7/ü', firstRunId: 'run-1', connection: 'plain', key: '0.0', step: 'upload' };
/** [Standard Webhooks, its own libraries' tests] */
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** [GitHub, "Validating webhook deliveries", "Testing the webhook payload validation"] */
const GITHUB_SECRET = "It's a Secret to Everybody";
const GITHUB_SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const env = { STANDARD: STANDARD_SECRET, FORMER: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', GITHUB: GITHUB_SECRET };

const HMAC = { type: 'hmac', header: 'X-Hub-Signature-256', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' } as const;
const SIGNED: Record<string, WebhookSignature> = {
  standard: { type: 'standard', secrets: [{ env: 'STANDARD' }] },
  rotated: { type: 'standard', secrets: [{ env: 'FORMER' }, { env: 'STANDARD' }] },
  github: { ...HMAC, secrets: [{ env: 'GITHUB' }] },
  sha1: { type: 'hmac', header: 'x-sign', algorithm: 'sha1', encoding: 'base64', prefix: '', secrets: [{ env: 'GITHUB' }] },
  missing: { ...HMAC, secrets: [{ env: 'NOWHERE' }] },
};

let receiver: Receiver;
let callbacks: Callbacks;
let woken: CallbackTarget[];
let wake: (target: CallbackTarget) => Promise<void>;
let lines: string;

beforeAll(async () => {
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      lines += chunk.toString('utf8');
      done();
    },
  });
  receiver = await openReceiver('127.0.0.1:0', pino({ level: 'trace' }, sink));
});

beforeEach(() => {
  [woken, lines] = [[], ''];
  wake = (target) => {
    woken.push(target);
    return Promise.resolve();
  };
  callbacks = new Callbacks(`http://${receiver.address}/lro`, [SECRET]);
  take(callbacks);
});

afterAll(() => receiver.close());

function take(made: Callbacks): void {
  const signed = Object.entries(SIGNED).map(([name, signature]) => [name, new Signatures(signature, env)] as const);
  receiver.use({
    callbacks: made,
    signatures: new Map<string, Signatures | undefined>([['plain', undefined], ...signed]),
    wake: (t) => wake(t),
  });
}

const urlOf = (target: Partial<CallbackTarget> = {}): string => callbacks.urlOf({ ...TARGET, ...target });

function call(
  url: string,
  { method = 'POST', headers = {}, body = '{"status":"done"}' }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return fetch(url, { method, headers, ...(method === 'POST' || method === 'PUT' ? { body } : {}) });
}

test('a call of the secret URL wakes the operation that it was made for, whatever stands before it and in its body', async () => {
  const url = urlOf();
  expect(urlOf()).toBe(url);
  for (const [at, body] of [
    [url, 'no JSON'],
    [url.replace('/lro/', '/'), ''],
    [`${url}?from=service`, '{"pollNow":false}'],
  ] as const) {
    const { status, headers } = await call(at, { body });
    expect([status, headers.get('content-length')]).toEqual([204, null]);
  }
  expect(woken).toEqual([TARGET, TARGET, TARGET]);
});

test('whatever is wrong with a URL is answered alike, and wakes nobody', async () => {
  const url = urlOf();
  const [mark, payload, digest] = url.slice(url.lastIndexOf('/') + 1).split('.') as [string, string, string];
  const at = (token: string): string => `http://${receiver.address}/lro/${token}`;
  const other = urlOf({ workflowId: 'another' }).split('/').pop()!.split('.') as [string, string, string];
  const flipped = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
  const wrong = [
    at(''),
    at('x'),
    at(`${mark}.${payload}`),
    at(`${flipped(mark)}.${payload}.${digest}`),
    at(`${mark}.${flipped(payload)}.${digest}`),
    at(`${mark}.${payload}.${flipped(digest)}`),
    at(`${mark}.${payload}.${digest}A`),
    at(`${mark}.${other[1]}.${digest}`),
    at(`${mark}.${payload}.${digest.slice(0, 20)}`),
    at(`${'A'.repeat(24)}.${'A'.repeat(9000)}.${'A'.repeat(43)}`),
    new Callbacks(`http://${receiver.address}/lro`, ['d'.repeat(40)]).urlOf(TARGET),
    urlOf({ connection: 'not-in-the-file' }),
    `http://${receiver.address}/%zz`,
  ];
  const answers = await Promise.all(wrong.map(async (one) => [(await call(one)).status, await (await call(one)).text()]));
  expect(answers).toEqual(wrong.map(() => [404, '']));
  const methods = await Promise.all(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => call(url, { method })));
  expect(methods.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  expect(woken).toEqual([]);
});

test('a URL that was signed with a former secret is taken as long as that is in the file', async () => {
  const old = urlOf();
  const [former, present] = [SECRET, 'n'.repeat(40)];
  take(new Callbacks(`http://${receiver.address}/lro`, [present, former]));
  expect((await call(old)).status).toBe(204);
  take(new Callbacks(`http://${receiver.address}/lro`, [present]));
  expect((await call(old)).status).toBe(404);
  expect(woken).toHaveLength(1);
});

describe('a signature of Standard Webhooks', () => {
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const body = '{"test": 2432232314}';
  const sentAt = 1_614_265_330;
  const headers = (more: Record<string, string> = {}): Record<string, string> => ({
    'webhook-id': id,
    'webhook-timestamp': String(sentAt),
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ...more,
  });
  /** The library asks the clock itself. */
  const verdict = async (given: Record<string, string>, text = body, by = 'standard'): Promise<string> => {
    jest.useFakeTimers({ now: nowSeconds * 1000, advanceTimers: true });
    try {
      return await new Signatures(SIGNED[by]!, env).verdict(given, Buffer.from(text));
    } finally {
      jest.useRealTimers();
    }
  };
  let nowSeconds: number;
  beforeEach(() => {
    nowSeconds = sentAt;
  });

  test('is right as the specification has it, also among others, and with a rotated secret', async () => {
    expect(await verdict(headers())).toBe('right');
    expect(await verdict(headers({ 'webhook-signature': `v1a,xyz v1,AAAA ${headers()['webhook-signature']}` }))).toBe('right');
    expect(await verdict(headers(), body, 'rotated')).toBe('right');
    const former = new Webhook(env.FORMER).sign(id, new Date(sentAt * 1000), body);
    expect(await verdict(headers({ 'webhook-signature': former }), body, 'rotated')).toBe('right');
    expect(await verdict(headers({ 'webhook-signature': former }))).toBe('wrong');
  });

  test.each<[string, Record<string, string>, string]>([
    ['of another body', headers(), '{"test": 2432232315}'],
    ['of another message', headers({ 'webhook-id': 'msg_other' }), body],
    ['of another time', headers({ 'webhook-timestamp': String(sentAt + 1) }), body],
    ['of a time with more behind it', headers({ 'webhook-timestamp': `${sentAt}junk` }), body],
    ['of another version', headers({ 'webhook-signature': headers()['webhook-signature']!.replace('v1', 'v2') }), body],
    ['that is cut', headers({ 'webhook-signature': headers()['webhook-signature']!.slice(0, -5) }), body],
    ['that is none', headers({ 'webhook-signature': 'v1' }), body],
    ['without its headers', {}, body],
  ])('is wrong: one %s', async (_, given, text) => expect(await verdict(given, text)).toBe('wrong'));

  test.each([
    [300, 'right'],
    [301, 'wrong'],
    [-300, 'right'],
    [-301, 'wrong'],
  ])('that is %i s old is %s', async (age, expected) => {
    nowSeconds = sentAt + age;
    expect(await verdict(headers())).toBe(expected);
  });
});

describe('an HMAC of the body', () => {
  const body = 'Hello, World!';
  test.each<[string, string, Record<string, string>, number]>([
    ['as GitHub documents it', 'github', { 'x-hub-signature-256': GITHUB_SIGNATURE }, 204],
    ['in capitals', 'github', { 'x-hub-signature-256': GITHUB_SIGNATURE.replace(/[a-f\d]{60}$/, (hex) => hex.toUpperCase()) }, 204],
    ['without its prefix', 'github', { 'x-hub-signature-256': GITHUB_SIGNATURE.slice(7) }, 404],
    ['with more behind it', 'github', { 'x-hub-signature-256': `${GITHUB_SIGNATURE}zz` }, 404],
    ['that is cut', 'github', { 'x-hub-signature-256': GITHUB_SIGNATURE.slice(0, -2) }, 404],
    ['that is empty', 'github', { 'x-hub-signature-256': 'sha256=' }, 404],
    ['that is not there', 'github', {}, 404],
    ['in Base64, by SHA-1', 'sha1', { 'x-sign': createHmac('sha1', GITHUB_SECRET).update(body).digest('base64') }, 204],
    ['by another algorithm', 'sha1', { 'x-sign': createHmac('sha256', GITHUB_SECRET).update(body).digest('base64') }, 404],
    ['whose secret is not there', 'missing', { 'x-hub-signature-256': GITHUB_SIGNATURE }, 503],
  ])('%s', async (_, connection, headers, status) => {
    expect((await call(urlOf({ connection }), { headers, body })).status).toBe(status);
    expect(woken).toHaveLength(status === 204 ? 1 : 0);
  });

  test('that is right does not replace the secret URL', async () => {
    const url = urlOf({ connection: 'github' }).replace(/.$/, (char) => (char === 'A' ? 'B' : 'A'));
    expect((await call(url, { headers: { 'x-hub-signature-256': GITHUB_SIGNATURE }, body })).status).toBe(404);
  });
});

test('a body beyond a mebibyte is refused, and only to who has the URL', async () => {
  const body = 'x'.repeat(1_048_577);
  expect((await call(urlOf(), { body })).status).toBe(413);
  expect((await call(urlOf(), { body: body.slice(1) })).status).toBe(204);
  // The answer comes before the body is read, and the socket is closed: some clients see only that.
  expect([404, 'closed']).toContain(
    await call(`http://${receiver.address}/x`, { body }).then(
      ({ status }) => status,
      () => 'closed',
    ),
  );
  expect(woken).toHaveLength(1);
});

test('while Temporal does not take a signal, the sender is asked to come again', async () => {
  wake = () => Promise.reject(new Error('14 UNAVAILABLE'));
  const { status, headers } = await call(urlOf());
  expect([status, headers.get('retry-after')]).toEqual([503, '5']);
});

test('calls that come while one is passed on are one more, which begins after them', async () => {
  const first = gate();
  const begun = gate();
  wake = async (target) => {
    woken.push(target);
    begun.open();
    if (woken.length === 1) await first.passed;
  };
  const url = urlOf({ key: '0.7' });
  const one = call(url);
  await begun.passed;
  const more = Array.from({ length: 20 }, () => call(url));
  // Another operation is not held up.
  expect((await call(urlOf({ key: '0.8' }))).status).toBe(204);
  first.open();
  expect((await Promise.all([one, ...more])).map(({ status }) => status)).toEqual(Array<number>(21).fill(204));
  expect(woken.filter(({ key }) => key === '0.7').length).toBeGreaterThanOrEqual(2);
  expect(woken.filter(({ key }) => key === '0.7').length).toBeLessThan(21);
});

test('the log says what was refused and why, without URL, header or body', async () => {
  const url = urlOf();
  wake = () => Promise.reject(new Error('down'));
  await call(url, { body: 'body-of-the-call', headers: { 'x-header': 'header-of-the-call' } });
  const own = await openReceiver('127.0.0.1:0', pino({ level: 'trace' }, { write: (line: string) => void (lines += line) }));
  await call(url.replace(receiver.address, own.address));
  own.use({ callbacks, signatures: new Map([['plain', undefined]]), wake: (target) => wake(target) });
  await call(url.replace(receiver.address, own.address).slice(0, -1));
  await own.close();
  expect(lines).toContain('"refused":{"not ready":1,"no such URL":1}');
  expect(lines).toContain('a webhook could not be passed on');
  for (const part of [...url.split(/[/.]/).filter((piece) => piece.length > 8), '-of-the-call']) expect(lines).not.toContain(part);
});

/** Holds whoever awaits `passed` until `open` is called. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}
