/** What answers to a look for an uncertain submit mean. [protocol.md section 4, "uncertain"] */
import fc from 'fast-check';
import type { Exchange } from '../../src/lro/answer';
import { parseExpression, parseTemplate } from '../../src/lro/expressions';
import { decideLook, findUrl, readFindPage, type Looking, type Wanted } from '../../src/lro/find';
import type { Find } from '../../src/lro/find-rules';
import type { SubmitContext } from '../../src/lro/monitor';
import { settings } from './given';

const NOW_MS = Date.UTC(2026, 10, 27, 12, 0, 0);
const BASE = 'https://jobs.example';
const SETTINGS = { ...settings({ trust: { baseUrl: BASE, trustedHosts: ['jobs.example'] } }), timeoutSeconds: 30 };
const CONTEXT: SubmitContext = {
  connection: 'jobs',
  method: 'POST',
  url: `${BASE}/jobs?project=a%26b`,
  idempotencyHeaders: [],
  attempts: 1,
};
const WANTED: Wanted = {
  submitted: { url: CONTEXT.url, body: { name: 'night run', size: 3 } },
  idempotencyKey: 'key-1',
  firstSentAtMs: NOW_MS,
};
const names = ['base', 'idempotencyKey'] as const;

function find(more: Partial<Find> = {}): Find {
  return {
    url: parseTemplate('{base}/jobs?tag={idempotencyKey}', names),
    items: parseExpression('$response.body#/data'),
    next: [parseTemplate('$response.body#/next', ['base'])],
    maxPages: 10,
    match: [{ expression: parseExpression('$response.body#/tag'), value: parseTemplate('{idempotencyKey}', names) }],
    pollingLocation: [parseTemplate('{base}/jobs/{$response.body#/id}', ['base'])],
    absenceIsProof: true,
    ...more,
  };
}

function answer(body: unknown, httpStatus = 200, headers: Record<string, string> = {}): Exchange {
  return {
    kind: 'answer',
    method: 'GET',
    url: `${BASE}/jobs`,
    httpStatus,
    headers,
    body: { text: typeof body === 'string' ? body : JSON.stringify(body) },
  };
}

const page = (exchange: Exchange, rules = find()) => readFindPage(exchange, rules, WANTED, SETTINGS, NOW_MS);

function look(exchange: Exchange, at: Partial<Looking> & { afterSeconds?: number } = {}, rules = find()) {
  const { afterSeconds = 0, looks = 0 } = at;
  const read = page(exchange, rules);
  const seen = read.kind === 'read' ? { entries: read.entries, isCut: false } : { entries: [], isCut: true, unreadable: read };
  return decideLook(seen, rules, { sinceMs: NOW_MS, looks }, CONTEXT, SETTINGS, NOW_MS + afterSeconds * 1000, 0);
}

describe('where it is looked', () => {
  test.each([
    ['{base}/jobs?tag={idempotencyKey}', `${BASE}/jobs?tag=key-1`],
    ['{base}/jobs?name={$request.body#/name}', `${BASE}/jobs?name=night%20run`],
    ['{base}/{$request.query.project}/jobs', `${BASE}/a%26b/jobs`],
    ['/tokens/{idempotencyKey}', `${BASE}/tokens/key-1`],
  ])('%s', (text, url) => {
    expect(findUrl(find({ url: parseTemplate(text, names) }), WANTED, SETTINGS)).toBe(url);
  });

  test('nowhere, where the submit lacks what the URL is made of', () => {
    expect(findUrl(find({ url: parseTemplate('{base}/{$request.body#/none}', names) }), WANTED, SETTINGS)).toBeUndefined();
  });
});

describe('a list', () => {
  test('has those entries that match, and the next page', () => {
    const read = page(answer({ data: [{ tag: 'key-1', id: 1 }, { tag: 'KEY-1' }, { tag: null }, 7, [], { id: 2 }], next: '/jobs?page=2' }));
    expect(read).toMatchObject({ kind: 'read', entries: [{}], next: `${BASE}/jobs?page=2` });
  });

  test.each([[{}], [{ data: null }], [{ data: [] }]])('%j is empty', (body) => {
    expect(page(answer(body))).toMatchObject({ kind: 'read', entries: [] });
  });

  test.each<[Exchange, RegExp]>([
    [answer({ data: 'none' }), /no list at \$response\.body#\/data/],
    [answer('<html>sign in</html>'), /HTML page/],
    [answer({}, 404), /404/],
    [answer({}, 503), /503/],
    [answer('', 302, { location: '/login' }), /302/],
    [{ kind: 'noAnswer', method: 'GET', url: BASE, maybeSent: true, reason: 'timed out' }, /timed out/],
  ])('that cannot be read is no look (%#)', (exchange, reason) => {
    expect(page(exchange)).toMatchObject({ kind: 'unreadable', reason: expect.stringMatching(reason) as string });
    expect(look(exchange, { looks: 1, afterSeconds: 61 })).toMatchObject({ kind: 'lookAgain', looks: 1, trouble: {} });
    // It ends all the same, and proves nothing.
    expect(look(exchange, { looks: 1, afterSeconds: 400 })).toMatchObject({ kind: 'notFound', isProof: false });
  });

  test('of a busy service is read again when it says', () => {
    expect(look(answer({}, 429, { 'retry-after': '40' }))).toMatchObject({
      kind: 'lookAgain',
      waitSeconds: 40,
      trouble: { kind: 'Throttled' },
    });
  });
});

describe('an entry', () => {
  test('is followed as it stands, and not taken for the end', () => {
    const decision = look(answer({ data: [{ tag: 'key-1', id: 'j 1', status: 'done' }] }));
    expect(decision).toMatchObject({ kind: 'accepted', monitor: { statusUrl: `${BASE}/jobs/j%201`, connection: 'jobs' } });
  });

  test('that names nothing to poll is not followed', () => {
    expect(look(answer({ data: [{ tag: 'key-1' }] }))).toMatchObject({
      kind: 'notFound',
      isProof: false,
      message: expect.stringContaining('tag') as string,
    });
  });

  test('on its own that names nothing to poll is no job, and read again', () => {
    const rules = find({ items: undefined, match: [] });
    const note = answer({ note: 'of a gateway' });
    expect(look(note, { looks: 1, afterSeconds: 61 }, rules)).toMatchObject({
      kind: 'lookAgain',
      looks: 1,
      trouble: { kind: 'Unreadable', message: expect.stringContaining('names nothing to poll') as string },
    });
    expect(look(note, { looks: 1, afterSeconds: 400 }, rules)).toMatchObject({ kind: 'notFound', isProof: false });
  });

  test('on its own is polled when its answer says', () => {
    const rules = find({ items: undefined });
    const busy = answer({ tag: 'key-1', id: 1 }, 200, { 'retry-after': '9' });
    expect(look(busy, {}, rules)).toMatchObject({ kind: 'accepted', waitSeconds: 9, why: 'Retry-After' });
    expect(look(answer({ data: [{ tag: 'key-1', id: 1 }] }))).toMatchObject({ kind: 'accepted', waitSeconds: 1, why: 'default interval' });
  });

  test('on its own, read at the URL that is polled, shows by its status that it is a monitor', () => {
    const rules = find({ items: undefined, pollingLocation: [parseTemplate('{base}/jobs', ['base'])] });
    expect(look(answer({ tag: 'key-1', status: 'Running' }), {}, rules)).toMatchObject({ monitor: { style: 'monitor' } });
    expect(look(answer({ tag: 'key-1' }), {}, rules)).toMatchObject({ monitor: { style: 'unknown' } });
    const elsewhere = find({ items: undefined });
    expect(look(answer({ tag: 'key-1', id: 1, status: 'Running' }), {}, elsewhere)).toMatchObject({ monitor: { style: 'unknown' } });
  });

  test('on its own is there or not', () => {
    const rules = find({ items: undefined });
    expect(look(answer({ tag: 'key-1', id: 1 }), {}, rules)).toMatchObject({ kind: 'accepted' });
    for (const none of [answer({}, 404), answer('', 410)])
      expect(look(none, { looks: 1, afterSeconds: 60 }, rules)).toMatchObject({ kind: 'notFound', isProof: true });
  });
});

describe('absence', () => {
  const empty = answer({ data: [] });

  test.each([
    ['the first look', { looks: 0, afterSeconds: 100 }, 'lookAgain'],
    ['a second one before the service has settled', { looks: 5, afterSeconds: 59 }, 'lookAgain'],
    ['the second, once it has settled', { looks: 1, afterSeconds: 60 }, 'notFound'],
  ])('is told by %s', (_, at, kind) => {
    expect(look(empty, at).kind).toBe(kind);
  });

  test('is proof only where the file says so', () => {
    expect(look(empty, { looks: 1, afterSeconds: 60 })).toMatchObject({ isProof: true });
    expect(look(empty, { looks: 1, afterSeconds: 60 }, find({ absenceIsProof: false }))).toMatchObject({ isProof: false });
    expect(look(empty, { looks: 1, afterSeconds: 5 }, find({ settleSeconds: 5 }))).toMatchObject({ isProof: true });
  });

  test('is none where there are more pages than are read', () => {
    const cut = decideLook({ entries: [], isCut: true }, find(), { sinceMs: NOW_MS, looks: 1 }, CONTEXT, SETTINGS, NOW_MS + 60_000, 0);
    expect(cut).toMatchObject({ kind: 'notFound', isProof: false, message: expect.stringMatching(/first 10 pages/) as string });
  });

  test('is looked at more and more seldom, and for the last time when it has settled', () => {
    const waits: number[] = [];
    for (let [afterSeconds, looks] = [0, 0]; ; looks++) {
      const decision = look(empty, { looks, afterSeconds });
      if (decision.kind !== 'lookAgain') break;
      waits.push(decision.waitSeconds);
      afterSeconds += decision.waitSeconds;
    }
    expect(waits).toEqual([1, 1, 2, 4, 8, 16, 28]);
  });
});

test('whatever is answered, a look ends, waits a finite time, and follows no host that nobody trusts', () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constant({ data: [{ tag: 'key-1', id: '//evil.example/' }] }).map((one) => JSON.stringify(one)),
  );
  fc.assert(
    fc.property(bodies, fc.integer({ min: 200, max: 599 }), fc.nat(1000), fc.nat(10), (body, code, afterSeconds, looks) => {
      const decision = look(answer(body, code), { looks, afterSeconds });
      if (decision.kind === 'lookAgain') expect(Number.isFinite(decision.waitSeconds) && decision.waitSeconds >= 1).toBe(true);
      if (decision.kind === 'accepted') expect(new URL(decision.monitor.statusUrl).origin).toBe(BASE);
      if (afterSeconds > 360 && looks > 0) expect(decision.kind).not.toBe('lookAgain');
    }),
  );
});
