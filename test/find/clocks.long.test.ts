/** What an uncertain submit has made is looked for as long as the file says, also by a worker whose clock is hours off. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import type { Child } from '../../src/devserver';
import { temporaryFolder, writeConfig } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

/** A job is in the list only when that is read for the third time. */
const HIDDEN_FOR = 2;
const OFF_MS = 7_200_000;

const closers: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));

/** Answers no submit the first time. @param makes whether it makes a job of that one all the same */
async function startService(makes: boolean): Promise<{ url: string; submitsAtMs: number[]; jobs: () => number }> {
  const submitsAtMs: number[] = [];
  let jobs = 0;
  let lists = 0;
  const server: Server = createServer((request, response) => {
    const answer = (httpStatus: number, body: object): void =>
      void response.writeHead(httpStatus, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'POST') {
      submitsAtMs.push(performance.now());
      const isFirst = submitsAtMs.length === 1;
      if (makes || !isFirst) jobs++;
      return void request.resume().on('end', () => (isFirst ? request.socket.destroy() : answer(201, { id: 'j1' })));
    }
    if (request.url?.startsWith('/jobs/') === true) return answer(200, { id: 'j1', status: 'done' });
    return answer(200, { data: jobs > 0 && ++lists > HIDDEN_FOR ? [{ id: 'j1' }] : [] });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => new Promise((closed) => server.close(closed)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, submitsAtMs, jobs: () => jobs };
}

/** Runs an operation that may be sent once on a worker whose clock is off by so many milliseconds. */
async function run(baseUrl: string, offMs: number, settleSeconds: number): Promise<{ status: string }> {
  const clockFile = join(temporaryFolder(), 'clock');
  writeFileSync(clockFile, String(offMs));
  const dialect = {
    pollingLocation: '{base}/jobs/{$response.body#/id}',
    status: '$response.body#/status',
    succeeded: ['done'],
    idempotencyKey: { in: 'header', name: 'Key' },
    find: { url: '{base}/jobs?key={idempotencyKey}', items: '$response.body#/data', settleSeconds, absenceIsProof: true },
  };
  const taskQueue = `clocks-${randomUUID()}`;
  const worker: Child = await startWorkerProcess({
    configPath: writeConfig({ default: { baseUrl, dialect } }),
    address: sharedAddress(),
    taskQueue,
    env: {
      LRO_LOG_LEVEL: 'warn',
      LRO_TEST_CLOCK_FILE: clockFile,
      NODE_OPTIONS: `--require ${JSON.stringify(resolve(__dirname, '../chaos/stepped-clock.js'))}`,
    },
  });
  closers.push(() => worker.kill());
  const connection = await Connection.connect({ address: sharedAddress() });
  closers.push(() => connection.close());
  const lro = new LroClient({ client: new Client({ connection }), taskQueue });
  return lro.execute({ submit: { path: '/jobs', body: {} }, onUncertainSubmit: 'fail' }, { timeoutSeconds: 120 });
}

test.concurrent('a clock that is ahead makes nothing absent that is only not yet to be seen', async () => {
  const service = await startService(true);
  await expect(run(service.url, OFF_MS, 60)).resolves.toMatchObject({ status: 'Succeeded' });
  expect([service.submitsAtMs.length, service.jobs()]).toEqual([1, 1]);
});

test.concurrent('a clock that is behind keeps nothing that is absent from being sent again', async () => {
  const service = await startService(false);
  const settleSeconds = 3;
  await expect(run(service.url, -OFF_MS, settleSeconds)).resolves.toMatchObject({ status: 'Succeeded' });
  const [first = 0, second = 0] = service.submitsAtMs;
  expect([service.submitsAtMs.length, service.jobs()]).toEqual([2, 1]);
  expect(second - first).toBeGreaterThan(settleSeconds * 1000);
});
