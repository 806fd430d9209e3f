/** The emulator's admin API: for this machine, or for whoever has its token. */
import { networkInterfaces } from 'node:os';
import { adminRefusal } from '../../src/emulator/admin-guard';
import { startEmulator, type Emulator } from '../../src/emulator';

/** Of this machine, but loopback. */
const addresses = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .flatMap(({ internal, family, address }) => (!internal && family === 'IPv4' ? [address] : []));

const open: Emulator[] = [];
afterEach(async () => {
  for (const emulator of open.splice(0)) await emulator.close();
});

async function emulator(options: Parameters<typeof startEmulator>[0]): Promise<Emulator> {
  const started = await startEmulator(options);
  open.push(started);
  return started;
}

const ask = async (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> =>
  (await fetch(url, { method, headers })).status;

test('with a token, only requests that carry it are answered', async () => {
  const { url, admin } = await emulator({ adminToken: 'admin-token-31' });
  for (const headers of [{}, { authorization: 'Bearer admin-token-3' }, { authorization: 'admin-token-31' }] as Record<string, string>[]) {
    expect(await ask(`${url}/_admin/requests`, headers)).toBe(403);
    expect(await ask(`${url}/%5fadmin/requests`, headers)).toBe(403);
    expect(await ask(`${url}/_admin/reset`, headers, 'POST')).toBe(403);
    expect(await ask(`${url}/_admin/nothing`, headers)).toBe(403);
  }
  expect(await ask(`${url}/_admin/health`)).toBe(200);
  expect(await admin.requests()).toEqual([]);
  await admin.setDefaults({ durationSeconds: 1 });
});

test('without one, this machine alone is answered', async () => {
  const { port, admin } = await emulator({ host: '0.0.0.0', adminToken: '' });
  expect(await admin.requests()).toEqual([]);
  const from = (remoteAddress: string, url = '/_admin/requests') =>
    adminRefusal({ routeOptions: { url }, headers: {}, socket: { remoteAddress } } as never, undefined);
  for (const remote of ['10.0.0.7', '::ffff:10.0.0.7', '172.17.0.1', 'fe80::1', '']) expect(from(remote)).toMatch(/this machine only/);
  for (const local of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) expect(from(local)).toBeUndefined();
  // From an address of its own that is not loopback, a machine asks as another one would.
  for (const address of addresses) {
    expect(await ask(`http://${address}:${port}/_admin/requests`)).toBe(403);
    expect(await ask(`http://${address}:${port}/_admin/health`)).toBe(200);
  }
});
