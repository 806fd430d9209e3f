/** How time, memory and history of a batch grow with the number of its items, with the same number of open ones. */
import Table from 'cli-table3';
import { DEFAULT_TASK_QUEUE, RUN_BATCH, type BatchInput, type BatchResult } from '../../src/contract';
import { startFakeService, type FakeService } from '../fake-service/client';
import { historyOfBatch } from '../history';
import { inTime } from '../limits';
import { startOwnWorker } from '../own-worker';
import { peakResidentMegabytes } from '../process-tree';
import { startTemporal } from '../temporal';
import { checkBatchResult } from '../tools/own-batch';

export interface GrowthOptions {
  operations: number[];
  maxInFlight: number;
}

const POLLS = 3;

/** One size, on a new server and worker, because peak memory is counted from the start of a process. */
async function measure(service: FakeService, operations: number, maxInFlight: number): Promise<string[]> {
  const temporal = await startTemporal();
  const worker = await startOwnWorker(temporal, service);
  await service.reset({ polls: POLLS, retryAfterSeconds: 0 });
  const workflowId = `bench/growth-${operations}`;
  const report = { path: 'report.jsonl' };
  const input: BatchInput = {
    manifest: { path: worker.writeManifest({ name: workflowId, operations, transport: 'plain' }) },
    maxInFlight,
    report,
  };
  const startedAtMs = performance.now();
  const handle = await temporal.client.workflow.start<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
    workflowId,
    taskQueue: DEFAULT_TASK_QUEUE,
    args: [input],
  });
  checkBatchResult(await inTime(workflowId, handle.result(), 7200), operations);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const counts = await service.counts();
  if (counts.posts !== operations || counts.succeeded !== operations || counts.polls !== operations * POLLS)
    throw new Error(`${operations} operations of ${POLLS} polls, but the service counted ${JSON.stringify(counts)}`);
  const lines = worker.readReport(report.path);
  if (
    new Set(lines.map(({ id }) => id)).size !== operations ||
    lines.length !== operations ||
    lines.some(({ outcome }) => outcome !== 'succeeded')
  )
    throw new Error(`of ${operations} operations the report has ${lines.length} lines, not each once and succeeded`);
  const peak = peakResidentMegabytes(worker.pid);
  const { parent, shards } = await historyOfBatch(temporal.client, workflowId);
  await worker.stop();
  await temporal.stop();
  return [
    operations.toLocaleString('en-US'),
    seconds.toFixed(1),
    ((seconds * 1000) / operations).toFixed(2),
    peak.toFixed(0),
    `${parent.events} / ${(parent.bytes / 1024).toFixed(0)} KiB`,
    `${shards.events} / ${(shards.bytes / 1024).toFixed(0)} KiB in ${shards.runs} runs`,
    (shards.events / operations).toFixed(2),
  ];
}

export async function growth({ operations, maxInFlight }: GrowthOptions): Promise<void> {
  const service = await startFakeService();
  const table = new Table({
    head: ['operations', 'seconds', 'ms / operation', 'worker MB at most', 'history, parent', 'history, shards', 'events / operation'],
    style: { head: [], border: [], compact: true },
  });
  for (const count of operations) table.push(await measure(service, count, maxInFlight));
  await service.stop();
  console.log(table.toString());
  console.log(`A batch from a manifest, ${maxInFlight.toLocaleString('en-US')} open at once, ${POLLS} polls each with Retry-After 0.`);
}
