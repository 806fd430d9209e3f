import type { Emulator } from '../../src/emulator';
import { startEmulator } from '../../src/emulator';
import { make, statusOf, statusUrlOf, submit } from './support';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator({ operationSeconds: 0 });
});
afterEach(() => emulator.close());

describe('the collections beside the chain', () => {
  it('makes styles and map configurations', async () => {
    await expect(make(emulator, '/styles?alias=night', { body: '{"version":8}' })).resolves.toMatch(/-/);
    await expect(make(emulator, '/styles/mapconfigurations', { body: '{"version":1}' })).resolves.toMatch(/-/);
  });
});

describe('submits that are refused', () => {
  it.each([
    ['/tilesets', 'datasetId'],
    ['/tilesets?datasetId=nope', 'datasetId'],
    ['/datasets?conversionId=nope', 'conversionId'],
    ['/conversions?udid=nope', 'udid'],
    ['/mapData', 'dataFormat'],
    ['/mapData?dataFormat=pdf', 'dataFormat'],
    ['/mapData?dataFormat=zip', 'body'],
  ])('answers %s with a 400 that names %s', async (path, target) => {
    const refused = await submit(emulator, path);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ error: { code: expect.any(String) as string, message: expect.any(String) as string, target } });
  });

  it('wants api-version on submit and on status', async () => {
    expect((await fetch(`${emulator.url}/styles`, { method: 'POST', body: '{}' })).status).toBe(400);
    const accepted = await submit(emulator, '/styles', { body: '{}' });
    expect((await fetch(statusUrlOf(accepted).split('?')[0]!)).status).toBe(400);
  });

  it('refuses uploads that are too large, announced or not', async () => {
    const small = await startEmulator({ maxUploadBytes: 1000 });
    const content = Buffer.alloc(200_000);
    expect((await submit(small, '/mapData?dataFormat=zip', { body: content })).status).toBe(413);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(1001));
        controller.close();
      },
    });
    const init = { body: stream, duplex: 'half' } as RequestInit;
    expect((await submit(small, '/mapData?dataFormat=zip', init)).status).toBe(413);
    expect((await small.admin.operations()).operations).toEqual([]);
    await small.close();
  });
});

describe('the status monitor', () => {
  it('says NotStarted, then Running with Retry-After, then the quoted resource location', async () => {
    const accepted = await submit(emulator, '/styles', { body: '{}', headers: { 'emulator-plan': '{"durationSeconds":1000}' } });
    expect(accepted.headers.get('retry-after')).toBe('1');
    const { operationId } = await statusOf(accepted);
    expect(await statusOf(await fetch(statusUrlOf(accepted)))).toMatchObject({ operationId, status: 'NotStarted' });
    await emulator.admin.changeOperation(operationId, { durationSeconds: 0, hold: true, retryAfter: '30' });
    const running = await fetch(statusUrlOf(accepted));
    expect([running.status, running.headers.get('retry-after'), (await statusOf(running)).status]).toEqual([200, '30', 'Running']);
    await emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
    const ended = await fetch(statusUrlOf(accepted));
    expect(ended.headers.get('resource-location')).toMatch(/^"http:.*\/styles\/[\w-]+"$/);
    expect(ended.headers.get('retry-after')).toBeNull();
  });

  it('prints created in both formats in turn', async () => {
    const first = await statusOf(await submit(emulator, '/styles', { body: '{}' }));
    const second = await statusOf(await submit(emulator, '/styles', { body: '{}' }));
    expect(first.created).toMatch(/^\d+\/\d+\/\d{4} \d+:\d\d:\d\d [AP]M \+00:00$/);
    expect(second.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00$/);
  });

  it('never puts the key into the status URL', async () => {
    const closed = await startEmulator({ operationSeconds: 0, subscriptionKeys: ['secret-key'], tokens: ['secret-token'] });
    expect((await submit(closed, '/styles', { body: '{}' })).status).toBe(401);
    expect((await submit(closed, '/styles', { body: '{}', headers: { authorization: 'jwt-sas secret-token' } })).status).toBe(202);
    const accepted = await submit(closed, '/styles?subscription-key=secret-key', { body: '{}' });
    expect(accepted.status).toBe(202);
    expect(statusUrlOf(accepted)).not.toContain('secret-key');
    expect((await fetch(statusUrlOf(accepted))).status).toBe(401);
    expect((await fetch(statusUrlOf(accepted), { headers: { 'subscription-key': 'secret-key' } })).status).toBe(200);
    await closed.close();
  });

  it('cancels an open operation, and answers 409 when it has ended', async () => {
    const plan = { 'emulator-plan': '{"hold":true}' };
    const first = statusUrlOf(await submit(emulator, '/styles', { body: '{}', headers: plan }));
    expect((await fetch(first.replace('?', ':cancel?'), { method: 'POST' })).status).toBe(202);
    expect(await statusOf(await fetch(first))).toMatchObject({ status: 'Canceled', error: { code: 'OperationCanceled' } });
    expect((await fetch(first.replace('?', ':cancel?'), { method: 'POST' })).status).toBe(409);
    const second = statusUrlOf(await submit(emulator, '/styles', { body: '{}', headers: plan }));
    expect((await fetch(second, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(second, { method: 'DELETE' })).status).toBe(409);
  });

  it('can answer an upload at once', async () => {
    const quick = await startEmulator({ immediateUpload: true, operationSeconds: 60 });
    const done = await submit(quick, '/mapData?dataFormat=geojson', { body: '{}' });
    expect([done.status, (await statusOf(done)).status]).toEqual([200, 'Succeeded']);
    expect(done.headers.get('resource-location')).toContain('/mapData/metadata/');
    await quick.close();
  });
});

describe('repeated submits', () => {
  it('lead to the same operation when they carry the same key', async () => {
    const headers = { 'Repeatability-Request-ID': 'key-1', 'Repeatability-First-Sent': 'Mon, 23 Nov 2026 10:00:00 GMT' };
    const answers = await Promise.all([1, 2, 3].map(() => submit(emulator, '/styles', { body: '{}', headers })));
    const ids = await Promise.all(answers.map(async (answer) => (await statusOf(answer)).operationId));
    expect(new Set(ids).size).toBe(1);
    expect(answers[2]?.headers.get('repeatability-result')).toBe('accepted');
    const report = await emulator.admin.operations();
    expect(report.operations).toMatchObject([{ submitCount: 3, status: 'Succeeded' }]);
    expect(report.submits).toEqual([{ key: 'key-1', count: 3 }]);
  });

  it('lead to several operations when the service knows no keys', async () => {
    const naive = await startEmulator({ idempotency: false });
    for (let time = 0; time < 2; time += 1) await submit(naive, '/styles', { body: '{}', headers: { 'Operation-Id': 'key-1' } });
    const report = await naive.admin.operations();
    expect(report.operations).toHaveLength(2);
    expect(report.submits).toEqual([{ key: 'key-1', count: 2 }]);
    await naive.close();
  });
});
