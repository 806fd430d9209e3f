/** Operations that are always answered 429 or 503 do not stop the others of their connection, through Temporal and all. */
import { testConfig } from '../support/config';
import { startTestHarness } from '../support/in-process';
import { service } from './service';

const NEIGHBOURS = 50;
const POLLS = 3;
const RETRY_AFTER_SECONDS = 5;
/** Of the two that never end. */
const DEADLINE_SECONDS = 120;

test('fifty neighbours of one that is never accepted and one that is never answered are submitted and polled in time', async () => {
  const polls = new Map<string, number[]>();
  const submittedAt = new Map<string, number>();
  const refusals: number[] = [];
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const { url, seen } = await service((request, response) => {
    const path = request.url.split('?')[0] ?? '';
    if (path === '/bad' || (path === '/stuck' && request.method === 'GET')) {
      refusals.push(seconds());
      return response.writeHead(path === '/bad' ? 429 : 503, { 'retry-after': `${RETRY_AFTER_SECONDS}` }).end();
    }
    if (request.method === 'POST') {
      submittedAt.set(path, seconds());
      return response.writeHead(202, { 'operation-location': path, 'retry-after': `${RETRY_AFTER_SECONDS}` }).end();
    }
    const own = [...(polls.get(path) ?? []), seconds()];
    polls.set(path, own);
    const status = own.length < POLLS ? 'Running' : 'Succeeded';
    return response.setHeader('retry-after', `${RETRY_AFTER_SECONDS}`).end(JSON.stringify({ status }));
  });
  const harness = await startTestHarness(testConfig({ maps: { baseUrl: url } }));
  try {
    const input = (path: string) => ({ connection: 'maps', submit: { path } });
    const doomed = await Promise.all(
      ['/bad', '/stuck'].map((path) => harness.lro.start({ ...input(path), deadlineSeconds: DEADLINE_SECONDS })),
    );
    const ended = await Promise.all(Array.from({ length: NEIGHBOURS }, (_, index) => harness.lro.execute(input(`/n${index}`))));
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'Succeeded'));
    const submits = [...submittedAt].filter(([path]) => path !== '/stuck').map(([, at]) => at);
    const gaps = [...polls].flatMap(([path, own]) => own.map((at, index) => at - (own[index - 1] ?? submittedAt.get(path) ?? 0)));
    console.log(
      `submitted within ${Math.max(...submits).toFixed(1)} s, polled after ${Math.min(...gaps).toFixed(1)} to ${Math.max(...gaps).toFixed(1)} s, ` +
        `${refusals.length} refusals, ${seen.length} requests in ${seconds().toFixed(1)} s`,
    );
    expect(submits).toHaveLength(NEIGHBOURS);
    expect(Math.min(...gaps)).toBeGreaterThan(RETRY_AFTER_SECONDS - 0.1);
    // How late they are is a matter of the machine; they do not wait for those two, which stay open until their deadline.
    expect(Math.max(...submits, ...gaps)).toBeLessThan(DEADLINE_SECONDS / 2);
    const open = await Promise.all(doomed.map((handle) => handle.progress()));
    expect(open.filter(({ status }) => status !== 'Failed')).toHaveLength(2);
    // As often as they were told to come, and no more.
    expect(refusals.length).toBeLessThanOrEqual(2 * (1 + seconds() / RETRY_AFTER_SECONDS));
    for (const handle of doomed) await handle.cancel();
  } finally {
    await harness.close();
  }
});
