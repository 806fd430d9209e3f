/** One worker that holds a large batch open: lateness, early polls and memory over minutes of steady state; then the batch is cancelled. */
import { DEFAULT_TASK_QUEUE, RUN_BATCH } from '../../src/contract';
import { startFakeService } from '../fake-service/client';
import { figures } from '../figures';
import { inTime } from '../limits';
import { batchInput, startOwnWorker } from '../own-worker';
import { cpuSecondsOfTrees, peakResidentMegabytes, residentMegabytes } from '../process-tree';
import { startTemporal } from '../temporal';

export interface SteadyOptions {
  operations: number;
  retryAfterSeconds: number;
  /** Of the measurement. */
  seconds: number;
}

const SUBMIT_TIMEOUT_SECONDS = 900;
const CANCEL_TIMEOUT_SECONDS = 300;

function sleepSeconds(seconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, seconds * 1000));
}

export async function steady({ operations, retryAfterSeconds, seconds }: SteadyOptions): Promise<void> {
  const service = await startFakeService();
  const temporal = await startTemporal();
  const worker = await startOwnWorker(temporal, service.url);
  await service.reset({ polls: 1_000_000, retryAfterSeconds });
  const input = batchInput(worker, 'bench-steady', operations, { defaults: { deadlineSeconds: 0 }, maxInFlight: operations });
  const startedAtMs = performance.now();
  const handle = await temporal.client.workflow.start(RUN_BATCH, {
    workflowId: 'bench/steady',
    taskQueue: DEFAULT_TASK_QUEUE,
    args: [input],
  });
  // A batch that fails meanwhile ends the measurement.
  const failed = handle.result().then(() => {
    throw new Error('the batch ended by itself');
  });
  failed.catch(() => undefined);
  await Promise.race([failed, service.waitForPosts(operations, SUBMIT_TIMEOUT_SECONDS)]);
  console.error('  all are open');
  const submitSeconds = (performance.now() - startedAtMs) / 1000;
  await Promise.race([failed, sleepSeconds(retryAfterSeconds * 1.5)]);

  console.error(`  measuring for ${seconds} s`);
  await service.measure();
  const before = await service.counts();
  const cpuBefore = { worker: cpuSecondsOfTrees([worker.pid]), temporal: cpuSecondsOfTrees([temporal.pid]) };
  await Promise.race([failed, sleepSeconds(seconds)]);
  const counts = await service.counts();
  const cores = (pid: number, used: number): string => ((cpuSecondsOfTrees([pid]) - used) / counts.measuredSeconds).toFixed(2);
  const rows: [string, string, string][] = [
    [`submits/s until ${operations.toLocaleString('en-US')} are open`, (operations / submitSeconds).toFixed(0), ''],
    [`polls/s (Retry-After ${retryAfterSeconds})`, (counts.measuredPolls / counts.measuredSeconds).toFixed(0), ''],
    ['polls measured', String(counts.measuredPolls), ''],
    ['lateness p50, ms', counts.latenessMs.p50.toFixed(0), ''],
    ['lateness p99, ms', counts.latenessMs.p99.toFixed(0), ''],
    ['lateness at most, ms', counts.latenessMs.max.toFixed(0), ''],
    ['early polls, all since the start', String(counts.early), '0'],
    ['worker MB now', residentMegabytes(worker.pid).toFixed(0), ''],
    ['worker MB at most', peakResidentMegabytes(worker.pid).toFixed(0), ''],
    ['worker CPU, cores', cores(worker.pid, cpuBefore.worker), ''],
    ['Temporal CPU, cores', cores(temporal.pid, cpuBefore.temporal), ''],
  ];
  if (counts.posts !== operations || counts.succeeded !== 0 || counts.strays !== 0)
    throw new Error(`${operations} operations to be open, but the service counted ${JSON.stringify(counts)}`);
  // Each operation is asked once an interval; a third less means that operations were forgotten or the worker cannot keep up.
  const expected = (operations * counts.measuredSeconds) / retryAfterSeconds;
  if (counts.polls - before.polls < expected * 0.67)
    throw new Error(`about ${expected.toFixed(0)} polls were due, but the service counted ${JSON.stringify(counts)}`);

  console.error('  measured, now its cancel');
  const cancelledAtMs = performance.now();
  await handle.cancel();
  await inTime('the cancelled batch', Promise.allSettled([failed]), CANCEL_TIMEOUT_SECONDS);
  const { status } = await handle.describe();
  if (status.name !== 'CANCELLED' && status.name !== 'COMPLETED') throw new Error(`the cancelled batch ended as ${status.name}`);
  figures([...rows, ['seconds from its cancel to the end of the batch', ((performance.now() - cancelledAtMs) / 1000).toFixed(1), '']]);
}
