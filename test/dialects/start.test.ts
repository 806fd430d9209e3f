/** An API whose submit only makes a job, which a second request starts: openEO, whose service is played here after its published description. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperationError } from '../../src/client';
import type { Json } from '../../src/contract';
import { decideCancel } from '../../src/lro/cancel';
import type { Monitor, StatusDecision } from '../../src/lro/monitor';
import { decideLook } from '../../src/lro/find';
import { ReadAnswer } from '../../src/lro/read-answer';
import { decideStatus } from '../../src/lro/status';
import { load } from '../config/file';
import { answer, context, NOW_MS } from '../protocol/given';
import { eventually } from '../support/eventually';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { accepted, BASE, polled, settingsOf, submitted } from './given';

const settings = settingsOf('openeo');
const JOB = `${BASE}/jobs/a3cca2b2`;
const headers = { Location: JOB, 'OpenEO-Identifier': 'a3cca2b2' };
const made = accepted(settings, 201, undefined, headers);

const started = (httpStatus: number, body?: Json, more: Record<string, string> = {}, monitor: Monitor = made): StatusDecision =>
  decideStatus(answer(httpStatus, more, body, { method: 'POST', url: `${JOB}/results` }), monitor, settings, NOW_MS, 0);

describe('the answer to the request that starts an operation', () => {
  it('is waited for no longer than the service asks', () => {
    expect(submitted(settings, 201, undefined, headers)).toMatchObject({ kind: 'accepted', waitSeconds: settings.poll.minSeconds });
    expect(submitted(settings, 201, undefined, { ...headers, 'Retry-After': '40' })).toMatchObject({ waitSeconds: 40, why: 'Retry-After' });
  });

  it.each([200, 202, 204])('%i: it runs, and is polled from then on', (code) => {
    const decision = started(code, undefined, { 'Retry-After': '30' }, { ...made, tally: { unreachable: 2 }, acceptedAtMs: 0 });
    expect(decision).toMatchObject({ kind: 'running', waitSeconds: 30, monitor: { statusUrl: JOB, acceptedAtMs: NOW_MS } });
    const { monitor } = decision as { monitor: Monitor };
    expect([monitor.start, monitor.tally]).toEqual([undefined, undefined]);
    expect(polled(settings, monitor, 200, { id: 'a3cca2b2', status: 'finished' }).kind).toBe('succeeded');
  });

  it.each([
    ['429', { 'Retry-After': '7' }],
    ['503', {}],
    ['500', {}],
    ['502', {}],
    ['408', {}],
    ['425', {}],
    ['401', {}],
    ['403', {}],
    ['404', {}],
    ['307', { Location: `${BASE}/login` }],
  ])('%s: it is started again', (code, more) => {
    const decision = started(Number(code), { code: 'X', message: 'not now' }, more);
    expect(decision).toMatchObject({ kind: 'running', trouble: { httpStatus: Number(code) } });
    if (code === '429') expect(decision).toMatchObject({ waitSeconds: 7 });
    const mayBeTaken = ['503', '500', '502', '408'].includes(code) ? { mayBeTaken: true } : {};
    expect((decision as { monitor: Monitor }).monitor.start).toEqual({ method: 'POST', url: `${JOB}/results`, ...mayBeTaken });
  });

  it.each([200, 202, 404, 400])('%i with a page of a gateway: it is started again', (code) => {
    const decision = started(code, '<!DOCTYPE html><html><body>Maintenance</body></html>');
    expect(decision).toMatchObject({ kind: 'running', monitor: { start: { method: 'POST' } } });
  });

  it('none: it is started again', () => {
    const lost = { kind: 'noAnswer' as const, method: 'POST', url: `${JOB}/results`, maybeSent: true, reason: 'connection lost' };
    expect(decideStatus(lost, made, settings, NOW_MS, 0)).toMatchObject({ monitor: { start: { method: 'POST', mayBeTaken: true } } });
    const unsent = decideStatus({ ...lost, maybeSent: false }, made, settings, NOW_MS, 0);
    expect((unsent as { monitor: Monitor }).monitor.start).toEqual(made.start);
  });

  it.each([400, 402, 409, 422])('%i: it fails with the words of the service, and says which job is left', (code) => {
    const body = { id: '936DA01F', code: 'PaymentRequired', message: 'You have no credits left.' };
    expect(started(code, body)).toMatchObject({
      kind: 'failed',
      failure: { type: 'OperationFailed', httpStatus: code, operationId: 'a3cca2b2', statusUrl: JOB },
    });
    const { failure } = started(code, body) as { failure: { message: string } };
    expect(failure.message).toMatch(/was made, but the service refused to start it.*You have no credits left/);
  });

  it('410, or 404 for long: it is gone', () => {
    const tally = { notFound: { count: 5, sinceMs: NOW_MS - 120_000 } };
    expect(started(410)).toMatchObject({ failure: { type: 'OperationGone' } });
    expect(started(404, undefined, {}, { ...made, tally })).toMatchObject({ failure: { type: 'OperationGone' } });
  });

  it('that may have been lost: the status is read first, for a job at its end would begin anew', () => {
    const { monitor } = started(502) as { monitor: Monitor };
    for (const status of ['finished', 'error', 'canceled']) expect(polled(settings, monitor, 200, { status }).kind).not.toBe('running');
    for (const status of ['created', 'queued', 'running']) {
      const again = polled(settings, monitor, 200, { status });
      expect((again as { monitor: Monitor }).monitor.start).toEqual(made.start);
    }
    for (const code of [503, 404, 401]) {
      expect(polled(settings, monitor, code)).toMatchObject({ monitor: { start: { mayBeTaken: true } } });
    }
  });

  it('is never the end of the operation, whatever it says', () => {
    for (const status of ['finished', 'error', 'canceled']) expect(started(200, { id: 'a3cca2b2', status }).kind).toBe('running');
  });
});

it('a job that was found after an uncertain submit is started, once its status says that it is at no end', () => {
  const { connections } = load(
    `connections: { maps: { baseUrl: '${BASE}', dialect: { preset: openeo, find: { url: '{base}/jobs', items: $response.body#/jobs, match: { $response.body#/title: '{idempotencyKey}' }, pollingLocation: '{base}/jobs/{$response.body#/id}' } } } }`,
  );
  const { maps } = connections;
  if (maps?.protocol.find === undefined) throw new Error('it is there');
  const look = { entries: [new ReadAnswer(answer(200, {}, { id: 'a3cca2b2' }))], isCut: false };
  const decision = decideLook(
    look,
    maps.protocol.find,
    { sinceMs: NOW_MS, looks: 0 },
    context(),
    { ...maps.protocol, timeoutSeconds: 30 },
    NOW_MS,
    0,
  );
  expect(decision).toMatchObject({
    kind: 'accepted',
    monitor: { statusUrl: JOB, start: { method: 'POST', url: `${JOB}/results`, mayBeTaken: true } },
  });
});

it('a start URL that lacks a value of the answer is a protocol error, and one on another host is not sent', () => {
  const dialect = { preset: 'openeo', start: { url: '{base}/jobs/{$response.body#/id}/start' } };
  expect(submitted(settingsOf(dialect), 201, undefined, headers)).toMatchObject({
    failure: { type: 'ProtocolError', message: expect.stringContaining('{base}/jobs/{$response.body#/id}/start') as unknown },
  });
  const untrusted = { kind: 'untrusted' as const, url: 'https://evil.example', reason: 'not trusted' };
  expect(decideStatus(untrusted, made, settings, NOW_MS, 0)).toMatchObject({
    failure: { type: 'UntrustedUrl', message: expect.stringContaining('start URL refused') as unknown },
  });
});

it('a cancel request whose answer says how it ended counts, though it was not started', () => {
  const exchange = answer(200, {}, { id: 'a3cca2b2', status: 'canceled' }, { method: 'DELETE', url: `${JOB}/results` });
  expect(decideCancel(exchange, made, settings, NOW_MS)).toMatchObject({ kind: 'ended', decision: { kind: 'failed' } });
});

/** Jobs of openEO; `title` says how a job misbehaves. */
class Jobs {
  readonly requests: string[] = [];
  readonly statuses = new Map<string, string>();
  private starts = 0;

  answer({ method = '', url = '', headers: { authorization } }: IncomingMessage, body: string, response: ServerResponse): void {
    this.requests.push(`${method} ${url}`);
    const send = (code: number, content?: object, more: Record<string, string> = {}) =>
      void response.writeHead(code, { 'content-type': 'application/json', ...more }).end(content && JSON.stringify(content));
    if (authorization !== 'Bearer openeo-secret-1') return send(401, { code: 'AuthenticationRequired', message: 'Unauthorized.' });
    const [, , , id = '', results] = url.split('/');
    if (method === 'POST' && id === '') {
      const { title } = JSON.parse(body) as { title: string };
      this.statuses.set(title, 'created');
      return send(201, undefined, { location: `${url}/${title}`, 'openeo-identifier': title });
    }
    if (method === 'POST') return this.start(id, response, send);
    if (method === 'DELETE') {
      this.statuses.set(id, 'created');
      return send(id === 'held' ? 409 : 204);
    }
    if (results !== undefined) return send(200, { type: 'Feature', id, assets: {} });
    const status = this.statuses.get(id) ?? '';
    if (status === 'queued') this.statuses.set(id, 'running');
    if (status === 'running') this.statuses.set(id, 'finished');
    return send(200, { id, status, created: '2017-01-01T09:32:12Z' });
  }

  private start(id: string, response: ServerResponse, send: (code: number, content?: object) => void): void {
    if (id === 'poor') return send(402, { code: 'PaymentRequired', message: 'You have no credits left.' });
    if (id === 'held') return send(503, { code: 'Busy', message: 'no room' });
    const tries = this.starts++;
    if (id === 'late' && tries === 0) return send(503, { code: 'Busy', message: 'no room' });
    this.statuses.set(id, 'queued');
    // The second is taken, and its answer is lost.
    if (id === 'late' && tries === 1) return void response.socket?.destroy();
    send(202);
  }
}

describe('a worker', () => {
  const jobs = new Jobs();
  let server: Server;
  let harness: TestHarness;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => jobs.answer(request, text, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const auth = { type: 'key', in: 'header', name: 'Authorization', value: { env: 'OPENEO_TOKEN' } };
    process.env['OPENEO_TOKEN'] = 'Bearer openeo-secret-1';
    harness = await startTestHarness(testConfig({ eo: { baseUrl, auth, dialect: 'openeo', poll: { defaultSeconds: 0.1 } } }));
  }, 60_000);

  afterAll(async () => {
    await harness.close();
    server.close();
    server.closeAllConnections();
    delete process.env['OPENEO_TOKEN'];
  });

  const input = (title: string) => ({ connection: 'eo', submit: { path: '/jobs', body: { title } }, deadlineSeconds: 60 });
  const of = (title: string): string[] => jobs.requests.filter((request) => request.includes(`/jobs/${title}`));

  it('starts a job with its credentials until the service has taken it, and polls from then on', async () => {
    const result = await harness.lro.execute(input('late'), { id: `late-${harness.taskQueue}` });
    expect(result).toMatchObject({ status: 'Succeeded', operationId: 'late', body: { type: 'Feature' } });
    const [start, status] = ['POST /v1/jobs/late/results', 'GET /v1/jobs/late'];
    // Busy, lost, and taken: after the first two its status is read.
    expect(of('late').slice(0, 5)).toEqual([start, status, start, status, start]);
    expect(
      of('late')
        .slice(5)
        .filter((request) => request.startsWith('POST')),
    ).toEqual([]);
    expect(of('late').at(-1)).toBe('GET /v1/jobs/late/results');
    expect(jobs.requests.filter((request) => request === 'POST /v1/jobs')).toHaveLength(1);
  }, 60_000);

  it('fails where the start is refused, and says which job is left', async () => {
    const error = await harness.lro.execute(input('poor'), { id: `poor-${harness.taskQueue}` }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toMatchObject({ type: 'OperationFailed', details: { operationId: 'poor', httpStatus: 402 } });
    expect(of('poor')).toEqual(['POST /v1/jobs/poor/results']);
  }, 60_000);

  it('does not start one that it follows from elsewhere', async () => {
    jobs.statuses.set('there', 'waiting');
    const { connection } = input('there');
    const handle = await harness.lro.start(
      { connection, attach: { statusUrl: '/v1/jobs/there' }, deadlineSeconds: 60 },
      { id: `there-${harness.taskQueue}` },
    );
    await eventually(
      () => of('there').length,
      (count) => count > 1,
    );
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancel/i);
    expect(of('there').filter((request) => request.startsWith('POST'))).toEqual([]);
  }, 60_000);

  it('cancels one that was not taken yet, and does not start it by asking how it stands', async () => {
    const handle = await harness.lro.start(input('held'), { id: `held-${harness.taskQueue}` });
    await eventually(
      () => of('held').length,
      (count) => count > 0,
    );
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancel/i);
    const requests = of('held');
    const canceledAt = requests.findIndex((request) => request.startsWith('DELETE'));
    expect(canceledAt).toBeGreaterThan(0);
    expect(requests.slice(canceledAt).filter((request) => request.startsWith('POST'))).toEqual([]);
  }, 60_000);
});
