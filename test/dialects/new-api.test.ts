/** A newcomer's way: the YAML of docs/dialects.md as it stands there, and a worker that follows a job of the API that the page is about. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { OperationError } from '../../src/client';
import { testConfig, type ConnectionYaml } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'dialects.md'), 'utf8');
const yaml = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '').find((text) => text.includes('assemblyai')) ?? '';

/** As https://www.assemblyai.com/docs/api-reference/transcripts says: queued, processing, then completed or error. */
class Transcripts {
  readonly requests: string[] = [];
  private readonly polls = new Map<string, number>();

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    this.requests.push(`${method} ${url}`);
    const [, , resource, id] = url.split('/');
    if (headers.authorization !== 'speech-key-1') return send(response, 401, { error: 'Authentication error, API token missing/invalid' });
    if (method === 'POST' && resource === 'transcript') return this.submitted(request, response);
    const polls = (this.polls.get(id ?? '') ?? 0) + 1;
    this.polls.set(id ?? '', polls);
    if (polls < 3) return send(response, 200, { id, status: polls === 1 ? 'queued' : 'processing', text: null, error: null });
    if (id === 'bad') return send(response, 200, { id, status: 'error', text: null, error: 'Download error to bad.mp3, 404 Client Error' });
    send(response, 200, { id, status: 'completed', text: 'Smoke from hundreds of wildfires', words: [], error: null });
  }

  private submitted(request: IncomingMessage, response: ServerResponse): void {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const id = text.includes('bad.mp3') ? 'bad' : 'good';
      send(response, 200, { id, status: 'queued', audio_url: 'https://example.com/a.mp3', text: null });
    });
  }
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const service = new Transcripts();
let server: Server;
let harness: TestHarness;

beforeAll(async () => {
  server = createServer((request, response) => service.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { speech } = (parse(yaml) as { connections: { speech: ConnectionYaml } }).connections;
  process.env['SPEECH_KEY'] = 'speech-key-1';
  const connection = { ...speech, baseUrl: `http://127.0.0.1:${port}/v2`, poll: { defaultSeconds: 0.1 } };
  harness = await startTestHarness(testConfig({ speech: connection }));
}, 60_000);

afterAll(async () => {
  await harness.close();
  server.close();
  server.closeAllConnections();
  delete process.env['SPEECH_KEY'];
});

const transcribe = (file: string) =>
  harness.lro.execute(
    { connection: 'speech', submit: { path: '/transcript', body: { audio_url: `https://example.com/${file}` } }, deadlineSeconds: 60 },
    { id: `speech-${file}-${harness.taskQueue}` },
  );

it('takes at most 20 lines of YAML', () => expect(yaml.trim().split('\n').length).toBeLessThanOrEqual(20));

it('follows a job to its result', async () => {
  const result = await transcribe('good.mp3');
  expect(result).toMatchObject({ status: 'Succeeded', operationId: 'good', body: 'Smoke from hundreds of wildfires' });
  expect(service.requests.filter((request) => request.endsWith('/good'))).toEqual(Array(3).fill('GET /v2/transcript/good'));
});

it("fails with the service's own words", async () => {
  const error = await transcribe('bad.mp3').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OperationError);
  expect(error).toMatchObject({ type: 'OperationFailed', message: expect.stringContaining('Download error to bad.mp3') as unknown });
});
