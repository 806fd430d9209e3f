/** Three workers with single operations open: lateness while nothing happens, while each worker is restarted in turn, and after one is killed. */
import { DEFAULT_TASK_QUEUE, RUN_OPERATION } from '../../src/contract';
import { startFakeService, type Counts } from '../fake-service/client';
import { figures } from '../figures';
import { operationOver, startOwnWorker } from '../own-worker';
import { startTemporal } from '../temporal';

const WORKERS = 3;
const OPERATIONS = 200;
const RETRY_AFTER_SECONDS = 5;
const SUBMIT_TIMEOUT_SECONDS = 300;
/** Between one restart and the next, and after a kill. */
const PHASE_SECONDS = 30;

function sleepSeconds(seconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, seconds * 1000));
}

export async function restarts(): Promise<void> {
  const service = await startFakeService();
  const temporal = await startTemporal();
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => startOwnWorker(temporal, service)));
  await service.reset({ polls: 1_000_000, retryAfterSeconds: RETRY_AFTER_SECONDS });
  for (let index = 0; index < OPERATIONS; index++) {
    const options = { workflowId: `bench/restarts-${index}`, taskQueue: DEFAULT_TASK_QUEUE };
    await temporal.client.workflow.start(RUN_OPERATION, { ...options, args: [{ ...operationOver('plain'), deadlineSeconds: 0 }] });
  }
  await service.waitForPosts(OPERATIONS, SUBMIT_TIMEOUT_SECONDS);
  await sleepSeconds(2 * RETRY_AFTER_SECONDS);

  const phase = async (what: string, work: () => Promise<unknown>): Promise<Counts> => {
    console.error(`  ${what}`);
    await service.measure();
    await work();
    return service.counts();
  };
  const steady = await phase('nothing happens', () => sleepSeconds(PHASE_SECONDS));
  const restarted = await phase('each worker is restarted in turn', async () => {
    for (const [index, worker] of [...workers.entries()]) {
      await worker.stop();
      workers[index] = await startOwnWorker(temporal, service);
      await sleepSeconds(PHASE_SECONDS);
    }
  });
  const killed = await phase('one is killed, and another started', async () => {
    await workers.pop()?.kill();
    workers.push(await startOwnWorker(temporal, service));
    await sleepSeconds(PHASE_SECONDS);
  });
  if (killed.posts !== OPERATIONS || killed.strays !== 0 || killed.succeeded !== 0)
    throw new Error(`${OPERATIONS} operations to be open, but the service counted ${JSON.stringify(killed)}`);
  const row = (what: string, { latenessMs: { p50, p99, max } }: Counts, bound: string): [string, string, string] => [
    `lateness p50 / p99 / at most, ms: ${what}`,
    [p50, p99, max].map((ms) => ms.toFixed(0)).join(' / '),
    bound,
  ];
  figures([
    row(`${WORKERS} workers, ${OPERATIONS} open, Retry-After ${RETRY_AFTER_SECONDS}`, steady, 'p99 3000'),
    row('each restarted in turn', restarted, 'p99 8000'),
    row('one killed', killed, ''),
    ['early polls, all since the start', String(killed.early), '0'],
  ]);
}
