/**
 * What a poll costs: worker CPU per poll and polls per second of single operations, beside `@azure/core-lro` without durability on the
 * same service in the same run; and the worker's memory over 10,000 polls of a 1 MB answer.
 */
import { runWithCoreLro } from '../core-lro/azure-core-lro';
import { figures, median } from '../figures';
import { cpuSecondsOf, residentMegabytes } from '../process-tree';
import { startServices, UPLOAD, type Services } from '../services';

const OPERATIONS = 20;
const SECONDS = 10;
const ROUNDS = 3;
const BIG_POLLS = 10_000;
const BIG_BYTES = 1_000_000;
const BIG_OPERATIONS = 8;

interface Cost {
  pollsPerSecond: number;
  cpuMsPerPoll: number;
}

async function cost(on: Services, pid: number, run: (index: number) => Promise<unknown>): Promise<Cost> {
  const before = (await on.admin.requests()).at(-1)?.seq ?? 0;
  const cpuBefore = cpuSecondsOf(pid);
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: OPERATIONS }, (_, index) => run(index)));
  const seconds = (performance.now() - startedAtMs) / 1000;
  const count = (await on.admin.requests({ since: before })).filter(({ method }) => method === 'GET').length;
  return { pollsPerSecond: count / seconds, cpuMsPerPoll: ((cpuSecondsOf(pid) - cpuBefore) * 1000) / count };
}

async function compared(on: Services, workerPid: number): Promise<void> {
  const url = `${on.emulatorUrl}/mapData?dataFormat=geojson&api-version=2.0`;
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await cost(on, workerPid, (index) => on.lro.execute(UPLOAD, { id: `bench/polls-${round}-${index}` })));
    theirs.push(await cost(on, process.pid, () => runWithCoreLro(url, UPLOAD.submit?.body)));
  }
  const of = (costs: Cost[], key: keyof Cost): number => median(costs.map((one) => one[key]));
  figures([
    [`polls/s, durable-lro (${OPERATIONS} single operations, Retry-After 0)`, of(ours, 'pollsPerSecond').toFixed(0), ''],
    ['polls/s, @azure/core-lro without durability', of(theirs, 'pollsPerSecond').toFixed(0), ''],
    ['ratio', (of(ours, 'pollsPerSecond') / of(theirs, 'pollsPerSecond')).toFixed(3), ''],
    ['worker CPU ms per poll, durable-lro', of(ours, 'cpuMsPerPoll').toFixed(2), ''],
    ['CPU ms per poll, @azure/core-lro', of(theirs, 'cpuMsPerPoll').toFixed(2), ''],
  ]);
}

async function bigAnswers(on: Services, workerPid: number): Promise<void> {
  const running = { httpStatus: 200, headers: { 'Retry-After': '0' }, body: { status: 'Running' }, hugeBody: { bytes: BIG_BYTES } };
  const { url } = await on.admin.addScript({ name: 'big', routes: [{ path: '/operation', answers: [running] }] });
  const handles = await Promise.all(
    Array.from({ length: BIG_OPERATIONS }, (_, index) =>
      on.lro.start({ connection: 'maps', attach: { statusUrl: `${url}/operation` } }, { id: `bench/big-${index}` }),
    ),
  );
  const resident: number[] = [];
  for (let part = 1; part <= 10; part++) {
    await on.admin.waitForRequests({ path: '/scripts/big', count: (BIG_POLLS / 10) * part, timeoutSeconds: 600 });
    resident.push(residentMegabytes(workerPid));
  }
  await Promise.all(handles.map((handle) => handle.cancel()));
  figures([
    [
      `worker MB after each 1,000 of ${BIG_POLLS} polls of ${BIG_BYTES} bytes`,
      resident.map((megabytes) => megabytes.toFixed(0)).join(' '),
      'flat',
    ],
  ]);
}

export async function polls(): Promise<void> {
  const on = await startServices(['--operation-seconds', String(SECONDS), '--retry-after-seconds', '0']);
  try {
    const worker = await on.startWorker();
    await compared(on, worker.pid);
    await bigAnswers(on, worker.pid);
  } finally {
    await on.stop();
  }
}
