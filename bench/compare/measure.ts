/**
 * What is measured of a running tool.
 *
 * Keeps true: a figure is returned only if the service counted exactly one submit, the expected polls and the end of each operation.
 */
import type { Counts, FakeService } from '../fake-service/client';
import { inTime } from '../limits';
import type { Load, Transport } from '../load';
import { cpuSecondsOfTrees, megabytesOfTrees, residentMegabytes } from '../process-tree';
import type { RunningTool } from '../tools/tool';

/** Of operations that do not wait. NaN: the tool does not know. */
export interface Rate {
  operationsPerSecond: number;
  pollsPerSecond: number;
  /** Of the tool's worker and servers. */
  cpuMsPerOperation: number;
  eventsPerOperation: number;
  /** Of the server's database. */
  bytesPerOperation: number;
  actionsPerMillionPolls: number;
}

/** Of operations whose polls have a time. */
export interface Lateness {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Polls more than 1 ms before they were due. */
  early: number;
  polls: number;
  cpuMsPerPoll: number;
  actionsPerMillionPolls: number;
}

/** Of operations that are open, and wait. */
export interface Memory {
  workerMegabytes: number;
  serverMegabytes: number;
}

export const RATE_POLLS = 3;
export const LATENESS_POLLS = 12;
export const LATENESS_RETRY_AFTER_SECONDS = 2;
/** Polls at the start are not measured: it is not the steady state. */
const LATENESS_SKIPPED_POLLS = 2;
export const OPEN_RETRY_AFTER_SECONDS = 3600;
const OPEN_TIMEOUT_SECONDS = 900;
/** Restate removes handlers from memory that have slept for ten seconds. */
const SETTLE_SECONDS = 20;

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

/** What `run` needs of CPU and actions, and how long it takes. */
async function costOf(tool: RunningTool, run: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number; actions: number }> {
  const processes = [tool.workerPid, ...tool.serverPids];
  const actionsBefore = await tool.actions?.();
  const cpuBefore = cpuSecondsOfTrees(processes);
  const startedAtMs = performance.now();
  await run();
  const seconds = (performance.now() - startedAtMs) / 1000;
  const cpuSeconds = cpuSecondsOfTrees(processes) - cpuBefore;
  return { seconds, cpuSeconds, actions: ((await tool.actions?.()) ?? NaN) - (actionsBefore ?? NaN) };
}

export async function measureRate(tool: RunningTool, service: FakeService, load: Load): Promise<Rate> {
  await service.reset({ polls: RATE_POLLS, retryAfterSeconds: 0 });
  tool.prepare?.(load);
  const before = await tool.kept?.();
  const { seconds, cpuSeconds, actions } = await costOf(tool, () =>
    inTime(`${load.name} of ${load.operations} operations`, tool.run(load)),
  );
  const counts = await service.counts();
  check(counts, load.operations, RATE_POLLS);
  const after = await tool.kept?.();
  const grown = (what: 'events' | 'bytes'): number => ((after?.[what] ?? NaN) - (before?.[what] ?? NaN)) / load.operations;
  return {
    operationsPerSecond: load.operations / seconds,
    pollsPerSecond: counts.polls / seconds,
    cpuMsPerOperation: (cpuSeconds * 1000) / load.operations,
    eventsPerOperation: grown('events'),
    bytesPerOperation: grown('bytes'),
    actionsPerMillionPolls: (actions / counts.polls) * 1e6,
  };
}

export async function measureLateness(tool: RunningTool, service: FakeService, load: Load): Promise<Lateness> {
  const settings = { polls: LATENESS_POLLS, retryAfterSeconds: LATENESS_RETRY_AFTER_SECONDS, skippedPolls: LATENESS_SKIPPED_POLLS };
  await service.reset(settings);
  tool.prepare?.(load);
  const { cpuSeconds, actions } = await costOf(tool, () => inTime(`${load.name} of ${load.operations} operations`, tool.run(load)));
  const counts = await service.counts();
  check(counts, load.operations, LATENESS_POLLS);
  const { p50, p99, max } = counts.latenessMs;
  return {
    p50Ms: p50,
    p99Ms: p99,
    maxMs: max,
    early: counts.early,
    polls: counts.polls,
    cpuMsPerPoll: (cpuSeconds * 1000) / counts.polls,
    actionsPerMillionPolls: (actions / counts.polls) * 1e6,
  };
}

/** For a tool that has run nothing but what warms it. */
export async function measureMemory(tool: RunningTool, service: FakeService, load: Load): Promise<Memory> {
  await service.reset({ polls: 1_000_000, retryAfterSeconds: OPEN_RETRY_AFTER_SECONDS });
  await tool.open(load);
  await service.waitForPosts(load.operations, OPEN_TIMEOUT_SECONDS);
  await new Promise((resume) => setTimeout(resume, SETTLE_SECONDS * 1000));
  const { posts, succeeded } = await service.counts();
  if (posts !== load.operations || succeeded !== 0)
    throw new Error(`${load.operations} operations to be open, but ${posts} submits and ${succeeded} ends`);
  return { workerMegabytes: residentMegabytes(tool.workerPid), serverMegabytes: megabytesOfTrees(tool.serverPids) };
}

/** Runs what is measured later in the same way, until code is compiled, connections are open and caches are filled. */
export async function warm(tool: RunningTool, service: FakeService, operations: number, transports: readonly Transport[]): Promise<void> {
  for (const transport of transports) {
    await measureRate(tool, service, { name: `bench/warm-${transport}`, transport, operations, spreadSeconds: 0 });
  }
}
