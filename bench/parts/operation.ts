/**
 * The figures of single operations beside their bounds:
 * lateness of polls by the service's own clock, history per poll, the worker's start, and its memory per open operation.
 */
import { figures, median, quantile } from '../figures';
import { residentMegabytes } from '../process-tree';
import { startServices, UPLOAD, type Services } from '../services';

const RUNS = 3;
const OPERATIONS = 50;
const SPREAD_MS = 2000;
const RETRY_AFTER_SECONDS = 2;
/** With those of the warm-up fewer than the 300 workflows of a worker's cache. */
const OPEN_OPERATIONS = 240;

interface Lateness {
  p50: number;
  p99: number;
  earliest: number;
  polls: number;
}

/** Milliseconds by which each poll came after it was due: due is the end of the answer before it plus Retry-After. */
async function lateness(on: Services, run: number): Promise<Lateness> {
  const since = (await on.admin.requests()).at(-1)?.seq ?? 0;
  const started = Array.from({ length: OPERATIONS }, async (_, index) => {
    await new Promise((resume) => setTimeout(resume, (index * SPREAD_MS) / OPERATIONS));
    return on.lro.execute(UPLOAD, { id: `bench/lateness-${run}-${index}` });
  });
  await Promise.all(started);
  const byOperation = new Map<string, { receivedAtMs: number; answeredAtMs?: number }[]>();
  for (const request of await on.admin.requests({ since })) {
    if (request.operationId === undefined) continue;
    byOperation.set(request.operationId, [...(byOperation.get(request.operationId) ?? []), request]);
  }
  const late: number[] = [];
  for (const requests of byOperation.values()) {
    for (const [index, request] of requests.entries()) {
      const before = requests[index - 1]?.answeredAtMs;
      if (before !== undefined) late.push(request.receivedAtMs - before - RETRY_AFTER_SECONDS * 1000);
    }
  }
  return { p50: median(late), p99: quantile(late, 0.99), earliest: Math.min(...late), polls: late.length };
}

/** History events and bytes that one more poll costs: two operations of different length, and their difference. */
async function historyPerPoll(on: Services): Promise<{ events: number; bytes: number }> {
  const sizes = [];
  for (const seconds of [4, 24]) {
    await on.admin.setDefaults({ durationSeconds: seconds });
    const id = `bench/history-${seconds}`;
    const { polls } = await on.lro.execute(UPLOAD, { id });
    const { raw } = await on.temporalClient.workflow.getHandle(id).describe();
    const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
    sizes.push({ polls, events: Number(historyLength), bytes: Number(historySizeBytes) });
  }
  await on.admin.setDefaults({});
  const [short, long] = sizes;
  if (short === undefined || long === undefined) throw new Error('no histories');
  const polls = long.polls - short.polls;
  return { events: (long.events - short.events) / polls, bytes: (long.bytes - short.bytes) / polls };
}

/** Start of the operation's first workflow task, by Temporal's clock, which is this machine's. */
async function firstTaskStartedAtMs(on: Services, workflowId: string): Promise<number> {
  const history = await on.temporalClient.workflow.getHandle(workflowId).fetchHistory();
  const started = history.events?.find(({ workflowTaskStartedEventAttributes }) => workflowTaskStartedEventAttributes != null);
  return Number(started?.eventTime?.seconds) * 1000 + Number(started?.eventTime?.nanos) / 1e6;
}

/** Worker memory per open operation that it holds in its cache. */
async function memoryPerOperation(on: Services): Promise<number> {
  const worker = await on.startWorker();
  // Warm, so that what a process needs once is not counted.
  await Promise.all(Array.from({ length: 50 }, (_, index) => on.lro.execute(UPLOAD, { id: `bench/warm-${index}` })));
  await on.admin.setDefaults({ hold: true, retryAfter: '3600' });
  const before = residentMegabytes(worker.pid);
  const handles = [];
  for (let index = 0; index < OPEN_OPERATIONS; index++)
    handles.push(await on.lro.startAndWaitAccepted(UPLOAD, { id: `bench/open-${index}` }));
  const perOperation = (residentMegabytes(worker.pid) - before) / OPEN_OPERATIONS;
  await Promise.all(handles.map((handle) => handle.cancel()));
  await on.admin.setDefaults({});
  return perOperation;
}

export async function operation(): Promise<void> {
  const on = await startServices(['--operation-seconds', '11', '--retry-after-seconds', String(RETRY_AFTER_SECONDS)]);
  try {
    // Its first workflow task is pending when the worker starts.
    const first = await on.lro.start(UPLOAD, { id: 'bench/first' });
    const startedAtMs = Date.now();
    const worker = await on.startWorker();
    await first.result();
    const firstTaskSeconds = ((await firstTaskStartedAtMs(on, first.id)) - startedAtMs) / 1000;

    const runs: Lateness[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await lateness(on, run));
    const history = await historyPerPoll(on);
    await worker.stop();
    const megabytes = await memoryPerOperation(on);

    figures([
      ['lateness p50, ms (median of runs)', median(runs.map(({ p50 }) => p50)).toFixed(0), '<= 150'],
      ['lateness p99, ms (median of runs)', median(runs.map(({ p99 }) => p99)).toFixed(0), '<= 500'],
      ['earliest poll, ms after due', Math.min(...runs.map(({ earliest }) => earliest)).toFixed(1), '>= -1'],
      ['polls measured', String(runs.reduce((sum, { polls }) => sum + polls, 0)), ''],
      ['history events per poll', history.events.toFixed(1), '<= 11'],
      ['history bytes per poll', history.bytes.toFixed(0), '<= 2048'],
      ['process start to its first task, s', firstTaskSeconds.toFixed(2), '<= 2'],
      [`worker MB per open operation (of ${OPEN_OPERATIONS})`, megabytes.toFixed(2), '< 0.5'],
    ]);
  } finally {
    await on.stop();
  }
}
