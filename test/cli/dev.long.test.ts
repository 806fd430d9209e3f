/** `lro dev` and `lro doctor` as processes: a first operation, what the doctor says of it, and how all of it ends. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { LroClient } from '../../src/client';
import { startChild, type Child } from '../../src/devserver';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { runLro, type CommandEnd } from '../support/lro-command';

interface Dev extends Child {
  address: string;
  config: string;
  emulatorUrl: string;
}

async function startDev(folder: string, ...more: string[]): Promise<Dev> {
  const config = join(folder, 'lro.config.yaml');
  const ports = ['--port', '0', '--ui-port', '0', '--emulator-port', '0'];
  const child = await startChild({
    name: 'lro dev',
    command: process.execPath,
    args: [resolve(__dirname, '../../dist/cli/lro.js'), 'dev', '--config', config, ...ports, ...more],
    // Settings for another Temporal, which must not be used.
    env: { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_API_KEY: 'of-another-server' },
    readyLine: /Ctrl-C ends all of it/,
    readyTimeoutSeconds: 120,
    stopGraceSeconds: 60,
  });
  const find = (pattern: RegExp): string => pattern.exec(child.output())?.[1] ?? '';
  return Object.assign(child, { config, address: find(/Temporal +(\S+),/), emulatorUrl: find(/emulator +(http\S+)/) });
}

interface Doctor {
  ok: boolean;
  checks: { name: string; state: string; message: string; remedy?: string }[];
}

function doctorOf({ stdout }: CommandEnd): Doctor {
  return JSON.parse(stdout) as Doctor;
}

const stateOf = ({ checks }: Doctor, name: string): string | undefined => checks.find((check) => check.name.startsWith(name))?.state;

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('one terminal, then an operation, a doctor without complaints, and Ctrl-C; the next time Temporal knows it still', async () => {
  const folder = temporaryFolder();
  const database = join(folder, 'temporal.db');
  const dev = await startDev(folder, '--db-filename', database);
  const id = 'first-operation';
  const input = { connection: 'maps', submit: { path: '/styles', body: { version: 8 } } };
  try {
    expect(dev.output()).toMatch(/Temporal .*, by \S+ \(from .+\)\nWeb UI +http/);
    expect(dev.output()).toContain('lro run --connection maps');
    expect(readFileSync(dev.config, 'utf8')).toContain(`baseUrl: ${dev.emulatorUrl}`);
    const lro = await LroClient.connect({ address: dev.address });
    await (await lro.start(input, { id })).result({ timeoutSeconds: 120 });
    await lro.close();

    const healthy = await runLro(['doctor', '--json', '--config', dev.config], { TEMPORAL_ADDRESS: dev.address });
    expect(doctorOf(healthy).checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(healthy).toMatchObject({ code: 0, stderr: '' });
    for (const name of [
      'Node.js',
      'file',
      'encryption',
      'Temporal',
      'namespace',
      'search attributes',
      'workers',
      'connection "maps"',
      'clock',
    ])
      expect(stateOf(doctorOf(healthy), name)).toBe('ok');

    writeFileSync(join(folder, 'other.yaml'), `${readFileSync(dev.config, 'utf8')}\n# changed\n`);
    const other = await runLro(['doctor', '--json', '--config', join(folder, 'other.yaml')], { TEMPORAL_ADDRESS: dev.address });
    expect(stateOf(doctorOf(other), "workers' file")).toBe('warn');
    expect(other.code).toBe(0);
  } finally {
    expect(await dev.kill('SIGINT')).toEqual({ code: 0, signal: null });
  }
  // A second dev server is a second of everything: in long mode only.
  if (process.env['LRO_LONG'] !== '1') return;
  const written = readFileSync(dev.config, 'utf8');
  const again = await startDev(folder, '--db-filename', database);
  try {
    expect(readFileSync(dev.config, 'utf8')).toBe(written);
    expect(again.output()).toContain('no connection of that file is the emulator');
    const lro = await LroClient.connect({ address: again.address });
    expect(await (await lro.start(input, { id })).result({ timeoutSeconds: 60 })).toMatchObject({ status: 'Succeeded' });
    await lro.close();
  } finally {
    await again.kill('SIGINT');
  }
});

test('a child that ends is named with its end, the others end with it, and the exit code is 1', async () => {
  const dev = await startDev(temporaryFolder());
  const doctor = await runLro(['doctor', '--json', '--config', dev.config], { TEMPORAL_ADDRESS: dev.address });
  const { message = '' } = doctorOf(doctor).checks.find(({ name }) => name.startsWith('workers')) ?? {};
  const workerPid = Number(/^(\d+)@/.exec(message)?.[1]);
  process.kill(workerPid, 'SIGKILL');
  expect(await dev.exited).toEqual({ code: 1, signal: null });
  expect(dev.output()).toContain('the worker was ended by SIGKILL, so all of it ends');
  expect(isGone(workerPid)).toBe(true);
  await expect(fetch(dev.emulatorUrl)).rejects.toThrow();
});

test('ports in use and a wrong file are told before anything is started', async () => {
  const folder = temporaryFolder();
  const config = join(folder, 'a.yaml');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const busy = await runLro(['dev', '--config', config, '--port', '0', '--ui-port', '0', '--emulator-port', port], {});
  taken.close();
  expect(busy).toMatchObject({ code: 2, stdout: '' });
  expect(busy.stderr).toContain(`port ${port} is in use by another process: --emulator-port <n> names another`);
  expect(existsSync(config)).toBe(false);
  writeFileSync(config, 'connections: {}');
  const wrong = await runLro(['dev', '--config', config, '--port', '0', '--ui-port', '0', '--emulator-port', '0'], {});
  expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('must name at least one connection') as string });
});

test('the doctor says of each thing that is wrong what to do about it', async () => {
  const LRO_CONFIG = writeConfig({
    gone: { baseUrl: 'http://127.0.0.1:1' },
    nowhere: { baseUrl: 'https://no-such-host.invalid', auth: { type: 'bearer', value: { env: 'NOT_THERE' } } },
    plain: { baseUrl: `https://${sharedAddress()}` },
  });
  const broken = await runLro(['doctor', '--json'], { LRO_CONFIG, TEMPORAL_ADDRESS: '127.0.0.1:1', LRO_ENCRYPTION_KEYS: 'nonsense' });
  expect(broken).toMatchObject({ code: 3, stderr: '' });
  const found = doctorOf(broken);
  expect(found.ok).toBe(false);
  const named = ['encryption', 'Temporal', 'connection "gone"', 'connection "nowhere"', 'connection "plain"'];
  expect(named.map((name) => stateOf(found, name))).toEqual(named.map(() => 'fail'));
  expect(stateOf(found, 'credentials of "nowhere"')).toBe('warn');
  for (const { state, remedy } of found.checks) expect(remedy === undefined).toBe(state === 'ok');
  expect(found.checks.find(({ name }) => name === 'connection "plain"')?.message).toContain('does not speak TLS');

  // Temporal is there, and nobody works.
  const idle = await runLro(['doctor', '--task-queue', 'nobody-is-here', '--config', join(temporaryFolder(), 'none.yaml')], {
    TEMPORAL_ADDRESS: sharedAddress(),
  });
  expect(idle.code).toBe(1);
  expect(idle.stdout).toMatch(/FAIL {2}file .*does not exist/);
  expect(idle.stdout).toMatch(/FAIL {2}workers of "nobody-is-here" +none\n +→ start one/);
});

test('the doctor finds a namespace that is not there', async () => {
  const end = await runLro(['doctor'], { TEMPORAL_ADDRESS: sharedAddress(), TEMPORAL_NAMESPACE: 'no-such-namespace' });
  expect(end.code).toBe(1);
  expect(end.stdout).toContain('lro setup --create-namespace');
});
