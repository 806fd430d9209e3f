import type { Emulator, Fault } from '../../src/emulator';
import { startEmulator } from '../../src/emulator';
import { statusOf, statusUrlOf, submit } from './support';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator({ operationSeconds: 0 });
});
afterEach(() => emulator.close());

const submitStyle = (headers: Record<string, string> = {}): Promise<Response> => submit(emulator, '/styles', { body: '{}', headers });
const operationCount = async (): Promise<number> => (await emulator.admin.operations()).operations.length;

describe('faults', () => {
  it('answer instead of the service, and leave no operation', async () => {
    await emulator.admin.addFault({
      match: { method: 'post', path: '^/styles$' },
      action: { answer: { httpStatus: 503, headers: { 'Retry-After': '{httpDate+60}' }, body: { error: { code: 'Busy' } } } },
    });
    const refused = await submitStyle();
    expect(refused.status).toBe(503);
    expect(new Date(refused.headers.get('retry-after') ?? '').getTime()).toBeGreaterThan(Date.now() + 50_000);
    expect(await operationCount()).toBe(0);
    expect((await submitStyle()).status).toBe(202);
  });

  it('skip as many requests as asked, and hit as many as asked', async () => {
    await emulator.admin.addFault({ match: { path: '^/styles$' }, skip: 1, times: 2, action: { answer: { httpStatus: 500 } } });
    const seen = [];
    for (let time = 0; time < 5; time += 1) seen.push((await submitStyle()).status);
    expect(seen).toEqual([202, 500, 500, 202, 202]);
  });

  it('cut the connection before the service accepts: nothing was created', async () => {
    await emulator.admin.addFault({ action: { cut: 'beforeAccept' } });
    await expect(submitStyle()).rejects.toThrow();
    expect(await operationCount()).toBe(0);
    expect(await emulator.admin.requests()).toMatchObject([{ method: 'POST', path: '/styles', cut: true }]);
  });

  it('cut the connection after the service has accepted: the key finds the operation again', async () => {
    await emulator.admin.addFault({ action: { cut: 'afterAccept' } });
    await expect(submitStyle({ 'Operation-Id': 'one' })).rejects.toThrow();
    expect(await operationCount()).toBe(1);
    expect((await statusOf(await submitStyle({ 'Operation-Id': 'one' }))).operationId).toBe('one');
    expect(await emulator.admin.operations()).toMatchObject({ operations: [{ submitCount: 2 }], submits: [{ key: 'one', count: 2 }] });
  });

  it('answer 500 although the service has accepted', async () => {
    await emulator.admin.addFault({ action: { answerAfterAccept: { httpStatus: 500 } } });
    expect((await submitStyle()).status).toBe(500);
    expect(await operationCount()).toBe(1);
  });

  it.each(['beforeAccept', 'afterAccept'] as const)('hold a request %s until it is released', async (waitAt) => {
    await emulator.admin.addFault({ holdUntilReleased: true, waitAt });
    const answer = submitStyle();
    await emulator.admin.waitForRequests({ path: '^/styles$' });
    expect(await emulator.admin.requests({ answered: true })).toEqual([]);
    expect(await emulator.admin.release({ count: 1 })).toEqual({ released: 1 });
    expect((await answer).status).toBe(202);
    expect(await emulator.admin.waitForRequests({ answered: true })).toHaveLength(1);
  });

  it.each<[string, Fault['action']]>([
    ['cut off', { cutBody: 10 }],
    ['empty but announced', { cutBody: 0 }],
  ])('send a body that is %s', async (_what, action) => {
    await emulator.admin.addFault({ action });
    const answer = await submitStyle();
    expect(answer.status).toBe(202);
    await expect(answer.text()).rejects.toThrow();
  });

  it('send a body without end, fast or slow', async () => {
    for (const endlessBody of [{}, { bytesPerSecond: 100 }]) {
      await emulator.admin.addFault({ action: { endlessBody } });
      const cancel = new AbortController();
      const answer = await submit(emulator, '/styles', { body: '{}', signal: cancel.signal });
      const reader = answer.body!.getReader();
      let received = 0;
      while (received < (endlessBody.bytesPerSecond === undefined ? 1_000_000 : 40)) {
        received += ((await reader.read()).value as Uint8Array).length;
      }
      cancel.abort();
    }
    expect(await operationCount()).toBe(2);
  });

  it('let a body drip, but whole', async () => {
    await emulator.admin.addFault({ action: { drip: { bytesPerSecond: 2000 } } });
    expect((await statusOf(await submitStyle())).status).toBe('NotStarted');
  });

  it('make bodies and headers large', async () => {
    await emulator.admin.addFault({ action: { hugeBody: { bytes: 100_000, jsonField: 'x' }, manyHeaders: { count: 20, bytesEach: 50 } } });
    const answer = await submitStyle();
    expect(answer.headers.get('x-filler-19')).toHaveLength(50);
    expect(await answer.json()).toMatchObject({ status: 'NotStarted', x: 'x'.repeat(100_000) });
  });

  it('change headers and body of the real answer', async () => {
    const changeHeaders = { set: { 'retry-after': '/bar', location: '{origin}/elsewhere' }, remove: ['operation-location'] };
    await emulator.admin.addFault({ action: { changeHeaders, changeBody: { merge: { extra: { a: 1 } } } } });
    const changed = await submitStyle();
    expect(changed.headers.get('operation-location')).toBeNull();
    expect([changed.headers.get('retry-after'), changed.headers.get('location')]).toEqual(['/bar', `${emulator.url}/elsewhere`]);
    expect(await changed.json()).toMatchObject({ status: 'NotStarted', extra: { a: 1 } });
    await emulator.admin.addFault({ action: { changeBody: { replace: 'no JSON' } } });
    expect(await (await submitStyle()).text()).toBe('no JSON');
  });

  it('are refused when they are written wrongly', async () => {
    await expect(emulator.admin.addFault({ acton: {} } as Fault)).rejects.toThrow('acton');
    await expect(emulator.admin.addFault({ match: { path: '(' } })).rejects.toThrow('regular expression');
  });

  it('are gone after they were removed', async () => {
    const fault = await emulator.admin.addFault({ times: 0, action: { answer: { httpStatus: 500 } } });
    expect((await submitStyle()).status).toBe(500);
    await emulator.admin.removeFaults(fault.id);
    expect((await submitStyle()).status).toBe(202);
    expect(await emulator.admin.faults()).toEqual([]);
  });
});

describe('operations under the admin API', () => {
  it('are lost: the monitor answers 404', async () => {
    const accepted = await submitStyle();
    const { operationId } = await statusOf(accepted);
    await emulator.admin.changeOperation(operationId, { lose: true });
    expect((await fetch(statusUrlOf(accepted))).status).toBe(404);
  });

  it('move: the old URL names the new one until it is followed, then it is gone', async () => {
    const accepted = await submitStyle();
    const { operationId } = await statusOf(accepted);
    await emulator.admin.changeOperation(operationId, { moveTo: 'fresh' });
    const old = await fetch(statusUrlOf(accepted));
    expect(await statusOf(old)).toMatchObject({ operationId, status: 'Running' });
    const followed = await fetch(statusUrlOf(old));
    expect(statusUrlOf(old)).not.toBe(statusUrlOf(accepted));
    expect(await statusOf(followed)).toMatchObject({ operationId, status: 'Succeeded' });
    expect((await fetch(statusUrlOf(accepted))).status).toBe(404);
  });

  it('move between submit and first poll when the defaults say so', async () => {
    await emulator.admin.setDefaults({ moveTo: 'fresh' });
    const accepted = await submitStyle();
    const told = await fetch(statusUrlOf(accepted));
    expect(await statusOf(told)).toMatchObject({ status: 'Running' });
    expect(await statusOf(await fetch(statusUrlOf(told)))).toMatchObject({ status: 'Succeeded' });
  });

  it('move to any URL', async () => {
    await emulator.admin.setDefaults({ moveTo: 'http://elsewhere.test/monitor' });
    const accepted = await submitStyle();
    expect(statusUrlOf(await fetch(statusUrlOf(accepted)))).toBe('http://elsewhere.test/monitor');
    expect((await fetch(statusUrlOf(accepted))).status).toBe(404);
  });

  it('go as the defaults say, or as one submit wishes', async () => {
    await emulator.admin.setDefaults({ finish: 'Failed', error: { code: 'Boom', message: 'no luck' } });
    const failed = await statusOf(await fetch(statusUrlOf(await submitStyle())));
    expect(failed).toMatchObject({ status: 'Failed', error: { code: 'Boom', message: 'no luck' } });
    const wish = JSON.stringify({ finish: 'Succeeded', warning: { code: 'careful' } });
    const succeeded = await statusOf(await fetch(statusUrlOf(await submitStyle({ 'emulator-plan': wish }))));
    expect(succeeded).toMatchObject({ status: 'Succeeded', warning: { code: 'careful' } });
  });

  it('are forgotten some time after their end', async () => {
    const forgetful = await startEmulator({ operationSeconds: 0, retentionSeconds: 0 });
    const accepted = await submit(forgetful, '/styles', { body: '{}' });
    expect((await fetch(statusUrlOf(accepted))).status).toBe(404);
    await forgetful.close();
  });
});

describe('the request log', () => {
  it('tells what came when, with raw headers and query', async () => {
    const accepted = await submit(emulator, '/styles?subscription-key=k1', { body: '{"a":1}', headers: { 'x-one': 'two' } });
    const { operationId } = await statusOf(accepted);
    await fetch(statusUrlOf(accepted));
    const [posted, polled] = await emulator.admin.waitForRequests({ count: 2, answered: true });
    expect(posted).toMatchObject({ seq: 1, method: 'POST', path: '/styles', bodyBytes: 7, httpStatus: 202, operationId });
    expect(posted?.query).toContain('subscription-key=k1');
    expect(posted?.headers['x-one']).toBe('two');
    expect(posted!.receivedAtMs).toBeLessThan(posted!.answeredAtMs!);
    expect(polled).toMatchObject({ seq: 2, method: 'GET', operationId });
    expect(await emulator.admin.requests({ since: 1 })).toHaveLength(1);
    expect(await emulator.admin.requests({ method: 'GET', path: 'operations', query: 'api-version' })).toHaveLength(1);
  });

  it('says how many came when a wait was in vain', async () => {
    await expect(emulator.admin.waitForRequests({ path: 'nothing', timeoutSeconds: 0.05 })).rejects.toThrow('0 came');
  });

  it('forgets everything at a reset', async () => {
    await submitStyle();
    await emulator.admin.addFault({ times: 0, action: { cut: 'beforeAccept' } });
    await emulator.admin.reset();
    expect(await emulator.admin.counts()).toEqual({ requests: 0, operations: 0, held: 0 });
    expect((await submitStyle()).status).toBe(202);
  });
});

describe('scripted services', () => {
  it('give their answers in order, the last one again and again', async () => {
    const { url } = await emulator.admin.addScript({
      name: 'odd',
      routes: [
        {
          method: 'POST',
          path: '/start',
          answers: [{ httpStatus: 202, headers: { Location: '{base}/status' }, body: { at: '{origin}' } }],
        },
        { path: '/status', answers: [{ httpStatus: 202 }, { cut: true }, { body: 'no JSON' }, { rawBody: 'AAE=' }] },
      ],
    });
    const started = await fetch(`${url}/start`, { method: 'POST', body: 'x' });
    expect([started.status, started.headers.get('location')]).toEqual([202, `${url}/status`]);
    expect(await started.json()).toEqual({ at: emulator.url });
    expect((await fetch(`${url}/status`)).status).toBe(202);
    await expect(fetch(`${url}/status`)).rejects.toThrow();
    expect(await (await fetch(`${url}/status`)).text()).toBe('no JSON');
    for (let time = 0; time < 2; time += 1) {
      expect([...new Uint8Array(await (await fetch(`${url}/status`)).arrayBuffer())]).toEqual([0, 1]);
    }
    expect((await fetch(`${url}/unknown`)).status).toBe(404);
    expect(await emulator.admin.requests({ path: '^/scripts/odd/status$' })).toHaveLength(5);
  });
});
