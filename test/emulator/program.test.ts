import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EmulatorAdmin, buildDrawingPackage, startEmulator } from '../../src/emulator';
import { statusOf, statusUrlOf, submit, upload, version } from './support';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'emulator-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the state', () => {
  it('survives a restart on the same file', async () => {
    const options = { operationSeconds: 0, databasePath: join(directory, 'state.db') };
    const first = await startEmulator(options);
    const udid = await upload(first, await buildDrawingPackage());
    await first.admin.setDefaults({ hold: true });
    const accepted = await submit(first, '/styles', { body: '{}', headers: { 'Operation-Id': 'one' } });
    await first.admin.addFault({ match: { path: '^/tilesets' }, action: { answer: { httpStatus: 503 } } });
    await first.admin.addScript({ name: 's', routes: [{ path: '/', answers: [{ httpStatus: 201 }, { httpStatus: 202 }] }] });
    await fetch(`${first.url}/scripts/s/`);
    await first.admin.waitForRequests({ count: 4, answered: true });
    const before = await first.admin.requests();
    await first.close();

    const second = await startEmulator({ ...options, port: first.port });
    expect(await second.admin.requests()).toEqual(before);
    expect(await statusOf(await fetch(statusUrlOf(accepted)))).toMatchObject({ operationId: 'one', status: 'Running' });
    expect((await statusOf(await submit(second, '/styles', { body: '{}', headers: { 'Operation-Id': 'one' } }))).operationId).toBe('one');
    expect((await second.admin.operations()).submits).toEqual([{ key: 'one', count: 2 }]);
    expect((await submit(second, '/tilesets')).status).toBe(503);
    expect((await fetch(`${second.url}/scripts/s/`)).status).toBe(202);
    await second.admin.setDefaults({});
    const converted = await fetch(statusUrlOf(await submit(second, `/conversions?udid=${udid}`)));
    expect((await statusOf(converted)).status).toBe('Succeeded');
    await second.close();
  });
});

describe('the program', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Runs `main.ts` compiled on the fly, the way the tests themselves are compiled. */
  async function run(args: string[], env: Record<string, string> = {}): Promise<string> {
    const loader = join(__dirname, 'run-typescript.js');
    child = spawn(process.execPath, ['--require', loader, join(__dirname, '../../src/emulator/main.ts'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const ready = /^emulator ready at (http:\S+)$/.exec(line);
      if (ready !== null) return ready[1]!;
    }
    throw new Error('The program ended without being ready.');
  }

  it('loses nothing it has answered when it is killed', async () => {
    const url = await run(['--port', '0', '--database', join(directory, 'state.db')], { EMULATOR_OPERATION_SECONDS: '1000' });
    const accepted = await fetch(`${url}/styles?${version}`, { method: 'POST', body: '{}' });
    expect(accepted.status).toBe(202);
    child?.kill('SIGKILL');
    await once(child!, 'exit');
    const again = await run(['--port', new URL(url).port, '--database', join(directory, 'state.db')]);
    expect((await fetch(statusUrlOf(accepted))).status).toBe(200);
    expect(await new EmulatorAdmin(again).requests({ method: 'POST' })).toHaveLength(1);
  });

  it('ends with 0 on SIGTERM', async () => {
    const url = await run(['--port', '0', '--retry-after-seconds', 'none']);
    const accepted = await fetch(`${url}/styles?${version}`, { method: 'POST', body: '{}' });
    expect(accepted.headers.get('retry-after')).toBeNull();
    expect(await new EmulatorAdmin(url).health()).toEqual({ status: 'ok' });
    child?.kill('SIGTERM');
    expect((await once(child!, 'exit'))[0]).toBe(0);
  });
});
