/** The worker that receives itself, and the receiver as a process of its own. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import { findFreePorts, startChild, type Child } from '../../src/devserver';
import { writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { CallbackService } from './service';

const taskQueue = `lro-${randomUUID()}`;
const env = { LRO_TEST_WEBHOOK_SECRET: randomUUID(), LRO_LOG_LEVEL: 'debug' };
let service: CallbackService;
let connection: Connection;
let lro: LroClient;

beforeAll(async () => {
  service = await CallbackService.start();
  connection = await Connection.connect({ address: sharedAddress() });
  lro = new LroClient({ client: new Client({ connection }), taskQueue });
});

afterAll(async () => {
  await connection.close();
  await service.close();
});

async function isWoken(): Promise<void> {
  const name = `job-${randomUUID()}`;
  const input = { connection: 'jobs', submit: { path: '/jobs', query: { name, hook: '{callbackUrl}' } } };
  const handle = await lro.start(input, { id: name });
  await handle.accepted();
  expect(await service.callBack(service.finish(name))).toEqual([204]);
  expect(await handle.result()).toMatchObject({ status: 'Succeeded', polls: 1 });
}

const startReceiver = (configPath: string, listen: string): Promise<Child> =>
  startChild({
    name: 'webhooks',
    command: process.execPath,
    args: [resolve(__dirname, '../../dist/webhooks.js')],
    env: { ...process.env, ...env, TEMPORAL_ADDRESS: sharedAddress(), LRO_CONFIG: configPath, LRO_WEBHOOKS_LISTEN: listen },
    readyLine: /webhooks ready: at (\S+),/,
  });

test('the worker receives where its file says so; else another process does, with the same secret', async () => {
  const [own = 0, other = 0] = await findFreePorts(2);
  const config = (port: number, more: object): string =>
    writeConfig(
      { jobs: { baseUrl: service.url } },
      { webhooks: { publicUrl: `http://127.0.0.1:${port}/lro`, secret: { env: 'LRO_TEST_WEBHOOK_SECRET' }, ...more } },
    );
  const receiving = await startWorkerProcess({
    configPath: config(own, { listen: `127.0.0.1:${own}` }),
    address: sharedAddress(),
    taskQueue,
    env,
  });
  expect(receiving.ready?.[0]).toContain(`, webhooks at 127.0.0.1:${own}`);
  await isWoken();
  expect((await receiving.stop()).code).toBe(0);
  const configPath = config(other, {});
  const children = await Promise.all([
    startWorkerProcess({ configPath, address: sharedAddress(), taskQueue, env }),
    startReceiver(configPath, `127.0.0.1:${other}`),
  ]);
  expect(children[0].ready?.[0]).not.toContain('webhooks');
  await isWoken();
  expect(await Promise.all(children.map(async (child) => (await child.stop()).code))).toEqual([0, 0]);
});

test('a place where nobody can listen, and a file without webhooks, are refused at the start', async () => {
  const taken = new URL(service.url).host;
  const webhooks = { publicUrl: service.url, secret: { env: 'LRO_TEST_WEBHOOK_SECRET' }, listen: taken };
  const refused = (start: Promise<Child>): Promise<string> => start.then(() => 'started', String);
  const configPath = writeConfig({ jobs: { baseUrl: service.url } }, { webhooks });
  const said = await Promise.all([
    refused(startWorkerProcess({ configPath, address: sharedAddress(), taskQueue, env })),
    refused(startReceiver(configPath, taken)),
    refused(startReceiver(writeConfig({ jobs: { baseUrl: service.url } }), '127.0.0.1:0')),
  ]);
  expect(said[0]).toContain(`webhooks: cannot listen at ${taken}: another process has this port (EADDRINUSE)`);
  expect(said[1]).toContain(`webhooks: cannot listen at ${taken}: another process has this port (EADDRINUSE)`);
  expect(said[2]).toContain('a receiver needs \\"webhooks: { publicUrl, secret }\\"');
});
