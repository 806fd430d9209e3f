/** Temporal behind TLS that asks for a client's certificate and an API key: worker, client and `lro`, all by the environment. */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startEmulator, type Emulator } from '../../src/emulator';
import { makeCertificates, testWithCertificates, type Certificates } from '../support/certificates';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { runLro } from '../support/lro-command';
import { startWorkerProcess } from '../support/programs';
import { startTlsProxy } from '../support/tls-proxy';

const IS_LONG = process.env['LRO_LONG'] === '1';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const trust = ({ ca }: Certificates): NodeJS.ProcessEnv => ({ TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca });
const present = ({ client }: Certificates): NodeJS.ProcessEnv => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
});

testWithCertificates(
  'with certificate and API key they work; without one of them they say so, and nothing of the key is written',
  async () => {
    const folder = temporaryFolder();
    const certificates = makeCertificates(join(folder, 'ours'));
    const strangers = makeCertificates(join(folder, 'theirs'));
    const apiKey = randomBytes(24).toString('hex');
    const both = await startTlsProxy(sharedAddress(), { certificates, asksForCertificate: true, apiKey });
    const keyOnly = await startTlsProxy(sharedAddress(), { certificates, apiKey });
    const taskQueue = `lro-${randomUUID()}`;
    const right = { ...trust(certificates), ...present(certificates), TEMPORAL_API_KEY: apiKey };
    const configPath = writeConfig({ default: { baseUrl: emulator.url } });
    const worker = await startWorkerProcess({ configPath, address: both.address, taskQueue, env: right });
    await emulator.admin.addScript({
      name: 'tls',
      routes: [{ method: 'POST', path: '/', answers: [{ httpStatus: 200, body: { id: 1 } }] }],
    });
    const batch = JSON.stringify({ items: [{ id: 'one', submit: { path: '/scripts/tls/' } }] });
    const lro = (args: string[], address: string, env: NodeJS.ProcessEnv) =>
      runLro(args, { LRO_TASK_QUEUE: taskQueue, TEMPORAL_ADDRESS: address, ...env }, batch);

    const id = `tls-${taskQueue}`;
    const started = await lro(['batch', 'start', '--input', '-', '--wait', '--id', id], both.address, right);
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('1 succeeded') as string });
    expect(both.calls.passed).toBeGreaterThan(10);
    expect(both.calls.refused).toBe(0);

    const result = ['batch', 'result', id];
    const byKey = await lro(result, keyOnly.address, { ...trust(certificates), TEMPORAL_API_KEY: apiKey });
    expect(byKey).toMatchObject({ code: 0, stdout: expect.stringContaining('1 succeeded') as string });
    // Each of them tries for ten seconds.
    const refused: [string, NodeJS.ProcessEnv][] = [
      [both.address, { ...trust(certificates), TEMPORAL_API_KEY: apiKey }],
      [both.address, { ...trust(certificates), ...present(strangers), TEMPORAL_API_KEY: apiKey }],
      [both.address, { ...right, TEMPORAL_API_KEY: `${apiKey}x` }],
      [keyOnly.address, { ...trust(strangers), TEMPORAL_API_KEY: apiKey }],
    ];
    for (const end of await Promise.all(refused.slice(0, IS_LONG ? 4 : 0).map(([address, env]) => lro(result, address, env)))) {
      expect(end).toMatchObject({ code: 3, stdout: '' });
      expect(end.stderr).toMatch(/TEMPORAL_API_KEY or TLS|wrong key/);
      expect(end.stderr).not.toContain(apiKey);
    }
    expect(worker.output()).not.toContain(apiKey);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    await Promise.all([both.close(), keyOnly.close()]);
  },
);
