/** The worker and the emulator started wrongly, as processes: one clear line each, without a stack, and the exit code of the table. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';

interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<End> {
  const child = spawn(process.execPath, [resolve(__dirname, '../../dist', program), ...args], {
    env: { ...process.env, LRO_LOG_FORMAT: 'json', LRO_CONFIG: writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const worker = (env: NodeJS.ProcessEnv): Promise<End> => run('worker.js', [], { TEMPORAL_ADDRESS: '127.0.0.1:1', ...env });

function expectNoStack({ stderr }: End): void {
  expect(stderr).not.toMatch(/\n? {4}at |"stack"|os error|panicked|tonic/);
}

/** Takes connections and never says a word. */
let silent: Server;
let silentAddress: string;
beforeAll(async () => {
  silent = createServer((socket) => socket.on('error', () => undefined));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => silent.close());

test('the worker says what it reads, and that it has no arguments', async () => {
  const help = await run('worker.js', ['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const word of ['LRO_CONFIG', 'TEMPORAL_ADDRESS', 'docs/configuration.md', 'Exit codes']) expect(help.stdout).toContain(word);
  const wrong = await run('worker.js', ['--config', 'x.yaml']);
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/^the worker has no argument "--config".*--help.*\n$/);
});

test.each([
  ['a folder for a file', () => ({ LRO_CONFIG: temporaryFolder() }), /is a folder, not a file/],
  ['a profile that is not there', () => ({ TEMPORAL_PROFILE: 'nope' }), /TEMPORAL_PROFILE=nope.*'nope' not found/],
  [
    'a metrics port that is in use',
    () => ({ LRO_METRICS_ADDRESS: silentAddress }),
    /LRO_METRICS_ADDRESS: cannot listen at .*another process/,
  ],
  ['metrics at a host name', () => ({ LRO_METRICS_ADDRESS: 'localhost:9464' }), /LRO_METRICS_ADDRESS: must be an IP address and a port/],
  ['a health port that is in use', () => ({ LRO_HEALTH_ADDRESS: silentAddress }), /LRO_HEALTH_ADDRESS: cannot listen at .*EADDRINUSE/],
])('the worker refuses %s with exit code 2', async (_, env, message) => {
  const end = await worker(env());
  expect(end.code).toBe(2);
  expect(end.stderr).toMatch(message);
  expectNoStack(end);
});

test('the worker refuses a webhook port that is in use with exit code 2', async () => {
  const secret = { env: 'WEBHOOK_SECRET' };
  const webhooks = { publicUrl: 'https://example.com', secret, listen: silentAddress };
  const LRO_CONFIG = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } }, { webhooks });
  const end = await worker({ LRO_CONFIG, TEMPORAL_ADDRESS: sharedAddress(), WEBHOOK_SECRET: 'x'.repeat(64) });
  expect(end.code).toBe(2);
  expect(end.stderr).toMatch(/webhooks: cannot listen at .*EADDRINUSE/);
  expectNoStack(end);
});

test('TLS to a port without it, and a port where nobody listens, are told apart: exit code 3', async () => {
  const [plain, nobody] = await Promise.all([worker({ TEMPORAL_ADDRESS: sharedAddress(), TEMPORAL_TLS: 'true' }), worker({})]);
  expect(plain.code).toBe(3);
  expect(plain.stderr).toMatch(/does not speak TLS \(unset TEMPORAL_TLS/);
  expectNoStack(plain);
  expect(nobody.code).toBe(3);
  expect(nobody.stderr).toMatch(/127\.0\.0\.1:1: nothing listens there/);
  expectNoStack(nobody);
});

test('the worker warns of a variable that it does not know', async () => {
  const { stderr } = await worker({ LRO_TASKQUEUE: 'x' });
  // Those of the test's own environment are not known, either.
  const line = stderr.split('\n').find((one) => one.includes('LRO_TASKQUEUE'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    level: 'warn',
    msg: 'LRO_TASKQUEUE is no variable that is read; did you mean LRO_TASK_QUEUE?',
  });
});

test.each([
  ['--port abc', 2, /--port <number>.*'abc'.*must be a number/],
  ['--port 99999', 2, /<=65535[\s\S]*port/],
  ['--idempotency maybe', 2, /--idempotency.*must be true or false/],
  ['--retry-after-seconds soon', 2, /--retry-after-seconds.*must be a number/],
  ['--prot 1', 2, /unknown option '--prot'[\s\S]*--port/],
])('the emulator refuses %s', async (args, code, message) => {
  const end = await run('emulator/main.js', args.split(' '));
  expect(end).toMatchObject({ code, stdout: '' });
  expect(end.stderr).toMatch(message);
  expectNoStack(end);
});

test('the emulator names a port that is in use', async () => {
  const end = await run('emulator/main.js', ['--port', silentAddress.split(':')[1] ?? '']);
  expect(end).toMatchObject({ code: 1, stdout: '' });
  expect(end.stderr).toContain(`another process listens at ${silentAddress}`);
  expectNoStack(end);
});
