/**
 * This project beside other tools with the same operations, on the same fake service, in one run: one table.
 *
 * Keeps true: a figure is in the table only if the service counted exactly one submit, the expected polls and the end of each operation;
 * otherwise it is printed as a failure, and the exit code is 1.
 */
import { basename } from 'node:path';
import Table from 'cli-table3';
import { isEnding } from '../ending';
import { median } from '../figures';
import { startFakeService, type Counts, type FakeService } from '../fake-service/client';
import { inTime } from '../limits';
import type { Load } from '../load';
import { cpuSecondsOfTrees, megabytesOfTrees, residentMegabytes } from '../process-tree';
import { coreLro } from '../tools/core-lro';
import { dbos } from '../tools/dbos';
import { ownBatch } from '../tools/own-batch';
import { ownSingle } from '../tools/own-single';
import { plainTemporal } from '../tools/plain-temporal';
import { restate } from '../tools/restate';
import type { RunningTool, Tool } from '../tools/tool';

export const TOOLS: readonly Tool[] = [
  coreLro,
  ownBatch('batch', 'durable-lro, batch, at-least-once', 'retry'),
  ownBatch('batch-once', 'durable-lro, batch, at-most-once', 'fail'),
  ownSingle,
  plainTemporal,
  restate,
  dbos,
];

export interface CompareOptions {
  tools: string[];
  /** Folder of another checkout of the project, built, whose batch is measured too. */
  against?: string;
  operations: number[];
  /** For tools with a workflow per operation on Temporal. */
  singleOperations: number;
  rounds: number;
  /** Open at once while lateness is measured; 0: not measured. */
  latenessOperations: number;
  /** The same for tools with a workflow per operation on Temporal. */
  singleLatenessOperations: number;
  /** Open at once while memory is measured; 0: not measured. */
  openOperations: number;
}

const POLLS = 3;
const STEADY_POLLS = 12;
const STEADY_RETRY_AFTER_SECONDS = 2;
/** Polls at the start are not measured: it is not the steady state. */
const STEADY_SKIPPED_POLLS = 2;
const OPEN_RETRY_AFTER_SECONDS = 3600;
const OPEN_TIMEOUT_SECONDS = 900;
/** Restate removes handlers from memory that have slept for ten seconds. */
const SETTLE_SECONDS = 20;
const WARM_OPERATIONS = 100;

interface Rate {
  operationsPerSecond: number;
  pollsPerSecond: number;
  cpuMsPerOperation: number;
  eventsPerOperation: number;
}

interface Figures {
  /** Operations of a run → the median of its rounds, or why there is none. */
  rates: Map<number, Rate | Error>;
  lateness?: (Counts & { open: number }) | Error;
  memory?: { worker: number; servers: number } | Error;
}

/** Throws unless the service saw each operation exactly once, and to its end. */
function check(counts: Counts, operations: number, polls: number): void {
  const right =
    counts.posts === operations &&
    counts.succeeded === operations &&
    counts.polls === operations * polls &&
    counts.afterEnd === 0 &&
    counts.strays === 0;
  if (!right) throw new Error(`${operations} operations of ${polls} polls, but the service counted ${JSON.stringify(counts)}`);
}

async function measureRate(tool: RunningTool, service: FakeService, load: Load): Promise<Rate> {
  const settings = { polls: POLLS, retryAfterSeconds: 0 };
  await service.reset(settings);
  tool.prepare?.(load);
  const processes = [tool.workerPid, ...tool.serverPids];
  const cpuBefore = cpuSecondsOfTrees(processes);
  const startedAtMs = performance.now();
  await inTime(`${load.name} of ${load.operations} operations`, tool.run(load));
  const seconds = (performance.now() - startedAtMs) / 1000;
  const cpuSeconds = cpuSecondsOfTrees(processes) - cpuBefore;
  const counts = await service.counts();
  check(counts, load.operations, POLLS);
  return {
    operationsPerSecond: load.operations / seconds,
    pollsPerSecond: counts.polls / seconds,
    cpuMsPerOperation: (cpuSeconds * 1000) / load.operations,
    eventsPerOperation: ((await tool.historyEvents?.(load)) ?? NaN) / load.operations,
  };
}

function medianRate(rates: readonly Rate[]): Rate {
  const of = (key: keyof Rate): number => median(rates.map((rate) => rate[key]));
  return {
    operationsPerSecond: of('operationsPerSecond'),
    pollsPerSecond: of('pollsPerSecond'),
    cpuMsPerOperation: of('cpuMsPerOperation'),
    eventsPerOperation: of('eventsPerOperation'),
  };
}

async function measureLateness(tool: RunningTool, service: FakeService, operations: number): Promise<Counts & { open: number }> {
  const load = { name: 'bench/steady', operations, spreadSeconds: STEADY_RETRY_AFTER_SECONDS };
  await service.reset({ polls: STEADY_POLLS, retryAfterSeconds: STEADY_RETRY_AFTER_SECONDS, skippedPolls: STEADY_SKIPPED_POLLS });
  tool.prepare?.(load);
  await inTime(`${load.name} of ${operations} operations`, tool.run(load));
  const counts = await service.counts();
  check(counts, operations, STEADY_POLLS);
  return { ...counts, open: operations };
}

async function warm(tool: RunningTool, service: FakeService): Promise<void> {
  await measureRate(tool, service, { name: 'bench/warm', operations: WARM_OPERATIONS, spreadSeconds: 0 });
}

/** For a tool that was started for this measurement only. */
async function measureMemory(tool: RunningTool, service: FakeService, operations: number): Promise<{ worker: number; servers: number }> {
  await warm(tool, service);
  await service.reset({ polls: 1_000_000, retryAfterSeconds: OPEN_RETRY_AFTER_SECONDS });
  const load = { name: 'bench/open', operations, spreadSeconds: 0 };
  tool.prepare?.(load);
  await tool.open?.(load);
  await service.waitForPosts(operations, OPEN_TIMEOUT_SECONDS);
  await new Promise((resume) => setTimeout(resume, SETTLE_SECONDS * 1000));
  const { posts, succeeded } = await service.counts();
  if (posts !== operations || succeeded !== 0)
    throw new Error(`${operations} operations to be open, but ${posts} submits and ${succeeded} ends`);
  return { worker: residentMegabytes(tool.workerPid), servers: megabytesOfTrees(tool.serverPids) };
}

/** Runs `measure`; an error is printed at once, and is in the table instead of a figure. */
async function attempt<T>(what: string, measure: () => Promise<T>): Promise<T | Error> {
  try {
    return await measure();
  } catch (err) {
    if (isEnding()) throw err;
    process.exitCode = 1;
    console.error(`FAILED: ${what}:`, err);
    return err instanceof Error ? err : new Error(String(err));
  }
}

async function withTool<T>(tool: Tool, service: FakeService, measure: (running: RunningTool) => Promise<T>): Promise<T> {
  const running = await tool.start({ service });
  try {
    return await measure(running);
  } finally {
    await running.stop();
  }
}

async function measureTool(tool: Tool, service: FakeService, options: CompareOptions): Promise<Figures> {
  const figures: Figures = { rates: new Map() };
  const single = tool.workflowPerOperation === true;
  const begun = await attempt(tool.title, () =>
    withTool(tool, service, async (running) => {
      await warm(running, service);
      for (const operations of single ? [options.singleOperations] : options.operations) {
        const rate = await attempt(`${tool.title}, ${operations} operations`, async () => {
          const rounds: Rate[] = [];
          for (let round = 1; round <= options.rounds; round++) {
            rounds.push(await measureRate(running, service, { name: `bench/${operations}-${round}`, operations, spreadSeconds: 0 }));
            console.error(`  ${operations} operations, round ${round}: ${fixed(rounds.at(-1)?.operationsPerSecond, 0)} operations/s`);
          }
          return medianRate(rounds);
        });
        figures.rates.set(operations, rate);
      }
      const open = single ? options.singleLatenessOperations : options.latenessOperations;
      if (open > 0) {
        figures.lateness = await attempt(`${tool.title}, lateness`, () => measureLateness(running, service, open));
        console.error(`  late ms p50 / p99 (open), early: ${latenessCells(figures.lateness).join(', ')}`);
      }
    }),
  );
  if (begun instanceof Error) figures.rates.set(0, begun);
  else if (options.openOperations > 0 && !single) {
    figures.memory = await attempt(`${tool.title}, memory`, () =>
      withTool(tool, service, (running) => measureMemory(running, service, options.openOperations)),
    );
    console.error(`  MB of ${options.openOperations} open: ${memoryCell(figures.memory)}`);
  }
  return figures;
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);
}

const FAILED = 'FAILED';

function rateCells(rate: Rate | Error, ceiling: Rate | Error | undefined): string[] {
  if (rate instanceof Error) return [FAILED, FAILED, '', '', '', ''];
  return [
    fixed(rate.operationsPerSecond, 0),
    ceiling === undefined || ceiling instanceof Error
      ? '-'
      : `${fixed((100 * rate.operationsPerSecond) / ceiling.operationsPerSecond, 1)} %`,
    fixed(rate.pollsPerSecond, 0),
    fixed(rate.cpuMsPerOperation, 1),
    fixed(rate.eventsPerOperation, 1),
    fixed(rate.eventsPerOperation / POLLS, 2),
  ];
}

function latenessCells(lateness: Figures['lateness']): string[] {
  if (lateness === undefined) return ['-', '-'];
  if (lateness instanceof Error) return [FAILED, FAILED];
  const { latenessMs, early, polls, open } = lateness;
  return [`${fixed(latenessMs.p50, 0)} / ${fixed(latenessMs.p99, 0)} (${open})`, `${early} of ${polls}`];
}

function memoryCell(memory: Figures['memory']): string {
  if (memory === undefined) return '-';
  if (memory instanceof Error) return FAILED;
  return memory.servers === 0 ? fixed(memory.worker, 0) : `${fixed(memory.worker, 0)} + ${fixed(memory.servers, 0)}`;
}

export async function compare(options: CompareOptions): Promise<void> {
  const service = await startFakeService();
  const measured = new Map<Tool, Figures | string>();
  const chosen = TOOLS.filter(({ key }) => options.tools.includes(key));
  if (options.against !== undefined)
    chosen.push(ownBatch('against', `the batch of ${basename(options.against)}`, 'retry', options.against));
  for (const tool of chosen) {
    const missing = tool.missing?.();
    console.error(missing === undefined ? tool.title : `${tool.title}: skipped: ${missing}`);
    measured.set(tool, missing ?? (await measureTool(tool, service, options)));
  }
  await service.stop();

  const ceiling = measured.get(coreLro);
  const ceilingOf = (operations: number): Rate | Error | undefined => {
    if (ceiling === undefined || typeof ceiling === 'string') return undefined;
    return ceiling.rates.get(operations) ?? ceiling.rates.get(Math.min(...ceiling.rates.keys()));
  };
  const table = new Table({
    head: [
      'tool',
      'operations',
      'operations/s',
      'of ceiling',
      'polls/s',
      'CPU ms / operation',
      'events / operation',
      'events / poll',
      'late ms p50 / p99 (open)',
      'early polls',
      `MB, ${options.openOperations.toLocaleString('en-US')} open`,
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const [tool, figures] of measured) {
    if (typeof figures === 'string') {
      table.push([tool.title, { colSpan: 10, content: `skipped: ${figures}` }]);
      continue;
    }
    let first = true;
    for (const [operations, rate] of figures.rates) {
      const once = first ? [...latenessCells(figures.lateness), memoryCell(figures.memory)] : ['', '', ''];
      table.push([
        first ? tool.title : '',
        operations === 0 ? '-' : operations.toLocaleString('en-US'),
        ...rateCells(rate, ceilingOf(operations)),
        ...once,
      ]);
      first = false;
    }
  }
  console.log(table.toString());
  console.log(
    `Operations of ${POLLS} polls with Retry-After 0, medians of ${options.rounds}. CPU: the tool's worker and servers. ` +
      `Lateness: Retry-After ${STEADY_RETRY_AFTER_SECONDS}, by the service's clock. MB: worker + servers, Retry-After ${OPEN_RETRY_AFTER_SECONDS}.`,
  );
}
