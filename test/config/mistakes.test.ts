import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config';
import { folderWith, load, mistakesIn } from './file';

const connection = (lines: string) => `connections:\n  maps:\n    baseUrl: https://example.com\n    ${lines}\n`;
const at = (lines: string, env: NodeJS.ProcessEnv = {}) => mistakesIn(connection(lines), env).map((line) => line.replace(/^\S+ /, ''));

describe('a wrong file', () => {
  it('is refused with every mistake, each with its place', () => {
    const yaml = `connections:
  maps:
    baseUrl: ftp://example.com
    pol: { minSeconds: 1 }
    poll:
      minSeconds: "soon"
      maxUnreadable: 0
    statusHeaders: []
  other:
    auth: { type: keys }
fils: {}
`;
    expect(mistakesIn(yaml)).toEqual([
      'lro.config.yaml:3:14 connections.maps.baseUrl: must be an http(s) URL, got "ftp://example.com"',
      'lro.config.yaml:6:19 connections.maps.poll.minSeconds: must be a number >= 0, got "soon"',
      'lro.config.yaml:7:22 connections.maps.poll.maxUnreadable: must be a whole number >= 1, got 0',
      'lro.config.yaml:8:20 connections.maps.statusHeaders: must name at least one header, got []',
      'lro.config.yaml:4:10 connections.maps.pol: is not a known key; did you mean "poll"?',
      'lro.config.yaml:10:5 connections.other.baseUrl: must be an http(s) URL, but is missing',
      'lro.config.yaml:10:19 connections.other.auth.type: must be one of none, key, bearer, sas, entra (did you mean "key"?), got "keys"',
      'lro.config.yaml:11:7 fils: is not a known key; did you mean "files"?',
    ]);
  });

  it('that is no YAML is refused with line and column', () => {
    const mistakes = mistakesIn('connections:\n  maps: [\n  other: }\n');
    expect(mistakes[0]).toMatch(/^lro\.config\.yaml:\d+:\d+ is not YAML: /);
  });

  it('that is empty, or has no connection, is refused', () => {
    expect(mistakesIn('')[0]).toMatch(/must be a map/);
    expect(mistakesIn('connections: {}')[0]).toMatch(/connections: must name at least one connection/);
  });

  it('that does not exist is named, and so is the variable that names another', () => {
    expect(() => loadConfig('/nowhere/lro.config.yaml')).toThrow(/\/nowhere\/lro\.config\.yaml.*does not exist.*LRO_CONFIG/);
  });

  it('with the same key twice is refused', () =>
    expect(mistakesIn(connection('otherHosts: refuse\n    otherHosts: refuse'))[0]).toMatch(/unique/));

  it('with aliases that multiply is refused', () => {
    const levels = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abc'[i]!}`).join()}]`),
    ];
    expect(mistakesIn(`${levels.join('\n')}\ne: [*d, *d]\n`)[0]).toMatch(/cannot be read/);
  });
});

describe('checks of a connection', () => {
  it.each([
    ['poll: { minSeconds: 9, maxSeconds: 3 }', /poll\.minSeconds: must not be above maxSeconds \(3\), got 9/],
    ['poll: { maxSeconds: .inf }', /poll\.maxSeconds: must be a number >= 0/],
    ['poll: { unreadableSeconds: -1 }', /poll\.unreadableSeconds: must be a number >= 0, got -1/],
    ['poll: { unauthorizedSecond: 1 }', /poll\.unauthorizedSecond: is not a known key; did you mean "unauthorizedSeconds"\?/],
    ['statusUrls: { through: baseURL }', /statusUrls\.through: must be asGiven or baseUrl \(did you mean "baseUrl"\?\), got "baseURL"/],
    ['statusUrls: { resolveBelow: path }', /statusUrls\.resolveBelow: must be origin or baseUrl, got "path"/],
    ['statusUrls: { credentials: none }', /statusUrls\.credentials: must be true or false, got "none"/],
    ['statusUrls: { credential: false }', /did you mean "credentials"\?/],
    ['statusWords: { runing: [x] }', /did you mean "running"\?/],
    ['statusWords: { running: x }', /statusWords\.running: must be a list of texts/],
    ['limits: { maxBodyBytes: 10485761 }', /limits\.maxBodyBytes: must be at most 10485760 \(10 MiB\)/],
    ['limits: { concurrentRequests: 1.5 }', /limits\.concurrentRequests: must be a whole number >= 1, got 1\.5/],
    ['otherHosts: allow', /otherHosts: must be refuse or withoutCredentials, got "allow"/],
    ['trustedHosts: ["https://example.com/"]', /trustedHosts\.0: must be a host name/],
    ['trustedHosts: ["*"]', /trustedHosts\.0: must be a host name/],
    ['attachHosts: ["https://example.com/"]', /attachHosts\.0: must be a host name/],
    ['attachHost: [example.com]', /attachHost: is not a known key; did you mean "attachHosts"/],
    ['proxy: { env: NOWHERE }', /proxy\.env: environment variable NOWHERE is not set/],
    ['proxy: { env: K }', /proxy\.env: environment variable K holds no http\(s\) URL of a proxy$/],
    ['proxy: http://me:hunter2@proxy', /proxy: must be a map$/],
    ['proxi: { env: K }', /proxi: is not a known key; did you mean "proxy"/],
    ['privateHosts: alow', /privateHosts: must be refuse or allow \(did you mean "allow"\?\), got "alow"/],
    ['privateHost: allow', /privateHost: is not a known key; did you mean "privateHosts"/],
    ['idempotencyHeaders: [Operation-ID]', /idempotencyHeaders\.0: must be one of Operation-Id, Repeatability-Request-ID/],
    ['headers: { Authorization: Bearer abc }', /headers\.Authorization: carries credentials.*auth: /],
    ['headers: { Ocp-Apim-Subscription-Key: abc }', /carries credentials/],
    ['headers: { Content-Length: "3" }', /is set by the worker itself/],
    ['headers: { "x y": "3" }', /is not a header name/],
    ['query: { Subscription-Key: abc }', /query\.Subscription-Key: carries credentials/],
    ['query: 7', /query: must be a map of texts/],
    ['auth: { type: key, in: body, name: k, value: { env: K } }', /auth\.in: must be query or header, got "body"/],
    ['auth: { type: key, in: query, name: k }', /auth\.value: is required; secrets are named by reference/],
    ['auth: { type: entra }', /auth\.scope: must be a text, but is missing/],
    ['auth: { type: entra, scope: s, authorityHost: "http://x" }', /auth\.authorityHost: must be an https URL/],
    ['auth: { type: entra, scope: s, clientSecret: { env: K } }', /auth\.tenantId: is required beside clientSecret/],
  ])('%s', (lines, message) => expect(at(lines, { K: 'k' })[0]).toMatch(message));

  it('refuses a user name in the base URL without repeating it', () => {
    const [line] = mistakesIn('connections: { maps: { baseUrl: "https://me:hunter2@example.com" } }');
    expect(line).toMatch(/must not carry a user name or password/);
    expect(line).not.toContain('hunter2');
  });

  it('names wrong keys beside wrong values', () => {
    expect(
      mistakesIn('connections: { "my maps": { baseUrl: x, headers: { Cookie: a, b: 7, c: [] } } }').map((line) =>
        line.replace(/^\S+ /, ''),
      ),
    ).toEqual([
      'connections.my maps.baseUrl: must be an http(s) URL, got "x"',
      'connections.my maps.headers.c: must be a text',
      expect.stringMatching(/my maps: is a wrong name/),
      expect.stringMatching(/my maps\.headers\.Cookie: carries credentials/),
    ]);
  });

  it('refuses the key beside the auth that sends it', () => {
    const lines = at('auth: { type: key, in: query, name: code, value: { env: K } }\n    query: { Code: hunter2 }', { K: 'k' });
    expect(lines).toEqual([expect.stringMatching(/query\.Code: carries credentials/)]);
    expect(lines[0]).not.toContain('hunter2');
  });
});

describe('secrets', () => {
  const auth = (value: string) => `auth: { type: bearer, value: ${value} }`;

  it('written into the file are refused, explained and not repeated', () => {
    const [line] = at(auth('hunter2'));
    expect(line).toMatch(/auth\.value: must not be written here: secrets are named by reference: \{ env: NAME \} or \{ file: PATH \}/);
    expect(line).not.toContain('hunter2');
  });

  it.each(['{ env: MISSING }', '{ env: EMPTY }', '{ file: nowhere }'])('that are not there yet do not stop the worker: %s', (value) =>
    expect(load(connection(auth(value)), { EMPTY: ' ' }).connections.maps!.auth.type).toBe('bearer'),
  );

  it('in a wrong place are named', () => {
    expect(at(auth('{ file: . }'))[0]).toMatch(/cannot be read \(EISDIR\)/);
    expect(at(auth('{ env: A, file: b }'))[0]).toMatch(/must be one reference/);
  });
});

describe('checks of blob containers', () => {
  const containers = (...entries: string[]) =>
    mistakesIn(`${connection('')}files:\n  blobContainers:\n${entries.map((entry) => `    - ${entry}\n`).join('')}`, { K: 'k' });
  const url = 'https://maps.blob.core.windows.net/nightly';

  it.each([
    [`{ url: "ftp://x/nightly" }`, /:7:14 files\.blobContainers\.0\.url: must be an https URL, got "ftp:/],
    [`{ url: "http://maps.example.com/nightly" }`, /must be an https URL/],
    [`{ url: nightly }`, /must be the URL of a container, got "nightly"/],
    [`{ url: "https://maps.blob.core.windows.net/" }`, /must name a container: https:\/\/ACCOUNT/],
    [`{ url: "http://127.0.0.1:10000/nightly" }`, /must name a container: http:\/\/127\.0\.0\.1:10000\/ACCOUNT\/CONTAINER/],
    [`{ url: "https://maps.blob.core.windows.net/Nightly" }`, /in small letters/],
    [`{ auth: { type: none } }`, /0\.url: must be the URL of a container, but is missing/],
    [`{ url: "${url}", auth: { type: key } }`, /auth\.type: must be one of none, sharedKey, sas, entra.*got "key"/],
    [`{ url: "${url}", auth: { type: sharedkey } }`, /did you mean "sharedKey"/],
    [`{ url: "${url}", auth: { type: sharedKey } }`, /auth\.value: is required; secrets are named by reference/],
    [`{ url: "${url}", auth: { type: sas, value: { env: MISSING } } }`, /environment variable MISSING is not set/],
    [`{ url: "${url}", auth: { type: entra, scope: s } }`, /auth\.scope: is not a known key/],
    [`{ url: "${url}", auth: { type: entra, clientSecret: { env: K } } }`, /auth\.tenantId: is required beside clientSecret/],
    [`{ url: "http://127.0.0.1:1/a/b", auth: { type: entra } }`, /0\.url: must be https beside auth: entra/],
    [`{ url: "${url}", writeable: true }`, /writeable: is not a known key; did you mean "writable"/],
    [`{ url: "${url}", writable: yes }`, /writable: must be true or false/],
  ])('%s', (entry, message) => expect(containers(entry)[0]).toMatch(message));

  it('refuse the same container twice', () =>
    expect(containers(`{ url: "${url}" }`, `{ url: "${url}/" }`)).toEqual([
      expect.stringMatching(/1\.url: names a container that stands here/),
    ]));

  it.each([
    `"${url}?sv=1&sig=hunter2"`,
    `{ url: "${url}?sv=1&sig=hunter2" }`,
    `{ url: "https://me:hunter2@maps.blob.core.windows.net/nightly" }`,
    `{ url: "AccountName=maps;AccountKey=hunter2" }`,
    `{ url: "${url}", auth: hunter2 }`,
    `{ url: "${url}", auth: { type: sas, value: hunter2 } }`,
    `{ url: "${url}", writable: hunter2 }`,
  ])('never repeat what may be a secret: %s', (entry) => {
    const mistakes = containers(entry);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).not.toContain('hunter2');
  });

  it('never repeat a list that is none', () => {
    const [mistake] = mistakesIn(`${connection('')}files: { blobContainers: "${url}?sig=hunter2" }`);
    expect(mistake).toMatch(/must be a list of containers/);
    expect(mistake).not.toContain('hunter2');
  });
});

describe('files that callers may not name', () => {
  const others = { 'data/token': 'secret', 'data/venue.zip': '', 'reports/x': '', 'secrets/key': 'k' };
  const at = (lines: string, make?: (folder: string) => void): string[] => {
    const folder = folderWith(lines);
    for (const [name, content] of Object.entries(others)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    make?.(folder);
    try {
      loadConfig(join(folder, 'lro.config.yaml'), {});
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.mistakes.map((line) => line.replaceAll(folder, '').replace(/^\S+ /, ''));
    }
  };
  const withAuth = (auth: string, files: string): string => `${connection(`auth: ${auth}`)}files: ${files}\n`;
  const bearer = (file: string): string => `{ type: bearer, value: { file: ${file} } }`;

  it.each([
    [connection('') + 'files: { readBelow: [data, .] }', /^files\.readBelow\.1: .* own file \/lro\.config\.yaml/],
    [connection('') + 'files: { writeBelow: [.] }', /^files\.writeBelow\.0: .* own file/],
    [withAuth(bearer('data/token'), '{ readBelow: [data] }'), /^files\.readBelow\.0: .* secret file \/data\/token;/],
    [withAuth(bearer('data/not-there-yet'), '{ readBelow: [data] }'), /secret file \/data\/not-there-yet/],
    [withAuth(bearer('data/token'), '{ writeBelow: [data] }'), /^files\.writeBelow\.0: .* secret file/],
    [
      withAuth('{ type: entra, scope: s, tenantId: t, clientId: c, tokenFile: data/federated }', '{ readBelow: [data] }'),
      /secret file \/data\/federated/,
    ],
    [
      connection('') +
        'files: { readBelow: [data], blobContainers: [{ url: "https://a.blob.core.windows.net/b", auth: { type: sas, value: { file: data/token } } }] }',
      /secret file \/data\/token/,
    ],
  ])('are refused below folders that callers may name: %s', (yaml, message) => expect(at(yaml)).toEqual([expect.stringMatching(message)]));

  it('are refused where only links lead there', () => {
    const yaml = withAuth(bearer('secrets/link'), '{ readBelow: [public] }');
    const make = (folder: string): void => {
      symlinkSync(join(folder, 'data'), join(folder, 'public'));
      symlinkSync(join(folder, 'data/token'), join(folder, 'secrets/link'));
    };
    expect(at(yaml, make)).toEqual([expect.stringMatching(/^files\.readBelow\.0: .* secret file \/secrets\/link/)]);
  });

  it('do not disturb anybody elsewhere', () =>
    expect(at(withAuth(bearer('secrets/key'), '{ readBelow: [data], writeBelow: [reports] }'))).toEqual([]));
});
