/**
 * A set of operations in steps: the best shape for a tool that writes each step down (Restate, DBOS), and what a batch of this project does
 * with a set. One step submits all of the set, each other one asks all that are due.
 *
 * Keeps true: an operation is asked when its answer before said, not earlier; what comes due again within a step is asked within it.
 */
import { poll, resourceOf, submit } from './http-operation';

/** Operations of one set; of 100, 200 and 500 the fastest for both tools on two cores. */
const SET_SIZE = 200;

/** A step begins so long before its first member is due, and takes along what is due within a second of its beginning. */
const LEAD_MS = 200;
const STEP_MS = 1000;
/** A step that is asked again and again without waits ends after this, so that not too much is lost with it. */
const MAX_STEP_MS = 5000;

/** What is kept between steps: `dueAtMs` of the operations that are still open, by their place in the set. */
export interface OpenSet {
  statusUrls: string[];
  dueAtMs: Record<number, number>;
}

/** What a step has found: only what it changed. */
export interface StepAnswers {
  /** New times of those that go on. */
  dueAtMs: Record<number, number>;
  resources: Record<number, string>;
}

/** The step that submits a set. */
export async function submitSet(url: string, body: unknown, operations: number): Promise<OpenSet> {
  const set: OpenSet = { statusUrls: [], dueAtMs: {} };
  const submitted = Array.from({ length: operations }, async (_, index) => {
    const { statusUrl, waitSeconds } = await submit(url, body);
    set.statusUrls[index] = statusUrl;
    set.dueAtMs[index] = Date.now() + waitSeconds * 1000;
  });
  await Promise.all(submitted);
  return set;
}

/** Milliseconds to sleep until the next step; 0 when all have ended. */
export function waitMs({ dueAtMs }: OpenSet, nowMs: number): number {
  const first = Math.min(...Object.values(dueAtMs));
  return Number.isFinite(first) ? Math.max(0, first - LEAD_MS - nowMs) : 0;
}

/** The step that asks whatever is due in it. */
export async function pollSet({ statusUrls, dueAtMs }: OpenSet): Promise<StepAnswers & { waitMs: number }> {
  const answers: StepAnswers = { dueAtMs: {}, resources: {} };
  const beganAtMs = Date.now();
  const follow = async (index: number, firstDueAtMs: number): Promise<void> => {
    for (let due = firstDueAtMs; ;) {
      if (due > beganAtMs + STEP_MS || Date.now() > beganAtMs + MAX_STEP_MS) return;
      await sleepUntil(due);
      const answer = await poll(statusUrls[index] ?? '');
      due = Date.now() + answer.waitSeconds * 1000;
      const resource = resourceOf(answer);
      if (resource === undefined) {
        answers.dueAtMs[index] = due;
      } else {
        answers.resources[index] = resource;
        return;
      }
    }
  };
  await Promise.all(Object.entries(dueAtMs).map(([index, due]) => follow(Number(index), due)));
  const open = applied({ statusUrls, dueAtMs }, answers);
  return { ...answers, waitMs: waitMs(open, Date.now()) };
}

/** The set after a step. */
export function applied({ statusUrls, dueAtMs }: OpenSet, answers: StepAnswers): OpenSet {
  const open = Object.entries({ ...dueAtMs, ...answers.dueAtMs }).filter(([index]) => !(index in answers.resources));
  return { statusUrls, dueAtMs: Object.fromEntries(open) };
}

/** Sizes of the sets that `operations` are divided into. */
export function setSizes(operations: number): number[] {
  return Array.from({ length: Math.ceil(operations / SET_SIZE) }, (_, set) => Math.min(SET_SIZE, operations - set * SET_SIZE));
}

async function sleepUntil(timeMs: number): Promise<void> {
  // By the clock, as timers may be a millisecond early.
  for (let left = timeMs - Date.now(); left > 0; left = timeMs - Date.now()) await new Promise((resume) => setTimeout(resume, left));
}
