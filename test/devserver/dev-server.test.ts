import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findFreePorts, startDevServer } from '../../src/devserver';
import type { DevServer } from '../../src/devserver';

let folder: string;
const servers: DevServer[] = [];

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'dev-server-'))));
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(folder, { recursive: true });
});

async function start(options: Parameters<typeof startDevServer>[0]): Promise<DevServer> {
  const server = await startDevServer(options);
  servers.push(server);
  return server;
}

async function withClient<T>(server: DevServer, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new Client({ connection, namespace: server.namespace }));
  } finally {
    await connection.close();
  }
}

describe('the Temporal dev server', () => {
  it('answers at once when it is said to be started, with its Web UI, metrics and search attributes', async () => {
    const [metricsPort] = await findFreePorts(1);
    const logFile = join(folder, 'temporal.log');
    const server = await start({
      ui: true,
      metricsPort,
      namespace: 'maps',
      searchAttributes: { LroStatus: 'Keyword', LroPolls: 'Int' },
      dynamicConfig: { 'history.timerProcessorMaxTimeShift': '50ms' },
      logFile,
    });
    const attributes = await withClient(server, (client) => client.connection.operatorService.listSearchAttributes({ namespace: 'maps' }));
    expect(Object.keys(attributes.customAttributes)).toEqual(expect.arrayContaining(['LroStatus', 'LroPolls']));
    expect((await fetch(server.uiUrl!)).status).toBe(200);
    expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toContain('service_requests');
    await server.stop();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(logFile, 'utf8')).toContain('Temporal');
  });

  it('comes back after kill -9 with all it knew, on the same ports and file', async () => {
    const databaseFile = join(folder, 'data', 'temporal.db');
    const first = await start({ databaseFile });
    const runId = await withClient(first, async (client) => {
      const handle = await client.workflow.start('waitsForAWorker', { workflowId: 'survivor', taskQueue: 'nobody', args: [{ campus: 7 }] });
      return handle.firstExecutionRunId;
    });
    await first.kill();
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

    const second = await start({ databaseFile, port: first.port });
    expect(second.address).toBe(first.address);
    const description = await withClient(second, (client) => client.workflow.getHandle('survivor').describe());
    expect(description).toMatchObject({ runId, type: 'waitsForAWorker', status: { name: 'RUNNING' } });
    await second.stop();
  });

  it('can be started many times at once, each on ports of its own', async () => {
    const three = await Promise.all([start({}), start({}), start({})]);
    expect(new Set(three.map(({ port }) => port)).size).toBe(3);
    await Promise.all(three.map((server) => server.stop()));
  });

  it('says in its own words why it does not start', async () => {
    const [port] = await findFreePorts(1);
    const holder = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    await expect(startDevServer({ port })).rejects.toThrow(
      /ended with code 1 before it answered. Its last lines:\n.*address already in use/s,
    );
    holder.close();
  });
});
