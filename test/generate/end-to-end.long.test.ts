/** What `lro generate` writes for a specification in the shape of Creator's, compiled and run as a user does. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../../src/config';
import { buildDrawingPackage, startEmulator, type Emulator } from '../../src/emulator';
import { temporaryFolder } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { runLro } from '../support/lro-command';
import { compile, runCompiled } from './compiled';
import { generateFrom, SPECS } from './support';

/** Every `@ts-expect-error` is a mistake that the generated types must find. */
const PROGRAM = `
import { LroClient, type OperationInput } from 'durable-lro';
import { conversionConvert, datasetCreate, mapDataUpload, tilesetCreate } from './operations';
import { startRender, type Shape } from './renders/operations';

// @ts-expect-error its query is required
mapDataUpload({ bodyFile: { path: 'package.zip' } });
// @ts-expect-error the name of a parameter is wrong
conversionConvert({ query: { uuid: 'u1' } });
// @ts-expect-error there is no such ontology
conversionConvert({ query: { udid: 'u1', outputOntology: 'facility-1.0' } });
// @ts-expect-error api-version is sent by the connection
tilesetCreate({ query: { datasetId: 'd1', 'api-version': '2.0' } });

async function main(path: string): Promise<void> {
  const lro = await LroClient.connect({ taskQueue: process.env['LRO_TASK_QUEUE'] ?? '' });
  const uploaded = await lro.execute(mapDataUpload({ query: { dataFormat: 'dwgzippackage' }, bodyFile: { path, contentType: 'application/zip' } }));
  const handle = await lro.start(conversionConvert({ query: { udid: uploaded.resourceId ?? '' } }, { fetchResource: true, labels: { floor: '1' } }));
  const converted = await handle.result();
  const conversionId: string | undefined = converted.resource?.conversionId;
  // @ts-expect-error a conversion has no such thing
  converted.resource?.datasetId;
  const input: OperationInput = datasetCreate({ query: { conversionId: [converted.resourceId ?? ''] } }, { fetchResource: true });
  const dataset = await lro.startAndWaitAccepted(datasetCreate({ query: { conversionId: [conversionId ?? ''] } }));
  const made = await dataset.result();
  const status: 'NotStarted' | 'Running' | 'Failed' | 'Succeeded' | undefined = made.body?.status;
  const tileset = await lro.execute(tilesetCreate({ query: { datasetId: made.resourceId ?? '', description: 'a "b" & c' } }));
  const shapes: Shape[] = [{ kind: 'group', shapes: [{ kind: 'circle', radius: 1 }] }];
  const rendered = await lro.execute(startRender({ path: { sceneId: 's 1' }, query: { size: [3, 4] }, body: { shapes } }));
  const url: string | undefined = rendered.body?.url;
  console.log(JSON.stringify({ url, conversionId, converted, status, input, tileset }));
  await lro.close();
}

void main(process.argv[2] ?? '');
`;

let emulator: Emulator;
let harness: TestHarness;
let renders: Server;
const asked: string[] = [];
const files = temporaryFolder();
const out = join(files, 'generated');

beforeAll(async () => {
  emulator = await startEmulator({ operationSeconds: 0.1, retryAfterSeconds: 0 });
  const args = ['generate', join(SPECS, 'creator/creator.json'), '--out', out, '--connection', 'maps', '--base-url', emulator.url];
  const { code, stderr, stdout } = await runLro(args, {});
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('4 operations: MapData_Upload, Conversion_Convert, Dataset_Create, Tileset_Create');
  const config = loadConfig(join(out, 'lro.config.yaml'));
  const { maps } = config.connections;
  expect(maps?.auth).toEqual({ type: 'entra', scope: 'https://atlas.microsoft.com/.default' });
  // The emulator asks for no token.
  const open = { ...maps!, auth: { type: 'none' as const } };
  renders = await startRenders();
  const { port } = renders.address() as AddressInfo;
  const renderOptions = { out: join(out, 'renders'), connection: 'renders', baseUrl: `http://127.0.0.1:${port}/v1` };
  await generateFrom('renders.yaml', { ...renderOptions, operations: ['startRender', 'startExport'] });
  process.env['RENDERS_TOKEN'] = 'secret';
  const others = loadConfig(join(out, 'renders/lro.config.yaml'));
  const connections = { ...others.connections, maps: open };
  harness = await startTestHarness({ ...config, connections, files: { ...config.files, readBelow: [files] } });
});

afterAll(async () => {
  await harness.close();
  await emulator.close();
  renders.close();
});

/** A service whose answers are what `renders.yaml` says: the render runs when it is asked first, and is completed then. */
async function startRenders(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    const isSubmit = request.method === 'POST';
    const ended = asked.filter((line) => line.startsWith('GET')).length > 1;
    const job = {
      id: 'r1',
      status: isSubmit ? 'queued' : ended ? 'completed' : 'running',
      ...(ended ? { url: 'https://example.com/r1.png' } : {}),
    };
    response.writeHead(isSubmit ? 202 : 200, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(job));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

test('generated functions compile strictly, refuse what the specification does not have, and run to a typed result', async () => {
  writeFileSync(join(out, 'program.ts'), PROGRAM);
  expect(await compile(out)).toBe('');
  const drawing = join(files, 'package.zip');
  writeFileSync(drawing, new Uint8Array(await buildDrawingPackage()));
  const env = { TEMPORAL_ADDRESS: harness.address, LRO_TASK_QUEUE: harness.taskQueue };
  const ends = await runCompiled(join(out, 'program.js'), [drawing], env);
  expect(ends['tileset']).toMatchObject({ status: 'Succeeded', body: { status: 'Succeeded' } });
  expect(ends['converted']).toMatchObject({
    status: 'Succeeded',
    labels: { floor: '1' },
    resource: { conversionId: ends['conversionId'] },
  });
  expect(ends['status']).toBe('Succeeded');
  expect(ends['input']).toMatchObject({
    connection: 'maps',
    finalStateVia: 'location',
    fetchResource: true,
    submit: { method: 'POST', path: `/datasets?conversionId=${String(ends['conversionId'])}` },
  });
  const [tilesets] = await emulator.admin.requests({ method: 'POST', path: '/tilesets$' });
  expect(tilesets?.query).toContain('api-version=2023-07-01');
  expect(new URLSearchParams(tilesets?.query).get('description')).toBe('a "b" & c');
  expect(ends['url']).toBe('https://example.com/r1.png');
  expect(asked).toEqual([
    'POST /v1/scenes/s%201/renders?size=3%7C4 Bearer secret',
    'GET /v1/renders/r1 Bearer secret',
    'GET /v1/renders/r1 Bearer secret',
  ]);
});
