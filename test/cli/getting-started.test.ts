/** The service of docs/getting-started.md, its file by `lro init`, and a worker: as the page says. */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LroClient } from '../../src/client';
import { findFreePorts, startChild } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { runLro } from '../support/lro-command';
import { startWorkerProcess } from '../support/programs';

const PAGE = readFileSync(resolve(__dirname, '../../docs/getting-started.md'), 'utf8');

test('an operation of the service on the page succeeds', async () => {
  const folder = temporaryFolder();
  const [port = 0] = await findFreePorts(1);
  const program = join(folder, 'service.mjs');
  writeFileSync(program, /```js\n([\s\S]+?)```/.exec(PAGE)?.[1] ?? '');
  const service = await startChild({
    name: 'the service',
    command: process.execPath,
    args: [program],
    env: { PORT: String(port), JOBS_KEY: 'secret' },
  });
  const file = join(folder, 'jobs.yaml');
  // As on the page, but for port and file.
  const typed = /^lro (init .+)$/m.exec(PAGE)?.[1]?.replace('8090', String(port)).replace('jobs.yaml', file) ?? '';
  expect(await runLro(typed.split(' '), {})).toMatchObject({ code: 0, stderr: '' });
  await eventually(
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 401,
  );
  const taskQueue = `lro-${randomUUID()}`;
  const worker = await startWorkerProcess({ configPath: file, address: sharedAddress(), taskQueue, env: { JOBS_KEY: 'secret' } });
  try {
    const lro = await LroClient.connect({ address: sharedAddress(), taskQueue });
    const operation = await lro.start({ connection: 'jobs', submit: { path: '/jobs' } }, { id: taskQueue });
    expect(await operation.result({ timeoutSeconds: 120 })).toMatchObject({ status: 'Succeeded' });
    await lro.close();
  } finally {
    await Promise.all([worker.kill(), service.kill()]);
  }
});
