/** The measurement of a worker's event loop: it sees an answer that blocks, and does not see that the machine is busy with others. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../../src/devserver';
import { EventLoopRecord, MAX_BUSY_MS } from '../support/event-loop';
import { HostileBed } from './bed';
import { answerJson } from './longest';

test('an answer that blocks the worker is seen', async () => {
  const body = { status: 'Succeeded', text: 'keep the event loop busy' };
  const preload = resolve(__dirname, '../support/blocking-answer.js');
  const bed = await HostileBed.open((_, response) => answerJson(response, 200, body), { preload });
  try {
    const handle = await bed.start('runOperation', [{ submit: { path: '/a' } }]);
    expect(await bed.end(handle)).toMatchObject({ result: { status: 'Succeeded' } });
    expect(bed.longestMs()).toBeGreaterThan(MAX_BUSY_MS);
  } finally {
    await bed.close();
  }
});

test('a process that gets no processor is not', async () => {
  const record = new EventLoopRecord();
  const program = "setInterval(() => {}, 1); console.log('ready')";
  const child = await startChild({ name: 'idler', command: process.execPath, args: ['-e', program], env: record.env, readyLine: /ready/ });
  const sinceMs = Date.now() + 100;
  await sleep(200);
  child.signal('SIGSTOP');
  // As long as that it is held up by others.
  await sleep(500);
  child.signal('SIGCONT');
  await sleep(300);
  await child.kill();
  expect(record.longestMs(sinceMs)).toBeLessThan(MAX_BUSY_MS);
});

test('a process that nobody watches is no proof', () => {
  expect(() => new EventLoopRecord().longestMs(0)).toThrow('was not watched');
});
