/** What the worker's file says of webhooks, and what it may not say. */
import { load, mistakesIn } from '../config/file';

const SECRET = 'a'.repeat(32);
const env = { HOOKS: SECRET, SHORT: 'a'.repeat(31), WHSEC: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', NO_WHSEC: 'whsec_!!!' };
const yaml = (webhooks: string, connection = '{}', more = ''): string =>
  `connections:\n  maps:\n    baseUrl: https://example.com\n    webhooks: ${connection}\n${more}webhooks: ${webhooks}\n`;

test('a file that says only what it must gets every default', () => {
  const { webhooks, connections } = load(yaml('{ publicUrl: "https://hooks.example.com/lro/", secret: { env: HOOKS } }'), env);
  expect(webhooks).toEqual({ publicUrl: 'https://hooks.example.com/lro', secret: { env: 'HOOKS' }, formerSecrets: [] });
  expect(connections['maps']?.webhooks).toEqual({ pollSeconds: 0 });
});

test('without the section nobody calls back', () => {
  expect(load('connections: { maps: { baseUrl: "https://example.com" } }').webhooks).toBeUndefined();
});

test('a signature has what is usual, unless it says otherwise', () => {
  const connection = '{ pollSeconds: 60, signature: { type: hmac, header: X-Sign, secrets: [{ env: LATER }] } }';
  const { connections } = load(
    yaml('{ publicUrl: "http://localhost:8090", secret: { env: HOOKS }, listen: "[::]:8090" }', connection),
    env,
  );
  const signature = { type: 'hmac', header: 'X-Sign', secrets: [{ env: 'LATER' }], algorithm: 'sha256', encoding: 'hex', prefix: '' };
  expect(connections['maps']?.webhooks).toEqual({ pollSeconds: 60, signature });
});

const GOOD = 'publicUrl: "https://h.example.com", secret: { env: HOOKS }';

test.each<[string, string, RegExp]>([
  ['{}', '{}', /webhooks\.publicUrl: is required/],
  [`{ publicUrl: "https://h.example.com" }`, '{}', /webhooks\.secret: is required; secrets are named by reference/],
  [`{ publicUrl: "https://h.example.com", secret: ${SECRET} }`, '{}', /webhooks\.secret: must not be written here/],
  [
    '{ publicUrl: "https://h.example.com", secret: { env: SHORT } }',
    '{}',
    /webhooks\.secret: holds a secret of 31 bytes; it must have at least 32/,
  ],
  ['{ publicUrl: "https://h.example.com", secret: { env: NOT_SET } }', '{}', /environment variable NOT_SET is not set/],
  ['{ publicUrl: "https://h.example.com?x=1", secret: { env: HOOKS } }', '{}', /publicUrl: must not carry a user name, a query/],
  ['{ publicUrl: "ftp://h.example.com", secret: { env: HOOKS } }', '{}', /publicUrl: must be an http\(s\) URL/],
  [`{ ${GOOD}, listen: "8090" }`, '{}', /webhooks\.listen: must be host:port/],
  [`{ ${GOOD}, listen: "127.0.0.1:99999" }`, '{}', /webhooks\.listen: must be host:port/],
  [`{ ${GOOD}, publicURL: x }`, '{}', /webhooks\.publicURL: is not a known key; did you mean "publicUrl"\?/],
  [
    `{ ${GOOD} }`,
    '{ signature: { type: standart, secrets: [{ env: WHSEC }] } }',
    /must be one of standard, hmac \(did you mean "standard"\?\)/,
  ],
  [`{ ${GOOD} }`, '{ signature: { type: standard, secrets: [] } }', /must name at least one secret/],
  [`{ ${GOOD} }`, '{ signature: { type: standard, secrets: [{ env: NO_WHSEC }] } }', /holds no secret of Standard Webhooks/],
  [`{ ${GOOD} }`, '{ signature: { type: hmac, secrets: [{ env: HOOKS }] } }', /signature\.header: is required/],
  [`{ ${GOOD} }`, '{ signature: { type: hmac, header: x, algorithm: md5, secrets: [{ env: HOOKS }] } }', /must be sha256 or sha1/],
  [
    `{ ${GOOD} }`,
    '{ pollSeconds: 61 }\n    poll: { maxSeconds: 60 }',
    /webhooks\.pollSeconds: must not be above maxSeconds of poll \(60\)/,
  ],
  [`{ ${GOOD} }`, '{}\n    query: { hook: "{callbackUrl}" }', /query\.hook: \{callbackUrl\} has its place in the submits of callers/],
])('%s beside %s is refused', (webhooks, connection, mistake) => {
  const mistakes = mistakesIn(yaml(webhooks, connection), env).join('\n');
  expect(mistakes).toMatch(mistake);
  for (const secret of Object.values(env)) expect(mistakes).not.toContain(secret);
});
