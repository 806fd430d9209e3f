/** `allow` and `overridable` of the worker's file: what callers may send over a connection, and that the file's own values are what goes out. */
import { prepareSteps } from '../../src/activities/prepare-chain';
import { ConfigError } from '../../src/config';
import { submitMistakes } from '../../src/schema/allow';
import { checkChain } from '../../src/schema/chain';
import { globMatches } from '../../src/schema/glob';
import { connectionsOf, prepared } from './prepared';

const BASE = 'https://api.example.com/v1';

describe('allow.methods', () => {
  const connections = connectionsOf({ allow: { methods: ['POST'] } });

  test.each([
    ['a submit', { submit: { method: 'DELETE', path: '/a' } }, 'submit.method: DELETE'],
    ['a cancel', { submit: { path: '/a' }, cancel: { method: 'DELETE', path: '{statusPath}' } }, 'cancel.method: DELETE'],
    ['an attach, which reads', { attach: { statusUrl: `${BASE}/a` } }, 'attach: GET'],
  ])('holds for %s', (_, input, message) => {
    expect(prepared(input, connections)).toBe(`InvalidInput: ${message} is not among "allow.methods" of connection "default" (POST)`);
  });

  test('lets the others through', () => {
    const cancel = { path: '{statusPath}:cancel' };
    expect(prepared({ submit: { path: '/a' }, cancel }, connections)).toMatchObject({ submit: { method: 'POST' } });
  });
});

describe('allow.paths', () => {
  const connections = connectionsOf({ allow: { paths: ['/tilesets', '/tilesets/**', '/jobs/*'] } });

  test.each([
    { submit: { path: '/tilesets' } },
    { submit: { path: '/tilesets?x=/datasets' } },
    { submit: { path: 'tilesets/a/b' } },
    { submit: { path: '/jobs/1' }, cancel: { path: '/jobs/{operationId}' } },
    { submit: { path: '/jobs/1' }, cancel: { path: '{statusPath}:cancel' } },
    { attach: { statusUrl: `${BASE}/tilesets/operations/1?sig=x`, requestUrl: `${BASE}/tilesets` } },
  ])('lets %j through', (input) => {
    expect(prepared(input, connections)).toMatchObject({ connection: 'default' });
  });

  test.each([
    [{ submit: { path: '/datasets' } }, 'submit.path'],
    [{ submit: { path: '/' } }, 'submit.path'],
    [{ submit: { path: '/tilesetsx' } }, 'submit.path'],
    [{ submit: { path: '/TILESETS' } }, 'submit.path'],
    [{ submit: { path: '/tilesets%2fa' } }, 'submit.path'],
    [{ submit: { path: '/jobs/1/2' } }, 'submit.path'],
    [{ submit: { path: '/jobs/1%2f2' } }, 'submit.path'],
    [{ submit: { path: '/jobs/1%252f2' } }, 'submit.path'],
    [{ submit: { path: '/jobs/' } }, 'submit.path'],
    [{ submit: { path: '/jobs/1' }, cancel: { path: '/admin/{operationId}' } }, 'cancel.path'],
    [{ attach: { statusUrl: `${BASE}/datasets/operations/1` } }, 'attach.statusUrl'],
    [{ attach: { statusUrl: `${BASE}/jobs/1`, requestUrl: `${BASE}/admin` } }, 'attach.requestUrl'],
  ])('refuses %j', (input, field) => {
    expect(prepared(input, connections)).toMatch(new RegExp(`^InvalidInput: ${field}: is not among "allow.paths" of connection "default"`));
  });
});

describe('allow.headers', () => {
  const submit = (headers: Record<string, string>) => ({ submit: { path: '/a', headers } });
  const attach = (headers: Record<string, string>) => ({ attach: { statusUrl: `${BASE}/a`, headers } });

  test('by globs, whatever the case of the letters', () => {
    const connections = connectionsOf({ allow: { headers: ['x-ms-*', 'Prefer'] } });
    expect(prepared(submit({ 'X-MS-Client-Request-Id': '1', prefer: 'respond-async' }), connections)).toMatchObject({
      connection: 'default',
    });
    expect(prepared(submit({ 'x-other': '1' }), connections)).toMatch(
      /^InvalidInput: submit\.headers\.x-other: is not among "allow\.headers"/,
    );
    expect(prepared(attach({ 'x-other': '1' }), connections)).toMatch(/^InvalidInput: attach\.headers\.x-other: is not among/);
  });

  const OVERRIDES = [
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Forwarded-Host',
    'X-Forwarded-Prefix',
    'Forwarded',
    'Metadata',
    'X-Envoy-Original-Path',
    // Read as the same by servers of the CGI family.
    'X_HTTP_Method-Override',
    'X_Forwarded_Host',
  ];

  test.each(OVERRIDES)('%s is refused unless it is named whole', (name) => {
    const message = /: overrides method, host or route of a request; "allow\.headers" of connection "default" does not name it$/;
    for (const allow of [undefined, { headers: ['x-*', '*'] }]) {
      const connections = connectionsOf({ allow });
      for (const input of [submit({ [name]: 'x' }), submit({ [name.toLowerCase()]: 'x' }), attach({ [name]: 'x' })]) {
        expect(prepared(input, connections)).toMatch(message);
      }
    }
    const named = connectionsOf({ allow: { headers: [name] } });
    expect(prepared(submit({ [name.toUpperCase()]: 'x' }), named)).toMatchObject({ connection: 'default' });
  });

  test('Host stays with the worker, whatever the file says', () => {
    expect(prepared(submit({ Host: 'x' }), connectionsOf({ allow: { headers: ['Host'] } }))).toMatch(/Host: is set by the worker itself/);
  });
});

describe('a query parameter that overrides the method', () => {
  const submit = (query: string) => ({ submit: { path: `/a?${query}` } });
  const mistake = (at: string) =>
    `InvalidInput: ${at}: overrides the method of a request; "overridable.query" of connection "default" does not name it`;

  test.each(['_method', '_METHOD', 'X-HTTP-Method', 'x-http-method-override', 'X-Method-Override', '_http_method'])(
    '%s is refused',
    (name) => {
      const connections = connectionsOf();
      for (const [input, at] of [
        [submit(`${name}=DELETE`), `submit.query.${name}`],
        [{ submit: { path: '/a', query: { [name]: 'DELETE' } } }, `submit.query.${name}`],
        [{ submit: { path: '/a' }, cancel: { path: `{statusPath}:cancel?${name}=DELETE` } }, `cancel.path.${name}`],
        [{ submit: { path: '/a' }, cancel: { path: `/jobs/{operationId}?a=b&${name}=DELETE` } }, `cancel.path.${name}`],
        [{ attach: { statusUrl: `${BASE}/a?${name}=DELETE` } }, `attach.statusUrl.${name}`],
        [{ attach: { statusUrl: `${BASE}/a`, requestUrl: `${BASE}/a?${name}=DELETE` } }, `attach.requestUrl.${name}`],
      ] as const) {
        expect(prepared(input, connections)).toBe(mistake(at));
      }
    },
  );

  test.each([
    '%5fmethod',
    '%255Fmethod',
    '.method',
    '+_method',
    '%20%5Bmethod',
    '%00_method',
    'a=1;_method',
    'a;b;_method',
    'a=1;%5fmethod',
  ])('is refused in the spelling %s', (name) => {
    for (const input of [submit(`${name}=DELETE`), { attach: { statusUrl: `${BASE}/a?x=1&${name}=DELETE` } }]) {
      expect(prepared(input, connectionsOf())).toMatch(
        /^InvalidInput: (submit\.query|attach\.statusUrl)\..*: overrides the method of a request; /,
      );
    }
  });

  test.each(['method=DELETE', '_methods=a', 'httpMethod=GET', 'a=_method', 'filter=a%3B_method'])('%s is none', (query) => {
    expect(prepared(submit(query), connectionsOf())).toMatchObject({ connection: 'default' });
  });

  test('is fine where the file sets it to the same value, or names it overridable', () => {
    const own = connectionsOf({ query: { _method: 'PATCH' } });
    expect(prepared(submit('_method=PATCH'), own)).toMatchObject({ connection: 'default' });
    expect(prepared(submit('_method=DELETE'), own)).toContain('submit.query._method: differs');
    expect(prepared(submit('.method=DELETE'), own)).toBe(mistake('submit.query..method'));
    expect(prepared(submit('a=1;_method=DELETE'), own)).toBe(mistake('submit.query._method'));
    const open = connectionsOf({ overridable: { query: ['_Method'] } });
    expect(prepared(submit('_method=DELETE'), open)).toMatchObject({ connection: 'default' });
    expect(prepared(submit('x-http-method-override=DELETE'), open)).toBe(mistake('submit.query.x-http-method-override'));
  });

  test('is refused in a submit that somebody else than prepare formed', () => {
    const { config } = connectionsOf().get('default')!;
    expect(submitMistakes({ method: 'POST', url: `${BASE}/a?_method=DELETE` }, config)).toEqual([
      mistake('submit.query._method').replace('InvalidInput: ', ''),
    ]);
  });
});

describe("the file's own query and headers", () => {
  const own = { query: { 'api-version': '2023-07-01', tenant: 'a' }, headers: { 'x-ms-client-id': 'c1' } };
  const connections = connectionsOf(own);

  test.each<[string, object, string]>([
    ['in submit.query', { submit: { path: '/a', query: { 'api-version': '2.0' } } }, 'submit.query.api-version: differs'],
    ['in other letters', { submit: { path: '/a', query: { 'API-Version': '2.0' } } }, 'submit.query.api-version: differs'],
    ['in the path', { submit: { path: '/a?tenant=b' } }, 'submit.query.tenant: differs'],
    ['twice, once as it is', { submit: { path: '/a?tenant=a&Tenant=b' } }, 'submit.query.tenant: differs'],
    ['in a header', { submit: { path: '/a', headers: { 'X-MS-Client-Id': 'c2' } } }, 'submit.headers.X-MS-Client-Id: differs'],
    [
      'in a header with other dashes',
      { submit: { path: '/a', headers: { X_MS_Client_Id: 'c2' } } },
      'submit.headers.X_MS_Client_Id: differs',
    ],
    ['in a cancel', { submit: { path: '/a' }, cancel: { path: '{statusPath}?tenant=b' } }, 'cancel.path.tenant: differs'],
    ['in an attach', { attach: { statusUrl: `${BASE}/a?tenant=b` } }, 'attach.statusUrl.tenant: differs'],
    [
      'in a header of an attach',
      { attach: { statusUrl: `${BASE}/a`, headers: { 'x-ms-client-id': 'c2' } } },
      'attach.headers.x-ms-client-id: differs',
    ],
  ])('another value %s is InvalidInput that names the setting', (_, input, message) => {
    const refused = prepared(input, connections);
    expect(refused).toContain(`InvalidInput: ${message}`);
    expect(refused).toContain('"overridable: {');
    expect(refused).not.toMatch(/2023-07-01|c1|c2|2\.0/);
  });

  test('the same value is fine, and so is a service URL of another version', () => {
    const query = { 'api-version': '2023-07-01', tenant: 'a' };
    expect(prepared({ submit: { path: '/a', query, headers: { 'X-ms-client-id': ' c1 ' } } }, connections)).toMatchObject({ submit: {} });
    expect(prepared({ attach: { statusUrl: `${BASE}/a?api-version=2.0` } }, connections)).toMatchObject({ attach: {} });
  });

  test('what the file calls overridable may differ, and nothing else', () => {
    const open = connectionsOf({ ...own, overridable: { query: ['Api-Version'], headers: ['X-MS-Client-ID'] } });
    const headers = { 'x-ms-client-id': 'c2' };
    expect(prepared({ submit: { path: '/a?api-version=2.0', headers } }, open)).toMatchObject({
      submit: { url: `${BASE}/a?api-version=2.0` },
    });
    expect(prepared({ submit: { path: '/a?tenant=b' } }, open)).toMatch(/submit\.query\.tenant: differs/);
  });

  test('the chain of a tileset sets the version that uploads need, and callers of chains do not', () => {
    const tileset = checkChain('tileset', { connection: 'default', package: { path: 'p.zip' } });
    const steps = tileset.ok ? [...prepareSteps(tileset.value, connections).values()] : [];
    const versions = steps.map(({ submit }) => new URL(submit?.url ?? '').searchParams.get('api-version'));
    expect(versions).toEqual(['2.0', null, null, null]);
    const submit = { path: '/mapData', query: { 'api-version': '2.0' } };
    const chain = checkChain('chain', { steps: [{ id: 'upload', submit }] });
    expect(() => chain.ok && prepareSteps(chain.value, connections)).toThrow('step "upload": submit.query.api-version: differs');
    const forged = { id: 'upload', submit, ownQuery: ['api-version'] };
    expect(checkChain('chain', { steps: [forged] })).toMatchObject({ ok: false, mistakes: [expect.stringContaining('steps.0.ownQuery')] });
  });
});

describe('the file itself', () => {
  test.each<[object, RegExp]>([
    [{ allow: { methods: ['FETCH'] } }, /allow\.methods\.0: must be one of GET, POST/],
    [{ allow: { paths: ['tilesets'] } }, /allow\.paths\.0: must begin with "\/" or "\*\*"/],
    [{ allow: { headers: ['x ms'] } }, /allow\.headers\.0: must be a header name/],
    [{ allow: { path: ['/a'] } }, /allow\.path: is not a known key; did you mean "paths"\?/],
    [{ overridable: { headers: ['x y'] } }, /overridable\.headers\.0: must be a header name/],
    [{ overridable: ['api-version'] }, /overridable: must be a map/],
  ])('with %j is refused', (connection, message) => {
    expect(() => connectionsOf(connection)).toThrow(ConfigError);
    expect(() => connectionsOf(connection)).toThrow(message);
  });
});

describe('a glob', () => {
  test.each<[string, string, boolean]>([
    ['/tilesets/**', '/tilesets/a/b', true],
    ['/tilesets/**', '/tilesets/', true],
    ['/tilesets/**', '/tilesets', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/b/b/c', false],
    ['/a/*/c', '/a//c', false],
    ['/a/**/c', '/a/b/b/c', true],
    ['/**:cancel', '/a/b:cancel', true],
    ['/*:cancel', '/a:cancel', true],
    ['**', '', true],
    ['*', '', false],
    ['x-ms-*', 'x-ms-', false],
    ['/a.b+(c)[d]{e}?!', '/a.b+(c)[d]{e}?!', true],
    ['/a.b', '/axb', false],
    ['/***', '/a/b', true],
    ['/\u{1f5fa}*', '/\u{1f5fa}x', true],
  ])('%s and %s: %s', (glob, text, matches) => {
    expect(globMatches(glob, text)).toBe(matches);
  });

  test('takes linear time for every text', () => {
    const startedAt = performance.now();
    expect(globMatches('/**/a/**/b/**/c/**/d', `/${'a/b/c/'.repeat(1300)}e`)).toBe(false);
    expect(globMatches('/*a*b*c*d*e*f*g', `/${'abcdef'.repeat(1300)}`)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
