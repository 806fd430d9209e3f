/**
 * What other processes than the benchmark's own use of this machine, from Linux's /proc: where two cores are shared, a figure means nothing
 * without it.
 */
import { readFileSync } from 'node:fs';
import { cpuSecondsOfTrees, TICKS_PER_SECOND } from './process-tree';

/** CPU seconds that all processors together have spent at work, stolen time of a virtual machine included. */
function busySeconds(): number {
  // user nice system idle iowait irq softirq steal; guest time is in user.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** Begins to measure. The returned function ends it: cores that were used by others than this process and its descendants. */
export function watchOthers(): () => number {
  const startedAtMs = performance.now();
  const before = busySeconds() - cpuSecondsOfTrees([process.pid]);
  return () => {
    const used = busySeconds() - cpuSecondsOfTrees([process.pid]) - before;
    return Math.max(0, used / ((performance.now() - startedAtMs) / 1000));
  };
}

const LOOK_MS = 1000;

/** Waits until others use less than `cores`, or `seconds` have passed. */
async function waitUntilQuiet(cores: number, seconds: number): Promise<void> {
  const giveUpAtMs = performance.now() + seconds * 1000;
  while (performance.now() < giveUpAtMs) {
    const others = watchOthers();
    await new Promise((resume) => setTimeout(resume, LOOK_MS));
    if (others() < cores) return;
  }
}

/** A figure, and how disturbed it was. */
export interface Measured<T> {
  figure: T;
  /** Cores that others used meanwhile. */
  others: number;
}

/** When a measurement counts as disturbed, and what is done about it. */
export interface QuietRules {
  /** Cores that others may use. */
  quietCores: number;
  /** How long to wait for that before each measurement. */
  waitSeconds: number;
  /** How often a disturbed measurement is repeated. */
  repeats: number;
}

/** Measures until a measurement was not disturbed, or the repeats are used up: then the least disturbed one counts. @param measure is told which one it is, from 1 */
export async function measureQuietly<T>(rules: QuietRules, measure: (attempt: number) => Promise<T>): Promise<Measured<T>> {
  let best: Measured<T> | undefined;
  for (let attempt = 1; attempt <= 1 + rules.repeats; attempt++) {
    await waitUntilQuiet(rules.quietCores, rules.waitSeconds);
    const others = watchOthers();
    const measured = { figure: await measure(attempt), others: others() };
    if (best === undefined || measured.others < best.others) best = measured;
    if (best.others <= rules.quietCores) break;
    if (attempt <= rules.repeats) console.error(`    disturbed by ${measured.others.toFixed(2)} cores of others, once more`);
  }
  if (best === undefined) throw new Error('nothing was measured');
  return best;
}
