/**
 * Answers that are as long as is documented to be kept (a status URL and a `Location` of 16 KiB, ten cookies of 1 KiB), of many operations at
 * once: every item is accounted for and submitted once, and nothing that is passed on is above 1 MiB. On 0.1.0, and later as long as only each
 * argument of the next run was bounded and not their sum, such a batch stood still for ever with all its items accepted.
 */
import type { ServerResponse } from 'node:http';
import type { BatchItem } from '../../src/contract';
import { MAX_BUSY_MS } from '../support/event-loop';
import { tooLarge } from '../support/footprint';
import { HostileHarness, type Handle } from './harness';
import { answerJson, longAcceptance, longCookies, longUrl } from './longest';
import type { Asked } from './service';

jest.setTimeout(600_000);

/** An item's operation at the service. */
interface Played {
  polls: number;
  submits: number;
}

const played = new Map<string, Played>();
/** Answers that are held back. */
const held: ServerResponse[] = [];

/** Paths are `/how it goes/id`. */
function answer({ method, url }: Asked, response: ServerResponse, base: string): unknown {
  const [, place = '', how = '', id = ''] = (url.split('?')[0] ?? '').split('/');
  const key = `${how}/${id}`;
  const operation = played.get(key) ?? { polls: 0, submits: 0 };
  played.set(key, operation);
  if (method === 'POST' && url.includes(':cancel')) return answerJson(response, 202, {}, { 'set-cookie': longCookies() });
  if (method === 'POST') return submitted(how, id, ++operation.submits, response, base);
  if (place === 'things') return answerJson(response, 200, { text: 'x'.repeat(100_000) });
  operation.polls++;
  const news = { 'set-cookie': longCookies(operation.polls), 'operation-location': longUrl(base, `/operations/${how}/${id}`) };
  const ends = how === 'open' ? Infinity : 3;
  if (operation.polls < ends) {
    return answerJson(response, 200, { status: 'Running' }, { ...news, 'retry-after': how === 'open' ? '3600' : '0' });
  }
  return answerJson(response, 200, {
    status: 'Succeeded',
    resourceLocation: longUrl(base, `/things/${how}/${id}`),
    text: 'x'.repeat(9000),
  });
}

function submitted(how: string, id: string, tries: number, response: ServerResponse, base: string): unknown {
  const accepted = longAcceptance(base, `${how}/${id}`);
  switch (how) {
    case 'late':
      // What is long comes with the polls.
      return answerJson(response, 202, {}, { 'operation-location': `${base}/operations/${how}/${id}`, 'retry-after': '0' });
    case 'throttled':
      if (tries === 1) return answerJson(response, 429, {}, { 'retry-after': '0', 'set-cookie': longCookies() });
      break;
    case 'atOnce':
      return answerJson(
        response,
        200,
        { status: 'Succeeded', text: 'x'.repeat(9000) },
        { location: longUrl(base, `/things/${how}/${id}`), 'set-cookie': longCookies() },
      );
    case 'held':
      if (tries === 1) return held.push(response);
      break;
  }
  return answerJson(response, 202, {}, accepted);
}

function items(how: string, count: number, more: Partial<BatchItem> = {}): BatchItem[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${how}-${index}`,
    onUncertainSubmit: index % 2 === 0 ? 'fail' : 'retry',
    fetchResource: true,
    ...more,
    submit: { path: `/items/${how}/${index}` },
  }));
}

let harness: HostileHarness;
beforeAll(async () => {
  harness = await HostileHarness.open(answer, { workerEnv: { LRO_CONTINUE_AS_NEW_AFTER_EVENTS: '60' } });
});
afterAll(() => harness.close());

/** How often the items of a kind were submitted. */
function submitsOf(how: string): number[] {
  return Object.entries(harness.service.counts('POST')).flatMap(([path, count]) => (path.startsWith(`/items/${how}/`) ? [count] : []));
}

async function expectAccountedFor(handle: Handle, wanted: readonly BatchItem[], outcomes: Record<string, number>): Promise<void> {
  expect(await harness.end(handle)).toMatchObject({ result: { counts: { total: wanted.length, ...outcomes } } });
  const lines = harness.lines(handle);
  expect(lines.map(({ id }) => id).sort()).toEqual(wanted.map(({ id }) => id).sort());
  await expectBounded(handle);
}

async function expectBounded(handle: Handle): Promise<void> {
  const footprint = await harness.footprint(handle);
  expect(footprint.troubles).toEqual([]);
  expect(tooLarge(footprint)).toEqual([]);
}

const N = 50;

test.each([
  ['whose acceptances are long', 'long', 1],
  ['that are refused once, with long cookies', 'throttled', 2],
] as const)('50 items %s', async (_, how, submits) => {
  const wanted = items(how, N);
  const handle = await harness.startBatch({ items: wanted });
  await expectAccountedFor(handle, wanted, { succeeded: N });
  expect(submitsOf(how)).toEqual(Array.from({ length: N }, () => submits));
});

// More than one run can carry, if all that their answers say were kept.
const MANY = 250;

test.each([
  [`${MANY} items whose polls are long`, 'late'] as const,
  [`${MANY} items that have succeeded at once, with a long place where the result is`, 'atOnce'] as const,
] as const)('%s', async (_, how) => {
  const wanted = items(how, MANY);
  const handle = await harness.startBatch({ items: wanted });
  await expectAccountedFor(handle, wanted, { succeeded: MANY });
  expect(submitsOf(how)).toEqual(Array.from({ length: MANY }, () => 1));
});

test('50 items that are cancelled: the service is told of all that it has taken', async () => {
  const wanted = items('open', N, { cancel: { path: '{statusPath}:cancel' } });
  const handle = await harness.startBatch({ items: wanted });
  await harness.service.until('GET', ({ url }) => url.startsWith('/operations/open/'), 10);
  await handle.cancel();
  await harness.end(handle);
  await expectBounded(handle);
  const taken = submitsOf('open');
  expect(taken.every((count) => count === 1)).toBe(true);
  expect(harness.lines(handle).filter(({ outcome }) => outcome === 'canceled')).toHaveLength(taken.length);
  const told = Object.keys(harness.service.counts('POST')).filter((path) => path.endsWith(':cancel'));
  expect(told).toHaveLength(taken.length);
});

test('50 items whose worker dies after it has claimed some of them: none is lost, and none is sent twice that must not be', async () => {
  const wanted = items('held', N);
  const handle = await harness.startBatch({ items: wanted });
  await harness.service.until('POST', ({ url }) => url.startsWith('/items/held/'), 10);
  await harness.killWorker();
  for (const response of held.splice(0)) response.destroy();
  await harness.startWorker();
  await expectAccountedFor(handle, wanted, {});
  const submits = harness.service.counts('POST');
  const ends = harness.lines(handle).map(({ id, outcome }) => {
    const index = Number(id.split('-')[1]);
    return { mode: index % 2 === 0 ? 'fail' : 'retry', outcome, submits: submits[`/items/held/${index}`] ?? 0 };
  });
  const once = ends.filter(({ mode }) => mode === 'fail');
  expect(once.filter(({ submits: sent, outcome }) => sent > 1 || !['succeeded', 'uncertain'].includes(outcome))).toEqual([]);
  expect(once.filter(({ outcome }) => outcome === 'uncertain').length).toBeGreaterThan(0);
  const again = ends.filter(({ mode }) => mode === 'retry');
  expect(again.filter(({ submits: sent, outcome }) => sent > 2 || outcome !== 'succeeded')).toEqual([]);
});

test('the worker kept its event loop free all the while', () => {
  expect(harness.longestMs()).toBeLessThan(MAX_BUSY_MS);
});
