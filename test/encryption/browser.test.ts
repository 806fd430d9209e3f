/**
 * A browser at Temporal's Web UI reads what is encrypted, by the codec server, and only with its token. Skipped where there is no Chromium;
 * with `LRO_LONG=1` only, as it takes longer than all other tests of the codec server.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { chromium, type Browser, type Page } from 'playwright-core';
import { stringify } from 'yaml';
import { LroClient } from '../../src/client';
import { startChild, startDevServer, type Child, type DevServer } from '../../src/devserver';
import { startEmulator, type Emulator } from '../../src/emulator';
import { encryptedData, KeySource } from '../../src/encryption';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { workflowBundle } from '../support/bundle';

const CHROMIUM = [process.env['CHROMIUM_PATH'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
if (CHROMIUM === undefined) console.warn('skipped: no Chromium (CHROMIUM_PATH)');
const browserTest = CHROMIUM !== undefined && process.env['LRO_LONG'] === '1' ? test : test.skip;

const TOKEN = randomBytes(20).toString('hex');
const CANARY = 'canary-in-the-input';
const keysText = stringify({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });

browserTest('the page of an operation shows its input, its result and its summary, once the browser has signed in', async () => {
  let server: DevServer | undefined;
  let codec: Child | undefined;
  let emulator: Emulator | undefined;
  let harness: TestHarness | undefined;
  let connection: Connection | undefined;
  let browser: Browser | undefined;
  try {
    [server, emulator] = await Promise.all([startDevServer({ ui: true }), startEmulator()]);
    codec = await startChild({
      name: 'codec server',
      command: process.execPath,
      args: [resolve(__dirname, '../../dist/cli/lro.js'), 'codec-server', '--listen', '127.0.0.1:0', '--allow-origin', server.uiUrl ?? ''],
      env: { ...process.env, LRO_ENCRYPTION_KEYS: keysText, LRO_CODEC_TOKEN: TOKEN },
      readyLine: /codec server ready at (\S+),/,
    });
    const codecUrl = codec.ready?.[1] ?? '';
    const encryption = KeySource.ofText(keysText);
    harness = await startTestHarness(testConfig({ default: { baseUrl: emulator.url } }), {
      address: server.address,
      encryption,
      worker: { workflowBundle: workflowBundle({ encodesFailures: true }) },
    });
    connection = await Connection.connect({ address: server.address });
    const lro = new LroClient({
      client: new Client({ connection, dataConverter: encryptedData(encryption) }),
      taskQueue: harness.taskQueue,
    });
    await emulator.admin.addScript({
      name: 'ui',
      routes: [{ method: 'POST', path: '/', answers: [{ httpStatus: 200, body: { note: 'canary-in-the-result' } }] }],
    });
    const id = `ui-${randomUUID()}`;
    await lro.execute({ submit: { path: '/scripts/ui/', body: { note: CANARY } } }, { id });

    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    const context = await browser.newContext();
    // As the UI's own dialog "Codec Server" keeps it.
    const settings = { endpoint: codecUrl, includeCredentials: true, overrideRemoteCodecConfiguration: true };
    const kept = Object.entries(settings).map(([name, value]) => [name, JSON.stringify(value)]);
    await context.addInitScript(`for (const [name, value] of ${JSON.stringify(kept)}) localStorage.setItem(name, value)`);
    const page = await context.newPage();
    const operationUrl = `${server.uiUrl ?? ''}/namespaces/default/workflows/${id}`;
    const refused = page.waitForResponse((answer) => answer.url().startsWith(`${codecUrl}/decode`) && answer.request().method() === 'POST');
    await page.goto(operationUrl);
    expect((await refused).status()).toBe(401);
    expect(await textOf(page)).not.toContain(CANARY);

    await page.goto(codecUrl);
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Signed in' }).waitFor();
    await page.goto(operationUrl);
    await page.getByText(CANARY).first().waitFor();
    await page.getByText('canary-in-the-result').first().waitFor();
    await page.getByText('POST /scripts/ui/ · default').first().waitFor();
  } finally {
    await browser?.close();
    await harness?.close();
    await connection?.close();
    await Promise.all([codec?.stop(), server?.stop(), emulator?.close()]);
  }
});

async function textOf(page: Page): Promise<string> {
  return (await page.locator('body').textContent()) ?? '';
}
