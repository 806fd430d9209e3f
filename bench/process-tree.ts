/** CPU and memory of processes and their descendants, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessStat {
  parentPid: number;
  /** User and system, its own and that of children it has waited for. */
  cpuTicks: number;
}

/** `getconf CLK_TCK`, the same on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

function readStat(pid: number): ProcessStat | undefined {
  try {
    // The process name before the last parenthesis may contain any characters.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { parentPid: Number(fields[1]), cpuTicks: [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) };
  } catch {
    // It has just ended.
    return undefined;
  }
}

/** The processes and their descendants that live now, with their figures. */
function tree(roots: readonly number[]): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  const found = new Map<number, ProcessStat>();
  const add = (pid: number): void => {
    const stat = stats.get(pid);
    if (stat === undefined || found.has(pid)) return;
    found.set(pid, stat);
    for (const [child, { parentPid }] of stats) if (parentPid === pid) add(child);
  };
  roots.forEach(add);
  return found;
}

/** CPU seconds that the processes, their descendants and those they have waited for have used since they began. */
export function cpuSecondsOfTrees(roots: readonly number[]): number {
  return [...tree(roots).values()].reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND;
}

/** CPU seconds of one process alone, this one for example. */
export function cpuSecondsOf(pid: number): number {
  return (readStat(pid)?.cpuTicks ?? NaN) / TICKS_PER_SECOND;
}

function statusMegabytes(pid: number, field: string): number {
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024;
}

/** Memory of a process that is in use now. */
export function residentMegabytes(pid: number): number {
  return statusMegabytes(pid, 'VmRSS');
}

/** The most memory that a process has used since it began. */
export function peakResidentMegabytes(pid: number): number {
  return statusMegabytes(pid, 'VmHWM');
}

/** Memory of the processes and their descendants; shared memory is counted once (PSS). */
export function megabytesOfTrees(roots: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of tree(roots).keys()) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has just ended.
    }
  }
  return kilobytes / 1024;
}
