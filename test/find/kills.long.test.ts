/**
 * At most once, and found: worker and service are killed (SIGKILL) at random moments while a batch submits to a service that knows no
 * idempotency keys. 2,000 operations.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import { startChild, type Child } from '../../src/devserver';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

const ITEMS = 2000;
const SUBMITS_PER_SECOND = 25;
/** Each of the worker or of the service. */
const KILLS = 40;
jest.setTimeout(900_000);

const folder = temporaryFolder();
const jobsFile = join(folder, 'jobs');

interface Job {
  id: string;
  tag: string;
  name: string;
}

function jobs(): Job[] {
  if (!existsSync(jobsFile)) return [];
  const lines = readFileSync(jobsFile, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Job);
}

const startService = (port = '0'): Promise<Child> =>
  startChild({
    name: 'job service',
    command: process.execPath,
    args: [resolve(__dirname, 'job-service.js'), port, jobsFile],
    readyLine: /ready at (http\S+)/,
  });

test(`${ITEMS} operations that may be sent once, and ${KILLS} SIGKILLs: none is made twice, and none stays uncertain`, async () => {
  let service = await startService();
  const baseUrl = service.ready?.[1] ?? '';
  const { port } = new URL(baseUrl);
  const dialect = {
    pollingLocation: '{base}/jobs/{$response.body#/id}',
    status: '$response.body#/status',
    succeeded: ['done'],
    idempotencyKey: { in: 'body', name: 'tag' },
    find: { url: '{base}/jobs?tag={idempotencyKey}', items: '$response.body#/data', settleSeconds: 3, absenceIsProof: true },
  };
  const taskQueue = `find-${randomUUID()}`;
  const limits = { submitsPerSecond: SUBMITS_PER_SECOND, timeoutSeconds: 10 };
  const configPath = writeConfig({ default: { baseUrl, dialect, limits } }, { files: { readBelow: [folder], writeBelow: [folder] } });
  const startWorker = (): Promise<Child> => startWorkerProcess({ configPath, address: sharedAddress(), taskQueue });
  let worker = await startWorker();
  const connection = await Connection.connect({ address: sharedAddress() });
  const lro = new LroClient({ client: new Client({ connection }), taskQueue });
  try {
    const items = Array.from({ length: ITEMS }, (_, index) => ({
      id: `i${index}`,
      submit: { path: '/jobs', body: { name: `n${index}` } },
    }));
    const report = join(folder, 'report.jsonl');
    const batch = await lro.startBatch({ items, defaults: { onUncertainSubmit: 'fail' }, maxInFlight: 100, report: { path: report } });
    for (let kill = 0; kill < KILLS; kill++) {
      const before = jobs().length;
      // Submits are under way.
      await eventually(
        () => jobs().length,
        (count) => count > before || count >= ITEMS,
        120,
      );
      await sleep(Math.random() * 1000);
      if (kill % 2 === 0) {
        await worker.kill();
        worker = await startWorker();
      } else {
        await service.kill();
        service = await startService(port);
      }
    }
    const { counts } = await batch.result({ timeoutSeconds: 600 });
    const made = jobs();
    expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
    const ends = readFileSync(report, 'utf8').split('\n').filter(Boolean);
    const lookedFor = new Set(readFileSync(`${jobsFile}.looked`, 'utf8').split('\n').filter(Boolean));
    const reported = ends.map((line) => JSON.parse(line) as { outcome: string; failure?: { message: string } });
    console.log(`${lookedFor.size} were uncertain, ${counts.uncertain} stayed so; ${made.length} made`);
    expect(lookedFor.size).toBeGreaterThan(0);
    expect(reported.filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'uncertain')).toEqual([]);
    // What the service had not made when it died was sent again.
    expect(counts).toMatchObject({ total: ITEMS, succeeded: ITEMS, uncertain: 0 });
    expect(made).toHaveLength(ITEMS);
  } finally {
    await Promise.all([worker.kill(), service.kill()]);
    await connection.close();
  }
});
