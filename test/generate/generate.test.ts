/** What `lro generate` writes, and what it says of files that it cannot use. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describedInput, type OperationDescription } from '../../src/client';
import { loadConfig } from '../../src/config';
import { runLro } from '../support/lro-command';
import { generateFrom, openApi, SPECS, specificationFile } from './support';

const RENDERS = { operations: ['startRender', 'startExport'] };

test('the same specification gives the same bytes', async () => {
  const [first, second] = [await generateFrom('creator/creator.json'), await generateFrom('creator/creator.json')];
  expect(second.code).toBe(first.code);
  expect(second.yaml).toBe(first.yaml);
  expect(second.files.map(({ outcome }) => outcome)).toEqual(['written', 'written']);
  const again = await generateFrom('creator/creator.json', { out: first.folder });
  expect(again.files.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
});

test('files that differ are not overwritten, unless that is wanted', async () => {
  const { folder, yaml } = await generateFrom('creator/creator.json');
  writeFileSync(join(folder, 'lro.config.yaml'), 'mine');
  await expect(generateFrom('creator/creator.json', { out: folder })).rejects.toThrow(
    `${join(folder, 'lro.config.yaml')} would be overwritten with other content: use --force, or another folder with --out`,
  );
  expect((await generateFrom('creator/creator.json', { out: folder, force: true })).yaml).toBe(yaml);
  mkdirSync(join(folder, 'other/operations.ts'), { recursive: true });
  await expect(generateFrom('creator/creator.json', { out: join(folder, 'other') })).rejects.toThrow(
    /operations\.ts is there and is no file/,
  );
});

test('a connection has the server, the version and the credentials of the specification', async () => {
  const { folder, yaml } = await generateFrom('creator/creator.json');
  expect(loadConfig(join(folder, 'lro.config.yaml')).connections.maps).toMatchObject({
    baseUrl: 'https://us.atlas.microsoft.com',
    query: { 'api-version': '2023-07-01' },
    auth: { type: 'entra', scope: 'https://atlas.microsoft.com/.default' },
  });
  expect(yaml).toContain('# geography of https://{geography}.atlas.microsoft.com is "us" (or eu)');
  expect(yaml).toContain('# the service also takes "SharedKey"');
  const key = { swagger: '2.0', info: { title: 't', version: '2' }, host: 'api.example.com', basePath: '/v2/', schemes: ['http', 'https'] };
  const security = { securityDefinitions: { k: { type: 'apiKey', in: 'query', name: 'subscription-key' } } };
  const { paths } = openApi() as { paths: object };
  const other = await generateFrom(specificationFile({ ...key, ...security, paths }), { connection: 'my-service' });
  expect(loadConfig(join(other.folder, 'lro.config.yaml')).connections['my-service']).toMatchObject({
    baseUrl: 'https://api.example.com/v2',
    query: {},
    auth: { type: 'key', in: 'query', name: 'subscription-key', value: { env: 'MY_SERVICE_KEY' } },
  });
});

test('versions that differ are sent by each operation', async () => {
  const versioned = (version: string) => ({
    post: {
      operationId: `start${version}`,
      'x-ms-long-running-operation': true,
      parameters: [{ name: 'api-version', in: 'query', schema: { type: 'string', enum: [version] } }],
      responses: {},
    },
  });
  const { code, yaml, notes } = await generateFrom(
    specificationFile(openApi({}, { paths: { '/a': versioned('1.0'), '/b': versioned('2.0') } })),
  );
  expect(code).toContain('query: {"api-version":"1.0"},');
  expect(code).toContain('query: {"api-version":"2.0"},');
  expect(yaml).not.toContain('api-version:');
  expect(notes).toContainEqual(expect.stringContaining('each sends its own'));
});

test('a dialect is written where links say where an operation is polled; what is not known is named', async () => {
  const { folder, code, notes } = await generateFrom('renders.yaml', RENDERS);
  const { connections } = loadConfig(join(folder, 'lro.config.yaml'), { MAPS_TOKEN: 't' });
  expect(connections.maps?.protocol.dialect).toMatchObject({
    words: { succeeded: ['completed'], failed: ['failed'], running: ['queued', 'running'] },
  });
  expect(connections['maps-2']?.protocol.dialect).toBeUndefined();
  expect(code).toContain('TypedInput<Render, Json>');
  expect(code).toContain('export function importOperation(');
  expect(notes).toEqual([
    'region of https://{region}.renders.example.com/v1/ is "north" (or south)',
    'the status "on-hold" of startRender counts as running until its `dialect` says what it means',
    'the specification does not say where startExport is polled: say it as `dialect` (docs/dialects.md)',
    'import: final-state-via "custom-link" is not known, and left out',
  ]);
});

test('the worker reads what is written, also where a specification asks for what a connection cannot have', async () => {
  const job = { type: 'object', properties: { id: { type: 'string' }, status: { enum: ['Done', 'Completed', 'completed ', ''] } } };
  const content = { 'application/json': { schema: job } };
  const links = { poll: { operationId: 'getJob', parameters: { id: '$response.body#/id' } } };
  const securitySchemes = {
    host: { type: 'apiKey', in: 'header', name: 'Host' },
    version: { type: 'apiKey', in: 'query', name: 'api-version' },
    basic: { type: 'http', scheme: 'basic' },
  };
  const pathsWith = (path: string) => ({
    '/jobs': { post: { operationId: 'startJob', responses: { 202: { content, links } } } },
    [path]: { get: { operationId: 'getJob', responses: { 200: { content } } } },
  });
  const written = async (path: string) => {
    const parts = { paths: pathsWith(path), components: { securitySchemes } };
    const { folder, notes } = await generateFrom(specificationFile(openApi({}, parts)), { operations: ['startJob'] });
    return { connection: loadConfig(join(folder, 'lro.config.yaml')).connections.maps, notes };
  };
  const usual = await written('/jobs/{id}');
  expect(usual.connection?.auth).toEqual({ type: 'none' });
  expect(usual.connection?.protocol.dialect?.words.succeeded).toEqual(['Completed']);
  expect(usual.notes).toEqual([
    'no auth of a connection is what the specification asks: "host", "version", "basic"',
    'the status "Done" of startJob counts as running until its `dialect` says what it means',
  ]);
  const odd = await written('/jobs/{id}/}{');
  expect(odd.connection?.protocol.dialect).toBeUndefined();
  expect(odd.notes).toContainEqual(expect.stringContaining('which no dialect can say'));
});

test('what cannot be used is refused with what to do', async () => {
  const refused = (specification: unknown, options = {}) =>
    expect(
      generateFrom(
        typeof specification === 'string' && specification.startsWith('/') ? specification : specificationFile(specification),
        options,
      ),
    ).rejects;
  await refused('/nowhere/specification.json').toThrow('/nowhere/specification.json does not exist');
  await refused(SPECS).toThrow(/is no file/);
  await refused({ some: 'JSON' }).toThrow(/is no OpenAPI specification \(2\.0, 3\.0 or 3\.1\)/);
  await refused('no map').toThrow(/it holds no map/);
  await refused('a: [').toThrow(/is neither JSON nor YAML/);
  await refused('swagger: 1.2\ninfo: { title: t, version: "1" }\npaths: {}').toThrow(/version number must be a string/);
  const unmarked = openApi({ 'x-ms-long-running-operation': false });
  await refused(unmarked).toThrow('no operation is marked x-ms-long-running-operation; it has startJob (POST /jobs); name those that are');
  await refused(unmarked, { operations: ['stopJob'] }).toThrow('no operation "stopJob"; it has startJob (POST /jobs)');
  await refused(openApi({}, { paths: {} })).toThrow('it has no operations at all');
  await refused(openApi({}, { servers: [{ url: '/v1' }] })).toThrow(
    /does not say where its service is \(it has \/v1\); name its URL with --base-url/,
  );
  await refused(openApi({}, { servers: [{ url: 'https://{tenant}.example.com' }] })).toThrow(
    /what "tenant" of its server .* name the whole URL with --base-url/,
  );
  await refused(openApi(), { baseUrl: 'https://user:secret@example.com' }).toThrow(/is no base URL/);
  await refused(openApi(), { connection: 'no name' }).toThrow(/is no name of a connection/);
  const large = specificationFile(openApi());
  truncateSync(large, 21 * 1024 * 1024);
  await refused(large).toThrow(/may have 20 MiB in all/);
});

test('the command says what it wrote, and ends with 2 where it cannot', async () => {
  const file = specificationFile(openApi());
  const done = await runLro(['generate', file, '--out', join(dirname(file), 'out'), '--json'], {});
  expect(JSON.parse(done.stdout)).toMatchObject({
    operations: ['startJob'],
    files: [{ outcome: 'written' }, { outcome: 'written' }],
    notes: [],
  });
  const remote = await runLro(['generate', 'https://example.com/openapi.json'], {});
  expect(remote).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^https:\/\/example\.com\/openapi\.json is a URL, and nothing is fetched/),
  });
});

describe('the input of a described operation', () => {
  const description: OperationDescription = {
    connection: 'maps',
    method: 'PUT',
    path: '/a/{name}/b',
    query: { fixed: '1' },
    repeated: ['each'],
    separators: { piped: '|' },
    contentType: 'application/zip',
  };

  test('has every parameter in its place', () => {
    const query = { each: ['x&y', 2], piped: ['a', 'b'], plain: [1, 2], flag: false, none: undefined };
    const given = { path: { name: 'a/b?c' }, query, headers: { 'x-n': 1, 'x-none': undefined }, bodyFile: { path: 'f' } };
    expect(describedInput(description, given, { deadlineSeconds: 5, idempotencyKey: 'k' })).toEqual({
      connection: 'maps',
      deadlineSeconds: 5,
      submit: {
        method: 'PUT',
        path: '/a/a%2Fb%3Fc/b?each=x%26y&each=2',
        query: { fixed: '1', piped: 'a|b', plain: '1,2', flag: false },
        headers: { 'x-n': '1' },
        bodyFile: { path: 'f', contentType: 'application/zip' },
        idempotencyKey: 'k',
      },
    });
  });

  test.each([undefined, '', '.', '..'])('has no path with %p for a segment', (name) => {
    expect(() => describedInput(description, { path: { name } })).toThrow(
      /path parameter "name" of \/a\/\{name\}\/b (is missing|must not be)/,
    );
  });
});
