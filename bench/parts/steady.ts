/**
 * Any durable tool with many operations open at once, for minutes: whether their polls come, how late, and what that costs. What a tool can
 * cancel is cancelled at the end.
 */
import { startFakeService } from '../fake-service/client';
import { figures } from '../figures';
import { ON_TIME_MS } from '../limits';
import { watchOthers } from '../machine-load';
import { cpuSecondsOfTrees, peakResidentMegabytes, residentMegabytes } from '../process-tree';
import { TOOLS } from '../tools';
import type { Tool } from '../tools/tool';

export interface SteadyOptions {
  tools: string[];
  operations: number;
  retryAfterSeconds: number;
  /** Of the measurement. */
  seconds: number;
  /** Afterwards the worker is killed, and started again. */
  kills: boolean;
}

/** After a kill: windows in which lateness is looked at, and when polls are to be on time again. */
const WINDOW_SECONDS = 5;
const WINDOWS = 12;
const ON_TIME_AFTER_SECONDS = 15;

const SUBMIT_TIMEOUT_SECONDS = 900;

function sleepSeconds(seconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, seconds * 1000));
}

export async function steady(options: SteadyOptions): Promise<void> {
  for (const tool of TOOLS.filter(({ key }) => options.tools.includes(key))) {
    console.error(tool.title);
    await hold(tool, options);
  }
}

async function hold(tool: Tool, { operations, retryAfterSeconds, seconds, kills }: SteadyOptions): Promise<void> {
  const missing = tool.missing?.();
  if (missing !== undefined) throw new Error(`${tool.title} cannot run: ${missing}`);
  const service = await startFakeService();
  const running = await tool.start({ service });
  await service.reset({ polls: 1_000_000, retryAfterSeconds });
  const load = { name: 'bench/steady', transport: 'plain', operations, spreadSeconds: retryAfterSeconds } as const;
  const startedAtMs = performance.now();
  await running.open(load);
  await service.waitForPosts(operations, SUBMIT_TIMEOUT_SECONDS);
  console.error('  all are open');
  const submitSeconds = (performance.now() - startedAtMs) / 1000;
  await sleepSeconds(retryAfterSeconds * 1.5);

  console.error(`  measuring for ${seconds} s`);
  await service.measure();
  const before = await service.counts();
  const cpuSeconds = (): [worker: number, servers: number] => [
    cpuSecondsOfTrees([running.workerPid]),
    cpuSecondsOfTrees(running.serverPids),
  ];
  const [workerBefore, serversBefore] = cpuSeconds();
  const actionsBefore = (await running.actions?.()) ?? NaN;
  const others = watchOthers();
  await sleepSeconds(seconds);
  const othersCores = others();
  const counts = await service.counts();
  const [workerAfter, serversAfter] = cpuSeconds();
  const actions = ((await running.actions?.()) ?? NaN) - actionsBefore;
  if (counts.posts !== operations || counts.succeeded !== 0 || counts.strays !== 0)
    throw new Error(`${operations} operations to be open, but the service counted ${JSON.stringify(counts)}`);

  const polls = counts.polls - before.polls;
  const due = (operations * counts.measuredSeconds) / retryAfterSeconds;
  const cores = (used: number): string => (used / counts.measuredSeconds).toFixed(2);
  const rows: [string, string, string][] = [
    [`submits/s until ${operations.toLocaleString('en-US')} are open`, (operations / submitSeconds).toFixed(0), ''],
    [`polls/s (Retry-After ${retryAfterSeconds})`, (polls / counts.measuredSeconds).toFixed(0), ''],
    // Less than all by what they are late: an operation that is asked late is asked less often.
    ['polls, of those that would come if none were late', `${((100 * polls) / due).toFixed(1)} %`, ''],
    ['polls measured', String(counts.measuredPolls), ''],
    ['lateness p50, ms', counts.latenessMs.p50.toFixed(0), ''],
    ['lateness p99, ms', counts.latenessMs.p99.toFixed(0), ''],
    ['lateness at most, ms', counts.latenessMs.max.toFixed(0), ''],
    ['early polls, all since the start', String(counts.early), '0'],
    ['worker MB now', residentMegabytes(running.workerPid).toFixed(0), ''],
    ['worker MB at most', peakResidentMegabytes(running.workerPid).toFixed(0), ''],
    ['worker CPU, cores', cores(workerAfter - workerBefore), ''],
    ['servers CPU, cores', cores(serversAfter - serversBefore), ''],
    ['CPU ms a poll', ((1000 * (workerAfter - workerBefore + serversAfter - serversBefore)) / polls).toFixed(2), ''],
    ['actions a million polls', Number.isNaN(actions) ? '-' : ((actions / polls) * 1e6).toFixed(0), ''],
    ['cores that other processes used', othersCores.toFixed(2), ''],
  ];
  if (kills && running.restartWorker !== undefined) {
    console.error('  measured, now its worker is killed');
    const restarting = running.restartWorker();
    const p99s: number[] = [];
    let polls = 0;
    let late = 0;
    for (let window = 0; window < WINDOWS; window++) {
      await service.measure();
      await sleepSeconds(WINDOW_SECONDS);
      const { measuredPolls, measuredLate, latenessMs } = await service.counts();
      p99s.push(measuredPolls === 0 ? Infinity : latenessMs.p99);
      if (window * WINDOW_SECONDS < ON_TIME_AFTER_SECONDS) continue;
      polls += measuredPolls;
      late += measuredLate;
    }
    await restarting;
    rows.push([`lateness p99 after a kill, ms, each ${WINDOW_SECONDS} s`, p99s.map((p99) => p99.toFixed(0)).join(' '), '']);
    const last = p99s.findLastIndex((p99) => p99 > ON_TIME_MS);
    const onTimeAfterSeconds = (last + 1) * WINDOW_SECONDS;
    rows.push([`seconds from the kill until p99 stays below ${ON_TIME_MS} ms`, String(onTimeAfterSeconds), String(ON_TIME_AFTER_SECONDS)]);
    // Of operations that the killed worker may just have asked: they wait their Retry-After again.
    const what = `polls ${ON_TIME_AFTER_SECONDS} s after the kill and later, more than ${ON_TIME_MS} ms late`;
    rows.push([what, `${late} of ${polls}`, '']);
    rows.push(['early polls, all since the start, after the kill', String((await service.counts()).early), '0']);
  }
  console.log(tool.title);
  figures(rows);
  if (running.cancel !== undefined) {
    console.error('  measured, now its cancel');
    const cancelledAtMs = performance.now();
    await running.cancel(load);
    figures([['seconds from its cancel to its end', ((performance.now() - cancelledAtMs) / 1000).toFixed(1), '']]);
  }
  await running.stop();
  await service.stop();
}
