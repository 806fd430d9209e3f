/** Where the worker process receives, over several versions of its file. */
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import type { LroConfig } from '../../src/config';
import { findFreePorts } from '../../src/devserver/free-ports';
import { WebhookPort } from '../../src/hosting/webhook-port';
import { Callbacks } from '../../src/transport/callbacks';
import { testConfig } from '../support/config';
import { eventually } from '../support/eventually';

const env = { FIRST: '1'.repeat(32), SECOND: '2'.repeat(32) };
// Nothing is woken here, so nothing connects.
const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:9' }) });
const port = new WebhookPort(pino({ level: 'silent' }));
const before = { ...process.env };

beforeAll(() => void Object.assign(process.env, env));
afterAll(async () => {
  process.env = before;
  await port.close();
  await client.connection.close();
});

function configAt(listen: string | undefined, secret: keyof typeof env, formerSecrets: (keyof typeof env)[] = []): LroConfig {
  const former = formerSecrets.map((name) => ({ env: name }));
  const webhooks = {
    publicUrl: 'http://127.0.0.1/x',
    secret: { env: secret },
    formerSecrets: former,
    ...(listen === undefined ? {} : { listen }),
  };
  return testConfig({ jobs: { baseUrl: 'http://127.0.0.1:9' } }, { webhooks }, env);
}

/** Whether a URL is taken there; only who has a right one is told that a body is too long. */
async function isTaken(listen: string, secret: keyof typeof env): Promise<boolean | 'closed'> {
  const url = new Callbacks(`http://${listen}`, [env[secret]]).urlOf({ workflowId: 'w', firstRunId: 'r', connection: 'jobs', key: '0.0' });
  const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(1_048_577) }).catch(() => undefined);
  if (answer !== undefined) return answer.status === 413;
  // A refusal closes the socket under a body that is still being sent: one without a body is answered.
  return fetch(url, { method: 'POST' }).then(
    ({ status }) => status !== 404,
    () => 'closed',
  );
}

/** What is under way is answered first. */
const isClosed = (taken: boolean | 'closed'): boolean => taken === 'closed';

test('another file is judged by at once, another place opens before the old one closes, and a refused file changes nothing', async () => {
  const [one = '', two = ''] = (await findFreePorts(2)).map((free) => `127.0.0.1:${free}`);
  (await port.open(configAt(one, 'FIRST'))).use(client);
  expect([await isTaken(one, 'FIRST'), await isTaken(one, 'SECOND')]).toEqual([true, false]);
  // Not in use yet, and then refused.
  await (await port.open(configAt(two, 'SECOND'))).discard();
  expect([await isTaken(one, 'FIRST'), await isTaken(two, 'SECOND')]).toEqual([true, 'closed']);
  (await port.open(configAt(one, 'SECOND', ['FIRST']))).use(client);
  expect([await isTaken(one, 'FIRST'), await isTaken(one, 'SECOND')]).toEqual([true, true]);
  (await port.open(configAt(one, 'SECOND'))).use(client);
  expect([await isTaken(one, 'FIRST'), await isTaken(one, 'SECOND')]).toEqual([false, true]);
  (await port.open(configAt(two, 'SECOND'))).use(client);
  expect(await isTaken(two, 'SECOND')).toBe(true);
  await eventually(() => isTaken(one, 'SECOND'), isClosed);
  (await port.open(configAt(undefined, 'FIRST'))).use(client);
  await eventually(() => isTaken(two, 'SECOND'), isClosed);
});
