/**
 * A key that is broken while operations are open and a batch submits for ten minutes: nothing fails, and nothing is sent
 * again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenOptions } from '../../src/http';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness } from '../support/in-process';
import { service } from '../http/service';

const OPEN = 300;
const ITEMS = 1000;
/** Three 401s were the end of an operation once. */
const REFUSALS = 10;
const BROKEN_SECONDS = 600;

/** A service that knows one key, and what it accepted by idempotency keys. */
async function guardedService() {
  const state = { key: 'good', isDone: false };
  const accepted: string[] = [];
  const refused = { submits: 0, polls: new Map<string, number>() };
  const { url } = await service((request, response) => {
    const isSubmit = request.method === 'POST';
    if (request.headers.authorization !== `Bearer ${state.key}` && request.headers['x-key'] !== state.key) {
      if (isSubmit) refused.submits++;
      else refused.polls.set(request.url, (refused.polls.get(request.url) ?? 0) + 1);
      response.writeHead(401).end('{"error":{"code":"Unauthorized","message":"the key is not valid"}}');
    } else if (isSubmit) {
      accepted.push(String(request.headers['operation-id']));
      response.writeHead(202, { 'operation-location': `${url}/status/${accepted.length}` }).end();
    } else {
      response.setHeader('retry-after', '5');
      response.end(JSON.stringify({ status: state.isDone ? 'Succeeded' : 'Running' }));
    }
  });
  return { url, state, accepted, refused };
}

type Guarded = Awaited<ReturnType<typeof guardedService>>;

/** What a connection's credentials are, and how they break and are mended. */
interface Credentials {
  auth: object;
  http: (guarded: Guarded) => OpenOptions;
}

const KEY: Credentials = { auth: { type: 'key', in: 'header', name: 'x-key', value: { env: 'K' } }, http: () => ({ env: { K: 'good' } }) };

/** Tokens of Microsoft Entra ID that the service refuses, and none at all for half of the requests for them. */
const ENTRA: Credentials = {
  auth: { type: 'entra', scope: 'https://example.com/.default' },
  http: ({ state }) => {
    let asked = 0;
    return {
      openTokenSource: () =>
        Promise.resolve({
          getToken: () => {
            if (state.key !== 'good' && ++asked % 2 === 0) return Promise.reject(new Error('AADSTS7000222: the client secret has expired'));
            return Promise.resolve({ token: 'good', expiresOnTimestamp: Date.now() + 3_600_000 });
          },
        }),
    };
  },
};

test.concurrent.each([
  ['a key', KEY],
  ['Microsoft Entra ID', ENTRA],
])(
  `${OPEN} operations and a batch of ${ITEMS} survive refused credentials: %s`,
  async (_, { auth, http }) => {
    const guarded = await guardedService();
    const { url, state, accepted, refused } = guarded;
    const limits = { submitsPerSecond: 1000, pollsPerSecond: 1000 };
    const harness = await startTestHarness(testConfig({ default: { baseUrl: url, auth, limits } }), { http: http(guarded) });
    const { lro } = harness;
    const operations = await Promise.all(Array.from({ length: OPEN }, () => lro.start({ submit: { path: '/operations' } })));
    await eventually(
      () => accepted.length,
      (count) => count === OPEN,
    );
    const items = Array.from({ length: ITEMS }, (_none, index) => ({ id: `item-${index}`, submit: { path: '/operations' } }));
    // So slowly that the key breaks while some are submitted and some are not.
    const batch = await lro.startBatch({ items, maxInFlight: ITEMS, submitsPerSecond: ITEMS / 5 });
    await eventually(
      () => accepted.length,
      (count) => count > OPEN,
    );

    state.key = 'another';
    const brokenAtMs = performance.now();
    const before = accepted.length;
    await eventually(
      () => [...refused.polls.values()].filter((count) => count >= REFUSALS).length,
      (count) => count >= OPEN && refused.submits >= REFUSALS,
      240,
    );
    await sleep(brokenAtMs + BROKEN_SECONDS * 1000 - performance.now());
    expect(accepted.length).toBe(before);
    expect(before).toBeLessThan(OPEN + ITEMS);
    // One at a time tries the key, and not each of those that wait.
    expect(refused.submits).toBeLessThan(Math.max(ITEMS / 2, BROKEN_SECONDS / 3));
    const { counts } = await eventually(
      () => batch.progress(),
      ({ lastProblems }) => lastProblems.some(({ message }) => /credentials/.test(message)),
    );
    expect(counts).toMatchObject({ failed: 0, uncertain: 0 });

    state.key = 'good';
    state.isDone = true;
    const results = await Promise.all(operations.map((operation) => operation.result()));
    expect(results.map(({ status }) => status)).toEqual(operations.map(() => 'Succeeded'));
    expect((await batch.result()).counts).toMatchObject({ total: ITEMS, succeeded: ITEMS });
    expect(new Set(accepted).size).toBe(OPEN + ITEMS);
    expect(accepted).toHaveLength(OPEN + ITEMS);
    await harness.close();
  },
  1_800_000,
);
