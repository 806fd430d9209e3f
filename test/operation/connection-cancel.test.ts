/** `cancel` of a connection: how the service is asked where the input does not say. */
import { service } from '../http/service';
import { testConfig } from '../support/config';
import { startTestHarness } from '../support/in-process';

test('an operation whose input names no cancel request is cancelled as its connection says, whatever callers may send', async () => {
  const { url, seen } = await service(({ method, url: to }, response) => {
    if (to.startsWith('/things') && method === 'POST')
      return response.writeHead(202, { 'operation-location': '/jobs/7?v=1', 'retry-after': '60' }).end();
    return response.writeHead(202).end();
  });
  const cancel = { path: '{statusPath}:stop' };
  const allow = { methods: ['POST'], paths: ['/things'] };
  const harness = await startTestHarness(testConfig({ default: { baseUrl: url, cancel, allow } }));
  const start = (more: object = {}) => harness.lro.start({ submit: { path: '/things' }, ...more });
  try {
    const [plain, own] = await Promise.all([start(), start({ cancel: { path: '{statusPath}:halt' } })]);
    for (const handle of [plain, own]) {
      await handle.accepted();
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow(/cancelled/);
    }
    expect(seen.filter(({ url: to }) => to.startsWith('/jobs')).map(({ method, url: to }) => `${method} ${to.split('?')[0]}`)).toEqual([
      'POST /jobs/7:stop',
      // A caller's own is under `allow`.
      'GET /jobs/7',
    ]);
  } finally {
    await harness.close();
  }
});
