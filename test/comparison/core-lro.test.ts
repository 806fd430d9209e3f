/**
 * What `@azure/core-lro` does with each dialect and each fault, seen on the wire: the cells of docs/comparison.md.
 *
 * It stands in the pipeline that Azure's clients have (retries, redirects, bearer token), with their reading of bodies and of unexpected
 * statuses. Only the retries' delay is shortened.
 */
import { createHttpPoller, type OperationResponse } from '@azure/core-lro';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  RestError,
  type HttpMethods,
  type PipelinePolicy,
} from '@azure/core-rest-pipeline';
import { startEmulator, type Emulator, type RecordedRequest, type Script } from '../../src/emulator';

type Route = Script['routes'][number];
type ScriptAnswer = Route['answers'][number];

interface Seen {
  end: 'succeeded' | 'failed' | 'goes on';
  result?: unknown;
  message?: string;
  /** `POST /jobs`, `GET /status`, in order. */
  requests: string[];
  recorded: RecordedRequest[];
}

/** An operation that is polled so often without an end is not going to have one. */
const ENOUGH_POLLS = 5;
const httpClient = createDefaultHttpClient();
let emulator: Emulator;
let scripts = 0;

beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

function openPipeline(): ReturnType<typeof createPipelineFromOptions> {
  return createPipelineFromOptions({ retryOptions: { retryDelayInMs: 1, maxRetryDelayInMs: 1 } });
}

/** A pipeline that sends a token. The token policy wants https, the emulator speaks http. */
function pipelineWithToken(): ReturnType<typeof createPipelineFromOptions> {
  const pipeline = openPipeline();
  const credential = { getToken: () => Promise.resolve({ token: 'secret-token', expiresOnTimestamp: Date.now() + 3_600_000 }) };
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: 'https://example.com/.default' }), { phase: 'Sign' });
  const plainHttp: PipelinePolicy = {
    name: 'plainHttp',
    sendRequest: (request, next) => {
      request.url = request.url.replace(/^https:/, 'http:');
      return next(request);
    },
  };
  pipeline.addPolicy(plainHttp, { afterPhase: 'Sign' });
  return pipeline;
}

/** As clients read an answer: any other status than expected is an error, and so is a body that is not the JSON it says to be. */
async function send(
  pipeline: ReturnType<typeof openPipeline>,
  method: HttpMethods,
  url: string,
  body?: string,
): Promise<OperationResponse> {
  const request = createPipelineRequest({ url, method, allowInsecureConnection: true, ...(body === undefined ? {} : { body }) });
  const response = await pipeline.sendRequest(httpClient, request);
  if (response.status >= 300)
    throw new RestError(`unexpected status ${response.status}`, { statusCode: response.status, request, response });
  const parsed = parse(response.bodyAsText ?? '', response.headers.get('content-type') ?? '');
  return {
    flatResponse: parsed,
    rawResponse: { statusCode: response.status, headers: response.headers.toJSON(), body: parsed, request: { method, url } },
  };
}

function parse(text: string, contentType: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (err) {
    if (contentType.startsWith('application/json')) throw err;
    return text;
  }
}

/** Submits to `/jobs` of a scripted service, and follows the operation to its end. */
async function follow(routes: Route[], method: HttpMethods = 'POST', pipeline = openPipeline()): Promise<Seen> {
  const name = `service-${++scripts}`;
  const { url } = await emulator.admin.addScript({ name, routes });
  const base = pipeline.getOrderedPolicies().some((policy) => policy.name === 'plainHttp') ? url.replace('http:', 'https:') : url;
  const abort = new AbortController();
  let polls = 0;
  const poller = createHttpPoller(
    {
      sendInitialRequest: () => send(pipeline, method, `${base}/jobs`, method === 'DELETE' ? undefined : '{}'),
      sendPollRequest: (path) => {
        if (++polls === ENOUGH_POLLS) abort.abort();
        return send(pipeline, 'GET', new URL(path, `${base}/jobs`).toString());
      },
    },
    { intervalInMs: 1 },
  );
  const end = await poller.pollUntilDone({ abortSignal: abort.signal }).then(
    (result: unknown) => ({ end: 'succeeded' as const, result }),
    (err: unknown) =>
      abort.signal.aborted
        ? { end: 'goes on' as const }
        : { end: 'failed' as const, message: err instanceof Error ? err.message : String(err) },
  );
  const recorded = await emulator.admin.requests({ path: `^/scripts/${name}/` });
  return { ...end, recorded, requests: recorded.map((request) => `${request.method} ${request.path.replace(`/scripts/${name}`, '')}`) };
}

const answersOf =
  (method: string) =>
  (path: string, ...answers: ScriptAnswer[]): Route => ({ method, path, answers });
const get = answersOf('GET');
const post = answersOf('POST');
const running = { body: { status: 'Running' } };
const done = { body: { status: 'Succeeded' } };
/** A submit that names its monitor in `Operation-Location`. */
const monitored = post('/jobs', { httpStatus: 202, headers: { 'Operation-Location': '{base}/status' } });
const located = post('/jobs', { httpStatus: 202, headers: { Location: '{base}/status' } });

describe('dialects', () => {
  test('Creator V2 ends with the body; the Resource-Location header is not in it', async () => {
    const made = { ...done, headers: { 'Resource-Location': '"{base}/tilesets/t1"' } };
    const seen = await follow([monitored, get('/status', running, made)]);
    expect(seen).toMatchObject({ end: 'succeeded', result: { status: 'Succeeded' } });
    expect(JSON.stringify(seen.result)).not.toContain('t1');
    expect(seen.requests).toEqual(['POST /jobs', 'GET /status', 'GET /status']);
  });

  test('a data plane that names resourceLocation is read there', async () => {
    const seen = await follow([
      monitored,
      get('/status', { body: { status: 'Succeeded', resourceLocation: '{base}/result' } }),
      get('/result', { body: { id: 7 } }),
    ]);
    expect(seen).toMatchObject({ end: 'succeeded', result: { id: 7 } });
  });

  test('Location beside the monitor of a POST is the result', async () => {
    const both = { httpStatus: 202, headers: { 'Operation-Location': '{base}/status', Location: '{base}/result' } };
    const seen = await follow([post('/jobs', both), get('/status', done), get('/result', { body: { id: 7 } })]);
    expect(seen).toMatchObject({ end: 'succeeded', result: { id: 7 } });
  });

  test('Route Matrix is polled for ever: Completed is not known', async () => {
    expect(await follow([monitored, get('/status', { body: { status: 'Completed' } })])).toMatchObject({ end: 'goes on' });
  });

  test('Azure Resource Manager with Azure-AsyncOperation ends with the resource at its own URL', async () => {
    const accepted = { httpStatus: 201, headers: { 'Azure-AsyncOperation': '{base}/status' }, body: {} };
    const seen = await follow(
      [answersOf('PUT')('/jobs', accepted), get('/status', running, done), get('/jobs', { body: { id: 7 } })],
      'PUT',
    );
    expect(seen).toMatchObject({ end: 'succeeded', result: { id: 7 } });
  });

  test('a Location is 202 until it is the result', async () => {
    const seen = await follow([located, get('/status', { httpStatus: 202 }, { body: { id: 7 } })]);
    expect(seen).toMatchObject({ end: 'succeeded', result: { id: 7 } });
  });

  test('Creator V1 and Fabric count as succeeded while they run', async () => {
    const seen = await follow([located, get('/status', running, done)]);
    expect(seen).toMatchObject({ end: 'succeeded', result: { status: 'Running' }, requests: ['POST /jobs', 'GET /status'] });
  });

  test('a failure at a 200 Location counts as succeeded', async () => {
    const failed = { body: { status: 'Failed', error: { code: 'A', message: 'no' } } };
    expect(await follow([located, get('/status', failed)])).toMatchObject({ end: 'succeeded', result: { status: 'Failed' } });
  });

  test('Graph is polled for ever: its end comes with 202', async () => {
    expect(await follow([located, get('/status', { httpStatus: 202, body: { status: 'completed' } })])).toMatchObject({ end: 'goes on' });
  });

  test('a PUT without a header is polled at its own URL until provisioningState is terminal', async () => {
    const state = (provisioningState: string): ScriptAnswer => ({ body: { properties: { provisioningState } } });
    const seen = await follow([answersOf('PUT')('/jobs', state('Creating')), get('/jobs', state('Creating'), state('Succeeded'))], 'PUT');
    expect(seen).toMatchObject({ end: 'succeeded', result: { properties: { provisioningState: 'Succeeded' } } });
    expect(seen.requests).toEqual(['PUT /jobs', 'GET /jobs', 'GET /jobs']);
  });

  test('a PATCH without a header counts as succeeded while it runs', async () => {
    const updating = { httpStatus: 202, body: { properties: { provisioningState: 'Updating' } } };
    const seen = await follow([answersOf('PATCH')('/jobs', updating)], 'PATCH');
    expect(seen).toMatchObject({ end: 'succeeded', result: { properties: { provisioningState: 'Updating' } } });
  });
});

describe('submits', () => {
  test('a 202 without a URL counts as succeeded', async () => {
    expect(await follow([post('/jobs', { httpStatus: 202 })])).toMatchObject({ end: 'succeeded', requests: ['POST /jobs'] });
  });

  test('a 200 that says Failed counts as succeeded', async () => {
    expect(await follow([post('/jobs', { body: { status: 'Failed' } })])).toMatchObject({ end: 'succeeded', result: { status: 'Failed' } });
  });

  test('a 400 is thrown, and sent once', async () => {
    const seen = await follow([post('/jobs', { httpStatus: 400 })]);
    expect(seen).toMatchObject({ end: 'failed', message: 'unexpected status 400', requests: ['POST /jobs'] });
  });

  test('a 500 is sent four times, without a key', async () => {
    const seen = await follow([post('/jobs', { httpStatus: 500 })]);
    expect(seen).toMatchObject({ end: 'failed', requests: Array(4).fill('POST /jobs') });
    for (const { headers } of seen.recorded) {
      expect(headers).not.toHaveProperty('repeatability-request-id');
      expect(headers).not.toHaveProperty('operation-id');
    }
  });

  test('a connection that is reset is sent again, without a key', async () => {
    const seen = await follow([
      post('/jobs', { cut: true }, { httpStatus: 202, headers: { Location: '{base}/status' } }),
      get('/status', {}),
    ]);
    expect(seen).toMatchObject({ end: 'succeeded', requests: ['POST /jobs', 'POST /jobs', 'GET /status'] });
  });

  test('a 307 is followed with the POST', async () => {
    const seen = await follow([
      post('/jobs', { httpStatus: 307, headers: { Location: '{base}/elsewhere' } }),
      post('/elsewhere', { httpStatus: 202, headers: { Location: '{base}/status' } }),
      get('/status', {}),
    ]);
    expect(seen).toMatchObject({ end: 'succeeded', requests: ['POST /jobs', 'POST /elsewhere', 'GET /status'] });
  });
});

describe('waits', () => {
  const hour = 3_600_000;
  /** From the answer to the submit to the first poll, or between two polls. */
  const gapMs = ({ recorded }: Seen, from: number): number => recorded[from + 1]!.receivedAtMs - recorded[from]!.receivedAtMs;

  test('the first poll does not wait for the Retry-After of the 202', async () => {
    const accepted = { httpStatus: 202, headers: { 'Operation-Location': '{base}/status', 'Retry-After': '3600' } };
    expect(gapMs(await follow([post('/jobs', accepted), get('/status', done)]), 0)).toBeLessThan(hour);
  });

  test('seconds on a poll are waited for', async () => {
    const seen = await follow([monitored, get('/status', { ...running, headers: { 'Retry-After': '1' } }, done)]);
    expect(gapMs(seen, 1)).toBeGreaterThanOrEqual(990);
  });

  test('a date is compared with the own clock: where that is ahead, the poll is early', async () => {
    const hourBehind = { Date: '{httpDate-3600}', 'Retry-After': '{httpDate-1800}' };
    const seen = await follow([monitored, get('/status', { ...running, headers: hourBehind }, done)]);
    expect(seen.end).toBe('succeeded');
    expect(gapMs(seen, 1)).toBeLessThan(hour / 2);
  });

  test('1.5 is taken for a number', async () => {
    const seen = await follow([monitored, get('/status', { ...running, headers: { 'Retry-After': '1.5' } }, done)]);
    expect(gapMs(seen, 1)).toBeGreaterThanOrEqual(990);
  });

  test('30 days overflow the timer: the next poll comes at once', async () => {
    // Node says so itself on this process's standard error.
    const seen = await follow([monitored, get('/status', { ...running, headers: { 'Retry-After': '2592000' } }, done)]);
    expect(seen.end).toBe('succeeded');
    expect(gapMs(seen, 1)).toBeLessThan(hour);
  });
});

describe('polls that bring no status', () => {
  const busy = (httpStatus: number): ScriptAnswer => ({ httpStatus, headers: { 'Retry-After': '0' } });

  test('a 500, a reset and a 429 are read again up to three times', async () => {
    const seen = await follow([monitored, get('/status', { httpStatus: 500 }, { cut: true }, busy(429), done)]);
    expect(seen).toMatchObject({ end: 'succeeded', requests: ['POST /jobs', ...Array<string>(4).fill('GET /status')] });
  });

  test.each<[string, ScriptAnswer]>([
    ['500', { httpStatus: 500 }],
    ['reset', { cut: true }],
    ['429', busy(429)],
  ])('the fourth %s in a row ends the following', async (_what, answer) => {
    const seen = await follow([monitored, get('/status', answer)]);
    expect(seen).toMatchObject({ end: 'failed', requests: ['POST /jobs', ...Array<string>(4).fill('GET /status')] });
  });

  test.each([404, 401, 410, 400])('one %d ends the following at once', async (httpStatus) => {
    const seen = await follow([monitored, get('/status', { httpStatus }, done)]);
    expect(seen).toMatchObject({ end: 'failed', message: `unexpected status ${httpStatus}`, requests: ['POST /jobs', 'GET /status'] });
  });

  test.each<[string, ScriptAnswer]>([
    ['no status', { body: { id: 7 } }],
    ['an empty body', {}],
    ['a page of HTML', { headers: { 'Content-Type': 'text/html' }, body: '<html>' }],
  ])('a 200 with %s counts as succeeded', async (_what, answer) => {
    expect(await follow([monitored, get('/status', answer)])).toMatchObject({ end: 'succeeded' });
  });

  test('a status that is no string ends the following with an error', async () => {
    const seen = await follow([monitored, get('/status', { body: { status: 7 } })]);
    expect(seen).toMatchObject({ end: 'failed', message: expect.stringContaining('Expected status to have a string value') });
  });
});

describe('ends', () => {
  test.each([
    ['PartiallySucceeded', 'succeeded'],
    ['ValidationFailed', 'failed'],
    ['Cancelled', 'failed'],
    ['Skipped', 'goes on'],
  ])('%s: %s', async (status, end) => {
    expect((await follow([monitored, get('/status', { body: { status } })])).end).toBe(end);
  });

  test('a failure keeps code and message, and the messages of innererror', async () => {
    const error = { code: 'A', message: 'outer', innererror: { code: 'B', message: 'inner' } };
    const seen = await follow([monitored, get('/status', { body: { status: 'Failed', error } })]);
    expect(seen.message).toBe('The long-running operation has failed. B. outer. inner');
  });

  test('a failure without a top-level message says nothing of its details', async () => {
    const error = { code: 'A', details: [{ code: 'B', details: [{ message: 'the door is missing' }] }] };
    const seen = await follow([monitored, get('/status', { body: { status: 'Failed', error } })]);
    expect(seen.message).toBe('The long-running operation has failed');
  });

  test('a final GET that fails makes the operation failed', async () => {
    const seen = await follow([monitored, get('/status', { body: { status: 'Succeeded', resourceLocation: '{base}/missing' } })]);
    expect(seen).toMatchObject({ end: 'failed', message: 'unexpected status 404' });
  });
});

describe('status URLs', () => {
  test('one in quotes is not found', async () => {
    const quoted = { httpStatus: 202, headers: { 'Operation-Location': '"{base}/status"' } };
    const seen = await follow([post('/jobs', quoted), get('/status', done)]);
    expect(seen).toMatchObject({ end: 'failed', message: 'unexpected status 404' });
    expect((await emulator.admin.requests()).at(-1)?.path).toContain('%22http');
  });

  test('one that moves is followed', async () => {
    const moved = { ...running, headers: { 'Operation-Location': '{base}/moved' } };
    const seen = await follow([monitored, get('/status', moved), get('/moved', done)]);
    expect(seen).toMatchObject({ end: 'succeeded', requests: ['POST /jobs', 'GET /status', 'GET /moved'] });
  });

  test('api-version is not added', async () => {
    const { recorded } = await follow([monitored, get('/status', done)]);
    expect(recorded.at(-1)).toMatchObject({ method: 'GET', query: '' });
  });

  test('one on another host gets the token', async () => {
    const other = emulator.url.replace('http://127.0.0.1', 'https://localhost');
    const name = `service-${scripts + 1}`;
    const accepted = { httpStatus: 202, headers: { 'Operation-Location': `${other}/scripts/${name}/status` } };
    const seen = await follow([post('/jobs', accepted), get('/status', done)], 'POST', pipelineWithToken());
    expect(seen.end).toBe('succeeded');
    expect(seen.recorded[1]?.headers).toMatchObject({
      host: expect.stringMatching(/^localhost:/),
      authorization: 'Bearer secret-token',
    });
  });
});

test('what the caller has kept of a poller goes on in another, without a second submit', async () => {
  const { url } = await emulator.admin.addScript({ name: 'kept', routes: [monitored, get('/status', running, done)] });
  const pipeline = openPipeline();
  const requests = {
    sendInitialRequest: () => send(pipeline, 'POST', `${url}/jobs`, '{}'),
    sendPollRequest: (path: string) => send(pipeline, 'GET', path),
  };
  const first = createHttpPoller(requests, { intervalInMs: 1 });
  await first.poll();
  const second = createHttpPoller(requests, { intervalInMs: 1, restoreFrom: await first.serialize() });
  expect(await second.pollUntilDone()).toMatchObject({ status: 'Succeeded' });
  expect(await emulator.admin.requests({ path: '^/scripts/kept/jobs' })).toHaveLength(1);
});
